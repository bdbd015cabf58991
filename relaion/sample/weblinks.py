"""Made-up links that are spelled as real ones are, on reserved hosts only.

Shares follow ten thousand links of LAION-400M: a top host with 6.4 %, one link in four with
a query, 2.1 % with HTML entities, 5.6 % with percent escapes. No link leads anywhere: every
host ends in `.example`, `.test` or a second-level name that is reserved for examples.
"""

import random
import re
from collections.abc import Callable, Sequence
from itertools import accumulate

from relaion.sample.words import VOCABULARY, lognormal, seeded, some

_WORDS = VOCABULARY["en"]
_NAMES = [*_WORDS * 9, *map(str.capitalize, _WORDS)]
_N_HOSTS = 12_000
_TOP_HOSTS = (64.1, 19.6, 19.4, 13.0, 10.0, 8.9, 8.8, 8.4, 7.5, 7.5, 7.3, 7.1, 6.9, 6.2, 6.0)
_SUFFIXES = (*[".example"] * 6, *[".test"] * 2, ".example.com", ".example.net", ".example.org")
# comma, blank, slash, colon, letters beyond ASCII, lower-case hex, an escape escaped
_ESCAPES = (*["%2C"] * 8, *["%20"] * 4, *["%2F"] * 3, *["%3A"] * 2, "%C3%A9", "%c3%a4", "%2520")
_TABLE = 8_000


class Web:
    """The hosts, folders and file endings that the links of one demo are drawn from."""

    def __init__(self, seed: int) -> None:
        rng = seeded(seed, "web")
        self._hosts = _hosts(rng)
        self._weights = list(accumulate(_host_weights()))
        self._folders = _folders(rng)
        self._endings = _endings(rng)
        self._schemes = ["https://"] * 62 + ["http://"] * 38

    def links(self, rng: random.Random, tokens: Sequence[str]) -> list[str]:
        """One link for each token. The token stands in the path, so no two links are equal."""
        n = len(tokens)
        parts = zip(
            rng.choices(self._schemes, k=n),
            rng.choices(self._hosts, cum_weights=self._weights, k=n),
            rng.choices(self._folders, k=n),
            rng.choices(_NAMES, k=n),
            tokens,
            rng.choices(self._endings, k=n),
            strict=True,
        )
        return [f"{a}{b}{c}/{d}-{e}{f}" for a, b, c, d, e, f in parts]

    def link(self, rng: random.Random, token: str, ending: str) -> str:
        """One link with an ending of the caller's, such as `.jpg?w=640&h=480`."""
        host = rng.choices(self._hosts, cum_weights=self._weights)[0]
        return f"{rng.choice(self._schemes)}{host}{rng.choice(self._folders)}/{token}{ending}"


def _host_weights() -> list[float]:
    tail = [30.0 / (i + 4) ** 0.68 for i in range(1, _N_HOSTS - len(_TOP_HOSTS) + 1)]
    scale = (1_000 - sum(_TOP_HOSTS)) / sum(tail)
    return [*_TOP_HOSTS, *(w * scale for w in tail)]


def _hosts(rng: random.Random) -> list[str]:
    hosts: dict[str, None] = {}
    while len(hosts) < _N_HOSTS:
        # the top hosts are storage hosts: no `www.` and no chance in the shares
        www = "www." if len(hosts) >= len(_TOP_HOSTS) and rng.random() < 0.165 else ""
        name = rng.choice(("", "cdn.", "img.", "static.", "i2.")) if not www else ""
        first = rng.choice(_WORDS) + rng.choice(("-", "", "")) + rng.choice(_WORDS)
        number = str(rng.randrange(100)) if rng.random() < 0.3 else ""
        hosts[f"{www}{name}{first}{number}{rng.choice(_SUFFIXES)}"] = None
    return list(hosts)


def _segment(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.3:
        return str(rng.randrange(1, 13) if kind < 0.15 else rng.randrange(1_998, 2_022))
    if kind < 0.5:
        return rng.randbytes(rng.randrange(2, 9)).hex()
    return "-".join(rng.choices(_NAMES, k=rng.randrange(1, 5)))


def _folders(rng: random.Random) -> list[str]:
    folders = []
    lengths = lognormal(32, 0.77, _TABLE)
    escaped = set(some(rng, _TABLE, 0.056))
    for i, length in enumerate(lengths):
        folder = ""
        while len(folder) < length - 6:
            folder += "/" + _segment(rng)
        if i in escaped:
            folder += f"/{rng.choice(_WORDS)}{rng.choice(_ESCAPES)}{rng.choice(_WORDS)}"
        folders.append(folder)
    return folders


def _endings(rng: random.Random) -> list[str]:
    kinds = (*[".jpg"] * 75, *[".jpeg"] * 5, *[".png"] * 10, *[".webp"] * 4, ".gif", "", "/")
    endings = [rng.choice(kinds) for _ in range(_TABLE)]
    queries = some(rng, _TABLE, 0.24)
    n_entities = round(_TABLE * 0.0207)
    for nth, i in enumerate(queries):
        ampersand = "&" if nth >= n_entities else ("&#038;" if nth % 100 == 7 else "&amp;")
        size = f"w={rng.randrange(100, 2_000)}{ampersand}h={rng.randrange(100, 2_000)}"
        plain = rng.choice(
            (f"v={rng.randrange(10**9, 10**10)}", size, f"id={rng.randrange(10**6)}")
        )
        last = "&" if nth % 30 == 29 else ""
        endings[i] += f"?{size if nth < n_entities else plain}{last}"
    return endings


def _upper_host(link: str) -> str:
    scheme, _, host, rest = link.split("/", 3)
    return f"{scheme}//{host.upper()}/{rest}"


def _with_port(link: str) -> str:
    port = ":443" if link.startswith("https") else ":80"
    return re.sub(r"^(https?://[^/]+)", rf"\g<1>{port}", link)


def _double_slash(link: str) -> str:
    return re.sub(r"^(https?://[^/]+)/", r"\g<1>//", link)


# what is rare in real links, and how often: (share, how to spell it)
ODDITIES: tuple[tuple[float, Callable[[str], str]], ...] = (
    (0.001, _upper_host),
    (0.0007, _with_port),
    (0.008, _double_slash),
    (0.0004, lambda link: " ".join(link.rsplit("-", 1))),
    (0.0002, lambda link: "é-".join(link.rsplit("-", 1))),
    (0.0001, lambda link: f"{link}{'&' if '?' in link else '?'}data={'0123456789' * 300}"),
    (0.0001, lambda link: "UNLIKELY"),
)


def make_odd(rng: random.Random, links: list[str]) -> None:
    """Respell a few links, in place, in the odd ways that real data has."""
    for share, respell in ODDITIES:
        for i in some(rng, len(links), share):
            links[i] = respell(links[i])
