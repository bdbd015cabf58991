"""Properties whose examples are dear: few of them in the quick suite, more where slow tests run."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy


def drawn(
    few: int, more: int, /, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """`given` and `settings` in one: a quick test of `few` examples and a slow one of `more`.

    The first example is the plainest that there is, which shows little and takes as long as any:
    the quick test passes over it, the slow one does not.
    """

    def made(holds: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("examples", [few, pytest.param(more, marks=pytest.mark.slow)])
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
