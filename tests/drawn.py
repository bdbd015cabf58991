"""Properties and tables of cases that are dear: few quickly, all where slow tests run."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

_SLOW = pytest.mark.slow
_PARAM = type(pytest.param())


def drawn(
    few: int, more: int, /, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """`given` and `settings` in one: a quick test of `few` examples and a slow one of `more`.

    The first example is the plainest that there is, which shows little and takes as long as any:
    the quick test passes over it, the slow one does not. Of `few` that is 0 there is no quick test.
    """
    slow = pytest.param(more, marks=_SLOW)

    def made(holds: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("examples", [few, slow] if few else [slow])
        def test(examples: int) -> None:
            is_plainest = examples == few

            @wraps(holds)
            def held(**drawn: Any) -> None:
                nonlocal is_plainest
                if is_plainest:
                    is_plainest = False
                else:
                    holds(**drawn)

            settings(max_examples=examples + (examples == few))(given(**strategies)(held))()

        test.__name__, test.__doc__ = holds.__name__, holds.__doc__
        return test

    return made


def quickly(first: int, cases: Iterable[Any]) -> list[Any]:
    """The values of a parameter: the first ones quickly, the others where slow tests run.

    What is marked as slow already is none of the first.
    """
    made, left = [], first
    for case in cases:
        param = case if isinstance(case, _PARAM) else _of(case)
        if not any(mark.name == "slow" for mark in param.marks):
            left -= 1
            if left < 0:
                param = pytest.param(*param.values, id=param.id, marks=[*param.marks, _SLOW])
        made.append(param)
    return made


def _of(case: Any) -> Any:
    """A case as pytest holds it: a tuple has a value for each name."""
    return pytest.param(*case) if type(case) is tuple else pytest.param(case)
