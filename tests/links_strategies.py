"""Links for hypothesis: ordinary ones, their trivial variants, texts that only resemble links."""

from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from relaion.links.key import without_www

_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=8)
_HOST = st.tuples(
    st.lists(_LABEL, min_size=1, max_size=3), st.sampled_from(["example", "test", "invalid"])
).map(lambda t: ".".join([*t[0], t[1]]))
_NAME = st.text("abcXYZ019_.~!$'()*+,:=@-éß€😀 ", min_size=1, max_size=8).filter(
    lambda s: s.strip(". ") == s and "&" not in s
)
_PATH = st.lists(_NAME, max_size=4).map(lambda names: "".join("/" + n for n in names))
_PARAM = st.text("abcXYZ019_.~!$'()*,:=@/?-", min_size=1, max_size=8)
_QUERY = st.lists(_PARAM, max_size=3).map(lambda ps: "?" + "&".join(ps) if ps else "")
_PORT = st.sampled_from(["", "", "", ":8080", ":81"])

links = st.builds(
    lambda scheme, host, port, path, query: f"{scheme}{host}{port}{path}{query}",
    st.sampled_from(["http://", "https://"]),
    _HOST,
    _PORT,
    _PATH,
    _QUERY,
)
"""Links with an ordinary host, maybe a port, a path of any letters and a query."""


def split(link: str) -> tuple[str, str, str, str, str]:
    """Scheme with its slashes, host, port, path and query of one of `links`."""
    scheme, _, rest = link.partition("://")
    rest, mark, query = rest.partition("?")
    place, slash, path = rest.partition("/")
    host, colon, port = place.partition(":")
    return scheme + "://", host, colon + port, slash + path, mark + query


def _on(part: int, change: Callable[[str], str]) -> Callable[[str], str]:
    def variant(link: str) -> str:
        parts = list(split(link))
        parts[part] = change(parts[part])
        return "".join(parts)

    return variant


def _escaped_letters(path: str) -> str:
    return "".join(f"%{ord(c):02x}" if c.isascii() and c.isalnum() else c for c in path)


def _escaped_raw(path: str) -> str:
    quoted = ("".join(f"%{b:02X}" for b in c.encode()) if c > "~" or c == " " else c for c in path)
    return "".join(quoted)


def _toggled_www(host: str) -> str:
    if host.rpartition(".")[2].isdigit():  # an address has no `www.`
        return host
    shorter = without_www(host)
    return shorter if shorter != host else f"www.{host}"


variants: dict[str, Callable[[str], str]] = {
    "other scheme": _on(0, lambda s: "http://" if s == "https://" else "https://"),
    "scheme in capitals": _on(0, str.upper),
    "no scheme": _on(0, lambda s: ""),
    "slashes only": _on(0, lambda s: "//"),
    "backslashes": _on(0, lambda s: s.replace("/", "\\")),
    "blanks around": lambda u: f" \ufeff{u}\r\n",
    "unseen around": lambda u: f"\u200e\u3164{u}\u00ad\u034f\x9f\U000e007f",
    "broken across lines": lambda u: u[:9] + "\r\n\t" + u[9:],
    "user name": _on(1, lambda h: f"name:p@ss@{h}"),
    "host in capitals": _on(1, str.upper),
    "dot after the host": _on(1, lambda h: h + "."),
    "escaped host": _on(1, lambda h: f"%{ord(h[0]):02X}{h[1:]}"),
    "www.": _on(1, _toggled_www),
    "default port": _on(2, lambda p: p or ":443"),
    "port with zeros": _on(2, lambda p: p.replace(":", ":00") if p != ":" else p),
    "escaped letters": _on(3, _escaped_letters),
    "escaped twice": _on(3, lambda p: _escaped_letters(p).replace("%", "%25")),
    "browser's escapes": _on(3, _escaped_raw),
    "dot segments": _on(3, lambda p: f"/x/../.{p}" if p else p),
    "runs of slashes": _on(3, lambda p: p.replace("/", "//")),
    "slash at the end": _on(3, lambda p: p + "/"),
    "& at the end": _on(4, lambda q: q and f"{q}&"),
    "empty query": _on(4, lambda q: q or "?"),
    "escaped query": _on(4, lambda q: q.replace("=", "%3D").replace("/", "%2f")),
    "entities": lambda u: u.replace("&", "&amp;").replace("'", "&#039;"),
    "fragment": lambda u: f"{u}#top",
    "escaped whole": lambda u: (
        "".join(f"%{b:02X}" if b in b":/?&=% " else chr(b) for b in u.encode())
        if u.isascii()
        else u
    ),
}
"""Ways to write one of `links` otherwise: each keeps the key."""

