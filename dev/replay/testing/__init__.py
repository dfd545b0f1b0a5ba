"""Detection tests as data: logs, the saved search to run on them, and what must and must not be found."""
