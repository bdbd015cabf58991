"""Tables of neutral text in the layouts that people hold, and one of every type."""

import datetime as dt
import decimal
import json
import random
from collections.abc import Callable

import pyarrow as pa

DAY = dt.datetime(2020, 2, 29, 12, 30, 15, 123456)


def links(n: int, seed: int = 1) -> list[str | None]:
    """Links of reserved hosts; every 17th is missing."""
    draw = random.Random(seed)
    return [
        None
        if i % 17 == 16
        else f"https://host{draw.randrange(40)}.example/{draw.random():.12f}.jpg"
        for i in range(n)
    ]


def captions(n: int, seed: int = 2) -> list[str | None]:
    """Captions of a few words: empty, missing, repeated and in several scripts too."""
    draw = random.Random(seed)
    words = ["red", "boat", "at", "sea", "дом", "у", "моря", "小猫", "é", "", "\x00", "🙂"]
    return [
        None if i % 23 == 22 else " ".join(draw.choices(words, k=draw.randrange(6)))
        for i in range(n)
    ]


def scores(n: int, seed: int, kind: pa.DataType) -> pa.Array:
    """Scores between 0 and 1 with NULL and NaN among them."""
    draw = random.Random(seed)
    odd = {5: None, 6: float("nan"), 7: -0.0, 8: float("inf")}
    return pa.array([odd.get(i % 50, draw.random()) for i in range(n)], kind)


def joined(n: int) -> pa.Table:
    """The joined LAION-5B layout, a column that differs from another only in case added."""
    return pa.table(
        {
            "URL": links(n),
            "TEXT": captions(n),
            "WIDTH": pa.array(range(n), pa.int32()),
            "width": pa.array([i * 7 % 640 for i in range(n)], pa.int64()),
            "similarity": scores(n, 3, pa.float64()),
            "hash": pa.array(
                [(i * 2654435761 << 20) % 2**63 - 2**62 for i in range(n)], pa.int64()
            ),
            "pwatermark": scores(n, 4, pa.float32()),
            "punsafe": scores(n, 5, pa.float32()),
        }
    )


def relaion15(n: int) -> pa.Table:
    """Re-LAION's fifteen columns; `error_message` holds nothing at all."""
    return pa.table(
        {
            "url": links(n),
            "similarity": scores(n, 3, pa.float64()),
            "hash": pa.array([i * 11400714819323198485 % 2**63 for i in range(n)], pa.int64()),
            "pwatermark": scores(n, 4, pa.float32()),
            "punsafe": scores(n, 5, pa.float32()),
            "caption": captions(n),
            "key": [f"{i:09}" for i in range(n)],
            "status": ["success" if i % 9 else "failed_to_download" for i in range(n)],
            "error_message": pa.array([None] * n, pa.string()),
            "width": pa.array([None if i % 9 == 0 else i % 300 for i in range(n)], pa.int32()),
            "height": pa.array([None if i % 9 == 0 else i % 200 for i in range(n)], pa.int32()),
            "original_width": pa.array([i % 1000 for i in range(n)], pa.int32()),
            "original_height": pa.array([i % 999 for i in range(n)], pa.int32()),
            "exif": ["{}"] * n,
            "md5": [None if i % 9 == 0 else f"{i * 2654435761:032x}" for i in range(n)],
        }
    )


