"""Sentences above a list that name what takes out, and say nothing of what is listed.

`Please report false positives to us`, `Known good files have been removed before export`,
`Deletions are sent in a file of their own`, `nothing was withdrawn this month`. A sentence is one
as a whole or it is none: `false positives below`, `the last two were removed` and `Known good
files removed:` are not. What is left of a text without them is read as ever.
"""

import re
from functools import lru_cache

from relaion.lazily import late_pattern
from relaion.lists.readers.vocabulary.spelling import without_marks

_LONGEST = 4096  # characters of a text that is looked at
_SIGNS = " \t\r\n#/;!%*=~_<>|[](){}\"'`,.-–—•·\ufeff"
_PIECES = late_pattern(r"([.;!](?:\s+|$)|,\s+(?=(?:no|keine|aucune?|sin|nessun)\s))", re.IGNORECASE)
_MISTAKES = (
    r"(?:false[ -](?:positives?|alarms?|hits?|match(?:es)?)|fehlalarmen?|fehltreffern?"
    r"|falsch[ -]?positive[nr]?|faux[ -]positifs?|falsos?[ -]positivos?|falsi[ -]positivi"
    r"|vals[- ]?positieven|valse[ -]positieven|falskt?[ -]?positiv\w*)"
)
_TELL = (
    r"(?:report|send|submit|forward|notify|tell|inform|contact|write|e-?mail|mail|return|flag"
    r"|let us know)"
)
_TOLD = r"(?:reported|sent|submitted|forwarded|notified|communicated|mailed|e-?mailed|returned)"
_TELLS_OF_MISTAKES = late_pattern(
    rf"(?:(?:please|kindly) )?{_TELL} (?:us )?(?:(?:about|any|all|possible|suspected|potential"
    rf"|apparent|errors?|mistakes?|and|or|the|a|every|of|your) )*?{_MISTAKES}\b(?! to date).*"
    r"|(?:(?:any|all|possible|suspected|potential|errors|mistakes|and|or|les|los|i|gli|de"
    rf"|eventuels|posibles|eventuali|mogliche|eventuelle) )*{_MISTAKES}"
    r"(?: (?:and|or|und|et|y|e|en) \w+)?"
    rf"(?: ?[:?,–-]? ?(?:(?:please|kindly) )?{_TELL}\b(?!ed).*"
    rf"| ?[:?,–-] ?\S+@\S+| ?[:?]? ?(?:please |bitte |s'il vous plait )?(?:to|an|a|naar|at) \S+@\S+"
    rf"| (?:should|must|can|may|shall|are to|will) be {_TOLD}\b.*"
    r"| ?[:?,–-]? ?(?:bitte )?(?:melden|schreiben|richten|senden|mitteilen) (?:sie )?.*"
    r"| bitte .*(?:melden|mitteilen|senden|an \S+@\S+)"
    r"| (?:sind|sollen|sollten|konnen|mussen) .*(?:zu melden|gemeldet werden|mitzuteilen)"
    r"| (?:sont a|doivent etre|peuvent etre) (?:signal|communiqu|adress|envoy)\w+.*"
    r"| (?:se (?:comunicaran|notificaran|enviaran)|deben (?:comunicarse|notificarse|enviarse)"
    r"|pueden (?:comunicarse|notificarse|enviarse)) .*"
    r"| (?:vanno|devono essere|possono essere) (?:segnalat|comunicat|inviat)i .*"
    r"| (?:kunnen|moeten|dienen) .*(?:gemeld|gemeld worden|worden gemeld|melden).*)"
    rf"|(?:bitte )?(?:melden|senden|schicken) sie (?:uns )?(?:bitte )?{_MISTAKES}\b.*"
    rf"|(?:merci de|veuillez|priere de) (?:nous )?(?:signaler|communiquer|envoyer) (?:\w+ )??"
    rf"{_MISTAKES}\b.*"
    rf"|(?:por favor,? )?(?:comuniquen?|notifiquen?|envien?|informen? de) (?:\w+ )?{_MISTAKES}\b.*"
    rf"|(?:si prega di )?(?:segnalare|comunicare|inviare) (?:\w+ )?{_MISTAKES}\b.*"
    rf"|(?:gelieve )?meldt?(?: u)? (?:\w+ )?{_MISTAKES}\b.*"
)
_POINTS = late_pattern(
    r"\b(?:below|following|these|those|this|above|listed|here|attached|next|last|first|removed"
    r"|withdrawn|retracted|unten\w*|folgende\w*|nachstehend\w*|obige\w*|diese\w*|suivante?s?"
    r"|ci[ -]dessous|ci[ -]dessus|ces|siguientes?|abajo|est[oa]s|seguenti|sotto|quest[ie]"
    r"|onderstaande|volgende|deze)\b"
)
"""Words by which such a sentence speaks of what stands in the list."""

