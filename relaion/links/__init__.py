"""Links: the canonical form in which two spellings of a link are equal."""
