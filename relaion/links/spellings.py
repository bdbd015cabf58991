"""The spellings of a link that a giver may have hashed, by name."""

_BASES = ("raw", "entities", "decoded", "href", "strict", "key")
_WWW = ("", "-www")
_SCHEMES = ("", "-swapped", "-bare", "-lower")

FORMS: tuple[str, ...] = tuple(
    f"{base}{www}{scheme}" for base in _BASES for www in _WWW for scheme in _SCHEMES
)
"""Names of spellings: `-www` with `www.` put before the host or taken away, `-swapped` with the
other of http and https, `-bare` without scheme, `-lower` without it and lower-cased."""
