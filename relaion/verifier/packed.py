"""Keys of links, and rows, in a few arrays: there is one for each hit, so they may be millions.

A key takes some 50 bytes here, and is sent to another process without being made anew; as an
object in a set it takes four times as many.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import mmh3
import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.digests import Sieve
from relaion.verifier.rows import int64

Lists = tuple[int, ...]
_AT_ONCE = 10_000
_HALF = pa.array([32], pa.int64())[0]  # pa.scalar loads pandas


def _raw(key: str) -> bytes:
    """A key as bytes; no two keys have the same ones."""
    return key.encode("utf-8", "surrogatepass")


class Sorted(NamedTuple):
    """Keys by their hashes, each once; `order` says where they stood as they came.

    `repeated` are those that had come before, by their places, with the place of the first.
    """

    hashes: pa.Array
    texts: pa.Array
    order: pa.Array
    repeated: dict[int, int]

    @classmethod
    def of(cls, keys: Iterable[str]) -> "Sorted":
        """Take in keys as they come: of very many, only some are objects at one time."""
        hashes, texts = [_hashes([])], [pa.array([], pa.large_binary())]
        left = iter(keys)
        while some := [_raw(key) for key in islice(left, _AT_ONCE)]:
            hashes.append(_hashes(some))
            texts.append(pa.array(some, pa.large_binary()))
        order = pc.array_sort_indices(pa.concat_arrays(hashes))
        found = cls(
            pa.concat_arrays(hashes).take(order), pa.concat_arrays(texts).take(order), order, {}
        )
        return found._without_repeated()

    def _without_repeated(self) -> "Sorted":
        is_same = pc.equal(self.hashes[1:], self.hashes[:-1])
        repeated: dict[int, int] = {}
        firsts: dict[bytes, int] = {}
        last = -1
        for before in pc.indices_nonzero(is_same).to_pylist():
            if before != last:
                firsts = {self.texts[before].as_py(): before}
            last = before + 1
            if (first := firsts.setdefault(self.texts[last].as_py(), last)) != last:
                repeated[last] = first
        if not repeated:
            return self
        flags = bytearray(b"\1") * len(self.order)
        for at in repeated:
            flags[at] = 0
        left = pa.Array.from_buffers(pa.uint8(), len(flags), [None, pa.py_buffer(flags)])
        hashes, texts, order = (column.filter(pc.cast(left, pa.bool_())) for column in self[:3])
        where = {self.order[at].as_py(): self.order[to].as_py() for at, to in repeated.items()}
        return Sorted(hashes, texts, order, where)


class PackedKeys(Set[str]):
    """A set of keys, in the order of their hashes; what these find is compared in full."""

    def __init__(self, keys: Iterable[str] | Sorted = ()) -> None:
        """Pack the keys, each once."""
        found = keys if isinstance(keys, Sorted) else Sorted.of(keys)
        self._hashes, self._texts = found.hashes, found.texts

    @classmethod
    def of(cls, keys: Set[str]) -> "PackedKeys":
        """Some keys, packed where they are not yet."""
        return keys if isinstance(keys, cls) else cls(keys)

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            yield text.as_py().decode("utf-8", "surrogatepass")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.place(_raw(key)) is not None

    def place(self, raw: bytes) -> int | None:
        """Where a key stands; None where it is none of these."""
        wanted = mmh3.hash(raw)
        at = bisect_left(self._numbers, wanted)
        while at < len(self) and self._numbers[at] == wanted:
            if self._texts[at].as_py() == raw:
                return at
            at += 1
        return None

    def among(self, texts: Sequence[bytes]) -> list[int]:
        """Which of these texts are keys, in order."""
        passing = self.sieve.passing(pc.shift_left(pc.cast(_hashes(texts), pa.int64()), _HALF))
        some = pc.indices_nonzero(passing).to_pylist()
        return [n for n in some if self.place(texts[n]) is not None]

    @cached_property
    def sieve(self) -> Sieve:
        """Most texts that are no keys have another hash than all of them."""
        return Sieve(pc.shift_left(pc.cast(self._hashes, pa.int64()), _HALF))

    @property
    def _numbers(self) -> memoryview:
        return memoryview(self._hashes.buffers()[1]).cast("i")


def _hashes(texts: Sequence[bytes]) -> pa.Array:
    return _int32(array("i", map(mmh3.hash, texts)))


def _int32(numbers: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


class PackedLists(Mapping[str, Lists]):
    """Which lists name the rows with a link, by the link's key; few such lists differ."""

    def __init__(self, links: Mapping[str, Lists] | Iterable[tuple[str, Lists]]) -> None:
        """Pack what these are; a key that comes several times has all of its lists."""
        numbers: dict[Lists, int] = {}
        which = array("i")

        def keys() -> Iterator[str]:
            for key, lists in links.items() if isinstance(links, Mapping) else links:
                which.append(numbers.setdefault(lists, len(numbers)))
                yield key

        found = Sorted.of(keys())
        made = [*numbers]
        for at, first in found.repeated.items():
            lists = tuple(sorted({*made[which[at]], *made[which[first]]}))
            which[first] = numbers.setdefault(lists, len(numbers))
            made += [lists] * (len(numbers) - len(made))
        self._keys, self._lists = PackedKeys(found), tuple(made)
        self._which = _int32(which).take(found.order)

    @classmethod
    def of(cls, links: Mapping[str, Lists]) -> "PackedLists":
        """Some links, packed where they are not yet."""
        return links if isinstance(links, cls) else cls(links)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __getitem__(self, key: str) -> Lists:
        at = self._keys.place(_raw(key))
        if at is None:
            raise KeyError
        return self._lists[self._which[at].as_py()]

    def without(self, keys: Set[str]) -> PackedKeys:
        """The keys but for some."""
        return PackedKeys(key for key in self if key not in keys) if keys else self._keys


class PackedRows(Mapping[Path, pa.Array]):
    """Numbers of rows by file."""

    def __init__(self, rows: Iterable[tuple[Path, pa.Array]] = ()) -> None:
        """Pack these, of each file once."""
        self._numbers, self._ends = array("q"), array("q")
        self._places: dict[Path, int] = {}
        for path, numbers in rows:
            self._places[path] = len(self._places)
            held = memoryview(numbers.buffers()[1] or b"").cast("B")
            self._numbers.frombytes(held[numbers.offset * 8 :][: len(numbers) * 8])
            self._ends.append(len(self._numbers))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Path]:
        return iter(self._places)

    def __contains__(self, path: object) -> bool:
        return path in self._places

    def __getitem__(self, path: Path) -> pa.Array:
        at = self._places[path]
        return int64(self._numbers[self._ends[at - 1] if at else 0 : self._ends[at]])
