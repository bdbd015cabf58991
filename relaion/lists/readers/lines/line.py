"""A line that carries more than a link: which of it is the link, where that is certain.

Partners number their lines, put dashes before them, notes behind them, full stops after them. But
links may hold blanks and end in a sign, too, and half a link names another picture. So:

- A frame settles it: `<link>`, `"link"`, `[words](link)`. What is framed is the link as it stands.
- A dash, star or number with a blank before a link is the list's, and so is a day or an hour.
- ` #` and a tab end a link. A blank ends it where the name of a file stands before it
  (`a.jpg found in June`), and is part of it where one comes only later (`my photo.jpg`), or where
  more of a query does (`?q=red car&page=2`). Otherwise
  the line is skipped: `wiki/Mercury (planet)` may be one link, or a link and a note.
- Signs of a sentence at the end, and brackets that nothing opens, are cut after the name of a file
  (`a.jpg.`). Otherwise the line is skipped: `a/Inc.` and `a/Inc` may be two pages, and to enter
  both might name an innocent. But where at most one link in a hundred ends so, no such sign is the
  list's habit: those are taken as they stand, and counted. Of 19,460 real links one ends so.
- A note that holds a digest may hold another entry: asked about.
- Several links with nothing but blanks, commas or semicolons between are as many entries. With
  words between, one may be the page that tells of the other: skipped.
- A note that takes an entry back (`removed`, `false positive`) is never passed over: skipped. One
  that may do so (`removed after a report`) refuses the file until the curator says what it means.
  Other notes are left out and counted, since a curator reads more languages than we.

What is skipped is counted by reason. Frames are the way to say what a line means.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from relaion.errors import ListError
from relaion.links import clean_entry
from relaion.links.text import WHITE, is_bare, trim
from relaion.lists.readers import why
from relaion.lists.readers.format import OF_LINE
from relaion.lists.readers.lines.content import content
from relaion.lists.readers.tables.notes import takes_back
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.paths import several

BESIDE = "a link beside other text"
_NOTED = (
    "entries with a note beside them: {:,}; notes are left out, check that none takes its entry "
    "back"
)
_AS_THEY_STAND = (
    "links that end in a sign, taken as they stand: {:,}; put < > around a link to say where it "
    "ends"
)
_IN_CP1252 = (
    "links that are no UTF-8: {:,}; each was taken as its bytes stand and as Windows-1252 reads "
    "them"
)
_JOINED = (
    "links that hold signs which nobody sees, or end in a tag: {:,}; each was taken as it stands "
    "and without them"
)
_ENDS = " \t.,;:…-–—|/#\"'"  # what ends a line and says nothing
_MARKS, _LOOKED_AT = 3, 1000  # marks and words of one, and notes
SIGN = "a sign at the end that may not be the link's"

LINK_START = re.compile(r"(?i)[\[(]?h[\])]?[\[(]?(?:tt|xx)[\])]?ps?[\])]?[\[(]?:|ftp:|//|www\.")

_SCHEME = re.compile(r"(?i)(?:h(?:tt|xx|tx|xt)ps?|f[tx]p):[/\\]{2}")
_DIGEST = re.compile(
    r"(?<![\w/])(?:[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{32})?)(?![\w/]|\.\w)"
)
"""In a note: an entry of its own, perhaps; no name of a file."""
_FILE = re.compile(
    r"(?i)\.(?:jpe?g?|jfif|a?png|gif|webp|bmp|tiff?|svgz?|avif|hei[cf]|jxl|jp2|ico|x?html?|php[0-9]?"
    r"|aspx?|jspx?|cgi|pdf|mp4|m4v|webm|mov|avi|mkv|mpe?g|wmv|flv)\Z"
)
_PLAIN = re.compile(r"https?://[A-Za-z0-9_.~!$*+=@%&:/?-]*[A-Za-z0-9_~$*+=@%&/-]")
_BULLET = re.compile(r"(?:[-*+>•‣◦▪●·–—→]|[(\[]?[0-9]{1,7}[.)\]:]|[0-9]{1,7}(?=\s+\S*:[/\\]))\s+")
# when a link was found, in the ways in which lists and logs write it
_STAMP = re.compile(
    r"(?i)[\[(]?(?:(?:\d{4}[-/.]\d\d[-/.]\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{8})"
    r"(?:[T ,]{1,2}\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"
    r"(?: ?(?:Z|UTC|GMT|CES?T|[AP]M|[+-]\d\d:?\d\d))?)?"
    r"|\d{10}(?:\.?\d{3,6})?)[\])]?(?:\s*[,;|:–—-])?\s+(?=[\"'<]?\w{3,6}:[/\\]{2})"
)
_WORD_BEFORE = re.compile(r"([^\W\d_]{3,12}):?\s+(?=<?\w{3,6}:[/\\]{2})")
_ADDED = words_in("{added}")
_BREAK = re.compile(r"(?<!\s)\s*[\t\r\n]\s*")
_HASH = re.compile(r"(?<!\s)\s+#(.*)", re.S)
_FRAMED = re.compile(r"""(?:<([^<>]+)>|"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»)(.*)""", re.S)
_MARKDOWN = re.compile(r"!?\[([^\[\]]*)\]\((\S+)(?:\s+\"[^\"]*\")?\)(.*)", re.S)
_SIGNS = ".,;:!…‥。，、；：！？)]}>）］｝】〕」』》〉'`"
_OWN = frozenset("'`!")  # where no name of a file stands before, they are a link's own
_BETWEEN = ",;|&" + "".join(WHITE)
_PARAMETER = re.compile(r"(?:/[^\s/]*\?|&(?:amp;)?)[\w.-]+=")
_AND = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+\Z")  # a `&` as HTML has it, at the end
_OPENING = {")": "(", "]": "[", "}": "{", ">": "<"}
_BRACKETS = {*_OPENING, *_OPENING.values()}
_GLUED = re.compile(r"\.[A-Za-z0-9]{2,5}[,;|:(\[{#]+([^/?=&]{2,60})\Z")


