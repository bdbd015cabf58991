"""What third parties do with what a curator publishes: clean a copy, make a diff, prove it."""
