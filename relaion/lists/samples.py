"""Small files of every format, of made values under example hosts: to see what a list looks like.

Nothing in them is of anybody. `args` are the options without which `lists add` does not take them.
"""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import hashlib
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

_N = 5
_DAY = "2024-03-26T00:00:00Z"


@dataclass(frozen=True)
class FormatSample:
    """A file by its bytes; `suffix` is how its name ends, `args` what it is added with."""

    suffix: str
    data: bytes
    args: tuple[str, ...] = ()
    is_text: bool = True


def _digest(algorithm: str, i: int) -> str:
    return hashlib.new(algorithm, f"sample {i}".encode(), usedforsecurity=False).hexdigest()


MD5 = tuple(_digest("md5", i) for i in range(_N))
SHA1 = tuple(_digest("sha1", i) for i in range(_N))
SHA256 = tuple(_digest("sha256", i) for i in range(_N))
LINKS = tuple(f"https://pictures.example/{i}.jpg" for i in range(_N))


def _text(suffix: str, lines: list[str], *args: str) -> FormatSample:
    return FormatSample(suffix, "".join(f"{line}\n" for line in lines).encode(), args)


def _json(suffix: str, value: object, *args: str) -> FormatSample:
    return FormatSample(suffix, json.dumps(value, indent=1).encode() + b"\n", args)


# -- Lines and tables ------------------------------------------------------------------------------


def txt_sample() -> FormatSample:
    """Digests and links, one a line."""
    return _text(".txt", [*MD5[:3], *LINKS[3:]])


def sample_rows() -> list[list[str]]:
    """A table, the names of its columns first."""
    return [["md5", "url", "status"], *([MD5[i], LINKS[i], "active"] for i in range(_N))]


def _csv() -> FormatSample:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(sample_rows())
    return FormatSample(".csv", out.getvalue().encode())


def _checksums() -> FormatSample:
    return _text(".md5", [f"{digest}  pictures/{i}.jpg" for i, digest in enumerate(MD5)])


def _hashdeep() -> FormatSample:
    head = ["%%%% HASHDEEP-1.0", "%%%% size,md5,sha256,filename"]
    return _text(
        ".txt",
        [*head, *(f"{100 + i},{MD5[i]},{SHA256[i]},/pictures/{i}.jpg" for i in range(_N))],
    )


def _cdx() -> FormatSample:
    told = [base64.b32encode(bytes.fromhex(digest)).decode() for digest in SHA1]
    return _text(".cdx", [" CDX N b a m s k r M S V g", *(
        f"example,pictures)/{i}.jpg 20240326000000 {LINKS[i]} image/jpeg 200 {told[i]} - - 100 "
        f"{100 * i} a.warc.gz" for i in range(_N)
    )])  # fmt: skip


def _certutil() -> FormatSample:
    return _text(".txt", [line for i in range(_N) for line in (
        f"MD5 hash of {i}.jpg:", MD5[i], "CertUtil: -hashfile command completed successfully."
    )])  # fmt: skip


def _get_filehash() -> FormatSample:
    return _text(".txt", ["", *(line for i in range(_N) for line in (
        "Algorithm : SHA256", f"Hash      : {SHA256[i].upper()}",
        f"Path      : C:\\pictures\\{i}.jpg", "",
    ))])  # fmt: skip


def _get_filehash_table() -> FormatSample:
    width = 70
    return _text(".txt", [
        "", f"Algorithm       {'Hash':{width}} Path", f"---------       {'----':{width}} ----",
        *(f"SHA256          {SHA256[i].upper():{width}} C:\\pictures\\{i}.jpg" for i in range(_N)),
    ])  # fmt: skip


def _fciv() -> FormatSample:
    head = ["//", "// File Checksum Integrity Verifier version 2.05.", "//"]
    return _text(".txt", [*head, *(f"{MD5[i]} c:\\pictures\\{i}.jpg" for i in range(_N))])


def _7z() -> FormatSample:
    rule = f"{'-' * 64} {'-' * 13}  {'-' * 12}"
    return _text(".txt", [
        "", "7-Zip 23.01 (x64) : 2023-06-20", "", "Scanning", "5 files, 500 bytes (1 KiB)", "",
        f"{'SHA256':64} {'Size':>13}  Name", rule,
        *(f"{SHA256[i]} {100:>13}  {i}.jpg" for i in range(_N)), rule,
    ])  # fmt: skip


def _changes() -> FormatSample:
    return _text(".diff", [*(f"+{digest}" for digest in MD5[:4]), f"-{MD5[4]}"])


def _host_rules() -> FormatSample:
    hosts = [f"pictures{i}.example" for i in range(_N)]
    return _text(".txt", [f"0.0.0.0 {host}" for host in hosts], "--scope", "host")


# -- JSON and XML ----------------------------------------------------------------------------------