_FEW_ENDS = 8


@dataclass
class LinkBeside:
    """What stood beside entries: how many had a note that was left out.

    `minus_removes`: lines begin with `+` and `-`, as in a list of changes. `dashes_are_bullets`:
    most lines begin with a dash. `unsure` counts notes
    of which nobody here knows whether they take back, by word, if `heeds_unsure`; `gone` those that
    do, `strange` those that say nothing such, `marks` some of them in words that are not known.
    `digests` are notes beside links in which one stands, if heeded.
    `parted` are records of which a part was taken back. `as_they_stand`
    counts links that end in a sign which may not be theirs, `in_cp1252` those taken in two
    spellings, `joined` those with and without signs that nobody sees, `cut` those off which signs
    were cut; `ends` are some of these signs.
    """

    minus_removes: bool = False
    dashes_are_bullets: bool = False
    heeds_unsure: bool = True
    is_good: bool = False
    unsure: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    strange: int = 0
    marks: set[str] = field(default_factory=set)
    digests: int = 0
    noted: int = 0
    parted: int = 0
    as_they_stand: int = 0
    in_cp1252: int = 0
    joined: int = 0
    cut: int = 0
    ends: set[str] = field(default_factory=set)

    def see_cut(self, end: str) -> None:
        """Count a link off which these signs were cut, if any."""
        self.cut += bool(end)
        if end and len(self.ends) < _FEW_ENDS:
            self.ends.add(end)

    def ends_of_all(self, n: int) -> set[str]:
        """The signs that were cut off these n links; none where any link had none."""
        return self.ends if self.cut == n > 1 else set()

    def refuse_strange(self, n: int) -> None:
        """Raise ListError where few of `n` entries have notes that may take back.

        So they may where others do, or where they are marks of a few words that nobody knows.
        """
        is_few = 0 < self.strange * 2 < n and self.heeds_unsure
        is_mark = 0 < len(self.marks) <= _MARKS and all(
            len(m.split()) <= _MARKS for m in self.marks
        )
        if is_few and (self.gone or is_mark):
            told = several(self.strange, "other note" if self.gone else "note")
            raise ListError(
                f"{'notes take entries back, and ' * bool(self.gone)}{told} may "
                f"{'do so' if self.gone else 'take back'}: say --ignore {OF_LINE} if that decides "
                "nothing, else write the word there, as in `# removed`"
            )

    def see_strange(self, note: str, understood: Callable[[str], bool]) -> None:
        """Count a note of which nothing says that it takes back."""
        self.strange += 1
        is_looked_at = self.strange < _LOOKED_AT and len(self.marks) <= _MARKS
        is_sign = note.strip(_ENDS) and not any(map(str.isalnum, note))  # `✗`, `(?)`
        if is_looked_at and (is_sign or not understood(note)):
            self.marks.add(note.strip())

    def see_digest(self, note: str) -> None:
        """Count the note of a link if a digest stands in it."""
        self.digests += self.heeds_unsure and _DIGEST.search(note) is not None

    def refuse_parted(self) -> None:
        """Raise ListError where one entry of a record was taken back, and others were not."""
        if self.parted:
            raise ListError(
                f"an entry that is taken back stands beside others in "
                f"{several(self.parted, 'record')}, and nobody here knows whether those are, "
                "too: leave out, in a copy, what is not listed"
            )

    def refuse_unsure(self) -> None:
        """Raise ListError where notes may take entries back, or bring some; nobody here can say."""
        if self.digests:
            raise ListError(
                f"notes beside {several(self.digests, 'link')} hold digests, which may be entries, "
                "too: make columns of both in a copy (`url,md5`), or say "
                f"--ignore {OF_LINE} if they are not"
            )
        if n := self.unsure.total():
            told = ", ".join(f"{word}: {n:,}" for word, n in self.unsure.most_common(10))
            raise ListError(
                f"notes beside {several(n, 'entry', 'entries')} may say that they are not "
                f"{'known good' if self.is_good else 'listed'} ({told}): say "
                f"--ignore {OF_LINE} if such notes decide nothing, else write the word alone, as "
                "in `# removed`"
            )

    def notices(self) -> list[str]:
        """What a curator should know of it, in words that hold nothing of an entry."""
        found = {
            _NOTED: self.noted, _AS_THEY_STAND: self.as_they_stand, _IN_CP1252: self.in_cp1252,
            _JOINED: self.joined,
        }  # fmt: skip
        return [words.format(n) for words, n in found.items() if n]


