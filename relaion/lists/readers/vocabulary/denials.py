"""Words of many languages by which a line denies that what stands below it is to be listed.

`Nicht sperren`, `Ces images sont licites`, `ohne Befund`, `Nur zur Information`, `for exclusion`,
`取り消します`: each word may be known and decide nothing, but not what they say together. What is
not to be shared, opened, edited or used elsewhere is no such denial.
"""

import re
from functools import lru_cache

from relaion.lists.readers.vocabulary.spelling import without_marks

_LONGEST = 400  # characters of a line that is looked at
_NOT = (
    r"(?:not|never|nicht|niet|non|pas|jamais|inte|icke|ikke|ei|eivat|ala|alkaa|nie|nao|no|ne|mai"
    r"|nooit|aldrig|aldri|nikdy|nigdy|nejsou|neni|не)"
)
_BLOCK = (
    r"(?:sperren|sperrt|blockieren|blockiert|filtern|auflisten|blokkeren?|blokkeer|blockeras?"
    r"|blokkeres?|blokeres?"
    r"|bloqu(?:er|ez|ear|een|ee|eie[m]?|eia)|bloccare|bloccate|filtrer|filtrez|filtrar|filtrare"
    r"|(?:za)?blok(?:owac|uj|ujcie|ovat|ujte|irati)|(?:за)?блокир(?:овать|уйте)|estaa?|estakaa)"
)
_ILLEGAL = (
    r"(?:illegal\w*|unlawful|illicit\w*|illecit\w*|ilegal\w*|ilegais|ilicit\w*|olaglig\w*|ulovlig\w*"
    r"|ulaglig\w*|laito\w*|rechtswidrig\w*|strafbar\w*|gesetzwidrig\w*|verboten\w*|wederrechtelijk\w*"
    r"|onwettig\w*|nielegaln\w*|nelegal\w*|nezakonn\w*|trestn\w*|criminal|незаконн\w*"
    r"|противоправн\w*|csam|csem|kinderpornogra\w*|pedopornogra\w*|pedoporno\w*)"
)
_DEGREE = (
    r"(?:(?:be|been|to|as|als|considered|deemed|found|judged|clearly|manifestly|eindeutig|mehr|son"
    r"|sont|sono|sao|considere\w*|considerat\w*|considerad\w*|in|any|way|mehr|actually|really) )*"
)
_OFFENCE = (
    r"(?:delitos?|delits?|infractions?|infraccion\w*|infracao|reat[oi]|straftat\w*|crimes?|crimen"
    r"|offen[cs]es?|befund|beanstandung\w*|missbrauch\w*|misbruik|csam|brott|lovbrudd"
    r"|lovovertraedelse\w*|rikos\w*|przestepstw\w*|нарушени\w*|strafbar\w+ feit\w*)"
)
_NONE = (
    r"(?:no|without|kein\w*|ohne|aucune?|sans|sin|ningun\w*|senza|nessun\w*|geen|zonder|sem|nenhum\w*"
    r"|inga?|ingen|inget|utan|uden|uten|bez|без)"
)
_LAWFUL = (
    r"(?:licites?|licit[oa]s?|lecit[aeio]|lawful|legal|legaux|legales?|legali|legaal|legais|lovlige?"
    r"|lagliga?|laillisia|harmless|benign|harmlos|unbedenklich|rechtmassig|zulassig|erlaubt"
    r"|законн\w*)"
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
_DENIALS = re.compile(
    rf"\b{_NOT} (?:\w+ )?{_BLOCK}\b"
    rf"|\b{_BLOCK} (?:(?:sie|diese|bitte|those|these|ces|disse|dessa) )*{_NOT}\b"
    r"|\bneblok\w+|\bengelleme(?:yin|yiniz|k icin degil)\w*|\bengellenme(?:sin|meli|yecek)\w*"
    r"|\bnever (?:be )?(?:block|filter|match|flag|list)(?:ed|ted|ged)?\b"
    r"|(?:\A|\b(?:do|please|must|should|shall|to|may) )not (?:be )?(?:to be )?"
    r"(?:block|filter|flag|match|action)(?:ed|ted|ged)?\b"
    r"|\b(?:no longer|nicht mehr|niet meer) (?:blocked|filtered|flagged|gesperrt|geblokkeerd)\b"
    rf"|\b{_NOT} {_DEGREE}{_ILLEGAL}\b(?! (?:but|only|sondern))"
    r"|\byasa ?disi (?:olmayan|degil\w*)|\bsuc (?:olmayan|degil\w*|icermeyen)"
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
)
_AS_INFORMATION = re.compile(
    rf"{_FOR} {_INFORMATION}(?: purposes)?|informati(?:onal|ve|vo|f|on)(?: only)?"
)
"""The whole of a title; with a colon it may be how a letter begins."""

# of languages whose marks are part of a letter, as they stand
_CJK = re.compile(
    # Japanese
    r"(?:違法|不法|有害|犯罪|児童ポルノ|問題)(?:な|の|性の?|ある)?(?:もの|物|画像|写真)?"
    r"(?:では|じゃ|で)(?:あり?ません|ない|なく)"
    r"|(?:違法性|違反|問題|犯罪性)(?:は|が|も)?(?:なし|無し|ない|ありません)"
    r"|(?:違法|違反|児童ポルノ|犯罪)(?:画像)?に(?:は)?該当し(?:ない|ません)"
    r"|(?:ブロック|遮断|フィルタ|登録)(?:対象)?(?:は|を)?(?:し(?:ない|ません)|禁止|不要|解除|対象外|外)"
    r"|対象外|除外(?:リスト|対象|用)|誤登録|誤検[出知]|取り?消し?(?:ます|ました|済|され)|撤回"
    # Chinese
    r"|(?:不|没有|沒有|并未|並未|无|無)(?:是|属于?|屬於?|构成|構成|涉及?|存在)?(?:违法|違法|非法|违规|犯罪)"
    r"|(?:请勿|請勿|不要|不得|切勿|不予|无需|無需|不应|不應)(?:屏蔽|封锁|封鎖|拦截|攔截|过滤|過濾|封禁|列入)"
    r"|(?<!不)合法(?:的)?(?:图片|圖片|内容|內容|照片)|误报|誤報|误判|誤判|撤销|撤銷|撤回|(?:排除|豁免)(?:列表|名单|名單)"
    # Korean
    r"|(?:불법|위법|범죄|음란물)(?:\s?(?:이미지|사진|촬영물|영상물?|성|물))*(?:이|가|은|는|도)?\s?(?:아닙|아니|아님|아닌|없)"
    r"|(?:차단|필터링|등록)(?:을|를)?\s?(?:하지|되지|금지|제외|불필요|해제|대상\s?아)"
    r"|오탐|오등록|취소(?:합니다|됨|된|되었)|철회|(?<!불)합법(?:적인)?\s?(?:이미지|사진|자료|입니다)"
)
_FORBIDDEN_USE = re.compile(r"目的|用途")


@lru_cache(1 << 14)
def denial_in(text: str, *, is_title: bool = True) -> str:
    """The words by which a line denies that what stands below it is to be listed; else none.

    `is_title`: it is a whole line, with the sign at its end.
    """
    line = text[:_LONGEST]
    if not line.isascii() and (found := _CJK.search(line)) and not _FORBIDDEN_USE.search(line):
        return found[0]
    folded = re.sub(r"[\s_]+", " ", without_marks(line).replace("’", "'")).strip(" #/;!*=-–[]()")
    if found := _DENIALS.search(folded):
        return found[0]
    return folded if is_title and _AS_INFORMATION.fullmatch(folded.rstrip(" .!")) else ""
