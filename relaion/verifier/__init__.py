"""Re-check the promises of a finished run by other code: pyarrow and plain Python, no SQL."""
