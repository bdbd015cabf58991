"""Texts of lines: values, checksums, rules, changes, and the titles above them."""
