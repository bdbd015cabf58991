"""Titles of what is listed nowhere: of trials and controls, of files of systems, of what is past.

Their patterns are matched against folded text: without case, accents and umlauts.
"""

from __future__ import annotations

from datetime import date

from relaion.lazily import late_pattern
from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.sentences import TAKES_NOTHING
from relaion.lists.readers.vocabulary.spelling import folded

_LONGEST = 12  # words of a title
_DENIED = late_pattern(
    r"\b(?:no|not|without|none|except|excluding|excluded|never|minus|less|kein\w*|ohne|nicht|sans"
    r"|sauf|sin"
    r"|excepto|senza|tranne|zonder|geen|sem|utan|uden|bez|без)\b|以外|除く|不含|제외"
)
_SIGNS = " .,:;!-–—*=[](){}\"'"


def of_none(text: str) -> str:
    """The words by which a folded title says that nothing below it is listed; else none."""
    if len(text.split()) > _LONGEST or _DENIED.search(text):
        return ""
    text = TAKES_NOTHING.sub(" ", text)
    for pattern in (TRIAL, SET_ASIDE, OF_SYSTEM, CONSENT, TO_READ):
        if found := pattern.search(text):
            return found[0]
    if OF_DESIGN.fullmatch(text.strip(_SIGNS)):
        return "of what pages are decked with"
    return "valid until" if _is_past(text) else ""


def _is_past(text: str) -> bool:
    found = UNTIL.search(text)
    days = days_of(folded(found["day"])) if found else []
    return bool(days) and all(day < date.today() for day in days)


_VALUES = (
    r"(?:values?|data|sets?|vectors?|hash(?:es)?|digests?|md5s?|entr(?:y|ies)|records?|images?"
    r"|pictures?"
    r"|files?|items?|lists?|rows?|lines?|groups?|batch|sample|purposes?|cases?)"
)
TRIAL = late_pattern(
    # words of which a compound is made
    r"\b(?:pruf|test|beispiel|muster|probe|demo|dummy|ubungs|schulungs|trainings|kontroll"
    r"|vergleichs"
    r"|kalibrierungs?|voorbeeld|exempel|eksempel|minta|teszt|proef|oefen|pokus)"
    r"(?:vektor(?:en)?|werte?n?|hash(?:es|werten?)?|daten|satz|satze|eintrage?|listen?|menge|gruppe"
    r"|bilder|datei(?:en)?|data|gegevens|waarden|beelden|varden|verdier|bilder|adatok|ertekek|kepek"
    r"|material|zwecke)\b"
    # English
    r"|\b(?:test|training|evaluation|benchmark|calibration|validation|regression|control|baseline"
    r"|drill"
    r"|exercise|demonstration|placeholder|random|synthetic|simulated|canary|honeypot|honey"
    r"|tripwire|decoy"
    rf"|seed(?:ed)?|bait|negative|non-?match(?:ing)?|hold-?out) {_VALUES}\b"
    r"|\b(?:honeypots?|honeytokens?|canar(?:y|ies)|tripwires?|decoys?|test vectors?"
    r"|hard negatives?)\b"
    r"|\b(?:for|from|as|in) (?:the |our |your |an? )?(?:internal |external |staff |analyst "
    r"|purposes of )?"
    r"(?:training|evaluation|testing|benchmarking|calibration|validation|exercises?|drills?"
    r"|demonstration|illustration|teaching|instruction)\b"
    r"|\b(?:negatives|near[ -]?(?:matches|misses|duplicates)|look-?alikes|non-?matches)\b"
    r"|\b(?:similar|resembling) (?:but|images only|only)\b"
    # of other languages
    r"|\b(?:valeurs|donnees|empreintes|fichiers|images|liste|jeu|lot) (?:d'? ?|de )(?:exemples?"
    r"|tests?|essais?"
    r"|demonstration|controle|formation|reference negative)\b|\b(?:valeurs|donnees) fictives\b"
    r"|\b(?:valores|datos|huellas|archivos|imagenes|registros|lista|conjunto|grupo) de (?:ejemplo"
    r"|prueba|muestra"
    r"|control|ensayo|formacion|demostracion)s?\b"
    r"|\b(?:dati|valori|impronte|file|immagini|elenco|insieme|gruppo) (?:di |d'? ?)(?:prova"
    r"|esempio|test|controllo"
    r"|campione|formazione)\b"
    r"|\b(?:dados|valores|arquivos|imagens|lista|conjunto|grupo) de (?:testes?|exemplo|controle"
    r"|controlo|amostra"
    r"|treinamento|formacao)\b"
    r"|\b(?:dane|wartosci|skroty|pliki|zestaw|grupa|lista) (?:testow\w+|przykladow\w+|kontroln\w+"
    r"|szkoleniow\w+)\b"
    r"|\b(?:testovac\w+|ukazkov\w+|kontroln\w+|vzorov\w+|cvicn\w+) (?:data|hodnot\w+|seznam|sada"
    r"|sady|otisk\w*"
    r"|soubor\w*|skupin\w+)\b"
    r"|(?:тестов|контрольн|учебн|проверочн|образцов)\w+ (?:данн|набор|хеш|хэш|значени|групп|выборк"
    r"|файл|спис)\w*"
    r"|\bпримеры?\b|\bобразцы?\b"
    r"|\b(?:testi|esimerkki|harjoitus|vertailu)(?:tiedo\w+|arvo\w+|data|kuva\w+)\b"
    r"|\b(?:test|ornek|deneme|kontrol) (?:veri\w*|deger\w*|liste\w*|grub\w*)\b"
    r"|テスト|サンプル|ダミー|例示|訓練|测试|测试|示例|样本|样例|训练|테스트|예시|샘플|더미|훈련"
)
"""Of trials, exercises and controls."""

