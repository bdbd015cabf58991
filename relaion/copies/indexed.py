"""What is told of a file that was indexed; apart, so that who asks loads no pyarrow."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Indexed:
    """What an index was made of.

    `records` of the file; `columns` says by which column, field or member a role (`url`, `text`,
    `row_hash`) is played; `notices` are for people and quote no value. Of the first `compared`
    records with a row hash of their own, `differ` have another one than link and caption give.
    """

    records: int
    columns: Mapping[str, str]
    notices: tuple[str, ...] = ()
    compared: int = 0
    differ: int = 0
