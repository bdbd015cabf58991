"""Partner files broken at random: each is read, or refused in one line that tells nothing of it.

`fuzz_lists(100_000, seed)` takes about ten minutes on one core. A case is made of its seed and
number alone: `Case.make(seed, number)` gives a failed one again.
"""

import gzip
import random
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from relaion.errors import RelaionError
from relaion.lists import KINDS, store
from relaion.lists.readers.format import Options
from relaion.lists.readers.read import FileRead, read_entries

SECONDS = 5.0  # of processor time, more than any of these files may take; most take 0.005
WHOLE = 250  # every so many cases go through `store.add`, DuckDB and all

HEX = "0123456789abcdef"
DIGITS = {"url": 64, "host": 64, "url_prefix": 64, "row_hash": 16}
DIGITS |= {f"{what}_{a}": n for what in ("url", "image") for a, n in
           (("md5", 32), ("sha1", 40), ("sha256", 64))}  # fmt: skip
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1")
_ENDS = (b"\n", b"\r\n", b"\r", b"\0", b"\x85", b"\n\n\n")
_SIGNS = (
    *(b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1f", b"\x1f\x8b", b"PK\x03\x04"),
    *(
        b'"',
        b"'",
        b'""',
        b'"\n',
        b"\n",
        b"\r",
        b"\t",
        b",",
        b";",
        b"|",
        b"#",
        b"=",
        b"-",
        b"sep=;\n",
    ),
    *(b"[.]", b"hxxp", b"*", b"/*", b"*.", b"[", b"(", b"{", b"<?xml", b"url,md5\n", b"row_hash\n"),
    *(b"%", b"%00", b"&#0;", b"&#x110000;", b"\xed\xa0\x80", b"\xc3", b"xn--", b"\xe2\x80\xae"),
    *(b"9a" * 20, b"1e400"),
)


class TookTooLong(BaseException):
    """Raised in the middle of a case that goes on for too long."""


@dataclass
class Case:
    """A file, the options that it is read with, and the words that nothing may repeat."""

    name: str
    data: bytes
    options: dict[str, str | None]
    planted: set[str] = field(default_factory=set)

    @classmethod
    def make(cls, seed: int, number: int) -> "Case":
        """Case `number` of a run: a good file, changed in none to four places."""
        rng = random.Random(f"{seed}-{number}")
        planted: set[str] = set()
        text = rng.choice(_MAKERS)(rng, planted)
        data = text.encode(rng.choice(_ENCODINGS), "replace")
        if rng.random() < 0.2:
            data = data.replace(b"\n", rng.choice(_ENDS))
        pack = rng.random()
        if pack < 0.1:
            data = gzip.compress(data, 1, mtime=0)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
            data = rng.choice(_MUTATIONS)(rng, data)
        if pack > 0.97:
            data = gzip.compress(data, 1, mtime=0)
        options = {
            "kind": rng.choice((None, None, None, *KINDS)),
            "file_format": rng.choice((None, None, None, "txt", "csv")),
        }
        return cls(f"list{rng.choice(('.txt', '.csv', '.tsv', '.gz', ''))}", data, options, planted)


def _word(rng: random.Random, planted: set[str]) -> str:
    word = "zq" + "".join(rng.choices("bcdfghjkmn", k=10))
    planted.add(word)
    return word


def _digest(rng: random.Random, planted: set[str]) -> str:
    digest = "".join(rng.choices(HEX, k=rng.choice((32, 32, 40, 64, 31, 65))))
    planted.add(digest)
    return rng.choice((digest, digest.upper()))


def _link(rng: random.Random, planted: set[str]) -> str:
    start = rng.choice(
        ("https://", "http://www.", "hxxp://", "//", "", "[h]ttps://", "ftp://", "*.")
    )
    host = _word(rng, planted) + rng.choice(
        (".example", "[.]example", ".co.uk", ":8080", ".é.example")
    )
    path = rng.choice(("", "/", "/*", f"/{_word(rng, planted)}.jpg", "/a,b;c/%20é?x=1&amp;y=2#z"))
    return start + host + path


def _number(rng: random.Random, planted: set[str]) -> str:
    number = str(rng.getrandbits(64) - (1 << 63))
    planted.add(number.strip("-"))
    return rng.choice((number, number, number, number + ".0", f"{float(number):.16e}"))


def _value(rng: random.Random, planted: set[str]) -> str:
    return rng.choice((_digest, _link, _number))(rng, planted)


def _txt(rng: random.Random, planted: set[str]) -> str:
    make = rng.choice((_digest, _link, _number, _value))
    return "".join(f"{make(rng, planted)}\n" for _ in range(rng.randrange(40)))


def _table(rng: random.Random, planted: set[str]) -> str:
    delimiter = rng.choice(",;\t|")
    names = rng.sample(["url", "md5", "sha1", "hash", "row_hash", "domain", "note", "id"], 4)
    names[rng.randrange(4)] = _word(rng, set())  # a name of a column may be told
    rows = [names] if rng.random() < 0.8 else []
    makers = [rng.choice((_digest, _link, _number, _word)) for _ in names]
    rows += [[make(rng, planted) for make in makers] for _ in range(rng.randrange(30))]
    quote = rng.choice(("", '"'))
    return "".join(delimiter.join(f"{quote}{x}{quote}" for x in row) + "\n" for row in rows)


def _foreign(rng: random.Random, planted: set[str]) -> str:
    values = [_value(rng, planted) for _ in range(5)]
    return rng.choice(
        (
            '[{"MD5": "' + '"}, {"MD5": "'.join(values) + '"}]',
            "<?xml version='1.0'?><md5>" + "</md5><md5>".join(values) + "</md5>",
            "%%%% HASHDEEP-1.0\n" + "\n".join(values),
            "\n".join(f"{value}  ./{_word(rng, planted)}.jpg" for value in values),
        )
    )


_MAKERS: tuple[Callable[[random.Random, set[str]], str], ...] = (
    _txt, _txt, _txt, _table, _table, _table, _foreign,
)  # fmt: skip


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 8)) if data else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _span(rng: random.Random, data: bytes) -> tuple[int, int]:
    at = rng.randrange(len(data) + 1)
    return at, min(len(data), at + rng.choice((1, 2, 10, 100, 1000)))


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _delete(rng: random.Random, data: bytes) -> bytes:
    at, end = _span(rng, data)
    return data[:at] + data[end:]


