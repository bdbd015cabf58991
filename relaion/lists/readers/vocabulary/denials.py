"""By which words a line, or a note beside an entry, denies that what it speaks of is listed.

`Nicht sperren`, `Ces images sont licites`, `ohne Befund`, `Nur zur Information`, `for exclusion`,
`取り消します`: each word may be known and decide nothing, but not what they say together. What is
not to be shared, opened, edited or used elsewhere is no such denial. A note of few words says more
than a line: it stands beside its entry, so `closed` or `ne pas retenir` is one.
"""

import re
from functools import lru_cache

from relaion.lazily import late_pattern
from relaion.lists.readers.vocabulary.spelling import folded, without_marks, words_in
from relaion.lists.readers.vocabulary.wordlists import expanded


def _any(lists: str) -> str:
    """The words of lists as a pattern for text without marks."""
    words = sorted({without_marks(word) for word in expanded(lists).split()}, key=len, reverse=True)
    return f"(?:{'|'.join(w.replace('-', '[^ ]*').replace('_', ' ') for w in words)})"


_NOT, _NONE, _BLOCK = _any("{denied_not}"), _any("{denied_none}"), _any("{denied_block}")
_ILLEGAL, _OFFENCE = _any("{denied_illegal}"), _any("{denied_offence}")
_LAWFUL = _any("{said_lawful}")
_DEGREE = (
    r"(?:(?:be|been|to|as|als|considered|deemed|found|judged|clearly|manifestly|eindeutig|mehr|son"
    r"|sont|sono|sao|considere\w*|considerat\w*|considerad\w*|in|any|way|actually|really|являются"
    r"|является|sind|ist|zijn|are|is) )*"
)
_IS = (
    r"(?:is|are|was|were|been|be|ist|sind|wurden?|gelten|gilt|est|sont|ete|es|son|fueron|sono|zijn"
    r"|sao|foram|ar|er|sa)"
)
_INFORMATION = (
    r"(?:information(?:al|en)?|info|kenntnis(?:nahme)?|informacion|informazione|informativo"
    r"|informatif|indicatif|informacao|informatie|informacji|informaci|orientering|kannedom"
    r"|kennisgeving|kennisname)"
)
_FOR = r"(?:zur|pour|for|per|para|til|ter|voor|dla|do|pro|a titolo|a titre|a titulo|till|som)"
_ONLY = (
    r"(?:only|just|purely|nur|lediglich|rein|ausschliesslich|seulement|uniquement|purement|solo"
    r"|solamente|unicamente|soltanto|alleen|slechts|enkel|apenas|somente|endast|bara|kun|bare|vain"
    r"|tylko|pouze|jen|только)"
)
_THESE = (
    r"(?:these|those|they|all|this|it|diese|alle|ces|elles|ils|est[oa]s|quest[ei]|deze|dessa|disse"
    r"|эти)"
)
_DENIALS = late_pattern(
    rf"\b{_NOT} (?:\w+ )?{_BLOCK}\b"
    rf"|\b{_BLOCK} (?:(?:sie|diese|bitte|those|these|ces|disse|dessa) )*{_NOT}\b"
    r"|\bneblok\w+|\bengelleme(?:yin|yiniz|k icin degil)\w*|\bengellenme(?:sin|meli|yecek)\w*"
    r"|\bnever (?:be )?(?:block|filter|match|flag|list)(?:ed|ted|ged)?\b"
    r"|(?:\A|\b(?:do|please|must|should|shall|to|may) )not (?:be )?(?:to be )?"
    r"(?:block|filter|flag|match|action)(?:ed|ted|ged)?\b"
    r"|\b(?:no longer|nicht mehr|niet meer) (?:blocked|filtered|flagged|gesperrt|geblokkeerd)\b"
    rf"|\b{_NOT} {_DEGREE}{_ILLEGAL}\b(?! (?:but|only|sondern))"
    r"|\byasa ?disi (?:olmayan|degil\w*)|\bsuc (?:\w+ )?(?:olmayan|degil\w*|icermeyen|yok)"
    rf"|\b{_NONE} (?:(?:evidence|sign|signs|hint|indication|proof) (?:of|for) )?{_OFFENCE}\b"
    rf"|\b{_IS} (?:(?!{_NOT}\b)\w+ ){{0,4}}?{_LAWFUL}(?=\W*\Z|[,;)]"
    r"| (?:by|according|under|in|nach|laut|gemass|par|per|por|selon|volgens|enligt|ifolge)\b)"
    r"|(?:\A|[,;:(–] ?)(?:lawful|licites?|licit[oa]s|harmlos|unbedenklich)(?=[,;)]|\Z)"
    r"|\bfor exclusion\b(?! (?:from|of)\b)|\bto be (?:ignored|skipped)\b"
    r"|\bzum (?:ausschluss|ausschliessen|ignorieren|herausfiltern)\b|\ba exclure\b(?! de\b)"
    r"|\bpour exclusion\b(?! de\b)|\bda escludere\b(?! da)|\bter uitsluiting\b(?! van\b)"
    r"|\b(?:utga|utgar|udga|udgar|strykas|lyftas|tas|tages) (?:bort |ut )?(?:ur|fran|fra|af|av)"
    r" (?:listan|listen|registret|listorna)\b"
    rf"|\b{_ONLY} {_FOR} {_INFORMATION}\b|\b{_FOR} {_INFORMATION} (?:purposes )?{_ONLY}\b"
    # of what is well as it is
    rf"|\b{_THESE} (?:\w+ )?(?:is|are|were|was|sind|waren|sont|son|sono|zijn) (?:all |just )?"
    r"(?:fine|okay|ok|in ordnung|harmless|innocent|normal)\b"
    rf"|\b{_THESE} (?:were|was|waren|war|etaient|eran|erano|eram) {_ONLY}\b"
    r"(?! (?:found|seen|added|recently|received|reported|shared|sent|available|in|for|to|on|by|at"
    r"|from)\b)"
    r"|\b(?:leave|keep) (?:them|these|those|it|this|everything) (?:alone|online|up|available)\b"
    r"|\bkeep (?:available|online)\b"
    r"|\bno (?:further )?action (?:is |was )?(?:needed|required|necessary)\b"
    r"|\b(?:submitted|included|added|uploaded|reported|listed|hashed) (?:here |to you )?"
    r"(?:by (?:accident|mistake)|in error|accidentally|mistakenly|versehentlich|par erreur)\b"
    r"|\bno longer (?:stand behind|vouch for|support)\b"
)
# of scripts whose marks are part of a letter, as they stand
_OTHER_SCRIPTS = late_pattern(
    # Japanese
    r"(?:違法|不法|有害|犯罪|児童ポルノ|問題)(?:な|の|性の?|ある)?(?:もの|物|画像|写真)?"
    r"(?:では|じゃ|で)(?:あり?ません|ない|なく)"
    r"|(?:違法性|違反|問題|犯罪性)(?:は|が|も)?(?:なし|無し|ない|ありません)"
    r"|(?:違法|違反|児童ポルノ|犯罪)(?:画像)?に(?:は)?該当し(?:ない|ません)"
    r"|(?:ブロック|遮断|フィルタ|登録)(?:対象)?(?:は|を)?(?:し(?:ない|ません)|禁止|不要|解除|対象外|外)"
    r"|対象外|除外(?:リスト|対象|用)|誤登録|誤検[出知]|取り?消し?(?:ます|ました|済|され)|撤回"
    r"|誤り(?:です|でし|だっ|が)|間違[いえ](?:です|でし|だっ|て)|ホワイトリスト"
    # Chinese
    r"|(?:不|没有|沒有|并未|並未|无|無)(?:是|属于?|屬於?|构成|構成|涉及?|存在)?(?:违法|違法|非法|违规|犯罪)"
    r"|(?:请勿|請勿|不要|不得|切勿|不予|无需|無需|不应|不應)(?:屏蔽|封锁|封鎖|拦截|攔截|过滤|過濾|封禁|列入)"
    r"|(?<!不)合法(?:的)?(?:图片|圖片|内容|內容|照片)|误报|誤報|误判|誤判|撤销|撤銷|撤回|(?:排除|豁免)(?:列表|名单|名單)"
    r"|白名单|白名單|(?:正常|无害|無害)(?:的)?(?:图片|圖片|内容|內容|照片|文件)"
    # Korean
    r"|(?:불법|위법|범죄|음란물)(?:\s?(?:이미지|사진|촬영물|영상물?|성|물))*(?:이|가|은|는|도)?\s?(?:아닙|아니|아님|아닌|없)"
    r"|(?:차단|필터링|등록)(?:을|를)?\s?(?:하지|되지|금지|제외|불필요|해제|대상\s?아)"
    r"|오탐|오등록|취소(?:합니다|됨|된|되었)|철회|(?<!불)합법(?:적인)?\s?(?:이미지|사진|자료|입니다)|화이트리스트"
    # Arabic, Hebrew
    r"|لا تحظر|غير مخالف|غير قانوني(?=.*ليس)|ليست? (?:غير )?قانوني|القائمة البيضاء"
    r"|אין לחסום|לא לחסום|רשימה לבנה"
)
_IN_NOTES = late_pattern(
    r"不要|勿|解除|不属于|不屬於|不是|并非|並非|非违法|合法|违规不成立|参考|參考|已失效|已关闭|ではない|でない|"
    r"しない|しません|不使用|无效|無效|誤|误|잘못|않음|않는|아님|아니|금지|해제|참고|무효|합법|오류|종결|"
    r"(?<!未)成人(?!サイト|向け|网站|網站|论坛|論壇)|テスト|测试|測試|성인(?!\s?사이트|물|용)|테스트|해당\s?없|該当(?:し|な)"
    r"|ليس|لا ت|לא חוקי(?=.*לא)|شطب|إلغاء"
)
"""What says so beside an entry only."""
_FORBIDDEN_USE = late_pattern(r"目的|用途")
_SHARED = late_pattern(
    r"共有しない|公開しない|転載|外传|外傳|传播|傳播|公开|公開|공유|유포|배포|نشر|مشاركة|転送しない|개봉"
)
_AS_INFORMATION = words_in("{for_information}")