@dataclass(frozen=True)
class LinkLine:
    """The links of a line, or why there is none; whether a note was left out.

    `note` is what it says. `doubtful` is the link with a sign at its end for which it was not
    taken, `cut` are the signs that were cut off a link.
    """

    links: tuple[str, ...] = ()
    fault: str | None = None
    noted: bool = False
    doubtful: str | None = None
    note: str = ""
    cut: str = ""


def is_list_of_changes(sample: str) -> bool:
    """Whether lines begin with `+` and others with `-`: those are gone, and no bullets.

    All lines of the beginning may be of what was added.
    """
    lines = content(sample.split("\n"))
    if not any(map(_ADDED_LINE.match, lines)):
        return False
    return any(map(_GONE_LINE.match, lines)) or all(map(_ADDED_LINE.match, lines))


_ADDED_LINE, _GONE_LINE = (re.compile(rf"{sign}\s*[^\s+-]") for sign in (r"\+", "-"))


def are_bullets(lines: Sequence[str]) -> bool:
    """Whether most lines begin with a dash and a blank: it says nothing of any of them."""
    return sum(re.match(r"\s*[-–—−]\s", line) is not None for line in lines) * 2 > len(lines)


def read_line(value: str, *, minus_removes: bool = False) -> LinkLine | None:
    """What is certain of a value that seems to hold a link; None for any other value."""
    if _PLAIN.fullmatch(value) and value.find("://", 8) < 0:
        return LinkLine((value,))
    text = trim(value)
    if minus_removes and text.startswith("-"):
        return LinkLine(fault=why.TAKEN_BACK)
    for _ in range(3):
        text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    text = _STAMP.sub("", text, count=1) if _STAMP.match(text) else text
    if (added := _WORD_BEFORE.match(text)) and added[1].casefold() in _ADDED:  # `ADD https://…`
        text = text[added.end() :]
    commented = _HASH.search(text)
    note = commented[1] if commented else ""
    text = text[: commented.start()] if commented else text
    line = _framed(text) or _bare(text)
    if line is None or not commented:
        return line
    return _before_note(line, note)


def _framed(text: str) -> LinkLine | None:
    if found := _MARKDOWN.match(text):
        link, note = found[2].strip("<>"), f"{found[1]} {found[3]}"
        if is_link(link):
            return _with_note(link, found[3], note)
    if found := _FRAMED.match(text):
        link = next(group for group in found.groups() if group is not None)
        rest = found[6]
        if is_link(trim(link)):
            return _with_note(link, rest, rest)
    return None


def _with_note(link: str, rest: str, note: str) -> LinkLine:
    if takes_back(note):
        return LinkLine(fault=why.TAKEN_BACK)
    if _SCHEME.search(rest):
        return LinkLine(fault=BESIDE)
    return LinkLine((link,), noted=bool(rest.strip(" ,;.")), note=note)


def is_link(text: str) -> bool:
    """Whether a text begins as a link does."""
    return LINK_START.match(text) is not None or is_bare(text)


def _bare(text: str) -> LinkLine | None:
    broken = _BREAK.search(text)
    if broken:
        first, rest = text[: broken.start()], text[broken.end() :]
        # a link that was broken is joined where only then the name of a file is complete
        if not _goes_on(rest) or _is_file(clean_entry(first)) or re.search(r"\s", rest):
            if "\t" in broken[0] and not _SCHEME.search(rest):
                before = _bare(first)
                return before and (_before_note(before, rest) if rest else before)
            text = _BREAK.sub(" ", text)
    whole = clean_entry(text)
    if is_link(whole):
        return _all(_parts(whole))
    scheme = _SCHEME.search(whole)
    if scheme is None:
        return None
    return LinkLine(fault=why.TAKEN_BACK if takes_back(whole[: scheme.start()]) else BESIDE)


