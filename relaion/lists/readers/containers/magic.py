"""What a file is by its first bytes: packed, a table that is no text, or nothing that is read."""

from __future__ import annotations

from relaion.errors import ListError

GZIP = b"\x1f\x8b"
BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\x00"
ZSTD = b"\x28\xb5\x2f\xfd"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK00PK\x03\x04")
PARQUET = b"PAR1"
ARROW = b"ARROW1"
ARROW_STREAM = b"\xff\xff\xff\xff"
TABLES = (PARQUET, ARROW, ARROW_STREAM)
"""Tables that are read by their bytes, wherever those lie."""

_EXPORT = "export the list as txt or csv"
_SAVE = "save the sheet as csv or xlsx"
_DECRYPT = "decrypt it first, such as with gpg --decrypt FILE"
_PICTURE = ("a picture", _EXPORT)
_FOREIGN = (
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first, such as with 7z x FILE"),
    (b"Rar!", "a rar archive", "unpack it first, such as with unrar x FILE"),
    (b"\x1f\x9d", "compressed with compress (.Z)", "unpack it first with uncompress FILE"),
    (b"\x1f\xa0", "compressed with compress -H (.Z)", "unpack it first with uncompress FILE"),
    (b"\x1f\x1e", "compressed with pack (.z)", "unpack it first with gzip -d FILE"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "unpack it first with lz4 -d FILE"),
    (b"\x02\x21\x4c\x18", "compressed with lz4", "unpack it first with lz4 -d FILE"),
    (b"LZIP", "compressed with lzip", "unpack it first with lzip -d FILE"),
    (b"\x5d\x00\x00", "compressed with lzma (.lzma)", "unpack it first with xz -d FILE"),
    (b"\x89LZO", "compressed with lzop", "unpack it first with lzop -d FILE"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with snappy", "unpack it first"),
    (b"MSCF", "a cabinet archive", "unpack it first, such as with cabextract FILE"),
    (b"!<arch>", "an ar archive", "unpack it first with ar x FILE"),
    (b"PK\x07\x08", "a part of a zip archive", "put its parts together, such as with zip -s 0"),
    (b"PARE", "an encrypted parquet file", _EXPORT),
    (b"FEA1", "a Feather file of the first version", "write it again as parquet, or as csv"),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"{\\rtf", "a document in rich text", _EXPORT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or an encrypted office document",
     f"{_SAVE}, without a password"),
    (b"\x09\x08\x10\x00\x00\x06", "an old sheet", _SAVE),
    (b"-----BEGIN PGP MESSAGE", "encrypted with PGP", _DECRYPT),
    (b"\x85\x01", "encrypted with PGP", _DECRYPT),
    (b"\x85\x02", "encrypted with PGP", _DECRYPT),
    (b"\x84\x5e", "encrypted with PGP", _DECRYPT),
    (b"age-encryption.org/", "encrypted with age", "decrypt it first with age --decrypt FILE"),
    (b"EVF\x09", "an EnCase image", _EXPORT),
    (b"EVF2", "an EnCase image", _EXPORT),
    (b"HASH\x0d\x0a\xff", "a hash set of EnCase",
     "export it as text from EnCase, a digest a line"),
    (b"\x89PNG", *_PICTURE),
    (b"\xff\xd8\xff", *_PICTURE),
    (b"GIF8", *_PICTURE),
)  # fmt: skip
_SQLITE = b"SQLite format 3\0"
# words of the statements by which a database made its tables, which stand in its first pages
_DATABASES = (
    (b"TABLE hash_sets", "a hash database of Autopsy",
     "export it as text or csv from Autopsy; where it is of known files, add it with --role good"),
    (b"TABLE hashes", "a hash database of Autopsy",
     "export it as text or csv from Autopsy; where it is of known files, add it with --role good"),
    (b"TABLE METADATA", "known-good software hashes (NSRL RDSv3)",
     "export them, such as with sqlite3 FILE \"select distinct sha1, md5 from METADATA\", and add "
     "them with --role good"),
)  # fmt: skip


def is_zip(first: bytes) -> bool:
    """Whether a file begins as a zip archive does, or an office document."""
    return first.startswith(ZIP)


def is_table(first: bytes) -> bool:
    """Whether a file begins as a table that is no text."""
    return first.startswith(TABLES)


def refuse_foreign_bytes(first: bytes, within: str = "") -> None:
    """Raise ListError where a file begins as one that cannot be read; `within` says what it was in.

    The error does not name the file.
    """
    start = first.lstrip(b" \t\r\n")
    found = next(((w, a) for magic, w, a in _FOREIGN if start.startswith(magic)), None)
    if first.startswith(_SQLITE):
        found = _database(first)
    elif found is None and first[257:262] == b"ustar":
        found = ("a tar archive", "unpack it first with tar xf FILE, and add what is in it")
    elif found is None:
        found = _packed(first)
    if found:
        what, advice = found
        raise ListError(f"is {what}{within}; {advice}")


def _packed(first: bytes) -> tuple[str, str] | None:
    """What is read where it is the file, and not read where it lies too deep in others."""
    once = "unpack it once by hand"
    if is_zip(first):
        return "a zip archive or an office document", once
    names = {GZIP: "gzip", BZIP2: "bzip2", XZ: "xz", ZSTD: "zstd"}
    found = next((name for magic, name in names.items() if first.startswith(magic)), None)
    if found:
        return f"compressed with {found}", once
    if is_table(first):
        return "a parquet or an Arrow file", f"leave --format out, or {_EXPORT}"
    return None


def _database(first: bytes) -> tuple[str, str]:
    for word, what, advice in _DATABASES:
        if word in first[: 1 << 16]:
            return what, advice
    return "a SQLite database", f"{_EXPORT}; of known-good files, with --role good"
