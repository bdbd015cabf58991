"""Sidecars: tables of image hashes that lie apart from the links."""
