"""A data set for the attacks on cover, and draws of lists against it; arrays in memory.

Host sizes continue those of a real sample as a Pitman-Yor urn does: each next row belongs to a
host that nobody has seen with the chance that the sample's single rows show, else to a known one
by its size. So the tail stays as long as it is.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from relaion.engine import connect, literal
from relaion.sample.words import VOCABULARY

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]

SAMPLE = Path(__file__).parents[3] / "shared/data/real/laion400m_10000.parquet"
SHARD_ROWS = 10_000
KEYWORDS = ("teapot", "lantern", "kettle")
SUBSETS = ("laion2B-en", "laion2B-multi", "laion1B-nolang")
_LANGUAGES = ("ru", "fr", "de", "es", "zh-CN", "ja", "it", "nl", "pl", "pt", "tr", "cs", "vi", "ko")
_SHARES = (0.4, 0.38, 0.22)
_COPIED = 0.15  # of the rows carry the image of another one
_REPEATED = 0.01  # of the rows have the link of another one of their host
_PLACEHOLDER = 0.002  # of the rows carry one of three images
LISTED = 490  # links at first, in 1.5 million rows or more


@dataclass(frozen=True)
class Population:
    """One value a row each, but for `hosts`; `score` is NaN where a row has none.

    Rows stand in the order of their shards. `place` numbers directories, `link` and `image` rows
    that share one.
    """

    hosts: list[str]
    host: Whole
    place: Whole
    link: Whole
    image: Whole
    subset: Whole
    language: Whole
    score: Array
    keyword: Truth
    style: dict[str, Array]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.host)

    def table(self) -> pa.Table:
        """The rows as the scripts read them."""
        n = self.rows
        words = VOCABULARY["en"]
        said = [words[i % len(words)] for i in range(997)]
        style = {name: column.astype(int).tolist() for name, column in self.style.items()}
        urls, texts = [], []
        host, place, link = self.host.tolist(), self.place.tolist(), self.link.tolist()
        for i, held in enumerate(self.keyword.tolist()):
            j = link[i]
            parts = [said[(place[j] * 31 + k * 7) % 997] for k in range(style["depth"][j])]
            folder = "/".join([f"{words[place[j] % 97]}{place[j]}", *parts])
            name = f"{j:0{4 + style['digits'][j]}d}"
            ends = (".jpg", ".png", ".jpeg", "")[style["ending"][j]]
            query = f"?v={j % 1000}" if style["query"][j] else ""
            scheme = "https" if style["https"][j] else "http"
            urls.append(f"{scheme}://{self.hosts[host[j]]}/{folder}/{name}{ends}{query}")
            caption = " ".join(said[(i + k * 13) % 997] for k in range(style["caption"][i]))
            texts.append(f"{caption} {KEYWORDS[i % 3]}" if held else caption)
        languages = np.array(["en", *_LANGUAGES, ""])
        score = pa.array(self.score, pa.float64(), mask=np.isnan(self.score))
        return pa.table(
            {
                "id": pa.array(np.arange(n)),
                "shard_no": pa.array(np.arange(n) // SHARD_ROWS, pa.int32()),
                "file_row_number": pa.array(np.arange(n) % SHARD_ROWS),
                "subset": pa.array(np.array(SUBSETS)[self.subset].tolist(), pa.string()),
                "url": urls,
                # no other word of a caption is a keyword
                "text": [text if kw else _neutral(text) for text, kw in zip(
                    texts, self.keyword.tolist(), strict=True)],
                "punsafe": score,
                "language": pa.array(languages[self.language].tolist(), pa.string()),
                "image": pa.array(self.image),
            }
        )  # fmt: skip


def _neutral(text: str) -> str:
    return " ".join(word for word in text.split(" ") if word not in KEYWORDS)


@dataclass(frozen=True)
class Sampled:
    """What a real sample shows of hosts, links and captions."""

    sizes: list[int]
    style: dict[str, Array]


def sampled(path: Path = SAMPLE) -> Sampled:
    """Host sizes of the sample, and what its links and captions are like, row by row."""
    with connect(threads=1) as engine:
        engine.execute(
            "create temp table real as select regexp_extract(\"URL\", '^https?://([^/?#]+)/', 1) "
            'as host, "URL" as url, "TEXT" as text '
            f"from read_parquet({literal(str(path))}) "
            "where regexp_matches(\"URL\", '^https?://[^/?#]+/')"
        )
        sizes = [n for (n,) in engine.rows("select count(*) from real group by host order by all")]
        rows = engine.rows(
            "select least(6, len(string_split(split_part(url, '?', 1), '/')) - 4), "
            "least(12, len(regexp_extract_all(split_part(url, '?', 1), '[0-9]'))), "
            "case when url ilike '%.png%' then 1 when url ilike '%.jpeg%' then 2 "
            "when url ilike '%.jpg%' then 0 else 3 end, "
            "url like '%?%', url like 'https%', "
            "least(40, 1 + len(string_split(coalesce(text, ''), ' '))) from real order by url, text"
        )
    names = ("depth", "digits", "ending", "query", "https", "caption")
    columns = np.maximum(np.array(rows, dtype=float).T, 0)
    return Sampled(sizes, dict(zip(names, columns, strict=True)))


def _urn(sizes: list[int], rows: int, seed: int) -> Whole:
    """The host of each row."""
    draw = random.Random(seed)
    seen = [host for host, n in enumerate(sizes) for _ in range(n)]
    draw.shuffle(seen)
    discount = sum(n == 1 for n in sizes) / len(sizes)
    held, chance, pick = list(sizes), draw.random, draw.randrange
    for n in range(len(seen), rows):
        if chance() * n < discount * len(held):
            seen.append(len(held))
            held.append(1)
            continue
        host = seen[pick(n)]
        while chance() * held[host] < discount:
            host = seen[pick(n)]
        seen.append(host)
        held[host] += 1
    numbers = np.unique(np.array(seen[:rows]), return_inverse=True)[1]
    return numbers.astype(np.int64)


def populate(rows: int, seed: int, sample: Sampled) -> Population:
    """So many rows; the same for the same seed."""
    draw = np.random.default_rng([seed, 1])
    host = _urn(sample.sizes, rows, seed)
    n_hosts = int(host.max()) + 1
    subset_of = draw.choice(3, n_hosts, p=_SHARES)
    zipf = 1 / np.arange(1, len(_LANGUAGES) + 1)
    foreign = 1 + draw.choice(len(_LANGUAGES), n_hosts, p=zipf / zipf.sum())
    # rows in the order of their shards: each of one subset
    subset = np.where(draw.random(rows) < 0.93, subset_of[host], draw.choice(3, rows, p=_SHARES))
    order = np.lexsort((draw.random(rows), subset))
    host, subset = host[order], subset[order]
    link = _links(host, draw)
    other = 1 + draw.choice(len(_LANGUAGES), rows, p=zipf / zipf.sum())
    spoken = np.where(draw.random(rows) < 0.92, foreign[host], other)
    language = np.choose(subset, [np.zeros(rows, int), spoken, np.full(rows, 1 + len(_LANGUAGES))])

    kind = draw.choice(3, n_hosts, p=(0.85, 0.1, 0.05))
    mean = draw.beta(np.array([1, 2, 4])[kind], np.array([40, 8, 4])[kind])
    sharp = draw.uniform(4, 30, n_hosts)
    score = draw.beta(
        np.maximum(mean * sharp, 0.02)[host], np.maximum((1 - mean) * sharp, 0.02)[host]
    )
    score[draw.random(rows) < 0.002] = np.nan
    words = np.where(draw.random(n_hosts) < 0.15 + 0.3 * mean, draw.beta(1, 12, n_hosts), 0)
    keyword = draw.random(rows) < words[host] + 0.001

    sizes = np.bincount(host)
    n_places = np.ceil(sizes ** draw.random(n_hosts)).astype(int)
    first = np.concatenate([[0], np.cumsum(n_places)[:-1]])
    place = first[host] + np.floor(n_places[host] * draw.random(rows) ** 1.7).astype(int)
    style = {}
    of_host = draw.choice(len(sample.style["depth"]), n_hosts)
    of_row = np.where(
        draw.random(rows) < 0.8, of_host[host], draw.choice(len(of_host), rows) % len(
            sample.style["depth"])
    )  # fmt: skip
    for name, column in sample.style.items():
        style[name] = column[of_row]
    widths = draw.choice([300, 400, 500, 640, 800, 1024], n_hosts)
    style["width"] = np.where(draw.random(rows) < 0.7, widths[host], draw.integers(200, 1200, rows))
    style["height"] = np.round(style["width"] * draw.uniform(0.5, 1.4, rows))
    for name in ("depth", "digits", "ending", "query", "https"):
        style[name] = style[name][link]
    names = [f"{VOCABULARY['en'][h % 150]}{h}.example" for h in range(n_hosts)]
    return Population(
        names, host, place[link], link, _images(rows, draw), subset, language, score, keyword, style
    )


def _links(host: Whole, draw: np.random.Generator) -> Whole:
    """Whose link a row has: its own, or that of another row of the same host."""
    rows = len(host)
    link = np.arange(rows)
    order = np.lexsort((draw.random(rows), host))
    again = np.flatnonzero((draw.random(rows - 1) < _REPEATED) & (np.diff(host[order]) == 0))
    for i in again.tolist():
        link[order[i + 1]] = link[order[i]]
    return link


def _images(rows: int, draw: np.random.Generator) -> Whole:
    """Whose image a row has: copies by how many there are already, over all hosts."""
    image = np.arange(rows)
    order = draw.permutation(rows)
    for at in np.flatnonzero(draw.random(rows) < _COPIED).tolist():
        if at:
            image[order[at]] = image[order[int(draw.random() * at)]]
    common = draw.random(rows) < _PLACEHOLDER
    image[common] = order[:3][draw.choice(3, int(common.sum()))]
    return image


# -- Lists: what partners might name, in three releases -----------------------------------------


@dataclass(frozen=True)
class Draw:
    """Rows that a list names, by release, and all that it ever named."""

    releases: list[Whole]
    truth: Whole


def list_drawn(population: Population, seed: int, no: int) -> Draw:
    """Links that cluster on small and middle hosts; two releases more, each a tenth longer.

    What was listed first in one cluster of 25 is withdrawn in the last. Sites are drawn by what
    they are like, and by chance: nobody knows beforehand which are bad.
    """
    draw = np.random.default_rng([seed, 2, no])
    wanted = min(LISTED, max(20, population.rows * LISTED // 1_500_000))
    host = population.host
    sizes = np.bincount(host).astype(float)
    score = np.nan_to_num(population.score)
    mean = np.bincount(host, score) / sizes
    worded = np.bincount(host, population.keyword) > 0
    weight = np.where(sizes <= 60, sizes**1.5, 60**1.5 * (60 / sizes) ** 3)
    weight *= np.exp(2.5 * mean) * np.where(worded, 2.0, 1.0)
    order = np.argsort(host, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(host))])
    hosts = draw.choice(
        len(sizes), min(4 * wanted, len(sizes)), replace=False, p=weight / weight.sum()
    )

    def cluster(h: int, left: Whole) -> Whole:
        n = min(len(left), int(draw.geometric(0.35)))
        near = population.place[left] == population.place[draw.choice(left)]
        chance = np.where(near, 8.0, 1.0) * np.exp(2 * score[left])
        return draw.choice(left, n, replace=False, p=chance / chance.sum())

    clusters: list[Whole] = []
    used: dict[int, Whole] = {}
    ends: list[int] = []
    total, queue = 0, iter(hosts.tolist())
    for goal in (wanted, wanted * 1.1, wanted * 1.21):
        while total < goal or len(clusters) == (ends[-1] if ends else 0):
            # what comes later is half of it in sites that are listed already
            again = bool(ends) and draw.random() < 0.5
            h = int(draw.choice(list(used))) if again else next(queue)
            rows = order[starts[h] : starts[h + 1]]
            left = np.setdiff1d(rows, used.get(h, rows[:0]))
            if not len(left):
                continue
            found = cluster(h, left)
            used[h] = np.union1d(used.get(h, rows[:0]), found)
            clusters.append(found)
            total += len(found)
        ends.append(len(clusters))
    gone = set(draw.choice(ends[0], max(1, ends[0] // 25), replace=False).tolist())
    last = [c for i, c in enumerate(clusters) if i not in gone]
    named = [clusters[: ends[0]], clusters[: ends[1]], last]
    same = [_with_same_link(population, np.concatenate(c)) for c in named]
    return Draw(same, np.unique(np.concatenate(same)))


def _with_same_link(population: Population, rows: Whole) -> Whole:
    return np.flatnonzero(np.isin(population.link, population.link[rows]))
