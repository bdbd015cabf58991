"""Where the certificate of a cleaned copy goes: a file of this machine, or an object beside OUT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.labs.certificate import (
    END,
    certify,
    is_certificate,
    place_of,
    refuse_place,
    renew_certificate,
    write_certificate,
)
from relaion.paths import AnyPath, file_sha256, maybe_path, shown
from relaion.remote.stores import objects_at
from relaion.remote.told_path import AddressPath
from relaion.remote.urls import RemoteURL, is_remote
from relaion.run.where import Where


@dataclass(frozen=True)
class CertificatePlace:
    """The `path` of a file; where that is made to be put, `url` is the object's."""

    path: Path
    url: RemoteURL | None = None

    @property
    def told(self) -> Path:
        """As a command names it."""
        return self.path if self.url is None else AddressPath(str(self.url))

    def refuse(self, where: Where, inputs: Sequence[Path]) -> None:
        """Raise InputError or OutputError for a place where no certificate can go.

        `inputs` are those of this machine.
        """
        if self.url is None:
            refuse_place(self.path, where.out, inputs)
            return
        if not is_certificate(self._found() or b'{"certificate": 1}'):
            raise InputError(f"{shown(self.url)}: is there and no certificate; name another OUT")

    def write(self, made: Mapping[str, Any]) -> None:
        """Write that of a finished run; raises OutputError where it cannot be."""
        write_certificate(self.path, certify(made))
        self._put()

    def renew(self, made: Mapping[str, Any]) -> None:
        """The same where it lacks, or is another's; what a check found stays."""
        if self.url is not None:
            self.path.unlink(missing_ok=True)  # of a run that could not put it
            if (found := self._found()) is not None:
                self.path.write_bytes(found)
        before = self.path.read_bytes() if self.path.is_file() else None
        renew_certificate(self.path, made)
        if self.path.read_bytes() != before:
            self._put()

    def _found(self) -> bytes | None:
        if self.url is None:
            return None
        found = objects_at(self.url.folder).read(self.url.name)
        return None if found is None else found[0]

    def _put(self) -> None:
        if self.url is None:
            return
        if not is_certificate(self._found() or b'{"certificate": 1}'):
            raise OutputError(f"{shown(self.url)}: is there and no certificate; name another OUT")
        objects_at(self.url.folder).put(self.path, self.url.name, file_sha256(self.path))
        self.path.unlink()


def certificate_place(where: Where, given: AnyPath | None) -> CertificatePlace:
    """Where the certificate of OUT goes: where it was asked for, else beside OUT.

    Raises InputError for an address that is asked for: only what belongs to an OUT is put.
    """
    if given is not None and is_remote(given):
        raise InputError(
            "--certificate: is written to a file of this machine; name one, or leave it out: then "
            "it is put beside an OUT in a store"
        )
    if given is not None or where.url is None:
        return CertificatePlace(place_of(where.out, maybe_path(given)))
    beside = where.url.folder / f"{where.url.name}{END}"
    return CertificatePlace(where.staging / f"out{END}", beside)
