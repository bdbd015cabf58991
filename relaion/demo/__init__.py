"""A seeded, neutral data set and partner lists to try everything on."""