SET_ASIDE = late_pattern(
    r"\b(?:aus|ab)ge(?:sondert|mustert|schieden|sondern)\w*|\baussortiert\w*|\bausrangiert\w*"
    r"|\bmis(?:es)? (?:de cote|a l'ecart)\b|\becarte[es]*\b|\bdescartad[oa]s?\b|\bapartad[oa]s\b"
    r"|\bscartat[aieo]\b|\baccantonat[aieo]\b|\bafgevoerde?\b|\bafgekeurde?\b|\butgallra\w+"
    r"|\bkassera\w+"
    r"|\bkassere\w+|\bwybrakowan\w*|\bodrzuty\b|\bvyrazen\w*|\bselejtezet\w*|\bотбракован\w*"
    r"|\bотсеян\w*"
    r"|\b(?:put|set|laid) aside\b|\bsorted out\b|\bweeded out\b|\bscreened out\b"
    r"|\b(?:images|pictures|hashes|entries|values|files|links|urls|records|items|those|all"
    r"|everything)"
    r" (?:that (?:were|have been|are) |which (?:were|have been|are) )?(?:taken|given|called"
    r"|sent) back\b"
    r"|\b(?:images|pictures|hashes|entries|values|records|items) (?:that (?:were|have been|are) "
    r"|which"
    r" (?:were|have been|are) )?(?:withdrawn|retracted|revoked|recalled|rescinded)\b"
)
"""Of what was sorted out, or taken back."""

_OF_SYSTEMS = (
    r"(?:operating[ -]systems?|betriebssystem\w*|systemes? d'? ?exploitation|sistemas? operativos?"
    r"|sistem[ai] operativ[oi]|besturingssysteem|operativsystem\w*|system(?:s|es)?|installers?"
    r"|softwares?|drivers?"
    r"|applications?|programs?|programmes?|browsers?|games?|video games|websites? (?:layout"
    r"|design)|themes?)"
)
OF_SYSTEM = late_pattern(
    r"\b(?:files?|images?|icons?|pictures?|graphics?|hashes|dateien|fichiers|archivos|file"
    r"|bestanden|pliki) (?:of|from|des|der"
    r"|del|di|van|du|vom) (?:the |an? |our |common |known |standard |various |le |la |el |il "
    rf"|het )*{_OF_SYSTEMS}\b"
    rf"|\b{_OF_SYSTEMS} (?:files?|icons?|images?|dateien|graphics?)\b|\bsystemdatei\w*"
    r"|\bsystemfiler\b"
    r"|\bprogrammdatei\w*|\bos files\b"
)
"""Of files that come with programs."""

_OF_DESIGN = (
    r"logos?|logotypes?|icons?|favicons?|emojis?|emoticons?|smileys?|stickers?|wallpapers?"
    r"|clip ?arts?"
    r"|avatars?|memes?|buttons?|spacers?|backgrounds?|fonts?|watermarks?|placeholders?"
    r""
    r"|screenshots? of (?:text|documents?|chats?)|symbole?n?|piktogramme?|icones?|iconos|icone"
    r"|logotip\w*"
    r"|иконк\w*|логотип\w*|emoticonos|pictogrammes?"
)
OF_DESIGN = late_pattern(
    r"(?:(?:md5s?|sha-?\d+|hash(?:es)?|digests?|fingerprints?|checksums?|hashwerte|empreintes"
    r"|huellas|impronte"
    r"|list|images?|pictures?|files?|of|from|von|der|des|de|di|the|our|all|common|known|company"
    r"|site|brand|web"
    rf"|and|or|und|et|y|e|&|,|for|only) ?)*(?:{_OF_DESIGN})(?: ?(?:and|or|und|et|y|e|&|,|only|list"
    r"|hashes|images|files"
    rf"|{_OF_DESIGN}))*"
)
"""Of what pages are decked with; nothing else stands in the title."""