_PIECES = [
    *"abzAZ019.:/\\?#@%&;=+-_~!$'()*,[]{}<>\"^`| \t\n\r\x00\x7f",
    *("%41", "%2E", "%2F", "%25", "%3F", "%20", "%26", "%23", "%5C", "%C3%A9", "%c3", "%E2", "%00"),
    *(
        "&amp;",
        "&quot;",
        "&#38;",
        "&#x2f;",
        "&nbsp;",
        "&lt;",
        "amp;",
        "quot;",
        "&#9;",
        "&#13;",
        "&#37;",
        "&#xD83D;",
    ),
    *("www.", "http:", "https://", "ftp:", "//", "xn--", "0x7f", "192.0.2.1", ":80", ":8080"),
    *(
        "[::1]",
        "[::ffff:192.0.2.1]",
        "example.test",
        "localhost",
        "..",
        "/../",
        "/./",
        "//",
        "2561",
    ),
    *("http%3A%2F%2F", "http%253a%252f", "hxxp", "[.]", "(dot)"),
    *(
        "é",
        "ß",
        "。",
        "．",
        "１",
        "\u00ad",
        "\u200d",
        "\ufeff",
        "\u202c",
        "\u3164",
        "\ufe0f",
        "İ",
        "…",
        "㎭",
        "㏂",
        "\x85",
    ),
]
_OPENINGS = [
    "http://",
    "https://www.",
    "//",
    "http:",
    "ftp://",
    "",
    "http://a.test/",
    "https://a.test/?",
]


def _near(pieces: list[str]) -> st.SearchStrategy[str]:
    tails = st.lists(st.sampled_from(pieces), max_size=12).map("".join)
    return st.tuples(st.sampled_from(_OPENINGS), tails).map("".join)


near_links = st.one_of(_near(_PIECES), links, st.text(max_size=20))
"""Texts that look like links at first sight, without lone surrogates: what a column can hold."""

plain_pieces = st.one_of(
    _near([*"ab1./?&=-_%,~", "www.", "a.test", "%20", "%0a", "%C3", "A", "//", "&amp;"])
)
"""Texts that are often canonical already."""

any_text = st.one_of(near_links, _near([*_PIECES, "\ud800", "\udc80", "\udcc3"]))
"""The same with lone surrogates: what bytes that are not UTF-8 become."""


# -- hostile links: what a prefilter must not misjudge -----------------------------------

