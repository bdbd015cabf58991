"""Partner lists: reading files, the store of digests, the curator key."""
