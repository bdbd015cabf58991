"""Tables of hostile columns: beside what is listed stand digests, links and words that are not.

A plain oracle says which values may enter: those under the name of a kind, in rows that no column
takes back. Nothing else ever does; a file may be refused. What is taken is all of that, or none.
"""

import base64
import random
from dataclasses import dataclass, field

import pytest

from relaion.links import key_digest, link_key
from tests.list_samples import Outcome, read_list

HEX = "0123456789abcdef"
ENTRIES = {
    "md5": 32, "MD5": 32, "md5_hash": 32, "Image MD5": 32, "MD5-Hash": 32, "hash_md5": 32,
    "sha1": 40, "SHA-1": 40, "sha_1": 40, "Sha1": 40, "image_sha1": 40, "SHA 1": 40,
    "sha256": 64, "SHA-256": 64, "sha_256": 64, "File SHA256": 64, "Sha256Hash": 64,
    "url": 0, "URL": 0, "image_url": 0, "Image URL": 0, "link": 0, "Uri": 0,
}  # fmt: skip
OTHERS = {
    32: "MD4 md-4 md2 eD2k ed2k_hash eMule imphash ImpHash JA3 ja3s ja3_digest RMD128 uid UID uuid "
        "guid GUID row_uid video_md5 VideoMD5 MD5_video thumbnail_md5 thumb-md5 md5_of_name "
        "filename_md5 nt_hash NTLM photo_id case_id session token user_md5 email_md5 md5_email "
        "parent_md5 frame_md5 old_md5 md5_removed tlsh_id vhash telfhash caption_md5 text_md5 "
        "audio_md5 document_md5 etag tiger128 md5_of_title murmur3 xxh128 cookie phash128",
    40: "RMD160 ripemd-160 RIPEMD160 sha0 sha-0 VideoSHA1 video_sha1 sha1_of_video git_sha1 git "
        "commit tree_sha btih infohash tiger thumbnail_sha1 user_sha1 sha1_email cert_sha1 "
        "thumbprint authentihash1 previous_sha1 sha1_deleted has160 movie_sha1 pehash",
    64: "pdq PDQ PDQ_hash pdq-hash BLAKE3 blake2s blake2s-256 Blake2b_256 sha3_256 SHA3-256 "
        "sha512/256 keccak256 video_sha256 VideoSHA256 thumbnail_sha256 sm3 streebog gost vpdq "
        "authentihash sha256_of_text email_sha256 preview_sha256 clip_sha256 wallet "
        "tx_sha256 transaction_sha256 password_sha256 tmk sha256_retracted",
    16: "pHash phash dHash aHash crc64 wHash perceptual_hash fnv64 xxh64",
    0: "page_url report_url reference source_page referrer ticket_url evidence_url screenshot_url "
       "thumbnail_url detail_link video_url profile_url case_link cached_page notice_url",
}  # fmt: skip
# of a name, the words that list a record and those that do not
DECIDING = {
    "status": ("active listed Active ACTIVE confirmed", "removed withdrawn DELETED expired "
               "retracted false_positive False-Positive revoked gelöscht zurückgezogen inactive"),
    "Status": ("aktiv listed", "disputed appealed entfernt widerrufen retiré eliminado pending"),
    "action": ("add ADD insert upsert block", "remove DEL delete unblock revoke ignore allow"),
    "deleted": ("false 0 no No", "true 1 yes TRUE x ja 2024-03-01"),
    "is_deleted": ("false 0", "true 1"),
    "to_ids": ("1 true", "0 false"),
    "withdrawn": ("no false", "yes true 2024-01-02"),
    "false_positive": ("0 false", "1 true"),
    "category": ("A B C A1 b2", "D E Z known-good benign"),
    "media_type": ("image image/jpeg Image photo image/png", "video video/mp4 VIDEO movie "
                   "audio/mpeg application/pdf"),
    "file_type": ("jpg png JPEG webp", "mp4 mov avi pdf exe"),
    "verdict": ("malicious positive", "benign clean harmless unknown"),
    "disposition": ("confirmed", "duplicate innocent legal cleared"),
}  # fmt: skip
UNKNOWN_WORDS = ("zarquon", "phase-4", "7", "frobnicated", "maybe", "K2")


@dataclass
class Made:
    """A table, what may enter of it, and what it holds of words that nobody knows."""

    data: bytes
    right: set[tuple[str, str]] = field(default_factory=set)
    is_unsure: bool = False
    names: list[str] = field(default_factory=list)


def _digest(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(HEX, k=length))


def _value(rng: random.Random, length: int) -> str:
    if length:
        digest = _digest(rng, length)
        return rng.choice((digest, digest, digest.upper()))
    return f"https://h{_digest(rng, 6)}.pictures.example/{_digest(rng, 5)}.jpg"