_GOOD = (
    r"(?:known[ -](?:good|benign|clean|safe)|whitelisted|allowlisted|nsrl|legal|lawful|harmless"
    r"|disputed|contested|unconfirmed|doubtful|borderline|test|sample|dummy|bekannt[ -]?gute"
    r"|unbedenkliche|harmlose|legale|strittige|zweifelhafte|unbestatigte)"
)
_EMPTY = (
    r"(?:duplicates?|dupes|doubles|empty|blank|zero[ -]byte|0[ -]byte|corrupt(?:ed)?|unreadable"
    r"|malformed|doppelte|leere|beschadigte|dubletten|duplikate|doublons|duplicados|duplicati"
    r"|dubbele|lege)"
)
_THING = (
    r"(?:files?|entries|images?|pictures|hash(?:es)?|values|rows|lines|items|records|data|hits"
    r"|material|dateien|eintrage|bilder|werte|hashwerte|zeilen|bestanden|waarden)"
)
_SUBJECT = rf"(?:{_GOOD}|{_EMPTY})(?: {_THING})?(?: \([\w ,.-]{{1,40}}\))?"
_JUDGED = (
    rf"{_THING} (?:that (?:were|are) )?(?:found|judged|deemed|considered|held|classified)"
    r"(?: to be| as)? (?:legal|lawful|harmless|not illegal|benign)"
)
_ROMANCE = (
    r"(?:(?:les|los|las|i|gli|le|todos los|todas las|tous les|toutes les|tutti i) )?"
    r"(?:(?:images|fichiers|entrees|photos|imagenes|archivos|ficheros|entradas|immagini|file|voci)"
    r" (?:litigieu(?:x|ses)|contestee?s|douteu(?:x|ses)|licites|legales|legaux|vides"
    r"|connue?s|de test"
    r"|de prueba|en double|dudos[oa]s|disputad[oa]s|licit[oaie]s?|vaci[oa]s|duplicad[oa]s|dubbi[e]?"
    r"|contestat[ie]|legali|vuot[ie]|duplicat[ie]|di prova)|doublons|duplicados|duplicati)"
)
_OUT = (
    r"(?:removed|excluded|filtered(?: out)?|taken out|left out|omitted|dropped|discarded|stripped"
    r"|deleted|weeded out)"
)
_AUS = r"(?:entfernt|ausgeschlossen|herausgefiltert|ausgefiltert|geloscht|aussortiert|bereinigt)"
_SORTI = (
    r"(?:supprim|ecart|exclu|retir|elimin|enlev|filtr|descart|exclu|suprim|quitad|rimoss|esclus"
    r"|scartat)\w*"
)
_WHEN = (
    r"(?: (?:already|beforehand|in advance|earlier|vorab|bereits|vorher|au prealable|previamente"
    r"|(?:before|prior to) (?:the )?(?:export|delivery|sending|release|hashing|publication)"
    r"|from (?:this|the) (?:list|file|set)|vor dem export))*"
)
_IN = (
    r"(?:contained|included|present|listed|in(?:cluded in)? (?:the|this) (?:list|file|set)"
    r"|on (?:the|this) list|part of (?:the|this) list)(?: in (?:the|this) (?:list|file|set))?"
)
_LEFT_OUT = late_pattern(
    rf"(?:(?:all|any|the) )?(?:{_SUBJECT}|{_JUDGED}) (?:have been|has been|were|was|are|is)"
    rf"(?: already)? {_OUT}{_WHEN}"
    rf"|(?:all )?{_EMPTY}(?: {_THING})? {_OUT}{_WHEN}"
    rf"|(?:(?:all|any|the) )?(?:{_SUBJECT}|{_JUDGED}) (?:are|is|were|was) not {_IN}"
    rf"|(?:there are )?no {_SUBJECT} (?:(?:are|is|were) )?{_IN}"
    rf"|(?:this|the) (?:list|file|set) (?:contains|includes|holds) no {_SUBJECT}"
    rf"|(?:(?:alle|die) )?{_SUBJECT} (?:wurden|werden|sind)(?: vorab| bereits| vorher)? {_AUS}"
    rf"|(?:(?:alle|die) )?{_SUBJECT} (?:sind|wurden) nicht (?:enthalten|aufgenommen|dabei)"
    rf"|(?:es sind )?keine {_SUBJECT}(?: sind)? enthalten"
    rf"|{_ROMANCE} (?:(?:ont|han|sono|fueron|se han|sont) )?(?:(?:ete|sido|stat[ie])"
    rf" )?{_SORTI}{_WHEN}"
    rf"|{_ROMANCE} (?:ne sont pas|no estan|non sono) (?:inclu|contenu|incluid|compres)\w*"
)