def _ncmec() -> FormatSample:
    space = "https://hashsharing.ncmec.org/hashsharing/v2"
    images = "".join(
        f'<image><member id="1">Example</member><timestamp>{_DAY}</timestamp><id>{i}</id>'
        f"<classification>A1</classification><fingerprints><md5>{MD5[i]}</md5>"
        f"<sha1>{SHA1[i]}</sha1></fingerprints></image>\n" for i in range(_N)
    )  # fmt: skip
    return FormatSample(
        ".xml",
        f'<?xml version="1.0" encoding="UTF-8"?>\n<queryResult xmlns="{escape(space)}">\n'
        f'<images count="{_N}" maxTimestamp="{_DAY}">\n{images}</images>\n'
        "</queryResult>\n".encode(),
    )


def _vics() -> FormatSample:
    context = (
        "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/$metadata#Media"
    )
    media = [
        {"MediaID": i, "Category": 1 if i < 4 else 5, "MD5": MD5[i].upper(),
         "SHA1": SHA1[i].upper(), "MediaSize": "100", "MimeType": "image/jpeg"}
        for i in range(_N)
    ]  # fmt: skip
    return _json(".json", {"@odata.context": context, "value": media}, "--where", "category=1,2")


def _uuid(i: int) -> str:
    return f"0000000{i}-0000-4000-8000-000000000000"


def _misp() -> FormatSample:
    attributes = [
        {"uuid": _uuid(i), "type": "md5", "category": "Payload delivery", "value": MD5[i],
         "to_ids": True, "timestamp": "1711411200", "comment": "", "deleted": False}
        for i in range(_N)
    ]  # fmt: skip
    event = {"uuid": _uuid(9), "info": "part 1", "date": "2024-03-26", "threat_level_id": "1",
             "analysis": "2", "Attribute": attributes}  # fmt: skip
    return _json(".json", {"Event": event})


def _misp_csv() -> FormatSample:
    names = "uuid,event_id,category,type,value,comment,to_ids,date"
    return _text(".csv", [names, *(
        f'"{_uuid(i)}",1,"Payload delivery","md5","{MD5[i]}","",1,20240326' for i in range(_N)
    )])  # fmt: skip


def _stix() -> FormatSample:
    indicators = [
        {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{_uuid(i)}",
         "created": "2024-03-26T00:00:00.000Z", "modified": "2024-03-26T00:00:00.000Z",
         "pattern": f"[file:hashes.MD5 = '{MD5[i]}']", "pattern_type": "stix",
         "valid_from": "2024-03-26T00:00:00Z"}
        for i in range(_N)
    ]  # fmt: skip
    bundle = {"type": "bundle", "id": f"bundle--{_uuid(9)}", "objects": indicators}
    return _json(".json", bundle)


def _stix_patterns() -> FormatSample:
    told = [f"[file:hashes.MD5 = '{MD5[i]}']" for i in range(3)]
    told += [f"[url:value = '{LINKS[i]}']" for i in range(3, _N)]
    return _text(".txt", told, "--format", "stix-patterns")


def _json_list() -> FormatSample:
    return _json(".json", [{"md5": MD5[i], "url": LINKS[i]} for i in range(_N)])


# -- Exchanges of hashes ---------------------------------------------------------------------------


def _stopncii() -> FormatSample:
    records = [
        {"lastModtimestamp": 1711411200 + i, "signalType": "URL", "hashValue": LINKS[i],
         "hashStatus": "Active", "caseNumbers": {}, "CSPFeedbacks": []}
        for i in range(_N)
    ]  # fmt: skip
    page = {"count": _N, "nextPageToken": "", "nextSetTimestamp": 1711411300,
            "hasMoreRecords": False, "hashRecords": records}  # fmt: skip
    return _json(".json", page)


def _tat_rows() -> list[dict[str, object]]:
    return [
        {"hash_digest": MD5[i], "algorithm": "MD5", "ideology": "example", "file_type": "jpg",
         "deleted": False, "updated_on": _DAY, "created_on": _DAY, "id": i}
        for i in range(_N)
    ]  # fmt: skip


def _tat() -> FormatSample:
    rows = _tat_rows()
    page = {"count": _N, "next": None, "previous": None, "checkpoint": f"{_DAY},4", "results": rows}
    return _json(".json", page)


def _tat_csv() -> FormatSample:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_tat_rows()[0])
    writer.writerows(row.values() for row in _tat_rows())
    return FormatSample(".csv", out.getvalue().encode())


def _threatexchange() -> FormatSample:
    return _json(".json", {"data": [
        {"id": str(100 + i), "raw_indicator": MD5[i], "type": "HASH_MD5", "owner": {"id": "1"},
         "status": "MALICIOUS", "tags": [], "added_on": "2024-03-26T00:00:00+0000"}
        for i in range(_N)
    ]})  # fmt: skip


def _threatexchange_csv() -> FormatSample:
    return _text(".csv", ["signal_type,signal_str,collab,category,tags", *(
        f"url,{link},Example,POSITIVE_CLASS,a1" for link in LINKS
    )])  # fmt: skip


def _te() -> FormatSample:
    return _text(".HASH_MD5.te", [
        f"{MD5[i]},{1000 + i},2024-03-26T00:00:00+0000,a1" for i in range(_N)
    ])  # fmt: skip


