"""Patterns of sentences in letters: that speak of some entries, and that take nothing out.

All are matched against folded text: without case, accents and umlauts.
"""

from relaion.lazily import late_pattern

_ORDER = (
    r"last|final|first|closing|penultimate|letzten?|letzte[nrs]|ersten?|vorletzten?|derni(?:er"
    r"|ere)s?"
    r"|premi(?:er|ere)s?|ultim[oaie]s?|primer[oa]?s?|prim[oaie]|laatste|eerste|primeir[oa]s?|sista"
    r"|forsta|sidste|siste|forste|viimeise\w*|ensimmais\w*|ostatni\w*|pierwsz\w*|posledn\w*|prvn\w*"
    r"|utols\w*|elso|последн\w*|перв\w*|останн\w*|son|ilk|ultimele"
)
_MANY = (
    r"\d+|two|three|four|five|six|seven|eight|nine|ten|few|couple(?: of)?|dozen|pair(?: of)?|zwei"
    r"|beiden|drei|vier|funf|sechs|zehn|paar|deux|trois|quatre|cinq|six|dix|dos|tres|cuatro|cinco"
    r"|diez|due|tre|quattro|cinque|dieci|twee|drie|vijf|tien|dois|duas|quatro|dez|tva|fyra|fem|to"
    r"|fire|kaksi|kolme|dwa|dwie|dwoch|trzy|dva|dve|tri|ketto|harom|два|две|двух|три|трех|iki|uc"
)
_THING = (
    r"entr(?:y|ies)|rows?|lines?|values?|hash(?:es)?|digests?|items?|records?|images?|pictures?"
    r"|photos?"
    r"|files?|links?|urls?|ones?|md5s?|checksums?|zeilen?|eintrage?n?|eintrag|werte?n?|hashwerten?"
    r"|bildern?|bilder|lignes?|entrees?|valeurs?|empreintes?|lineas?|filas?|entradas?|valores"
    r"|registros?"
    r"|huellas|imagenes|rig(?:a|he)|voc[ei]|valori|impronte|immagini|regels?|vermeldingen|waarden"
    r"|afbeeldingen|linhas?|imagens|rad(?:er|en|erna)?|varden|poster|posterna|linj\w*|verdier"
    r"|poster|rivi\w*|arvo\w*|wiersz\w*|wartosc\w*|wpis\w*|skrot\w*|rad(?:ek|k\w*)|hodnot\w*"
    r"|zaznam\w*"
    r"|sor\w*"
    r"|ertek\w*|строк\w*|запис\w*|значен\w*|хеш\w*|рядк\w*|satir\w*|kayit\w*|deger\w*"
)
_NUMBERED = (
    r"(?:lines?|rows?|entr(?:y|ies)|zeilen?|eintrage?n?|lignes?|lineas?|filas?|rig(?:a|he)|regels?"
    r"|linhas?|rader|items?|records?|hash(?:es)?|values?|images?|numbers?|nos?|nrs?|positions?"
    r"|pos|n[o°]s?|nummern?|numeros?|numeri|nummers?|numer[ay]?|cisla|номера?)"
)
_ONES = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_TILL = r"(?:-|–|to|through|and|or|&|,|bis|und|oder|a|et|au|y|al|e|en|tot|och|og|ja|i|az|и|до|ve)"

