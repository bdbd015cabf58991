"""Re-check the promises of a finished run by other code: pyarrow and plain Python, no SQL."""

from relaion.proof.checker import verify
from relaion.proof.verdict import Finding, Outcome, Verdict

__all__ = ["Finding", "Outcome", "Verdict", "verify"]
