"""Re-check the promises of a finished run by other code: pyarrow and plain Python, no SQL."""

from typing import TYPE_CHECKING

from relaion.lazily import lazily

if TYPE_CHECKING:
    from relaion.verifier.checker import verify
    from relaion.verifier.verdict import CheckOutcome, Finding, Verdict

__all__ = ["CheckOutcome", "Finding", "Verdict", "verify"]

_VERDICT = "relaion.verifier.verdict"
__getattr__ = lazily(
    __name__,
    {"verify": "relaion.verifier.checker"}
    | dict.fromkeys(("CheckOutcome", "Finding", "Verdict"), _VERDICT),
)