_LABELS = [
    *("a", "b", "c1", "test", "example", "www", "awww", "wwww", "A", "X", "x", "xa", "xn", "tEst"),
    *("xn--p1ai", "XN--a", "xn--", "axn--b", "ab--c", "-", "_", "-a", "_a", "a-", "a_", "7", "0"),
    *("0x7f", "0X", "0xg", "256", "é", "ß", "１", "ſ", "\u212a", "İ", "㏂", "\u200d", "*", "com"),
]
_DOTS = [*".........", "..", "。", "．", "｡", "%2e", "%2E", "%252e", "%25252E", "%%32e", "&#46;"]
_AFTER_HOST = [
    *("", "", "", "", "", "", ".", "..", ":", ":80", ":8080", ":0", ":x", "%3A80", ":٣", "."),
    *("\t", "\n", " ", "\x00", "\x1f", "%0A", "%00", "%20", "]", ";", "&amp;", "。", "\x85", "|"),
]
_BEFORE_HOST = [*[""] * 14, "u@", "u:p@", "@", "www.", ".", "[", "%40", "\t", "a%2Fb@", "www.www."]
_HOSTS = ["[::1]", "[::ffff:192.0.2.1]", "192.0.2.7", "localhost", "", "[1", "..", "%00", "1.2"]
_SCHEMES = [
    *("http://", "http://", "http://", "https://", "https://", "http:/", "HTTP://", "hTTps:/"),
    *("http:///", "https:", "http:\\\\", "http:\\/", "//", "", "", "", "ftp://", "h\nttp://"),
    *("http%3A%2F%2F", "http%253a%252F%252f", "https%3a//", "http%25253A//", "http&#58;//"),
]
_SLASHES = [*"//////////", "\\", "%2F", "%2f", "%5C", "%252f", "%25252F", "//", "&#47;", "/./"]
_SIGNS = [
    *("/", "/", "?", "?u=", "=", "&", ":", "#", "&amp;", "/fit/", "%3F", "%26", "%3D", "%23", ";"),
    *("?", "/x?url=", "/i/", "//", "/f=auto,w=3/", "/..", "/.", "%2F", "?a=b&", "#!", "%3a", "*"),
]
_NAMES = ["", "a", "a.jpg", "b.jpg", "a.b.c", "x.jp", "%41", "%2e%2e", "..", "é.jpg", "%E9", "%FF"]
_JUNK = [
    *("%", "%2", "%25", "%2525", "%32", "%%32", "%61", "\x00", "\t", "\n", "\r", "\x7f", "\ud8ff"),
    *("\udc80", "\udcff", "\\", "@", ":", "[", "]", "&", ";", "&#", "&amp;", "|", "<", '"', " "),
    *("http", "//", ".", "..", "%2e", "-", "_", "é", "。", "\ufeff", "\u00ad", "\U0010ffff", "+"),
]


