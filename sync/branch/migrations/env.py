"""Alembic's entry: runs the steps on the connection it is handed, inside that connection's transaction."""

from alembic import context

from sync.branch.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