def _double(rng: random.Random, data: bytes) -> bytes:
    at, end = _span(rng, data)
    return data[:end] + data[at:end] * rng.choice((1, 1, 1, 20)) + data[end:]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at, _ = _span(rng, data)
    return data[:at] + rng.choice(_SIGNS) * rng.choice((1, 1, 1, 3, 50)) + data[at:]


def _lengthen(rng: random.Random, data: bytes) -> bytes:
    at, _ = _span(rng, data)
    long = rng.choice((*_SIGNS, b"a", b"/a", b"a.", b"%41", b"&amp;", b"((", b" "))
    return data[:at] + long * (rng.choice((1_000, 70_000, 200_000)) // len(long)) + data[at:]


def _recode(rng: random.Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(_ENCODINGS), "replace")


_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _flip, _cut, _delete, _double, _insert, _insert, _insert, _recode, _lengthen,
)  # fmt: skip


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in what computes for longer; for the main thread."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def outcome(case: Case, folder: Path, *, whole: bool = False) -> str:
    """What became of a case: `read`, `refused`, or `failed` and how."""
    path = folder / case.name
    path.write_bytes(case.data)
    try:
        with limited(SECONDS):
            said = _added(path, case.options) if whole else _read(path, case.options)
        result = "read"
    except RelaionError as e:
        said, result = str(e), "refused"
        if not said.isprintable() or not (str(folder) in said or said.startswith("--")):
            return "failed: not one line that names the file"
    except TookTooLong:
        return f"failed: more than {SECONDS:g} seconds"
    except Exception as e:  # what a run of the command line would call a bug
        return f"failed: {type(e).__name__}"
    finally:
        path.unlink()
    said = said.replace(str(folder), "").lower()
    if any(word in said for word in case.planted):
        return "failed: tells what is in the file"
    return f"failed: {said}" if said.startswith("malformed") else result


def _read(path: Path, options: dict[str, str | None]) -> str:
    """Read the file without the store; gives what the reader would say."""
    found = FileRead()
    for batch in read_entries(path, Options(**options), found):  # type: ignore[arg-type]
        for kind, some in batch.entries.items():
            well = re.compile(rf"[0-9a-f]{{{DIGITS[kind]}}}")
            for array in some.digests:
                if not all(map(well.fullmatch, array.to_pylist())):
                    return f"malformed {kind}"
    return repr((found.notices, found.decided, dict(found.tally.skipped)))


def _added(path: Path, options: dict[str, str | None]) -> str:
    """Add the file to a new store, and look into that; nothing may be left of a refused one."""
    lists = path.parent / "private" / "lists.duckdb"
    lists.parent.mkdir()
    try:
        added = store.add(lists, [path], source="A", **options)  # type: ignore[arg-type]
        return repr((added, store.show(lists), store.open_store(lists).lists[0].entries))
    finally:
        left = {p.name for p in lists.parent.iterdir()}
        for p in lists.parent.iterdir():
            p.unlink()  # a folder that was left makes this fail, as it should
        lists.parent.rmdir()
        if lists.name not in left and len(left) > 1:
            raise AssertionError("files were left")


def fuzz_lists(n: int, seed: int, failures: list[str] | None = None) -> dict[str, int]:
    """Try `n` broken files; how many ended how. `failures` takes the numbers of failed cases."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="relaion-fuzz-") as folder:
        for number in range(n):
            whole = number % WHOLE == 0
            what = outcome(Case.make(seed, number), Path(folder), whole=whole)
            found[f"{what} (whole)" if whole else what] += 1
            if what.startswith("failed") and failures is not None:
                failures.append(f"case {seed}-{number}: {what}")
    return dict(sorted(found.items()))


if __name__ == "__main__":
    import sys

    _begin, _failures = time.monotonic(), list[str]()
    _found = fuzz_lists(int(sys.argv[1]), int(sys.argv[2]), _failures)
    print(_found, f"{time.monotonic() - _begin:.0f} s", *_failures, sep="\n")