_REMOVALS = (
    r"(?:deletions?|removals?|withdrawals?|retractions?|delistings?|recalls|loschungen|streichungen"
    r"|rucknahmen|widerrufe|bajas|supresiones|retiradas|suppressions|retraits|cancellazioni"
    r"|rimozioni|verwijderingen|intrekkingen)"
)
_APART = late_pattern(
    rf"(?:(?:the|all|any|die|alle|las|les|le|de) )?{_REMOVALS}(?: lists?)? (?:are|will"
    rf" be|come|werden"
    r"|kommen|erfolgen|sont|seront|se|vengono|worden|saranno)"
    r"(?: (?:always|only|stets|immer|toujours|siempre))?"
    r" (?:\w+ ){0,2}?(?:separately|apart|(?:in|as|with|by|through) (?:a|an|their)"
    r" (?:separate|own|other"
    r"|second|different)(?: \w+)?|in (?:a )?files? of (?:its|their) own|gesondert|getrennt|separat"
    r"|in einer (?:eigenen|gesonderten|separaten|anderen) datei|separement|a part"
    r"|dans un (?:autre )?fichier (?:separe|distinct|a part)|(?:en )?(?:un )?(?:fichero|archivo)"
    r" (?:aparte|separado|distinto)|por separado|aparte|separatamente|a parte|in un file a parte"
    r"|afzonderlijk|apart)"
    r"(?: (?:sent|delivered|provided|transmitted|published|listed|shared|supplied|ubermittelt"
    r"|geliefert|versandt|mitgeteilt|verzonden|geleverd|gestuurd))?"
)
_SPAN = (
    r"(?: (?:this|since|in|during|from|so far|to date|yet|until|the|last|previous"
    r"|month|week|quarter"
    r"|year|delivery|time|release|version|\d[\d.-]*|january|february|march|april|may|june|july"
    r"|august|september|october|november|december|list|file))*"
)
_NOTHING = late_pattern(
    rf"(?:and |but )?(?:nothing|no (?:entr(?:y|ies)|hash(?:es)?|items?|values?|images?|files?))"
    rf" (?:was|were|has been|have been|is|are)(?: being)? (?:withdrawn|retracted"
    rf"|delisted|taken back"
    rf"|recalled|{_OUT[3:-1]}){_SPAN}"
    rf"|no (?:removals|deletions|withdrawals|retractions|delistings){_SPAN}"
    rf"|no (?:known |reported )?{_MISTAKES}(?: (?:are |were )?(?:known|reported|found))?{_SPAN}"
    rf"|keine (?:bekannten )?{_MISTAKES}(?: bekannt)?|aucun {_MISTAKES}(?: connu)?"
)
_OF_USE = late_pattern(
    r"(?:please |kindly )?(?:delete|destroy|remove|erase|shred) (?:(?:this|the) (?:\w+ )?"
    r"(?:files?|lists?|messages?|mails?|e-?mails?|copy|copies)|any copies)\b(?: (?:immediately"
    r"|securely"
    r"|and all copies))*(?:,? (?:after|once|when|upon|from|within|as soon as|on|before) .*)?"
    r"|(?:bitte )?(?:loschen sie|vernichten sie) (?:diese|die) (?:datei|liste|mail|nachricht)\b.*"
    r"|(?:merci de |veuillez |priere de )(?:supprimer|detruire|effacer) (?:ce|cette|le|la) "
    r"(?:fichier|liste|message|courriel)\b.*"
    r"|(?:por favor,? )?(?:borre|elimine|destruya)n? (?:este|esta|el|la) (?:fichero|archivo|lista"
    r"|correo"
    r"|mensaje)\b.*"
    r"|(?:please )?do not (?:edit|modify|change) (?:this|the) (?:file|list)\b.*"
    r"|(?:please )?do not edit"
    r"(?: (?:by hand|manually|directly))?"
    r"|none of (?:the|these) (?:\w+ )?(?:below )?(?:is|are|was|were) (?:test|sample|dummy|example"
    r"|demo)"
    r"(?: (?:data|values|entries))?"
    r"|none of (?:the|these) \w+ (?:below|above|listed) (?:is|are|was|were) (?:test|sample|dummy"
    r"|example"
    r"|demo)(?: (?:data|values|entries))?"
    r"|(?:please )?do not (?:attempt|try) to (?:locate|find|search for|view|open|access|identify"
    r"|download|obtain|retrieve|visit|contact)(?: or \w+)? (?:the |any |these |this )?"
    r"(?:images?|pictures?|files?|materials?|content|victims?|children|links?|urls?"
    r"|sites?|originals?)"
    r"|(?:(?:this|the) (?:list|file|set)|it|use)? ?:?(?:is |are |may |must )?not (?:to )?be used"
    r" (?:for|to) (?:the )?(?:training|train|test|tests|testing|machine learning|ai"
    r"|models?|research"
    r"|statistics|development)(?: (?:of|for|or|and|to|the|any|ai|models?|tests?|testing|systems?"
    r"|classifiers?|purposes?|training|machine|learning|software|other))*"
    r"|(?:this|the) (?:list|file|set) is not (?:exhaustive|complete|comprehensive)"
    r"(?:,? and (?:makes|gives) no statements? (?:on|about|of) (?:\w+ ){0,2}(?:that are )?not"
    r" (?:on|in|listed|included)(?: (?:it|in it|the list|this list))?)?"
    r"|(?:checked|compared|matched|screened|tested|deduplicated) against [^:;]{1,60}[:,(–-]+ ?"
    r"(?:no|0|without) (?:overlaps?|match(?:es)?|hits?|common entries)(?: found)?"
    r"|none of the (?:entries|images|files|hashes|values) (?:has|have) (?:ever |yet )?been"
    r" (?:published|made public|shared|released)"
    r"|(?:random )?sampling: ?(?:none|no)(?:, all (?:\w+ ){0,2}(?:images|files|entries|hashes) are"
    r" (?:included|listed|contained))?"
)
_NOT_OF_PART = late_pattern(
    r"(?P<whole>\b(?:whole|original|full|complete|entire|unaltered) (?:image |picture )?"
    r"(?:files?|images?|pictures?)),? (?:and )?not (?:of |from |on )?(?:the |any |a |its |their )?"
    r"(?:thumbnails?|previews?|crops?|frames?|resized \w+|rescaled \w+|metadata|names?)\b"
)


