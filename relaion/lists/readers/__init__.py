"""Readers of what partners send."""