CONSENT = late_pattern(
    r"\bconsent(?:s|ed)? (?:\w+ ){0,2}(?:given|granted|obtained|received|signed|exists)\b"
    r"|\bconsented to\b"
    r"|\b(?:with|under) (?:full |written |the )?consent(?: of)? (?:the )?(?:subjects?|models?"
    r"|persons?|people|parents?)\b"
    r"|\beinwilligung\w* (?:\w+ ){0,2}(?:liegt|erteilt|vorliegt)\b|\beinverstandnis\w*\b"
    r"|\bconsentement (?:\w+ )?(?:donne|obtenu|accorde)\w*|\bcon consentimiento\b"
    r"|\bconsentimiento (?:\w+ )?(?:dado|otorgado)\b"
    r"|\bcon il consenso\b|\bconsenso (?:\w+ )?(?:dato|prestato)\b|\bmet toestemming\b"
)
"""That whom a picture shows allowed it."""

TO_READ = late_pattern(
    r"\b(?:press|media|news) (?:coverage|articles?|reports?|releases?|links?|clippings?|stories)\b"
    r"|\bnewspaper \w+|\bparod(?:y|ies)\b|\b(?:in|by|from) the (?:press|media)\b"
    r"|\b(?:support|help|victims?'?|counsell?ing|prevention|crisis) (?:services?|lines?|resources?"
    r"|pages?|offers?|centres?|centers?)\b|\bhelp-?lines?\b|\bfind help\b"
    r"|\b(?:reporting|take-?down|complaint|abuse|contact) (?:forms?|pages?|portals?|addresses)\b"
    r"|\b(?:the|their) (?:\w+ )?forms? (?:are|is) (?:here|below)\b"
    r"|\b(?:background|further|related) (?:reading|information|material)\b"
    r"|\bhilf(?:e|s)(?:angebote?\w*|telefone?|seiten?|stellen?)\b|\bberatungs(?:stellen?"
    r"|angebote?)\b"
    r"|\b(?:presse|medien|zeitungs)(?:berichte?|artikel|mitteilung(?:en)?|schau|echo|links?)\b"
    r"|\bmelde(?:formulare?|seiten?|portale?)\b"
    r"|\bliens? de signalement\b|\b(?:articles?|revue|coupures) de presse\b"
    r"|\b(?:services?|lignes?|numeros?) d'(?:aide|ecoute|assistance)\b|\bformulaires? de \w+"
    r"|\b(?:lineas?|servicios?) de (?:ayuda|apoyo|atencion)\b|\bnoticias? de prensa\b"
    r"|\b(?:articulos|enlaces) de (?:prensa|denuncia|ayuda)\b|\bcobertura de prensa\b"
    r"|\b(?:rassegna|articoli di|servizi di|numeri di) (?:stampa|aiuto|assistenza|sostegno)\b"
    r"|\brassegna stampa\b|\b(?:pers|nieuws)(?:berichten|artikelen)\b|\bhulp(?:lijnen|verlening)\b"
    r"|\b(?:linhas|servicos) de (?:apoio|ajuda)\b|\b(?:stodlinjer|hjelpelinjer|hjaelpelinjer)\b"
    r"|\b(?:artykuly|doniesienia) pras\w+|\bmaterial\w* (?:сми|press)\b"
    r"|\bматериал\w* сми\b"
    r"|\b(?:служб|телефон)\w* (?:помощи|доверия|поддержки)\b|\bпублик\w+ в сми\b"
)
"""Of pages that people are to read, or to turn to."""

UNTIL = late_pattern(
    r"\b(?:valid|good|listed|in force|effective|current|applies|gultig|gilt|valable|en vigueur"
    r"|valid[oa]s?|vigente"
    r"|geldig|giltig\w*|gyldig\w*|voimassa|wazn\w*|platn\w*|действит\w*"
    r"|gecerli) (?:only )?(?:until|till|to|through"
    r"|bis|jusqu'?(?:au|a)?|hasta(?: el)?|fino al?|tot|ate|al|till|til|asti|do|до)(?: zum"
    r"| le)?[: ]+(?P<day>.{4,30})"
)
"""Until when a list is valid."""
