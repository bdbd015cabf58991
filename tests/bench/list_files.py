"""Long deliveries as partners' programs write them, made up, for `tests.bench.lists`.

Every maker writes a file of about so many bytes. What it holds is drawn from counted numbers, so
that each file is the same every time; hosts are under `example`, hashes of numbers.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def _md5(i: int) -> str:
    return hashlib.md5(b"%d" % i).hexdigest()


def _sha1(i: int) -> str:
    return hashlib.sha1(b"%d" % i).hexdigest()


def _uuid(i: int) -> str:
    plain = _md5(-i)
    return f"{plain[:8]}-{plain[8:12]}-4{plain[13:16]}-8{plain[17:20]}-{plain[20:]}"


def _pdna(i: int) -> str:
    number = b"%d" % i
    made = hashlib.sha512(number).digest() * 2 + hashlib.sha1(number).digest()[:16]
    return base64.b64encode(made).decode()


def _day(i: int) -> str:
    return f"2024-03-{1 + i % 28:02d}"


_IMAGE = (
    '<image><member id="{member}">An Example</member><timestamp>{day}T10:00:00Z'
    "</timestamp><id>image{i}</id><classification>A{grade}</classification><fingerprints>"
    "<md5>{md5}</md5><sha1>{sha1}</sha1><pdna>{pdna}</pdna></fingerprints></image>"
)


def _image(i: int) -> str:
    return _IMAGE.format(
        i=i, member=40 + i % 7, day=_day(i), grade=1 + i % 2, md5=_md5(i), sha1=_sha1(i),
        pdna=_pdna(i),
    )  # fmt: skip


def _medium(i: int) -> Record:
    md5 = _md5(i).upper()
    return {
        "odata.id": f'Media("{_md5(i)}")', "MediaID": i, "Category": 1 + i % 2, "MD5": md5,
        "SHA1": _sha1(i).upper(), "MediaSize": str(12_000 + i), "VictimIdentified": "false",
        "OffenderIdentified": "false", "IsDistributed": "true", "Series": f"Series {i % 90}",
        "Tags": "a b", "MimeType": "image/jpeg",
        "MediaFiles": [{"MD5": md5, "FileName": f"{i}.jpg", "FilePath": "C:\\pictures"}],
        "AlternativeHashes": [{"HashName": "PhotoDNA", "HashValue": _pdna(i)}],
    }  # fmt: skip


def _attribute(i: int) -> Record:
    is_link = i % 5 == 4
    value = f"https://pictures{i % 4000}.example/{i}.jpg" if is_link else _sha1(i)
    return {
        "id": str(i), "event_id": "17", "object_id": "0", "object_relation": None,
        "category": "Network activity" if is_link else "Payload delivery",
        "type": "url" if is_link else "sha1", "to_ids": True, "uuid": _uuid(i),
        "timestamp": str(1_700_000_000 + i), "distribution": "5", "sharing_group_id": "0",
        "comment": "", "deleted": False, "disable_correlation": False, "first_seen": None,
        "last_seen": None, "value": value, "Galaxy": [], "ShadowAttribute": [],
        "Tag": [{"id": "3", "name": "tlp:amber", "colour": "#ffc000"}] if i % 3 == 0 else [],
    }  # fmt: skip


def _indicator(i: int) -> Record:
    at = f"{_day(i)}T10:00:00.000Z"
    name = ("MD5", "'SHA-1'")[i % 2]
    value = (_md5, _sha1)[i % 2](i)
    is_link = i % 5 == 4
    pattern = (
        f"[url:value = 'https://pictures{i % 4000}.example/{i}.jpg']" if is_link
        else f"[file:hashes.{name} = '{value}']"
    )  # fmt: skip
    return {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--{_uuid(i)}",
        "created_by_ref": "identity--11111111-1111-4111-8111-111111111111", "created": at,
        "modified": at, "name": f"picture {i}.jpg", "indicator_types": ["malicious-activity"],
        "pattern": pattern, "pattern_type": "stix", "valid_from": at, "labels": ["image"],
        "confidence": 85,
    }  # fmt: skip


def _short(i: int) -> Record:
    return {"md5": _md5(i), "category": "A1" if i % 2 else "A2"}


def _linked(i: int) -> Record:
    return {"url": f"https://pictures{i % 4000}.example/{i}.jpg", "added": _day(i)}


def _descriptor(i: int) -> Record:
    return {
        "id": str(3_000_000_000 + i), "raw_indicator": _md5(i), "type": "HASH_MD5",
        "owner": {"id": "100", "name": "An Example"}, "status": "MALICIOUS",
        "review_status": "REVIEWED_MANUALLY", "severity": "SEVERE", "confidence": 90,
        "privacy_type": "HAS_PRIVACY_GROUP", "share_level": "AMBER",
        "added_on": f"{_day(i)}T10:00:00+0000", "last_updated": f"{_day(i)}T11:00:00+0000",
        "tags": {"data": [{"id": "7", "text": "media_type_photo"}]},
    }  # fmt: skip


def _stopncii(i: int) -> Record:
    return {
        "lastModtimestamp": 1_700_000_000 + i, "signalType": "URL",
        "hashValue": f"https://pictures{i % 4000}.example/{i}.jpg", "hashStatus": "Active",
        "caseNumbers": {str(i): "Active"},
        "CSPFeedbacks": [{"source": "An Example", "feedbackValue": "Blocked", "tags": []}],
    }  # fmt: skip


@dataclass(frozen=True)
class ListFile:
    """How a file is made: `before` its records, `record` of a number, `between`, `after` them."""

    name: str
    what: str
    record: Callable[[int], str]
    before: str = ""
    between: str = ","
    after: str = ""
    args: tuple[str, ...] = ()

    def make(self, path: Path, size: int) -> int:
        """Write about `size` bytes; returns the number of records."""
        with path.open("w") as out:
            written, n = out.write(self.before), 0
            for text in self._texts():
                written += out.write(text)
                n += 1
                if written >= size:
                    break
            out.write(self.after)
        return n

    def _texts(self) -> Iterator[str]:
        i = 0
        while True:
            yield (self.between if i else "") + self.record(i)
            i += 1


def _in_json(record: Callable[[int], Record]) -> Callable[[int], str]:
    return lambda i: json.dumps(record(i))


_STIX = '{"type": "bundle", "id": "bundle--11111111-1111-4111-8111-111111111111", "objects": ['
_EVENT = (
    '{"Event": {"id": "17", "info": "pictures", "uuid": "11111111-1111-4111-8111-111111111111", '
    '"threat_level_id": "1", "analysis": "2", "published": true, "timestamp": "1700000000", '
    '"Orgc": {"id": "1", "name": "An Example"}, "Attribute": ['
)
_VICS = (
    '{"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media", "value": ['
)

FILES = (
    ListFile(
        "ncmec.xml", "XML of NCMEC", _image,
        '<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>', "",
        "</images></queryResult>",
    ),
    ListFile(
        "vics.json", "media of VICS", _in_json(_medium), _VICS, after="]}",
        args=("--where", "category=1,2"),
    ),
    ListFile("misp.json", "an event of MISP", _in_json(_attribute), _EVENT, after="]}}"),
    ListFile("stix.json", "indicators of STIX", _in_json(_indicator), _STIX, after="]}"),
    ListFile(
        "threatexchange.json", "descriptors of ThreatExchange", _in_json(_descriptor),
        '{"data": [', after="]}",
    ),
    ListFile(
        "stopncii.json", "records of StopNCII", _in_json(_stopncii),
        '{"count": 2, "hasMoreRecords": false, "hashRecords": [', after="]}",
    ),
    ListFile("short.jsonl", "short objects, a line each", _in_json(_short), between="\n"),
    ListFile("links.jsonl", "links in objects, a line each", _in_json(_linked), between="\n"),
)  # fmt: skip