def _before_note(line: LinkLine, note: str) -> LinkLine:
    if takes_back(note):
        return LinkLine(fault=why.TAKEN_BACK)
    return LinkLine(line.links, line.fault, noted=True, note=f"{line.note}; {note}".lstrip("; "))


def _all(parts: list[str]) -> LinkLine:
    found = [_one(part) for part in parts]
    if len(found) == 1:
        return found[0]
    if any(line.fault == why.TAKEN_BACK for line in found):
        return LinkLine(fault=why.TAKEN_BACK)
    if any(line.fault or line.noted for line in found):
        return LinkLine(fault=BESIDE)
    return LinkLine(tuple(link for line in found for link in line.links))


def _parts(text: str) -> list[str]:
    """The text from each link on to the next; a link within another is no part."""
    starts, inner = [0], 0
    for found in _SCHEME.finditer(text):
        at = found.start()
        if not at:
            continue
        inner += 1
        # glued to the name of a file, with a comma or without, unless more links stand before
        bare = text[starts[-1] : at].rstrip(" ,;|") if inner == 1 else "?"
        if text[at - 1].isspace() or ("?" not in bare and _is_file(bare)):
            starts.append(at)
            inner = 0
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [_parted(part) for part in parts[:-1]] + parts[-1:]


def _parted(part: str) -> str:
    """A part without what stands between it and the next; the end of an entity is its own."""
    bare = part.rstrip(_BETWEEN)
    ended = f"{bare};"
    return ended if part.startswith(ended) and _AND.search(ended) else bare


def _one(text: str) -> LinkLine:
    text = trim(text)
    blank = re.search(r"\s+", text)
    if blank is None:
        return _ended(text)
    first, rest = text[: blank.start()], text[blank.end() :]
    body, goes_on = first.rstrip(_SIGNS), _goes_on(rest)
    if goes_on and not _is_file(body):
        return LinkLine((text,))
    if takes_back(rest):
        return LinkLine(fault=why.TAKEN_BACK)
    if goes_on or not _is_file(body):
        return LinkLine(fault=BESIDE)
    line = _ended(first)
    return LinkLine(line.links, line.fault, noted=True, note=rest)


def _goes_on(rest: str) -> bool:
    """Whether what follows a blank is more of a link: the name of a file, or a query's part."""
    is_file = _FILE.search(re.split(r"[?#]", rest, maxsplit=1)[0]) is not None
    return is_file or _PARAMETER.search(rest) is not None


def _is_file(text: str) -> bool:
    """Whether a link ends in the name of a file, and not in its host."""
    return _FILE.search(text) is not None and "/" in re.split(r":[/\\]+", text, maxsplit=1)[-1]


def _ended(text: str) -> LinkLine:
    """A link without blanks, and without the signs at its end that are none of its own."""
    glued = _GLUED.search(text)
    if glued and takes_back(glued[1]):
        return LinkLine(fault=why.TAKEN_BACK)
    body = text[: _end_of_own(text)]
    if body == text or _is_file(body):
        return LinkLine((body,), cut=text[len(body) :])
    signs = set(text[len(body) :])
    if signs <= _OWN or (body.endswith("/") and signs == {"."}):  # dots: a folder's name
        return LinkLine((text,))
    has_path = "/" in re.split(r":[/\\]+", body, maxsplit=1)[-1]
    return (
        LinkLine(fault=SIGN, doubtful=text)
        if has_path and not body.endswith("/")
        else LinkLine((body,))
    )


def without_end(text: str, ends: Iterable[str]) -> str | None:
    """A link without one of these ends; None where it has none of them, or other signs as well."""
    found = {
        next(iter(_ended(text.removesuffix(end)).links), None) for end in ends if text.endswith(end)
    }
    return found.pop() if len(found) == 1 else None


def _end_of_own(text: str) -> int:
    """Where signs begin that are none of the link's: a bracket that closes one of its own is its.

    Brackets are counted once and not for each sign, of which there may be thousands.
    """
    end = len(text)
    seen = Counter(c for c in text if c in _BRACKETS)
    while end and text[end - 1] in _SIGNS:
        sign = text[end - 1]
        if sign in _OPENING and seen[_OPENING[sign]] >= seen[sign]:
            break
        if sign == ";" and _AND.search(text, 0, end):
            break
        seen[sign] -= 1
        end -= 1
    return end