OF_SOME = late_pattern(
    rf"\b(?:{_ORDER}) (?:(?:{_MANY}) )?(?:of (?:the|these|those) )?(?:\w+ )?(?:{_THING})\b"
    rf"|\b(?:{_ORDER}) (?:{_MANY})\b(?! (?:weeks?|months?|years?|days?|quarters?|wochen?|monate?n?"
    r"|jahren?|tagen?|semaines?|mois|ans|semanas?|meses|anos|settimane|mesi|anni|weken|maanden))"
    rf"|\b(?:{_MANY}) (?:{_ORDER}) (?:{_THING})\b|\b(?:{_MANY}) (?:letzten|dernier\w*|ultim\w+)\b"
    rf"|\b{_NUMBERED} (?:no|nr|number|n[o°])[ .]*\d+\b"
    r"|\b(?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d+(?:st|nd|rd|th)"
    r"|zweite[nrs]?"
    r"|dritte[nrs]?|vierte[nrs]?|deuxieme|troisieme|segund[oa]|tercer[oa]?|second[oa]|terz[oa]) "
    rf"(?:{_THING})\b"
    rf"|\b{_NUMBERED}[ .:#]*(?:\d+|{_ONES}) ?{_TILL} ?(?:\d+|{_ONES})\b"
    r"|\b(?:line|row|entry|zeile|eintrag|ligne|linea|fila|riga|regel"
    r"|linha)[ .:#n°o]*\d+\b(?! of\b)"
    rf"|\b(?:{_THING}) (?:at|near|towards) the (?:end|bottom|top|beginning)\b"
    r"|\b(?:at the (?:very )?(?:end|bottom)|am (?:schluss|ende) der (?:liste|datei)"
    r"|en fin de (?:liste|fichier)"
    r"|al final de la lista|in fondo|onderaan|no final da lista|sist i listan|na koncu|на конце"
    r"|в конце)\b"
    r"|\b(?:some|several|many|most|half|part|a few|einige|manche|mehrere|certaines?|plusieurs"
    r"|algun[oa]s|vari[aeo]s|alcun[ei]|enkele|sommige|alguns|nagra|nogle|noen|niektore|nektere"
    r"|некоторые) (?:of |der |dieser |des |de las |de los |delle |van de )?"
    rf"(?:the |these |those |our )?(?:{_THING})\b"
    rf"|\b(?:{_MANY}|one|some|several|most|many|half|part) of (?:the |these |those |our )?"
    rf"(?:{_THING}|them|these|those|above)\b"
    r"|\b(?:marked|starred|flagged|highlighted|indented|tagged|gekennzeichnet\w*|markiert\w*"
    r"|marque[es]*"
    r"|marcad[oa]s?|contrassegnat\w+|gemarkeerd\w*)\b"
    r"|\bin (?:brackets|parenthes[ei]s|italics?|bold|klammern)\b"
    r"|\bentre (?:parenthes[ei]s|parenteses?|crochets)\b|\bfra parentesi\b|\btussen haakjes\b"
    r"|最後の|末尾の|最后|末尾|마지막"
)
"""That some of the entries are spoken of, and not all."""

ABOUT_ENTRIES = late_pattern(
    rf"\b(?:{_THING}|they|them|these|those|this|it|all|diese[rsmn]?|alle|ces|celles?|ceux|est[oa]s"
    r"|estas"
    r"|quest[iea]|deze|dit|dess[ae]|disse|nama|tyto|эти|это|bunlar)\b"
)

_SHARING = (
    r"shar\w*|distribut\w*|redistribut\w*|disseminat\w*|forward\w*|publi\w+|disclos\w*|reproduc\w*"
    r"|cop(?:y|ied|ying)|open\w*|view\w*|look\w*|print\w*|repl(?:y|ied)|upload\w*|post(?:ed|ing)?"
    r"|pass(?:ed)?"
    r"|transmit\w*|circulat\w*|contact\w*|visit\w*|click\w*|download\w*|weiter\w+|verbreit\w+"
    r"|veroffent\w+"
    r"|herausg\w+|offnen|aufruf\w+|diffus\w+|divulg\w+|partag\w+|transmett\w+|communiqu\w+|ouvrir"
    r"|difund\w+"
    r"|compart\w+|reenvi\w+|abrir|diffond\w+|condivid\w+|inoltr\w+|apri\w*|verspreid\w+|delen"
    r"|doorstur\w+"
    r"|openbaar\w*|partilh\w+|encaminh\w+|dela|sprida\w*|dele|spred\w*|jaa|jakaa|levit\w+"
    r"|udostepni\w+"
    r"|rozpowszechni\w+|przekazyw\w+|sdilet|sirit|predavat|распростран\w+|передав\w+|paylas\w+"
)
_NOT = r"(?:not|n'?t|never|no|nicht|keine?[nrsm]?|ne|n|pas|non|niet|geen|nao|inte|ikke|ei|nie|не)"

_OTHER_USE = (
    r"(?:\b(?:(?:do|must|may|shall|should|can) )?(?:not|never) (?:to )?(?:be )?)?"
    r"(?:\bus(?:e|ed) (?:\w+ )?(?:for|other|outside) (?:\w+ )?(?:other|than|purpose)\w*\b"
    r"|\bused by \w+\b)"
)
OTHER_USE = late_pattern(_OTHER_USE)
"""For what a list is not to be used, or by whom."""

_JUDGES = (
    r"(?!(?: \w+){0,2} (?:as|illegal|unlawful|abusive|criminal|relevant|confirmed|verified"
    r"|reviewed|assessed|approved)\b)"
)
NOT_SHARED = late_pattern(
    r"\b(?:do|must|may|shall|should|can|is|are"
    rf"|to be)? ?{_NOT} (?:\w+ ){{0,4}}?(?:{_SHARING})\b(?: \w+){{0,2}}"
)
"""That something is not to be passed on; it may be what is not to be used, either."""

IS_SHARED = late_pattern(_SHARING)

