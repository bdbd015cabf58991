"""Re-check the promises of a finished run by other code: pyarrow and plain Python.

The data is asked nothing in SQL, and no script of `clean` is run. DuckDB only hands over what
stands in the list store and in audit.duckdb: rows as they are, counts by list, what tables there
are.
"""
