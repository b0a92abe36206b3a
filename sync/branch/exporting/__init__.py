"""What the branch hands out: activities, cases and promises as CSV or JSON lines."""
