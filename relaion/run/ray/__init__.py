"""A run on a Ray cluster: its pool of workers, and what speaks to them."""
