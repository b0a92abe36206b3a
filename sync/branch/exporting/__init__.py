"""What the branch hands out: activities, cases and promises as CSV, XLSX or JSON lines."""
