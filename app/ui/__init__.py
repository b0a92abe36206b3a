"""What the officer sees: draws and asks, decides nothing."""
