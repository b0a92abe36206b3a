"""The branch's end: HTTP, tables, import, export. Nothing else imports it."""
