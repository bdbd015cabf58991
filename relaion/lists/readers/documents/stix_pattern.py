"""Patterns of STIX 2: cut into tokens, parsed, and read as comparisons.

Each comparison of a pattern that is enough by itself, as `[a = 'x' OR b = 'y']` has two, may name
an entry. What holds only together with something else, in an order, in a span of time, or for
values that are like another, names none: it is kept with the word that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

_TOKEN = re.compile(
    r"""
      (?P<skip>[ \t\r\n\v\f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+
        |/\*.*?\*/|//[^\r\n]*)
    | (?P<time>t'\d{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12]\d|3[01])
        T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?Z')
    | (?P<hex>h'(?:[A-Fa-f0-9]{2})*')
    | (?P<binary>b'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)')
    | (?P<string>'[^'\\]*(?:\\['\\][^'\\]*)*')
    | (?P<float>[+-]?[0-9]*\.[0-9]+)
    | (?P<int>[+-]?(?:0|[1-9][0-9]*))
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
    | (?P<sign>==|=|!=|<>|<=|>=|<|>|[:.,()\[\]*])
    """,
    re.X | re.S | re.A,
)
_PLAIN = r"\[(url:value|file:hashes\.(?:MD5|SHA1|SHA256|'[A-Za-z0-9-]+')) ?= ?'([^'\\\n]*)'\]"
_ONE_PLAIN = re.compile(_PLAIN)
_PLAINS = re.compile(rf"(?m)^{_PLAIN}$|^.*$")  # of a line that is none no group holds anything
_KEYWORDS = frozenset((
    "AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS", "LAST",
    "IN", "START", "STOP", "SECONDS", "true", "false", "WITHIN", "REPEATS", "TIMES",
))  # fmt: skip
_LITERALS = frozenset(("string", "int", "float", "hex", "binary", "time", "true", "false"))
_DEEPEST = 50  # brackets within each other


class PatternError(ValueError):
    """A text that is no pattern; it says nothing of what stands in it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of a pattern: `file:hashes.'SHA-1' = '…'`.

    `path` holds names, numbers of elements, and `*`, which is any. `operator` is `=`, `!=`, `IN`,
    `LIKE` and so on, with `NOT ` before it where that stands there. `values` are its strings, None
    for what is none; `text` is the right side as it stands, without blanks. `why` is the word by
    which it is not enough by itself; empty where it is.
    """

    of: str
    path: tuple[str | int, ...]
    operator: str
    values: tuple[str | None, ...]
    text: str
    why: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether a value that is equal to one of `values` is all that the pattern asks for."""
        return not self.why


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def plain_comparison(pattern: str) -> tuple[str, tuple[str, ...], str] | None:
    """Of what, where and which value, in a pattern that is one plain comparison, as nearly all."""
    found = _ONE_PLAIN.fullmatch(pattern)
    return (*compared(found[1]), found[2]) if found else None


def compared(where: str) -> tuple[str, tuple[str, ...]]:
    """Of what, and where, of a plain comparison: `file:hashes.'SHA-1'`."""
    of, _, path = where.partition(":")
    return of, tuple(step.strip("'") for step in path.split("."))


def plain_comparisons(patterns: Sequence[str]) -> tuple[Sequence[str], Sequence[str]] | None:
    """Where each of many patterns looks, and for which value; None where one is not plain."""
    text = "\n".join(patterns)
    parts = _PLAINS.split(text)
    where, values = parts[1::3], parts[2::3]
    is_each = len(where) == len(patterns) == text.count("\n") + 1
    return (where, values) if is_each and all(where) else None


def comparisons(pattern: str) -> list[Comparison]:
    """The comparisons of a pattern, in their order; raises PatternError for what is none."""
    if plain := plain_comparison(pattern):  # the parser would say the same
        of, path, value = plain
        return [Comparison(of, path, "=", (value,), f"'{value}'")]
    parser = _Parser(_tokens(pattern))
    found = parser.observations(0)
    parser.end()
    return found


def _tokens(pattern: str) -> list[_Token]:
    found, at = [], 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None or token.lastgroup is None:
            raise PatternError("a sign that no pattern has")
        kind, text = token.lastgroup, token[0]
        if kind == "name" and text in _KEYWORDS:
            kind = text
        elif kind == "sign":
            kind = {"==": "=", "<>": "!="}.get(text, text)
        if kind != "skip":
            found.append(_Token(kind, text))
        at = token.end()
    found.append(_Token("", ""))
    return found


def _string(text: str) -> str:
    """A string without its quotes; only quotes and backslashes are escaped."""
    return re.sub(r"\\(['\\])", r"\1", text[1:-1])


def _because(why: str, found: list[Comparison]) -> list[Comparison]:
    return [c if c.why else replace(c, why=why) for c in found]


@dataclass
class _Parser:
    tokens: list[_Token]
    at: int = 0

    @property
    def kind(self) -> str:
        """What comes next."""
        return self.tokens[self.at].kind

    def next(self, *kinds: str) -> _Token:
        """The next token, which must be one of these."""
        token = self.tokens[self.at]
        if token.kind not in kinds:
            raise PatternError("a word or a sign where no pattern has one")
        self.at += 1
        return token

    def has(self, *kinds: str) -> bool:
        """Pass over the next token where it is one of these."""
        if self.kind not in kinds or not self.kind:
            return False
        self.at += 1
        return True

    def end(self) -> None:
        """Nothing may follow."""
        self.next("")

    # observations: what is seen, in one or more places

    def observations(self, depth: int) -> list[Comparison]:
        """`[…] FOLLOWEDBY […]`, which binds least."""
        return self._joined("FOLLOWEDBY", lambda: self._either(depth))

    def _either(self, depth: int) -> list[Comparison]:
        return self._joined("", lambda: self._both(depth), "OR")

    def _both(self, depth: int) -> list[Comparison]:
        return self._joined("AND", lambda: self._observation(depth))

    def _joined(
        self, why: str, part: Callable[[], list[Comparison]], word: str = ""
    ) -> list[Comparison]:
        """Parts with a word between them, which makes none of them enough, or each of them."""
        found, n = part(), 1
        while self.has(word or why):
            found, n = found + part(), n + 1
        return _because(why, found) if why and n > 1 else found

    def _observation(self, depth: int) -> list[Comparison]:
        if depth > _DEEPEST:
            raise PatternError("brackets that stand too deep")
        if self.has("["):
            found = self._any_of(depth + 1)
            self.next("]")
        else:
            self.next("(")
            found = self.observations(depth + 1)
            self.next(")")
        while self.kind in ("START", "WITHIN", "REPEATS"):
            found = _because(self.kind, found)
            self._qualifier()
        return found

    def _qualifier(self) -> None:
        word = self.next("START", "WITHIN", "REPEATS").kind
        if word == "START":
            self.next("time")
            self.next("STOP")
            self.next("time")
            return
        number = self.next("int", "float") if word == "WITHIN" else self.next("int")
        if number.text.startswith("-"):
            raise PatternError("a span below naught")
        self.next("SECONDS" if word == "WITHIN" else "TIMES")

    # comparisons: what is true of one thing

    def _any_of(self, depth: int) -> list[Comparison]:
        return self._joined("", lambda: self._all_of(depth), "OR")

    def _all_of(self, depth: int) -> list[Comparison]:
        return self._joined("AND", lambda: self._test(depth))

    def _test(self, depth: int) -> list[Comparison]:
        if depth > _DEEPEST:
            raise PatternError("brackets that stand too deep")
        if self.has("("):
            found = self._any_of(depth + 1)
            self.next(")")
            return found
        if self.kind in ("NOT", "EXISTS"):
            self.has("NOT")
            self.next("EXISTS")
            of, path = self._path()
            return [Comparison(of, path, "EXISTS", (), "", "EXISTS")]
        of, path = self._path()
        is_not = self.has("NOT")
        word = self.next(
            "=", "!=", "<", ">", "<=", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"
        )
        tokens = self._right_side(word.kind)
        why = (
            "NOT" if is_not or word.kind == "!=" else "" if word.kind in ("=", "IN") else word.kind
        )
        values = tuple(
            _string(t.text) if t.kind == "string" else None for t in tokens if t.kind in _LITERALS
        )
        operator = f"{'NOT ' * is_not}{word.text}"
        return [Comparison(of, path, operator, values, "".join(t.text for t in tokens), why)]

    def _right_side(self, word: str) -> list[_Token]:
        if word in ("=", "!="):
            return [self.next(*_LITERALS)]
        if word in ("<", ">", "<=", ">="):
            return [self.next(*(_LITERALS - {"true", "false"}))]
        if word != "IN":
            return [self.next("string")]
        found = [self.next("(")]
        while not (found[-1].kind == "(" and self.kind == ")"):
            found.append(self.next(*_LITERALS))
            if self.kind == ")":
                break
            found.append(self.next(","))
        return [*found, self.next(")")]

    def _path(self) -> tuple[str, tuple[str | int, ...]]:
        """`file:hashes.'SHA-1'`: of what, and where in it."""
        of = self.next("name").text
        self.next(":")
        path: list[str | int] = [self._step()]
        while self.kind in (".", "["):
            if self.has("."):
                path.append(self._step())
                continue
            self.next("[")
            at = self.next("int", "*")
            if at.text.startswith("-"):
                raise PatternError("an element before the first")
            path.append("*" if at.kind == "*" else int(at.text))
            self.next("]")
        return of, tuple(path)

    def _step(self) -> str:
        token = self.next("name", "string")
        if token.kind == "string":
            return _string(token.text)
        if "-" in token.text:
            raise PatternError("a name with a hyphen and without quotes")
        return token.text
