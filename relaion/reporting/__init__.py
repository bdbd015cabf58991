"""What an audit says, for people: facts read by named queries, one document, several forms.

`facts` reads a finished OUT, `sections` puts that into words, tables and pictures, and `markdown`,
`html`, `card` and `croissant` write these. Nothing in it is more than the public audit and manifest
say, or footers of editions, and some of that is left out: digests of lists, names of sidecars.
"""