TAKES_NOTHING = late_pattern(
    rf"{NOT_SHARED.pattern}|{_OTHER_USE}"
    r"|\b(?:do not|don't|dont|please do not) hesitate\b|\bn'?hesitez pas\b"
    r"|\bzogern sie (?:bitte )?nicht\b"
    r"|\bno dud\w+ en\b|\bnon esit\w+\b|\baarzel niet\b|\bnao hesit\w+\b|\btveka inte\b"
    r"|\bwithout (?:prior |the |our |your |any |written |explicit |express ){0,4}(?:consent"
    r"|permission|approval"
    r"|authori[sz]ation|agreement|notice|delay|warranty)\b|\bohne (?:\w+ ){0,2}(?:zustimmung"
    r"|genehmigung"
    r"|einwilligung|gewahr)\b|\bsans (?:\w+ ){0,2}(?:autorisation|accord|permission)\b"
    r"|\bsin (?:\w+ ){0,2}"
    r"(?:autorizacion|permiso|consentimiento)\b|\bsenza (?:\w+ ){0,2}(?:autorizzazione|consenso)\b"
    r"|\bnot for (?:public|further|onward|general|external|distribution|release"
    r"|publication)(?: \w+)?\b"
    r"|\bno (?:part|liability|warranty|guarantee|responsibility|reply|third part\w+"
    r"|unauthori[sz]ed)\b"
    r"|\b(?:not|never|no) (?:\w+ ){0,3}(?:before|previously|earlier|already|yet (?:seen|known|sent"
    rf"|reported))\b{_JUDGES}"
    r"|\bnot (?:\w+ ){0,2}(?:previously|already) (?:seen|known|listed|reported|shared|sent)\b"
    rf"{_JUDGES}"
    r"|\b(?:do|does|did)(?: not|n't) (?:contain|include|cover|hold|show)\b"
    r"|\breplaces? (?:the |our |your )?(?:\w+ )?(?:version|lists?|delivery|release|edition|file)\b"
    r"|\bnot (?:only|just|limited|necessarily)\b|\bwhether or not\b"
    r"|\blegal (?:notice|basis|department|team|entity|advice|disclaimer|framework|aid|grounds?"
    r"|unit|affairs|obligation)\b"
    r"|\b(?:not|nicht|pas) (?:\w+ ){0,2}(?:intended|addressee|recipient|empfanger|destinataire)\b"
)
"""What is not to be done with the list itself, and what was not so before: it takes nothing out."""

ASKING = late_pattern(
    r"\b(?:if you|should you|in case (?:you|of)|when you|falls (?:sie|ihnen|ein)|wenn sie"
    r"|sollten sie|bei"
    r" (?:fragen|ruckfragen|unklarheiten|fehlern)|si vous|en cas de|pour toute|si (?:usted|tiene"
    r"|encuentra)"
    r"|en caso de|para cualquier|se (?:avete|trovate|riscontrate)|in caso di|per (?:domande"
    r"|informazioni)"
    r"|als u|indien u|bij vragen|voor vragen|se (?:tiver|encontrar)|em caso de|om du|om ni"
    r"|hvis (?:du|i|dere)"
    r"|jos|w razie|w przypadku|v pripade|в случае|если вы)\b"
    r"|\b(?:tell|contact|call|write|mail|e-?mail|notify|inform|ask|report|send|forward|return"
    r"|reach|let)"
    r" (?:\w+ ){0,4}?(?:us|me|team|hotline|desk|office|helpline|police|know)\b"
    r"|\b(?:let us know|get in touch|contact us|for questions|questions to|enquiries to)\b"
    r"|\b(?:wenden sie sich|melden sie|kontaktieren sie|schreiben sie|rufen sie)\b"
    r"|\b(?:contactez|ecrivez|appelez|signalez)\b|\b(?:contacte|pongase en contacto|escriba"
    r"|comunique)\b"
    r"|\b(?:contattate|contattare|scrivere a|scrivete)\b|\bneem contact\b"
)
"""A sentence that says whom to ask, or what to do in a case that is not there."""

CLAUSES = late_pattern(
    r"\s*:\s+|\s[-–—]+\s"
    r"|,? (?:because|since|for|as|but|denn|weil|da|car|parce que|porque|pues|perche|want|omdat) "
    r"(?=(?:they|these|those|all|none|the|sie|diese|alle|ces|elles|ils|est[oa]s|quest[ei]|deze) )"
    r"|,? (?:when|once|after|as soon as|sobald|wenn|nachdem|lorsque|quand|cuando|quando|wanneer"
    r"|zodra) "
    r"(?=(?:(?:the|these|those|all|our|die|diese|alle|les|ces|las|los|estas|le|queste|de|deze) )+"
    r"(?:\w+ )?(?:hash|entr|value|digest|md5|record|checksum|eintrag|wert|empreinte|valeur|huella"
    r"|valor|impront|waard))"
    r"|, (?:and )?(?=(?:they|these|those|all|none|sie|diese|ces|elles|estas|queste|deze)\b)"
)
"""Where another clause begins that is no part of a wish to be asked or told."""

