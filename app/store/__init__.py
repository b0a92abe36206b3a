"""The phone's only SQLite: sealed rows, migrations, journal, drafts, spool. `open_store` is the door."""

from app.store.opening import discard_store, open_store
from app.store.trouble import StoreDamaged, StoreTooNew, StoreUnopened

__all__ = ["StoreDamaged", "StoreTooNew", "StoreUnopened", "discard_store", "open_store"]