@lru_cache(1 << 14)
def denial_in(text: str, *, is_title: bool = True) -> str:
    """The words by which a line denies that what stands below it is to be listed; else none.

    `is_title`: it is a whole line, with the sign at its end.
    """
    line = text[:_LONGEST]
    if not line.isascii() and (found := _OTHER_SCRIPTS.search(line)) and not (
        _FORBIDDEN_USE.search(line)
    ):  # fmt: skip
        return found[0]
    bare = re.sub(r"[\s_]+", " ", without_marks(line).replace("’", "'")).strip(" #/;!*=-–[]()")
    if found := _DENIALS.search(bare):
        return found[0]
    is_information = is_title and re.sub(r"[\W_]+", "", bare.rstrip(" .!")) in _AS_INFORMATION
    return bare if is_information and not bare.endswith(":") else ""


_LONGEST = 400  # characters of a line that is looked at

# -- Beside entries --------------------------------------------------------------------------------

_LONGEST_NOTE, _MOST, _FEW = 100, 10, 4  # characters and words; words beside a verb of removal
_WORDS = late_pattern(r"[^\W_]+")
_DENYING = words_in("{note_denials} {asking_verbs} {unblocking} {for_information}") - {
    "information"
}
_VERDICTS = words_in("{verdicts}") - words_in(
    "{listed} control controls liable substance objects carried current live guilty convicted "
    "fresh legacy right bad good hold holds proceed escalate include granted agree agrees concur "
    "accepted accept grant bleibt bleiben drin drinnen verbleibt beibehalten weiterhin durch "
    "affirm affirmed uphold upholds upheld sustain sustained in go moved alive sample canary "
    "still yes stop"
)
_UNLAWFUL = words_in("{unlawful} {subjects}") - words_in("match right related")
_CRIME = late_pattern(
    rf"{_ILLEGAL}|{_OFFENCE}|sperr(?:ung|en)|misbrug|abus[oi]?|запрещено|заборонено"
)
_NO = words_in("{negations} {denied_not}") | frozenset(("degil", "zadne"))
_FILLERS = words_in("{fillers} pls plz kérem kerem proszę prosím lütfen пожалуйста")
_REMOVING = words_in("{unblocking} entsperren débloquer desbloquear deblokkeren odblokować")
_SHARING = (
    r"(?!(?:del|sprid|spred|jaka|levit|kerro|avaa|julkais|publik|publi|open|opn|view|copy|share"
    r"|sdil"
    r"|sir|zverej|paylas|dagit|yay|передав|распростран|поширю|розголош|reenvi|recirc|distrib"
    r"|forward"
    r"|show|post|tell|disclos|contact|mention|seen|yet|vis|skriv|redistr|disting)\w*)"
)
_FORBIDS = late_pattern(
    rf"(?:please |pls )?never (?:to )?{_SHARING}\w+"
    r"|(?:leave|keep) (?:it |this |them )?(?:online|up|as is)"
    rf"|(?:ma ikke|ska inte|skal ikke|far inte|bor inte) {_SHARING}\w+"
    rf"|{_SHARING}[a-z]{{3,}} (?:inte|ikke|ej)|(?:ala|alka+) {_SHARING}\w+"
    rf"|ne{_SHARING}[a-z]{{4,}}(?:ovat|ivat|at|it|ujte|ejte)"
    rf"|ne {_SHARING}[a-z]{{3,}}(?:tsa|lja|ni|d)"
    rf"|не {_SHARING}\w+(?:ти|ть|йте)|{_SHARING}[a-z]{{4,}}m[ae]yin(?:iz)?"
    r"|(?:already |now )?closed|geschlossen|(?:case |order |block )?lifted"
    r"|(?:i'?m |we'?re )?sorry\b.*"
    r"|.*\b(?:wrong|falsch\w*|verkeerde?) one\b.*|nope|nah|nicht unser\w*|pas a nous|not ours?\b.*"
)


