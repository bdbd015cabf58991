"""Shards: footers, roles, layouts, and writing true to the source."""
