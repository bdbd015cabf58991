"""Short notes that deny or take back, in the words of many languages: `Ne pas bloquer`, `参考まで`.

A note of this kind stands beside few entries of a list, and nobody here can say what becomes of
them. What is not to be shared, opened or told is another thing.
"""

import re
from functools import lru_cache

from relaion.lists.readers.vocabulary.spelling import folded, without_marks, words_in

_LONGEST = 100  # characters of a note
_MOST = 10  # words
_WORDS = re.compile(r"[^\W_]+")
_DENYING = words_in("{note_denials} {asking_verbs} {unblocking} {for_information}")
_VERDICTS = words_in("{verdicts}") - words_in(
    "{listed} control controls liable substance objects carried current live guilty convicted "
    "fresh legacy right bad good hold holds proceed escalate include granted agree agrees concur "
    "accepted accept grant bleibt bleiben drin drinnen verbleibt beibehalten weiterhin durch "
    "affirm affirmed uphold upholds upheld sustain sustained in go moved alive sample canary "
    "still yes stop"
)
_UNLAWFUL = words_in("{unlawful} {subjects} {also_unlawful}") - words_in("match right related")
_NOT = words_in("{negations} {more_negations}")
_FILLERS = words_in("{fillers} pls plz kérem kerem proszę prosím lütfen пожалуйста")
_SHARING = (
    r"(?!(?:del|sprid|spred|jaka|levit|kerro|avaa|julkais|publik|publi|open|opn|view|copy|share|sdil"
    r"|sir|zverej|paylas|dagit|yay|передав|распростран|поширю|розголош|reenvi|recirc|distrib|forward"
    r"|show|post|tell|disclos|contact|mention|seen|yet|vis|skriv|redistr|disting)\w*)"
)
_FORBIDS = re.compile(
    rf"(?:please |pls )?never (?:to )?{_SHARING}\w+"
    r"|(?:leave|keep) (?:it |this |them )?(?:online|up|as is)"
    rf"|(?:ma ikke|ska inte|skal ikke|far inte|bor inte) {_SHARING}\w+"
    rf"|{_SHARING}[a-z]{{3,}} (?:inte|ikke|ej)|(?:ala|alka+) {_SHARING}\w+"
    rf"|ne{_SHARING}[a-z]{{4,}}(?:ovat|ivat|at|it|ujte|ejte)"
    rf"|ne {_SHARING}[a-z]{{3,}}(?:tsa|lja|ni|d)"
    rf"|не {_SHARING}\w+(?:ти|ть|йте)|{_SHARING}[a-z]{{4,}}m[ae]yin(?:iz)?"
    r"|(?:already |now )?closed|geschlossen|(?:case |order |block )?lifted"
    r"|(?:i'?m |we'?re )?sorry\b.*"
    r"|.*\b(?:wrong|falsch\w*|verkeerde?) one\b.*|nope|nah|nicht unser\w*|pas a nous"
)
_OTHER_SCRIPTS = re.compile(
    r"不要|勿|解除|不违法|不違法|不属于|不屬於|不是|并非|並非|非违法|合法|违规不成立|参考|參考|已失效|已关闭|ではない|でない|"
    r"しない|しません|不使用|无效|無效|誤|误|잘못|않음|않는|아님|아니|금지|해제|참고|무효|합법|오류|종결|"
    r"لا تحظر|غير مخالف|ليس|غير قانوني(?=.*ليس)|لا ت|אין לחסום|לא חוקי(?=.*לא)|לא לחסום|شطب|إلغاء"
)
_SHARED = re.compile(
    r"共有しない|公開しない|転載|外传|外傳|传播|傳播|公开|公開|공유|유포|배포|نشر|مشاركة|転送しない|개봉"
)


@lru_cache(65536)
def denied_by(note: str) -> str | None:
    """The word by which a note may take its entry back; None for one that says nothing such."""
    pieces = [piece for piece in re.split(r"[,;|]", note) if piece.strip()]
    told = (_denied_by(piece) for piece in ([note, *pieces] if len(pieces) > 1 else [note]))
    return next((word for word in told if word), None)


def _denied_by(note: str) -> str | None:
    if len(note) > _LONGEST:
        return None
    if _OTHER_SCRIPTS.search(whole := folded(note)) and not _SHARED.search(whole):
        return "a denial"
    text = without_marks(note).replace("’", "'").strip(" .!?*<>-–—=#()[]\"'")
    return _denied_in_words(text)


def _denied_in_words(text: str) -> str | None:
    units: list[str] = _WORDS.findall(folded(text))
    if not units or len(units) > _MOST:
        return None
    told = [unit for unit in units if unit not in _FILLERS or unit in _NOT] or units
    joined = "".join(told)
    if joined in _DENYING or joined in _VERDICTS or "".join(units) in _DENYING:
        return joined
    if len(told) <= _FEW and (told[0] in _REMOVING or told[-1] in _REMOVING):
        return next(unit for unit in (told[0], told[-1]) if unit in _REMOVING)
    if _FORBIDS.fullmatch(text):
        return "not to"
    is_denied = any(unit in _NOT for unit in units) and len(told) <= _FEW
    found = next((unit for unit in told if unit in _UNLAWFUL), "")
    return f"not {found}" if is_denied and found else None


_FEW = 4  # words beside which a verb of removal is one
_REMOVING = words_in("{unblocking} entsperren débloquer desbloquear deblokkeren odblokować")
