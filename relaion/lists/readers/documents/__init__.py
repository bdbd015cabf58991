"""Formats of XML and JSON, whose records have a meaning of their own."""
