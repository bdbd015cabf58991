"""Keys of links in a few arrays: of each row that a list hit there is one, so they may be millions.

A key takes some 50 bytes here, and is sent to another process without being made anew; as an
object in a set it takes four times as many.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property

import mmh3
import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.digests import Sieve

Lists = tuple[int, ...]
_HALF = pa.array([32], pa.int64())[0]  # pa.scalar loads pandas


def _raw(key: str) -> bytes:
    """A key as bytes; no two keys have the same ones."""
    return key.encode("utf-8", "surrogatepass")


class PackedKeys(Set[str]):
    """A set of keys, in the order of their hashes; what these find is compared in full."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        """Pack the keys, each once."""
        keys = keys if isinstance(keys, Set | Mapping) else {*keys}
        texts = pa.array(map(_raw, keys), pa.large_binary())
        hashes = _hashes(texts.to_pylist())
        self.order = pc.array_sort_indices(hashes)
        self._hashes, self._texts = hashes.take(self.order), texts.take(self.order)

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
    found = array("i", map(mmh3.hash, texts))
    return pa.Array.from_buffers(pa.int32(), len(found), [None, pa.py_buffer(found)])


class PackedLists(Mapping[str, Lists]):
    """Which lists name the rows with a link, by the link's key; few such lists differ."""

    def __init__(self, links: Mapping[str, Lists]) -> None:
        """Pack what these are."""
        numbers: dict[Lists, int] = {}
        which = [numbers.setdefault(lists, len(numbers)) for lists in links.values()]
        self._keys = PackedKeys(links)
        self._which = pa.array(which, pa.int32()).take(self._keys.order)
        self._lists = tuple(numbers)

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