CONDITION = late_pattern(
    r"(?:if|when|should|in case|unless|whether|falls|wenn|sollten?|si|en cas|en caso|se|in caso|als"
    r"|indien|em caso|om|hvis|jos|jesli|pokud|если|в случае)\b"
)

STATES = late_pattern(
    r"\b(?:are|were|is|was|have|has|had|shows?|showed|proved?|turned|sind|ist|war|waren|wurden?"
    r"|haben|zeigen|sont|est|ont|etaient|montrent|son|han|fueron|estan|eran|muestran|sono|hanno"
    r"|erano|mostrano|zijn|waren|werden|tonen|sao|foram|estao|mostram)\b"
)
"""A verb of a sentence that says how something is."""

FORBIDS = late_pattern(
    r"\b(?:do not|don'?t|not to be|must not be|should not be|nicht(?: mehr)?|ne (?:pas|plus)|non"
    r"|niet|nao"
    r"|inte|ikke|nie) (?:re-?)?(?:load|import|ingest|use[d]?|add(?:ed)?|appl|process|includ|block"
    r"|list"
    r"|einspiel|importier|verwend|benutz|ubernehm|aufnehm|einles|import|charg|utilis|ajout|bloqu"
    r"|carg|usar"
    r"|anad|agreg|caric|usare|utilizz|aggiung|inlad|gebruik|toevoeg|inlezen|adicion|anvand|brug"
    r"|bruk"
    r"|uzyw|pouziv)\w*"
    r"|\bno (?:importar|cargar|usar|utilizar|anadir|agregar|incluir|bloquear)\w*"
    r"|\bnever (?:re-?)?(?:load|import|ingest|add|use|block|include)\b"
    r"|\b(?:not|don'?t|never) \w+ (?:or|and|nor) (?:re-?)?(?:load|import|ingest|block|process)\w*"
    r"|\b(?:not|don'?t|never) (?:copy|copied|put|enter|entered|paste|pasted|transfer|move|merge"
    r"|feed|insert|take|pass|upload) (?:\w+ ){0,4}?(?:in|into|onto|on|to) (?:the |your |our |any )?"
    r"(?:(?:block|black|deny|filter)[ -]?lists?|filters?|(?:hash|match\w*)[ -]?"
    r"(?:lists?|sets?|databases?|db|stores?))\b"
)
"""That something is not to be used."""

GREETING = late_pattern(
    r"(?:dear|hi|hello|hey|hallo|liebe[rs]?|sehr geehrte[rn]?|guten (?:tag|morgen)|chere?s?"
    r"|bonjour|madame"
    r"|monsieur|estimad\w+|hola|gentil\w+|egregi\w+|spettabile|buongiorno|salve|beste|geachte"
    r"|prezad\w+|car[oa]s?"
    r"|ola|hej|hei|kaere|kjaere|kara|hyva|szanown\w+|dzien dobry|vazen\w+|dobry den|tisztelt"
    r"|уважаем\w+"
    r"|здравствуйте|шановн\w+|sayin|merhaba|stimat\w+)\b"
)

SIGNER = late_pattern(
    r"(?:phone|tel|telephone|telefon|mobile|cell|fax|hotline|call|durchwahl|handy|mobil|portable"
    r"|movil|telefono"
    r"|telefoon|puh|t|f|m|p)?[ .:]*(?:\+|\(?0)[\d ()./-]{5,20}(?: ?(?:ext|x|dw)[. ]*\d{1,5})?"
)
"""A number by which somebody is called."""

ONLY_SOME = late_pattern(
    r"\b(?:only|just|solely|nur|lediglich|ausschliesslich|seule?s?|seulement|uniquement|solo"
    r"|solamente|unicamente|soltanto|alleen|slechts|apenas|somente|endast|bara|kun|bare|vain|tylko"
    r"|pouze|только)\b"
    r"|\b(?:are|is|make up|form) (?:the list|all that is listed|ours|yours|meant|valid|relevant)\b"
    r"|\b(?:count|counts|apply|gelten|zahlen|comptent|cuentan|contano|tellen|contam)\W*\Z"
    r"|\b(?:sind|bilden) (?:die liste|unsere|gemeint|gultig)\b|\bsont la liste\b|\bson la lista\b"
)
"""That those entries of which a sentence speaks are listed, and so others are not."""