def _local_file() -> FormatSample:
    return _text(".txt", [f"url {link}" for link in LINKS])


def _icse() -> FormatSample:
    names = "MD5;SHA1;ZZ40;Image ID;Media Type;Baseline"
    return _text(".csv", [names, *(
        f"{MD5[i]};{SHA1[i]};;{100 + i};Image;Yes" for i in range(_N)
    )])  # fmt: skip


TEXTS: dict[str, Callable[[], FormatSample]] = {
    "ncmec": _ncmec,
    "misp": _misp,
    "stix": _stix,
    "stopncii": _stopncii,
    "tat": _tat,
    "threatexchange": _threatexchange,
    "vics": _vics,
    "json": _json_list,
    "hashdeep": _hashdeep,
    "cdx": _cdx,
    "misp-csv": _misp_csv,
    "stix-patterns": _stix_patterns,
    "icse": _icse,
    "tat-csv": _tat_csv,
    "threatexchange-csv": _threatexchange_csv,
    "te": _te,
    "local-file": _local_file,
    "certutil": _certutil,
    "get-filehash": _get_filehash,
    "get-filehash-table": _get_filehash_table,
    "fciv": _fciv,
    "7z-h": _7z,
    "checksums": _checksums,
    "changes": _changes,
    "host-rules": _host_rules,
    "csv": _csv,
    "txt": txt_sample,
}


# -- Tables that are no text -----------------------------------------------------------------------


def _table() -> pa.Table:
    names, *rows = sample_rows()
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def _parquet() -> FormatSample:
    held = io.BytesIO()
    pq.write_table(_table(), held)
    return FormatSample(".parquet", held.getvalue(), is_text=False)


def _arrow() -> FormatSample:
    held, table = io.BytesIO(), _table()
    with pa.ipc.new_file(held, table.schema) as out:
        out.write_table(table)
    return FormatSample(".arrow", held.getvalue(), is_text=False)


def _arrow_stream() -> FormatSample:
    held, table = io.BytesIO(), _table()
    with pa.ipc.new_stream(held, table.schema) as out:
        out.write_table(table)
    return FormatSample(".arrows", held.getvalue(), is_text=False)


def zipped(parts: dict[str, str]) -> bytes:
    """A zip archive of these members, the same each time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        for name, text in parts.items():
            out.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return held.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_OPEN = "http://schemas.openxmlformats.org"
_RELATED = f"{_OPEN}/package/2006/relationships"
_DOCUMENT = f"{_OPEN}/officeDocument/2006/relationships"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _xlsx() -> FormatSample:
    rows = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row)
        + "</row>"
        for row in sample_rows()
    )
    types = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{_SHEET}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{_SHEET}.worksheet+xml"/>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_OPEN}/package/2006/content-types">{types}</Types>',
        "_rels/.rels": _related("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_OPEN}/spreadsheetml/2006/main" '
        f'xmlns:r="{_DOCUMENT}"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": _related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_OPEN}/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>",
    }
    data = zipped({name: _XML + text for name, text in parts.items()})
    return FormatSample(".xlsx", data, is_text=False)


def _related(what: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_RELATED}"><Relationship Id="r1" Type="{_DOCUMENT}/{what}" '
        f'Target="{target}"/></Relationships>'
    )


def _ods() -> FormatSample:
    of = "urn:oasis:names:tc:opendocument:xmlns"
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in sample_rows()
    )
    parts = {
        "mimetype": mime,
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{of}:manifest:1.0" '
        f'manifest:version="1.2"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{mime}"/><manifest:file-entry manifest:full-path="content.xml" '
        'manifest:media-type="text/xml"/></manifest:manifest>',
        "content.xml": f'{_XML}<office:document-content xmlns:office="{of}:office:1.0" '
        f'xmlns:table="{of}:table:1.0" xmlns:text="{of}:text:1.0" office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="Sheet1">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>",
    }
    return FormatSample(".ods", zipped(parts), is_text=False)


# -- What lists are packed in ----------------------------------------------------------------------


def _packed(suffix: str, pack: Callable[[bytes], bytes]) -> Callable[[], FormatSample]:
    return lambda: FormatSample(f".txt{suffix}", pack(txt_sample().data), is_text=False)


def _zip() -> FormatSample:
    return FormatSample(".zip", zipped({"list.txt": txt_sample().data.decode()}), is_text=False)


SAMPLES: dict[str, Callable[[], FormatSample]] = TEXTS | {
    "parquet": _parquet, "arrow": _arrow, "arrow-stream": _arrow_stream, "xlsx": _xlsx,
    "ods": _ods,
    "gzip": _packed(".gz", lambda data: gzip.compress(data, mtime=0)),
    "bzip2": _packed(".bz2", bz2.compress), "xz": _packed(".xz", lzma.compress),
    "zstd": _packed(".zst", lambda data: bytes(pa.compress(data, "zstd", asbytes=True))),
    "zip": _zip,
}  # fmt: skip
"""By what `--format` calls a format, and by what a list may be packed in."""
