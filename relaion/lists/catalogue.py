"""Which formats are read, in words: what of them, who sends it, what counts, what is asked.

And a small file of any.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from relaion.errors import InputError
from relaion.lists.readers.formats import DOCUMENTS, FORMATS, TABLES, readable
from relaion.lists.samples import ABOUT, SAMPLES, sample_of
from relaion.paths import AnyPath, as_path, atomic_write, shown, typed
from relaion.tabled import Results, Tabled

PACKED = ("gzip", "bzip2", "xz", "zstd", "zip")
"""What any list may be packed in; it is known by itself, and no name for `--format`."""


@dataclass(frozen=True)
class KnownFormat(Tabled):
    """A format, or what lists may be packed in (`packing`), of which `--format` takes no name.

    `reads` is what is read, `sender` who sends it, `default` what is taken if nothing is said,
    `choose` what may have to be said, or empty.
    """

    name: str
    reads: str
    sender: str
    default: str
    choose: str = ""
    packing: bool = False


@dataclass(frozen=True)
class SampleFile(Tabled):
    """A sample: its `format`, the `path` of the file that was written (or None), and its `data`.

    `options` are those of `lists add` that it needs, `ends_in` how its name must end, where that
    says of what its values are.
    """

    format: str
    path: Path | None
    options: str
    data: bytes = field(repr=False)
    ends_in: str = ""


def formats(file_format: str | None = None) -> Results[KnownFormat]:
    """Which formats of lists are read, what is taken by default, and what must be chosen.

    Args:
        file_format: Only this one.

    Returns:
        The formats in the order in which a file is tried, then what a list may be packed in.

    Raises:
        InputError: For a name that is none.
    """
    known = _known()
    if file_format is None:
        return known
    found = [x for x in known if x.name == file_format]
    if not found:
        raise _no_such(file_format, [x.name for x in known])
    return Results(found)


def _no_such(file_format: str, names: Iterable[str]) -> InputError:
    near = difflib.get_close_matches(file_format, names, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return InputError(f"--format {typed(file_format)}: {hint}choose one of {', '.join(names)}")


def _known() -> Results[KnownFormat]:
    by_name = {f.name: f for some in (FORMATS, TABLES, DOCUMENTS) for f in some}
    told = {name: ABOUT.get(name) or (_by_docstring(by_name[name]),) for name in readable()}
    told |= {name: ABOUT[name] for name in PACKED}
    return Results(_format(name, *said) for name, said in told.items())


def _by_docstring(form: object) -> str:
    return (type(form).__doc__ or "").split("\n")[0].rstrip(".")


def _format(
    name: str, reads: str, sender: str = "", default: str = "", choose: str = ""
) -> KnownFormat:
    return KnownFormat(name, reads, sender, default, choose, name in PACKED)


def sample(file_format: str, out: AnyPath | None = None) -> SampleFile:
    """Make a small file of any format, of made values under example hosts.

    Args:
        file_format: A format, or what lists may be packed in, as `formats` names them.
        out: The file to write, which must not be there; needed for what is no text.

    Returns:
        The sample, and the options that `add` needs for it.

    Raises:
        InputError: For a format of which there is no sample, and for no text without a file.
        OutputError: When the file cannot be written.
    """
    if file_format not in SAMPLES:
        raise _no_such(file_format, SAMPLES)
    made = sample_of(file_format)
    path = None if out is None else as_path(out)
    if path is None and not made.is_text:
        raise InputError(
            f"--format {file_format}: is no text; say --out FILE, such as list{made.suffix}"
        )
    if path is not None:
        if path.exists() or path.is_symlink():
            raise InputError(f"{shown(path)}: is there already; name a new file")
        with atomic_write(path) as part:
            part.write_bytes(made.data)
    ends_in = made.suffix if made.is_text and made.suffix.count(".") > 1 else ""
    return SampleFile(file_format, path, " ".join(made.args), made.data, ends_in)
