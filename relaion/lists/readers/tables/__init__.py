"""Tables: what their columns are, which of them decide, and what is read of their rows."""