def multi(n: int) -> pa.Table:
    """The original laion2B-multi layout, with a blank in one name as in the translated sets."""
    return pa.table(
        {
            "SAMPLE_ID": pa.array(range(10**12, 10**12 + n), pa.int64()),
            "URL": links(n),
            "TEXT": captions(n),
            "ENG TEXT": captions(n, 9),
            "HEIGHT": pa.array([i % 800 for i in range(n)], pa.int32()),
            "WIDTH": pa.array([float(i % 600) for i in range(n)], pa.float64()),
            "LICENSE": pa.array(["?", ""] * (n // 2) + ["?"] * (n % 2)),
            "LANGUAGE": [["de", "fr", "ru"][i % 3] for i in range(n)],
            "seen": pa.array([DAY + dt.timedelta(days=i) for i in range(n)], pa.timestamp("us")),
            "day": pa.array([dt.date(1970, 1, 1) + dt.timedelta(days=i) for i in range(n)]),
        }
    )


def coco(n: int) -> pa.Table:
    """laion-coco's lists of captions and scores, and a box list inside a list."""
    texts = captions(4 * n, 8)
    return pa.table(
        {
            "URL": links(n),
            "top_caption": captions(n),
            "all_captions": pa.array(
                [None if i % 11 == 10 else texts[i : i + i % 4] for i in range(n)],
                pa.list_(pa.string()),
            ),
            "all_similarities": pa.array(
                [[i / 7] * (i % 3) for i in range(n)], pa.list_(pa.float64())
            ),
            "bboxes": pa.array(
                [[[0.5, 1.0], []][: i % 3] for i in range(n)], pa.list_(pa.list_(pa.float64()))
            ),
            "hash": pa.array(range(n), pa.int64()),
        }
    )


LAYOUTS: dict[str, Callable[[int], pa.Table]] = {
    "joined": joined,
    "relaion": relaion15,
    "multi": multi,
    "coco": coco,
}


def every_type(n: int) -> pa.Table:
    """A column of every kind that pyarrow can store, NULLs in all that may have them."""
    day = DAY
    stamps = [None if i % 5 == 4 else day + dt.timedelta(hours=i) for i in range(n)]
    columns: dict[str, pa.Array] = {}
    for width in (8, 16, 32, 64):
        for sign in ("int", "uint"):
            top = 2 ** (width - (sign == "int")) - 1
            values = [None if i % 7 == 6 else (top, 0, i % 100)[i % 3] for i in range(n)]
            columns[f"{sign}{width}"] = pa.array(values, getattr(pa, f"{sign}{width}")())
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin"):
            columns[f"at_{unit}_{zone}"] = pa.array(stamps, pa.timestamp(unit, zone))
        columns[f"lasted_{unit}"] = pa.array([i * 1000 for i in range(n)], pa.duration(unit))
    columns |= _texts(n) | _numbers(n) | _nests(n)
    columns["time_ms"] = pa.array([i for i in range(n)], pa.time32("ms"))
    columns["time_us"] = pa.array([i for i in range(n)], pa.time64("us"))
    columns["time_ns"] = pa.array([i for i in range(n)], pa.time64("ns"))
    columns["date64"] = pa.array([i * 86_400_000 for i in range(n)], pa.date64())
    table = pa.table(columns)
    required = pa.field("required", pa.string(), nullable=False, metadata={"note": "kept"})
    return table.append_column(required, pa.array([f"r{i}" for i in range(n)]))


def _texts(n: int) -> dict[str, pa.Array]:
    raw = [None if i % 6 == 5 else bytes([i % 256, 0, 255]) for i in range(n)]
    ids = [None if i % 6 == 5 else bytes([i % 256] * 16) for i in range(n)]
    return {
        "large_string": pa.array(captions(n), pa.large_string()),
        "view": pa.array(captions(n), pa.string_view()),
        "binary": pa.array(raw, pa.binary()),
        "large_binary": pa.array(raw, pa.large_binary()),
        "fixed": pa.array(raw, pa.binary(3)),
        "uuid": pa.array(ids, pa.uuid()),
        "json": pa.array([json.dumps(i) for i in range(n)], pa.json_()),
        "dictionary": pa.array(captions(n)).dictionary_encode(),
        "dictionary_int": pa.array([i % 3 for i in range(n)], pa.int64()).dictionary_encode(),
        "nothing": pa.nulls(n),
    }


def _numbers(n: int) -> dict[str, pa.Array]:
    money = [None if i % 8 == 7 else decimal.Decimal(i - n // 2).scaleb(-2) for i in range(n)]
    return {
        "bool": pa.array([None if i % 4 == 3 else i % 2 == 0 for i in range(n)]),
        "half": scores(n, 6, pa.float16()),
        "decimal_5": pa.array(money, pa.decimal128(5, 2)),
        "decimal_30": pa.array(money, pa.decimal128(30, 2)),
        "decimal_60": pa.array(money, pa.decimal256(60, 2)),
    }


def _nests(n: int) -> dict[str, pa.Array]:
    point = pa.struct([pa.field("x", pa.int32(), nullable=False), ("tags", pa.list_(pa.string()))])
    points = [
        None if i % 5 == 4 else {"x": i, "tags": None if i % 3 else ["a", None][: i % 2 + 1]}
        for i in range(n)
    ]
    pairs = [None if i % 5 == 4 else [(f"k{j}", j or None) for j in range(i % 3)] for i in range(n)]
    several = [points[i : i + i % 3] for i in range(n)]
    return {
        "struct": pa.array(points, point),
        "structs": pa.array(several, pa.list_(point)),
        "map": pa.array(pairs, pa.map_(pa.string(), pa.int32())),
        "large_list": pa.array([[i] * (i % 3) for i in range(n)], pa.large_list(pa.int16())),
        "fixed_list": pa.array([[i, None] for i in range(n)], pa.list_(pa.int8(), 2)),
    }
