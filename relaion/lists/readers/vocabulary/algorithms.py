"""Names of algorithms that are not read, for titles, columns and names of files alike.

Some of them are common words, too: only the name of a column says by them what its values are.
"""

import re

_PERCEPTUAL = (
    r"v?pdqf?|photodna|pdna|[adpw]hash|dhashes|phashes|blockhash|colou?rhash|neuralhash"
    r"|perceptual"
    r"|tmk(?:pdqf)?|netclean|simhash|minhash"
    r"|(?:average|difference|wavelet|marrhildreth|radial|blockmean|dct|perceptive|robust|fuzzy"
    r"|localitysensitive)(?:hash(?:es|ing)?)"
)
_OF_BYTES = (
    r"md[246]|ed2k|ripemd\d*|rmd\d+|sha0|sha3\d*|sha(?:224|384|512)\d*|blake[23]?[bs]?\d*"
    r"|whirlpool\d*"
    r"|crc\d+|adler\d+|xxh\d*|xxhash\d*|murmur(?:hash)?\d*|cityhash\d*|fnv1a?|siphash\d*"
    r"|keccak\d*"
    r"|skein\d*|sm3|gost|streebog\d*|has160|haval\d*|tiger(?:\d{2,3}|2|tth)|tth|multihash"
    r"|quickxorhash"
    r"|ssdeep|tlsh|sdhash|imphash|gimphash|pehash|richhash|authentihash|vhash|telfhash|jarm"
)
_OF_SECRETS = r"ntlm|lmhash|bcrypt|scrypt|argon2i?d?|pbkdf2"

IN_TEXT = rf"{_PERCEPTUAL}|{_OF_BYTES}|{_OF_SECRETS}|uuid|guid"
"""They say so wherever they stand."""

IN_COLUMNS = re.compile(
    rf"{_PERCEPTUAL}|videohash|{_OF_BYTES}|{_OF_SECRETS}|emule|imp|p[ad]?hash|ja[34]s?x?|blake\w*"
    r"|rmd\w*"
    r"|ripemd\w*|tiger\w*|whirlpool|fuzzy|mrsh|crc\w*|adler\w*|xxh\w*|murmur\w*|city\w*|fnv\w*"
    r"|sha512\w*|sha3\w*|keccak\w*|nt|tmk\w*|pdq\w*|netclean\w*|quickxor\w*|argon2\w*|pbkdf2\w*|btih|infohash|cid|ipfs|etag|git|blob|commit|tree"
)
"""Of these a column may be called."""