@lru_cache(65536)
def denied_by(note: str) -> str | None:
    """The word by which a note may take its entry back; None for one that says nothing such."""
    pieces = [piece for piece in re.split(r"[,;|]", note) if piece.strip()]
    told = (_denied_by(piece) for piece in ([note, *pieces] if len(pieces) > 1 else [note]))
    return next((word for word in told if word), None)


def _denied_by(note: str) -> str | None:
    if len(note) > _LONGEST_NOTE:
        return None
    text = without_marks(note).replace("’", "'").strip(" .!?*<>-–—=#()[]\"'")
    whole = folded(note)
    if _SHARED.search(whole):
        return _denied_in_words(text)
    if denial_in(note, is_title=False) or _IN_NOTES.search(whole):
        return "a denial"
    return _denied_in_words(text)


def _denied_in_words(text: str) -> str | None:
    units: list[str] = _WORDS.findall(folded(text))
    if not units or len(units) > _MOST:
        return None
    told = [unit for unit in units if unit not in _FILLERS or unit in _NO] or units
    joined = "".join(told)
    if joined in _DENYING or joined in _VERDICTS or "".join(units) in _DENYING:
        return joined
    if len(told) <= _FEW and (told[0] in _REMOVING or told[-1] in _REMOVING):
        return next(unit for unit in (told[0], told[-1]) if unit in _REMOVING)
    if _FORBIDS.fullmatch(text):
        return "not to"
    is_denied = len(told) <= _FEW and not _NO.isdisjoint(units)
    found = next((unit for unit in told if unit in _UNLAWFUL or _CRIME.fullmatch(unit)), "")
    return f"not {found}" if is_denied and found else None
