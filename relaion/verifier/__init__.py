"""Re-check the promises of a finished run by other code: pyarrow and plain Python, no SQL."""

from relaion.verifier.checker import verify
from relaion.verifier.verdict import CheckOutcome, Finding, Verdict

__all__ = ["CheckOutcome", "Finding", "Verdict", "verify"]
