"""What titles of lists are made of, as patterns: algorithms, small words, words of sentences."""

import re

from relaion.lists.readers.vocabulary.algorithms import IN_TEXT

OTHER = re.compile(rf"(?:{IN_TEXT})(?:s|es|sums?|hash(?:es)?)?")
MADE_OF = re.compile(
    r"(?:the|of|and|or|with|for|from|since|in|on|by|to|as|at|be|is|are|were|was|been|have|has|this"
    r"|these|those|that|it|please|following|below|now|all|section|start|begin|list|lists|liste[ns]?"
    r"|lista|lijst|file|files|hash(?:es)?|hashwerte|digests?|checksums?|md5s?|sha-?1|sha-?256|urls?"
    r"|links?|items?|records?|values?|rows?|lines?|entry|entries|eintrage?|eintraege|entrees?"
    r"|entradas?|voci|voce|registros?|vermeldingen|dateien|fichiers?|archivos?|ficheiros?|bestanden"
    r"|empreintes?|total|count|no|nr|number|date|month|week|year|update|delta|changes?|january"
    r"|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar"
    r"|apr|jun|jul|aug|sept?|oct|nov|dec|der|die|das|den|dem|von|vom|und|mit|fur|seit|les?|la|du"
    r"|des?|et|depuis|el|los|las|y|del|desde|il|lo|i|gli|dei|delle|e|da|dal|van|het|een|sinds|os|as"
    r"|dos|das|n|s|v?\d[\d.]*)"
)
SENTENCE = re.compile(
    r"report(?:ing)?|send|mail|e-?mail|contact|notify|notifications?|see|check(?:ed)?|ask|requests?"
    r"|inform|how|if|when|where|why|will|must|can|could|should|do|does|not|never|none|without|no"
    r"|metadata|exif|blank|empty|take-?downs?|opt(?:-?outs?)?|dmca|gdpr|privacy|thumbnails?"
    r"|comments?|generated|policy|nicht|kein(?:e[nrs]?)?|ohne|bitte[nr]|pas|sans|sin|non"
    r"|senza|niet|geen|zonder|nao|sem|left|omitted|separate(?:ly)?"
)

LEFT_LIST = re.compile(
    r"\b[^\W\d]+ (?:dalla lista|af listen|av listan|fra listen|fra lista|z listy|ze seznamu"
    r"|zo zoznamu|din lista|a listarol|listalta|listeden|von der liste|da lista"
    r"|iš sąrašo|is saraso|no saraksta|nimekirjast|с учета|с учёта|из списка|зi списку|зі списку"
    r"|od liste|sa liste|s popisa|off (?:the|our|this) list)\b"
    r"|\A(?:off|not on) (?:the|our|this) list\b"
    r"|\bvan de lijst (?:gehaald|verwijderd|af)\b|\benlevee?s? de la liste\b"
    r"|\b(?:quitad|sacad|tirad)[oa]s? d[ea] (?:la )?lista\b"
)
"""That something was taken off a list, in folded words."""

NOT_TO_BLOCK = re.compile(
    r"\b(?:(?:should|must|shall|ought) (?:not|never) (?:to )?be|(?:not|never) to be)"
    r" (?:block|list|match|flag|filter)(?:ed|ted|ged)?\b"
)
"""That something is not to be listed, whoever says it."""

ASKED = re.compile(r"\b(?:on|at|upon|by) (?:the |their )?requests?(?: (?:of|by) [\w ]+)?")
TO_CONFIRM = re.compile(
    r"\b(?:to be|zu|a|por|da|te) (?:confirm|verif|review|pruf|uberpruf|revis|controll|bevestig)\w*"
)

ORIGIN = re.compile(
    r"\b(?:from|of|von|aus|de|du|da|dal|van)\b(?: (?:the|our|your|their|any|a))? (?:re ?)?"
    r"(?:laion\w*|common ?crawl|data ?sets?|web|internet|websites?|sites?|platforms?|search|social"
    r"|index|pages?)\b"
)
"""Where pictures came from: `removed from LAION` takes nothing out."""

_MORE = (
    r"(?:and|also|more|further|some|und|weitere|auch|noch|et|aussi|autres|y|tambien|mas|otr[oa]s"
    r"|e|anche|altr[ie]"
    r"|en|ook|meer|och|fler|og|flere|i|oraz|a|и|еще|ещё)"
)
NEXT_PART = re.compile(
    rf"(?:{_MORE} )*(?:from|aus|vom|von|du|de|del|des|della|di|dal|dalla|da|van|uit|fran|fra|z|ze"
    rf"|из|от)"
    r" (?:[^\W_]++[ :,]*+){1,6}\Z"  # else a word is tried as each six pieces of it
    r"|(?:second|third|fourth|next|zweite[rs]?|dritte[rs]?|nachste[rs]?|seconde?|deuxieme"
    r"|troisieme|segund[oa]"
    r"|tercer[oa]?|second[oa]|terz[oa]|tweede|derde|andra|tredje|anden|druga|druhy|второ[ей]"
    r"|вторая|трет\w+)"
    r" [^\W_]+[ :,]*\Z"
    r"|(?:part|batch|series|set|group|lot|teil|partie|parte|deel|czesc|часть) (?:one|two|three"
    r"|four|zwei"
    r"|drei|deux|trois|dos|tres|due|tre|twee|drie|dwa|два)[ :,]*\Z"
)
"""Where the next entries come from, or that they are the next ones: `Aus dem zweiten Asservat`."""

LINKS_HASHED = re.compile(
    r"\b(?:urls?|links?)[ -]?(?:md-?5s?|sha-?1s?|sha-?256s?|hash(?:es)?|digests?)\b"
    r"|\b(?:md-?5s?|sha-?1s?|sha-?256s?|hash(?:es)?|digests?)(?: (?:computed|taken|made))? "
    r"(?:of|over|von|der|de|des|del) (?:(?:the|each|every|all|an?|les|la|whole|full|complete|entire"
    r"|raw|bare|normali[sz]ed|canonical|lower-?cased?|lower case|original|image|page|source"
    r"|vollstandigen?|kompletten?|gesamten) )*(?:urls?|links?)\b"
)
"""That digests are those of links."""

_CATEGORY = re.compile(
    r"\b(?:(?:caid|vics?|vic) )?(?:cat(?:egor[a-z]{1,4})?|kategor[a-z]{1,3}|caid|vics?"
    r"|категори[а-я]|luokka)(?:[ .:#-]{0,3}(?:no|nr)?[ .]{0,2}(?P<digit>[04-9])"
    r"|[ .:#-]{1,3}(?P<letter>[dez]))\b"
)


def category_in(text: str) -> str | None:
    """The category that a text names, where to some givers it is of nothing that is listed.

    `text` is folded. Of CAID and VIC 1 to 3 are listed, 8 is known good; of others A to C are.
    """
    found = _CATEGORY.search(text)
    return f"category {found['digit'] or found['letter']}" if found else None


MAY_HOLD_VALUE = re.compile(
    r"[0-9A-Fa-f]{8}|://|[^\s,;|]{20}|[^\W_]\.[^\W_]|(?:[0-9A-Fa-f]{2,8}[ :.-]){3}|[;|\t]|^\d+\s*$"
)
"""A line that may hold an entry, in whatever spelling; below `Kind regards,` stand names."""
