"""S3, and what speaks as S3 does: how it is read, and how a folder of a bucket is written."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from relaion.paths import replaced, shown
from relaion.remote.asking import CONNECT, asked, retrying
from relaion.remote.by_fsspec import FsspecStore
from relaion.remote.failures import (
    GoneError,
    RemoteError,
    UnwrittenError,
    changed,
    gone,
    is_taken,
    kind_of,
    no_condition,
    other_bytes,
    told,
    unwritten,
)
from relaion.remote.objects import PART, Noted, Objects, as_base64, md5_of, pieces
from relaion.remote.store import RemoteFile
from relaion.remote.urls import RemoteURL

_MOST_PARTS = 9_000  # a store takes 10,000
_HANDS = 2  # parts of one file that are on their way
_LARGEST_COPY = 5_000_000_000  # that a store copies by itself at once
_AT_ONCE = 1_000  # names that are removed by one request


def _asking_once(make: Any, **how: Any) -> Any:
    """A file system of s3 that leaves it to us to ask again."""
    found = make(**how)
    found.retries = 1
    once = {"connect_timeout": CONNECT, "retries": {"total_max_attempts": 1}}
    found.config_kwargs = once | found.config_kwargs  # where the user has set any, these hold
    return found


class S3Store(FsspecStore):
    """s3: reads are conditional, and never of another version than was seen."""

    def __init__(self, library: Any) -> None:
        super().__init__(partial(_asking_once, library.S3FileSystem))

    def files(self, url: RemoteURL, begins: str = "") -> Iterator[RemoteFile]:
        """As `Store` has it; page by page, so that a listing of any length is read once."""
        prefix = f"{url.key}/" if url.key else ""
        asked = {"Bucket": url.bucket, "Prefix": prefix + begins}
        while True:
            page = retrying(partial(self.fs.call_s3, "list_objects_v2", **asked), url)
            for about in page.get("Contents", ()):
                if not about["Key"].endswith("/"):
                    found = RemoteURL(url.scheme, url.bucket, about["Key"])
                    yield self._file(found, {**about, "size": about["Size"]})
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def info(self, url: RemoteURL) -> RemoteFile:
        """As `Store` has it; what is not there, or why it is refused, a HEAD does not say."""
        try:
            return self._info(url)
        except RemoteError as e:
            if isinstance(e, GoneError) or e.kind == "refused":
                self._ask_why(url, e)
            raise

    def _info(self, url: RemoteURL) -> RemoteFile:
        try:
            about = retrying(
                lambda: self.fs.call_s3("head_object", Bucket=url.bucket, Key=url.key), url
            )
        except RemoteError as e:
            if not e.kind:  # a 400, as for a key that has expired
                self._ask_why(url, e)
            raise
        return self._file(url, {**about, "size": about["ContentLength"]})

    def _ask_why(self, url: RemoteURL, e: RemoteError) -> None:
        """Raise what is wrong with the bucket or the credentials, if that is it."""
        try:
            asked(lambda: self.fs.call_s3("list_objects_v2", Bucket=url.bucket, MaxKeys=1), url)
        except Exception as why:
            if isinstance(e, GoneError) or kind_of(why) in ("unknown", "expired"):
                raise told(why, url) from None

    def _file(self, url: RemoteURL, about: dict[str, Any]) -> RemoteFile:
        return RemoteFile(url, int(about["size"]), about["ETag"], str(about.get("LastModified")))

    def _fetch(self, file: RemoteFile, start: int, end: int) -> bytes:
        sync = import_module("fsspec.asyn").sync
        found: bytes = sync(self.fs.loop, self._ranged, file, start, end)
        return found

    async def _ranged(self, file: RemoteFile, start: int, end: int) -> bytes:
        said = await self.fs._call_s3(  # its `cat_file` takes no condition
            "get_object", Bucket=file.url.bucket, Key=file.url.key,
            Range=f"bytes={start}-{end - 1}", IfMatch=file.tag,
        )  # fmt: skip
        async with said["Body"] as body:
            found: bytes = await body.read()
        return found


class S3Objects(Objects):
    """A folder of a bucket of S3, or of what speaks as S3 does."""

    def _call(self, method: str, what: str, name: str, **given: Any) -> dict[str, Any]:
        key = {"Key": (self.at / name).key} if name else {}
        try:
            found: dict[str, Any] = asked(
                lambda: self.fs.call_s3(method, Bucket=self.at.bucket, **key, **given), self.at
            )
            return found
        except Exception as e:
            raise unwritten(self.url_of(name), what, e) from None

    def there(self) -> dict[str, Noted]:
        """All objects, those in folders too."""
        below = f"{self.at.key}/" if self.at.key else ""
        found: dict[str, Noted] = {}
        more: dict[str, Any] = {}
        while True:
            answer = self._call("list_objects_v2", "be listed", "", Prefix=below, **more)
            for each in answer.get("Contents", ()):
                if name := each["Key"].removeprefix(below):
                    found[name] = Noted(int(each["Size"]), each["ETag"].strip('"'))
            if not answer.get("IsTruncated"):
                return found
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small object and its mark; None where there is none."""
        try:
            found = asked(lambda: self._body(name), self.at)
        except Exception as e:
            if kind_of(e) == "gone":
                return None
            raise unwritten(self.url_of(name), "be read", e) from None
        return found

    def _body(self, name: str) -> tuple[bytes, str]:
        sync = import_module("fsspec.asyn").sync  # only who has the extra comes here
        found: tuple[bytes, str] = sync(self.fs.loop, self._whole, name)
        return found

    async def _whole(self, name: str) -> tuple[bytes, str]:
        key = (self.at / name).key
        said = await self.fs._call_s3("get_object", Bucket=self.at.bucket, Key=key)
        async with said["Body"] as body:
            return await body.read(), str(said["ETag"]).strip('"')

    def put(self, path: Path, name: str, sha256: str) -> Noted:
        """Put a file that has these bytes, in place of what is there."""
        size = path.stat().st_size
        if size > PART:
            return self._put_parts(path, name, sha256, size)
        data = b"".join(pieces(path, PART))
        digest = hashlib.sha256(data)
        if digest.hexdigest() != sha256:
            raise replaced(path)
        answer = self._call("put_object", "be written", name, Body=data,
                            ChecksumSHA256=as_base64(digest.digest()))  # fmt: skip
        ours = as_base64(digest.digest())
        return self._took(name, sha256, len(data), answer, ours, md5_of(data).hex())

    def _took(
        self,
        name: str,
        sha256: str,
        size: int,
        answer: Mapping[str, Any],
        ours: str,
        md5: str,
    ) -> Noted:
        """Hold the store's answer against what was sent: `ours` is its SHA-256, else its MD5."""
        etag, theirs = str(answer["ETag"]).strip('"'), answer.get("ChecksumSHA256")
        if theirs is not None and theirs.partition("-")[0] != ours:
            raise other_bytes(self.url_of(name))
        if theirs is None and etag != md5:  # a store that encrypts has marks of its own
            self.read_back(name, sha256)
        return Noted(size, etag)

    def _put_parts(self, path: Path, name: str, sha256: str, size: int) -> Noted:
        """Put a file in parts, which the store makes one object at the end."""
        each = max(PART, -(-size // _MOST_PARTS))
        begun = self._call("create_multipart_upload", "be written", name,
                           ChecksumAlgorithm="SHA256")  # fmt: skip
        upload = begun["UploadId"]
        try:
            whole, md5s, sums = hashlib.sha256(), b"", b""
            parts: list[dict[str, Any]] = []
            for part, digest, md5 in self._parts(path, name, upload, each, whole):
                parts.append(part)
                sums += digest
                md5s += md5
            if whole.hexdigest() != sha256:
                raise replaced(path)
            answer = self._call("complete_multipart_upload", "be written", name, UploadId=upload,
                                MultipartUpload={"Parts": parts})  # fmt: skip
        except BaseException:
            with suppress(UnwrittenError):  # the next run removes it
                self._call("abort_multipart_upload", "be removed", name, UploadId=upload)
            raise
        ours = as_base64(hashlib.sha256(sums).digest())
        return self._took(name, sha256, size, answer, ours, f"{md5_of(md5s).hex()}-{len(parts)}")

    def _parts(
        self, path: Path, name: str, upload: str, each: int, whole: Any
    ) -> Iterator[tuple[dict[str, Any], bytes, bytes]]:
        """Send the parts in order, a few at a time; `whole` takes in all bytes."""

        def send(number: int, data: bytes) -> tuple[dict[str, Any], bytes, bytes]:
            digest = hashlib.sha256(data).digest()
            answer = self._call("upload_part", "be written", name, UploadId=upload, Body=data,
                                PartNumber=number, ChecksumSHA256=as_base64(digest))  # fmt: skip
            md5 = md5_of(data)
            theirs, etag = answer.get("ChecksumSHA256"), str(answer["ETag"])
            if theirs not in (None, as_base64(digest)):
                raise other_bytes(self.url_of(name))
            part = {"PartNumber": number, "ETag": etag}
            return part | ({"ChecksumSHA256": theirs} if theirs else {}), digest, md5

        with ThreadPoolExecutor(_HANDS) as hands:
            waiting = []
            for number, data in enumerate(pieces(path, each), 1):
                whole.update(data)
                waiting.append(hands.submit(send, number, data))
                if len(waiting) == _HANDS:  # no more than these are held
                    yield waiting.pop(0).result()
            for sent in waiting:
                yield sent.result()

    def put_new(self, name: str, data: bytes) -> Noted | None:
        """Put a small object where none is; None where one is."""
        return self._put_if(name, data, IfNoneMatch="*")

    def put_over(self, name: str, data: bytes, etag: str) -> Noted | None:
        """Put a small object over the one with this mark; None where it is another one."""
        return self._put_if(name, data, IfMatch=f'"{etag}"')

    def _put_if(self, name: str, data: bytes, **condition: str) -> Noted | None:
        try:
            answer = self._call("put_object", "be written", name, Body=data, **condition)
        except UnwrittenError as e:
            if (
                is_taken(e) or e.kind == "gone"
            ):  # answer may have been lost, and the same asked again
                found = self.read(name)
                return Noted(len(data), found[1]) if found and found[0] == data else None
            if e.kind == "unable":
                raise no_condition(self.at) from None
            raise
        found = self.read(name)
        if found is None or found[0] != data:  # a store that does not heed conditions, perhaps
            raise other_bytes(self.url_of(name))
        return Noted(len(data), str(answer["ETag"]).strip('"'))

    def copy(self, source: RemoteURL, noted: Noted, name: str, sha256: str) -> Noted | None:
        """Have the store copy an object that still has this mark; None where it cannot."""
        if source.scheme != "s3" or noted.size > _LARGEST_COPY:
            return None
        try:
            answer = self._call(
                "copy_object", "be copied", name, CopySourceIfMatch=f'"{noted.etag}"',
                CopySource={"Bucket": source.bucket, "Key": source.key},
                ChecksumAlgorithm="SHA256", MetadataDirective="REPLACE",
            )  # fmt: skip
        except UnwrittenError as e:
            if e.kind == "gone":
                raise gone(source) from None
            if is_taken(e):
                raise changed(source) from None
            return None  # it may be fetched, and put as any other
        made = answer["CopyObjectResult"]
        theirs = made.get("ChecksumSHA256")
        ours = as_base64(bytes.fromhex(sha256))
        mark = str(made["ETag"]).strip('"')
        if theirs is None or "-" in theirs:
            if mark != noted.etag:
                self.read_back(name, sha256)
        elif theirs != ours:
            self.remove([name])
            raise changed(source)
        return Noted(noted.size, mark)

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error."""
        keys = [{"Key": (self.at / name).key} for name in names]
        for first in range(0, len(keys), _AT_ONCE):
            some = keys[first : first + _AT_ONCE]
            answer = self._call("delete_objects", "be emptied", "",
                                Delete={"Objects": some, "Quiet": True})  # fmt: skip
            if answer.get("Errors"):
                code = answer["Errors"][0].get("Code", "")
                raise UnwrittenError(
                    f"{shown(self.at)}: not all can be removed ({shown(code)}); have the "
                    "credentials permit that, and repeat the command"
                )

    def remove_parts(self) -> None:
        """Remove what uploads that were broken off left here; of a whole bucket, nothing."""
        if not self.at.key.strip("/"):  # there anybody's would be meant
            return
        below = f"{self.at.key}/"
        uploads: list[Any] = []
        more: dict[str, Any] = {}
        while True:
            try:
                answer = self._call("list_multipart_uploads", "be listed", "", Prefix=below, **more)
            except UnwrittenError:
                break  # not everybody may look: what is left is billed, and in nobody's way
            uploads += answer.get("Uploads", ())
            marks = answer.get("NextKeyMarker"), answer.get("NextUploadIdMarker")
            further = {"KeyMarker": marks[0] or "", "UploadIdMarker": marks[1] or ""}
            if not answer.get("IsTruncated") or not marks[0] or further == more:
                break
            more = further
        for each in uploads:
            name = each["Key"].removeprefix(below)
            with suppress(UnwrittenError):
                self._call("abort_multipart_upload", "be removed", name, UploadId=each["UploadId"])
