"""A web server on loopback that gives out files, and one that is like the Hub; well or badly."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

REPO = "datasets/example/set"


@dataclass
class WebWorld:
    """Files by path, and how they are given: in `parts`, with an ETag, as `kind`.

    `commits` are those of the one repository, the last one is `main`: its files by path.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    parts: bool = True
    tags: bool = True
    kind: str = "application/octet-stream"
    asked: list[str] = field(default_factory=list)
    sent: int = 0


def _handler(world: WebWorld) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            world.asked.append(f"POST {self.path}")
            parts = unquote(urlsplit(self.path).path).split("/")
            files = world.commits.get(parts[-1], {})
            self._json(_told(files, asked.get("paths", [])))

        def _answer(self, *, with_body: bool) -> None:
            world.asked.append(f"{self.command} {self.path}")
            path = unquote(urlsplit(self.path).path).lstrip("/")
            if path.startswith("api/"):
                self._of_hub(path)
                return
            data = world.files.get(path)
            for commit, files in world.commits.items():
                top = f"{REPO}/resolve/{commit}/"
                data = files.get(path.removeprefix(top)) if path.startswith(top) else data
            if data is None:
                self.send_error(404)
                return
            self._give(data, with_body=with_body)

        def _of_hub(self, path: str) -> None:
            commit = next(reversed(world.commits))
            names = path.split("/")
            if not path.startswith(f"api/{REPO}"):
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif "tree" in names:
                at = names.index("tree")
                below = "/".join(names[at + 2 :])
                is_whole = "recursive=true" in urlsplit(self.path).query.lower()
                self._json(_tree(world.commits.get(names[at + 1], {}), below, is_whole=is_whole))
            else:
                self._json({"id": "example/set", "sha": commit, "siblings": []})

        def _json(self, found: Any) -> None:
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _give(self, data: bytes, *, with_body: bool) -> None:
            tag, asked = f'"{hashlib.sha256(data).hexdigest()[:16]}"', self.headers.get("Range")
            if self.headers.get("If-Match", tag) != tag:
                self.send_error(412)
                return
            first, last = 0, len(data) - 1
            is_part = bool(asked) and world.parts
            if is_part and asked:
                first, last = (int(x) for x in asked.removeprefix("bytes=").split("-"))
                last = min(last, len(data) - 1)
            self.send_response(206 if is_part else 200)
            if is_part:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            self.send_header("Content-Type", world.kind)
            self.send_header("Content-Length", str(last - first + 1))
            if world.tags:
                self.send_header("ETag", tag)
            self.end_headers()
            if with_body:
                world.sent += last - first + 1
                try:
                    self.wfile.write(data[first : last + 1])
                except OSError:  # whoever asked has read enough
                    self.close_connection = True

    return Handler


def _told(files: dict[str, bytes], paths: list[str]) -> list[dict[str, Any]]:
    """What the Hub tells of these paths, of files and folders alike."""
    folders = _folders(files)
    return [
        _file(path, files[path]) if path in files else _folder(path)
        for path in paths
        if path in files or path in folders
    ]


def _tree(files: dict[str, bytes], top: str, *, is_whole: bool) -> list[dict[str, Any]]:
    """What it tells of all that lies below a folder, or of what lies in it."""
    begins = f"{top}/" if top else ""

    def lies_there(path: str) -> bool:
        return path.startswith(begins) and (is_whole or "/" not in path.removeprefix(begins))

    found = [_folder(path) for path in sorted(_folders(files)) if lies_there(path)]
    return found + [_file(path, data) for path, data in files.items() if lies_there(path)]


def _folders(files: dict[str, bytes]) -> set[str]:
    return {str(above) for name in files for above in PurePosixPath(name).parents} - {"."}


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}


def _file(path: str, data: bytes) -> dict[str, Any]:
    oid, sha256 = hashlib.sha1(data).hexdigest(), hashlib.sha256(data).hexdigest()
    lfs = {"oid": sha256, "size": len(data), "pointerSize": 130}
    return {"type": "file", "path": path, "size": len(data), "oid": oid, "lfs": lfs}


@contextmanager
def serving() -> Iterator[WebWorld]:
    """A server in threads of this process."""
    world = WebWorld()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(world))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    world.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
