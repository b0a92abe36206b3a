"""Our sync among the peers of the sync bench."""
