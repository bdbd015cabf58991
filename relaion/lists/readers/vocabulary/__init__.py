"""Words that partners write, by what they say of entries."""
