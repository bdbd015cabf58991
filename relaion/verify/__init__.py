"""Re-check the promises by other code than `clean` uses."""
