"""Drawing: lengths, positions, digests and tokens from a seeded generator."""

import math
import random
from statistics import NormalDist


def seeded(*parts: object) -> random.Random:
    """A generator of its own for each thing that is drawn: the same parts, the same draws."""
    return random.Random(" ".join(map(str, parts)))  # noqa: S311 (nothing secret is drawn)


def lognormal(median: float, sigma: float, steps: int = 1_024) -> list[int]:
    """Quantiles of a log-normal distribution, evenly spaced: a table to draw lengths from."""
    normal = NormalDist(math.log(median), sigma)
    return [round(math.exp(normal.inv_cdf((i + 0.5) / steps))) for i in range(steps)]


def some(rng: random.Random, n: int, share: float) -> list[int]:
    """Different positions below `n`, as many as `share` asks for on average."""
    return rng.sample(range(n), min(n, int(n * share + rng.random())))


def digests(rng: random.Random, n: int, size: int) -> list[str]:
    """Random digests of `size` bytes, as lower-case hex."""
    text, width = rng.randbytes(n * size).hex(), 2 * size
    return [text[i : i + width] for i in range(0, n * width, width)]


def token(number: int) -> str:
    """Eight hex digits that no other number below 2**32 gives, and that do not look counted."""
    return f"{number * 2_654_435_761 % 2**32:08x}"


def split_evenly(n: int, parts: int) -> list[int]:
    """`n` as a sum of `parts` numbers that differ by one at most."""
    return [n // parts + (i < n % parts) for i in range(parts)]