def _entry(length: int, value: str) -> tuple[str, str]:
    if length == 0:
        return "url", key_digest(link_key(value))
    return f"image_{ {32: 'md5', 40: 'sha1', 64: 'sha256'}[length] }", value.lower()


def make(seed: int, number: int) -> Made:
    """Table `number` of a run."""
    rng = random.Random(f"{seed}-{number}")
    lengths = rng.sample((32, 40, 64, 0), rng.choice((1, 1, 2, 3)))
    columns: list[tuple[str, str, int]] = [
        ("entry", rng.choice([n for n, k in ENTRIES.items() if k == length]), length)
        for length in lengths
    ]
    for _ in range(rng.randrange(5)):
        length = rng.choice([*OTHERS])
        columns.append(("other", rng.choice(OTHERS[length].split()), length))
    for name in rng.sample([*DECIDING], rng.choice((0, 1, 1, 2))):
        columns.append(("decides", name, 0))
    if len({name.casefold() for _, name, _ in columns}) < len(columns):
        return make(seed, number + 1_000_000)
    rng.shuffle(columns)
    made = Made(b"", names=[name for _, name, _ in columns])
    rows = [made.names]
    unsure = rng.random() < 0.15
    for _ in range(rng.randrange(1, 12)):
        rows.append(_row(rng, columns, made, unsure=unsure))
    delimiter = rng.choice(",;\t|")
    quote = rng.choice(("", '"'))
    text = "".join(delimiter.join(f"{quote}{c}{quote}" for c in row) + "\n" for row in rows)
    made.data = text.encode()
    return made


def _row(
    rng: random.Random, columns: list[tuple[str, str, int]], made: Made, *, unsure: bool
) -> list[str]:
    row, counts, entries = [], True, []
    for what, name, length in columns:
        if what == "decides":
            listed, not_listed = DECIDING[name]
            if unsure and rng.random() < 0.3:
                row.append(rng.choice(UNKNOWN_WORDS))
                made.is_unsure = True
                continue
            is_listed = rng.random() < 0.6
            row.append(rng.choice((listed if is_listed else not_listed).split()))
            counts &= is_listed
        elif what == "other" and rng.random() < 0.1:
            row.append("")
        else:
            row.append(_value(rng, length))
            if what == "entry":
                entries.append(_entry(length, row[-1]))
    if counts:
        made.right.update(entries)
    return row


def _fault(made: Made, outcome: Outcome) -> str | None:
    if outcome.refused is not None:
        return "lists values" if _tells(made, outcome.refused) else None
    if made.is_unsure:
        return "words that nobody knows were passed over"
    if outcome.entries - made.right:
        return "what must not enter"
    if made.right - outcome.entries:
        return "lost in silence"
    return "lists values" if any(_tells(made, n) for n in outcome.notices) else None


def _tells(made: Made, said: str) -> bool:
    cells = made.data.decode().replace('"', "").split("\n", 1)[1].lower()
    return any(len(w) >= 12 and w in cells for w in said.lower().replace(",", " ").split())


def faults(n: int, seed: int) -> tuple[list[str], int]:
    """The tables of a run that were read wrongly, and how many were read at all."""
    found, read = [], 0
    for number in range(n):
        made = make(seed, number)
        outcome = read_list(made.data, "list.csv")
        read += outcome.refused is None
        if what := _fault(made, outcome):
            found.append(f"{seed}-{number}: {what}; {made.names} {outcome.notices}")
    return found, read


def test_nothing_enters_that_its_column_or_row_keeps_out() -> None:
    found, read = faults(400, 7)
    assert found == []
    assert read > 200


@pytest.mark.slow
def test_nothing_enters_in_many_tables() -> None:
    found, read = faults(8_000, 8)
    assert found == []
    assert read > 4_000


@pytest.mark.parametrize("length", [32, 40, 64, 16])
def test_a_name_of_something_else_is_never_an_entry(length: int) -> None:
    rng = random.Random(length)
    for name in OTHERS[length].split():
        for spelled in (name, name.upper(), name.replace("_", " "), name.replace("_", "-")):
            rows = "".join(f"{_digest(rng, length)},{i}\n" for i in range(5))
            outcome = read_list(f"{spelled},nr\n{rows}".encode(), "list.csv")
            assert outcome.refused is not None, spelled
            alone = "".join(f"{_digest(rng, length)}\n" for _ in range(5))
            assert read_list(f"{spelled}\n{alone}".encode(), "list.txt").refused, spelled


def test_base32_beside_hex_is_one_record_of_its_algorithm() -> None:
    digests = [_digest(random.Random(i), 40) for i in range(5)]
    rows = "".join(f"{base64.b32encode(bytes.fromhex(d)).decode()},A\n" for d in digests)
    outcome = read_list(f"SHA1,category\n{rows}".encode(), "list.csv")
    assert outcome.entries == {("image_sha1", digest) for digest in digests}