class _Hostile:
    """Draws one link; the wilder, the more of its pieces are odd ones."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.wild = r.choice((0.05, 0.05, 0.2, 0.5, 1.0))

    def pick(self, plain: str, odd: list[str]) -> str:
        return self.r.choice(odd if self.r.random() < self.wild else plain.split(" "))

    def host(self) -> str:
        if self.r.random() < 0.1 * self.wild:
            return self.r.choice(_HOSTS)
        host = self.pick("a b www", _LABELS)
        for _ in range(self.r.choice((1, 1, 1, 2, 2, 3) if self.wild < 1 else (0, 1, 2))):
            host += self.pick(".", _DOTS) + self.pick("a test example", _LABELS)
        return self.pick("", _BEFORE_HOST) + host + self.pick("", _AFTER_HOST)

    def link(self) -> str:
        tail = ""
        for _ in range(self.r.choice((0, 1, 1, 2))):
            tail += self.pick("/", _SLASHES) + self.pick("a.jpg b-1.JPG c", _NAMES)
        return self.pick("http:// https:// http:/", _SCHEMES) + self.host() + tail

    def text(self) -> str:
        r = self.r
        shape = r.random()
        if shape < 0.35:  # a link that may stand in another
            inner = self.link() if r.random() < 0.7 else self.link().rpartition("//")[2]
            text = (
                f"http{r.choice(('', 's'))}://p.example{self.pick('/ /?u= /fit/', _SIGNS)}{inner}"
            )
        elif shape < 0.6:
            text = self.link() + self.pick("/ /?u= &", _SIGNS) + self.link()
        else:
            text = self.pick("http:// https://", _SCHEMES) + self.host() + self.pick("/", _SIGNS)
            text += self.pick("a.jpg b-1.JPG c?d=e a/b", _NAMES) + self.pick(" / & ?", _SIGNS)
        if shape > 0.9:
            text += self.pick("/ &u=", _SIGNS) + self.link()
        if r.random() < 0.3:
            text = _hidden(r, text)
        for _ in range(r.choice((0, 0, 0, 0, 0, 1, 1, 2))):
            at = r.randrange(len(text) + 1)
            text = text[:at] + r.choice(_JUNK) + text[at:]
        return text


def _hidden(r: Random, text: str) -> str:
    """One stretch of a text escaped, as deep as four times."""
    start = r.randrange(len(text) + 1)
    end = min(len(text), start + r.choice((1, 1, 2, 5, 40)))
    piece = text[start:end]
    for _ in range(r.choice((1, 1, 1, 2, 2, 3, 4))):
        every = r.random() < 0.3  # else only what needs it
        form = r.choice(("%{:02X}", "%{:02x}"))
        piece = "".join(
            form.format(b) if every or b in b"/:?&=#%.@\\" or b > 0x7E else chr(b)
            for b in piece.encode("utf-8", "surrogatepass")
        )
    return text[:start] + piece + text[end:]


_FRAMES = (
    '"{}"', "'{}'", "<{}>", "\u201c{}\u201d", '"{}",', "'\"{}\"' ;", '"{}',
    "'http://{}'", "< //{} >", '"www.{}"', "&quot;{}&quot;", "`{}`\u200b",
)  # fmt: skip


def hostile_link(r: Random) -> str:
    """A text that is likely to make a shortcut and the definition part.

    Dots, digits, odd labels, user names, ports, brackets, backslashes, controls, bytes that are
    no UTF-8 (as lone surrogates), other scripts' dots, escapes at every depth; often where
    another link may stand; and plain links with a single flaw, which a shortcut may overlook.
    """
    text = _Hostile(r).text()
    return r.choice(_FRAMES).format(text) if r.random() < 0.1 else text


def hostile_links(seed: int, n: int) -> list[str]:
    """Some hostile links, the same for the same seed."""
    r = Random(seed)
    return [hostile_link(r) for _ in range(n)]


hostile_batches = st.integers(0, 2**32).map(lambda seed: hostile_links(seed, 200))
"""Hostile links in hundreds, so that an engine is asked once for many."""


# -- links that end in what a tail may be -------------------------------------------------

_TAIL_OPENINGS = [
    *("http://", "https://", "HTTP://", "//", "", "ftp://", "http:/", "http:////", '"http://', "'"),
    *("<http://", "http%3A%2F%2F", "http:\\\\", "data:", "http:///", "www.", "\u201chttp://"),
]
_TAIL_HOSTS = [
    *("a.b", "A.B", "www.a.b", "a.b:80", "a.b.", "u@a.b", "\xe9.b", "192.0.2.1", "0x7f.1", "[::1]"),
    *("a%2Eb", "a.b:8080", "www.www.a.b", "xn--a.b", "a", "a.b:", " a.b", "a\t.b", "a.b&#x2f;"),
]
_TAIL_PIECES = [
    *"/?&=.#%;:,\"'<> \t\n\r\\@!()+-_~*$|^`{}[]",
    *("a", "b1", "4", "41", "2", "5", "25", "%2", "%25", "%23", "%3", "%3B", "%3b", "%3F", "%2F"),
    *("%2e", "%2E", "%5C", "%26", "&amp;", "&amp", "amp;", "&#35;", "&#x3f;", "&lt;", "&#9;", ".."),
    *("/..", "/.", "/../", "/./", "//", "/?", "?&", "&&", "\xe9", "\u200b", "\x85", "%C3%A9"),
    *("%E9", "%FF", "x.jpg", "abcdefgh", "12345678", "abc/defg", "a=b&c=d", "http://", "c.d/"),
    *("=c.d/e", "www.", "/c.d/efghijklm", "&u=c.d/", "%61", "%%32", "%32", "\udcff", "." * 12),
]


def _with_tail(r: Random) -> str:
    text = r.choice(_TAIL_OPENINGS) + r.choice(_TAIL_HOSTS) + r.choice(["/", "", "?", "/x/", "/?"])
    text += "".join(r.choice(_TAIL_PIECES) for _ in range(r.choice((0, 0, 1, 1, 2, 4))))
    if r.random() < 0.9:
        letters = ("abcdefABCDEF0123456789._=-()&", "/?:,")
        text += "".join(
            r.choice(letters[r.random() > 0.95]) for _ in range(r.choice((6, 8, 9, 24)))
        )
    if r.random() < 0.07:
        text += r.choice(_TAIL_PIECES)
    return text + r.choice(("", "", "", "", "", "", '"', "',"))


def some_tails(seed: int, n: int = 200) -> list[str]:
    """Links in which all that can change the end of a link stands before plain characters."""
    r = Random(seed)
    return [_with_tail(r) for _ in range(n)]


tail_batches = st.integers(0, 2**32).map(some_tails)
"""Such links in hundreds."""
