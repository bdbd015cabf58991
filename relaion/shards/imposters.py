"""What a file is that is named like a shard and is no parquet file, and what to do about it."""

HEAD = 512  # bytes that are looked at; a tar tells its kind behind byte 257

# how a file begins -> what it is, and what to do; the first that fits is told
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "run git lfs pull"),
    (b"/annex/objects/", "a git-annex pointer, not the file", "run git annex get"),
    (b"\x1f\x8b", "a gzip file", "unpack it first (gunzip)"),
    (b"PK\x03\x04", "a zip archive", "unpack it first (unzip)"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first (unzstd)"),
    (b"BZh", "a bzip2 file", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it first (unxz)"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "unpack it first (unlz4)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"ARROW1", "an Arrow (Feather) file", "write it as parquet first"),
    (b"FEA1", "a Feather file", "write it as parquet first"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as parquet first"),
    (b"ORC", "an ORC file", "write it as parquet first"),
    (b"Obj\x01", "an Avro file", "write it as parquet first"),
    (b"SQLite format 3\0", "an SQLite database", "write its table as parquet first"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write it as parquet first"),
    (b"\x93NUMPY", "a NumPy array", "it holds no links and captions; leave it out"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")


def told(head: bytes, size: int) -> str:
    """What a file is by its first `HEAD` bytes, and what to do; quotes nothing of it."""
    if not size:
        return "an empty file (0 bytes): get it again"
    for start, what, advice in _STARTS:
        if head.startswith(start):
            return f"{what}: {advice}"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    if head[8:12] == b"DUCK":
        return "a DuckDB database: write its table as parquet first"
    if not head.strip(b"\0"):
        return "filled with zeros where it should begin (a download that broke off): get it again"
    return _told_of_text(head) or "something unknown (it does not begin with PAR1): get it again"


def _told_of_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PAGES):
        return "a web page (HTML: of an error, or to log in): download the file itself"
    if text.startswith(b"<"):
        return "XML (a store's message of an error?): download the file itself"
    if text.startswith((b"{", b"[")):
        return "JSON: write it as parquet first, or download the file itself"
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as e:
        if e.start < len(head) - 3:  # else a letter that was cut off by where we stopped
            return ""
        words = head[: e.start].decode("utf-8")
    if all(c.isprintable() or c in "\t\r\n" for c in words):
        return "text (CSV or TSV?): write it as parquet first"
    return ""
