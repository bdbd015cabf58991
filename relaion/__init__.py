"""Clean image-link data sets against hash and link lists with versioned SQL."""