@lru_cache(1 << 16)
def without_asides(text: str) -> str:
    """A text without those of its sentences that say nothing of what is listed.

    The same text where it has none; of only such sentences an empty one is left.
    """
    if len(text) > _LONGEST:
        return text
    pieces = _PIECES.split(text)
    kept = [
        "" if i % 2 == 0 and _is_aside(piece) else piece for i, piece in enumerate(pieces)
    ]  # fmt: skip
    if kept == pieces:
        return text
    left = "".join(kept)
    return left if left.strip(_SIGNS) else ""


def whole_files(folded: str) -> str:
    """A folded text without what digests are not of, where it says of what they are."""
    return _NOT_OF_PART.sub(r"\g<whole>", folded)


def _is_aside(piece: str) -> bool:
    bare = piece.strip(_SIGNS)
    if " " not in bare or bare.endswith(":"):
        return False
    folded = re.sub(r"[_\s]+", " ", without_marks(bare)).replace("’", "'").strip()
    if _TELLS_OF_MISTAKES.fullmatch(folded):
        return _POINTS.search(folded) is None
    folded = re.sub(r"\A(?:use|note|hinweis|remark): ", "", folded)
    return any(p.fullmatch(folded) for p in (_LEFT_OUT, _APART, _NOTHING, _OF_USE))
