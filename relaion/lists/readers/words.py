"""The words by which givers say whether an entry counts, in the languages that we know.

In English, German, French, Spanish, Italian, Dutch and Portuguese, written without blanks; case,
accents and how an umlaut is written count for nothing. A stem in `*` stands for its forms in -o,
-a, -os, -as, -i, -e, one in `@` for those in -é, -ée, -és, -ées, one in `+` for itself and its
forms in -e, -en, -er, -es. Titles of lists and columns of them know the same words.

Some words speak of a record wherever they stand. Others, such as `safe` or `open`, do so only by
themselves or in a column that decides: they are common in captions and in the names of givers.
"""

import re
import unicodedata

_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "œ": "oe", "ø": "oe"})


_NO_UTF8 = re.compile("[\udc80-\udcff]")
_TWICE = re.compile("[\xc2-\xc5][\x80-\xbf\u0152-\u2122]")
_ENCODINGS = ("cp1252", "cp850", "mac_roman", "cp1251")
_marked: set[str] = set()  # our words that ASCII cannot write


def read_anew(text: str) -> str:
    """A text whose bytes are no UTF-8, or were made UTF-8 twice, as it was meant.

    Programs do not say in which code they wrote. It is that in which most of its words are ours;
    where none is, Windows-1252.
    """
    try:
        if _NO_UTF8.search(text):
            raw = text.encode("utf-8", "surrogateescape")
            readings = [raw.decode(code, "replace") for code in _ENCODINGS]
        elif _TWICE.search(text):
            readings = [text, text.encode("cp1252").decode("utf-8")]
        else:
            return text
    except UnicodeError:
        return text
    return max(readings, key=lambda t: len(_marked.intersection(_WORD.findall(t.casefold()))))


_WORD = re.compile(r"[^\W_]+")


def without_marks(text: str) -> str:
    """A text without case, accents, umlauts and ligatures."""
    if text.isascii():
        return text.casefold()
    text = unicodedata.normalize("NFKD", read_anew(text).casefold())
    return "".join(c for c in text if not unicodedata.combining(c))


def folded(text: str) -> str:
    """A text without case and accents; umlauts are written out, as many programs do."""
    text = unicodedata.normalize("NFKC", text if text.isascii() else read_anew(text)).casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text.translate(_WRITTEN_OUT))
    bare = "".join(c for c in apart if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFC", bare)


_FORMS = {
    "*": ("o", "a", "os", "as", "i", "e"),
    "@": ("é", "ée", "és", "ées"),
    "+": ("", "e", "en", "er", "es"),
}


def words_in(text: str) -> frozenset[str]:
    """The words of a text, folded; a stem that ends in `*`, `@` or `+` is all of its forms.

    Umlauts are written out, and left out too: `gelöscht` is `geloescht` and `geloscht`.
    """
    found: set[str] = set()
    for word in text.split():
        forms = _FORMS.get(word[-1])
        for form in (word[:-1] + end for end in forms) if forms else [word]:
            if not form.isascii():
                _marked.add(form.casefold())
            found |= {folded(form), without_marks(form)}
    return frozenset(found)


# -- What stands in a row, or above rows ---------------------------------------------------------

TAKEN_BACK = (
    "removed remove removal deleted delete deletion withdrawn withdraw withdrawal retracted "
    "retract retraction revoked revoke revocation rescinded rescind inactive expired expire "
    "obsolete outdated delisted delist unlisted cancelled canceled nolonger decommissioned "
    "superseded deactivated repealed annulled lapsed gelöscht+ löschung entfernt+ "
    "zurückgezogen+ zurückgenommen+ widerrufen+ widerruf inaktiv+ abgelaufen+ veraltet+ "
    "ungültig+ storniert+ aufgehoben+ gestrichen+ ausgetragen+ deaktiviert+ hinfällig+ "
    "überholt+ supprim@ retir@ révoqu@ annul@ expir@ périm@ effac@ désactiv@ inactif inactive "
    "obsolète caduc caduque retrait suppression eliminad* borrad* retirad* revocad* anulad* "
    "caducad* expirad* vencid* desactivad* inactiv* obsolet* rimoss* eliminat* cancellat* "
    "ritirat* revocat* annullat* scadut* inattiv* disattivat* verwijderd verwijderde "
    "ingetrokken verlopen vervallen geannuleerd inactief gedeactiveerd herroepen verouderd "
    "geschrapt geschrapte gewist gewiste suprimid* removid* excluíd* apagad* revogad* cancelad* "
    "inativ* desativad*"
)
TAKEN_BACK_ALONE = (
    "del deletes disabled disable cleared drop dropped unblock unblocked retired archived "
    "excluded exclude tombstone entfernen löschen zurückziehen supprimer retirer eliminar "
    "borrar retirar rimuovere verwijderen intrekken remover apagar excluir dépublié invalidé "
    "invalidad* baja invalidat* ongeldig invalid inválid* error inerror byerror erroneous "
    "erroneously mistake mistaken mistakenly irrtum irrtümlich erreur donotblock donotuse "
    "fehler doublon"
)
"""Of a record only by themselves: a host may be disabled, a page in error."""

TITLES_TAKEN_BACK = (
    "removals deletions withdrawals retracts retractions revocations cancelation cancelations "
    "cancellation cancellations expiration expirations delisting delistings unlisting "
    "unlistings dropped cleared retired unblock unblocked löschungen löschen entfernen "
    "entfernung entfernungen streichung streichungen suppressions retraits supprimer retirer "
    "eliminación eliminaciones eliminar retirar borrar baja bajas eliminazione eliminazioni "
    "eliminare cancellazione cancellazioni cancellare rimozione rimozioni rimuovere "
    "verwijdering verwijderingen verwijderen intrekking intrekkingen intrekken wissen remoção "
    "remoções remover excluir apagar"
)
"""What else the lines below a title are called: `Removals 2024-05`."""

DO_NOT_USE = (
    "donotuse donotblock nichtverwenden nichtmehrverwenden nichtbenutzen nichtmehrbenutzen "
    "neplusutiliser nepasutiliser nousar nonutilizzare nonusare nietgebruiken "
    "nietmeergebruiken nãousar nãoutilizar"
)
DUPLICATES = "duplicate duplicates dubletten duplikate doublons duplicados duplicati dubbele"

MISTAKES = (
    "falsepositive falsepositives fp falsealarm falsealarms falsehit falsehits falsematch "
    "falsematches falschpositiv falschpositive fehlalarm fehlalarme fehltreffer falschtreffer "
    "falschmeldung irrläufer fauxpositif fauxpositifs faussealerte faussealarme falsopositivo "
    "falsospositivos falsaalarma falsiallarmi falsoallarme falsipositivi valspositief valsalarm "
    "loosalarm alarmefalso falsoalarme falsaspositivas nomatch notamatch keintreffer"
)
"""What was listed by mistake: good, and where it was listed, taken back."""

GOOD = (
    "knowngood knownbenign knownsafe whitelist whitelisted allowlist allowlisted nsrl "
    "hashlookup notcsam notcsem notillegal notabusive notabuse notharmful noknownmatch "
    "nonpertinent knownfile knownfiles unbedenklich weisseliste nichtillegal keincsam"
)
LISTS_OF_GOOD = "nsrl nsrlfile nsrlfiles hashlookup"
"""Names of lists of what is known good: who names one in a few words means it."""
GOOD_ALONE = (
    "good benign safe allowed negative negativeclass ignore ignored ignorable irrelevant "
    "innocent legal lawful clean harmless notrelevant harmlos unschuldig sauber legale legaal "
    "erlaubt gutartig negativ inoffensif inoffensive innocente légal licite négatif inofensiv* "
    "inocente benign* limp* lícit* negativ* innocu* pulit* lecit* lecite onschuldig "
    "onschadelijk schoon negatief inocentes"
)
DISPUTED = (
    "disputed appealed contested bestritten angefochten strittig contest@ litigieux litigieuse "
    "disputad* impugnad* contestat* betwist contestad*"
)
DISPUTED_ALONE = "dispute appeal challenged questionable"
UNCONFIRMED = (
    "unconfirmed unverified unreviewed underreview notconfirmed notverified notreviewed "
    "unbestätigt ungeprüft nichtbestätigt nonconfirmé nonvérifié sinconfirmar noconfirmado "
    "nonconfermato onbevestigd nãoconfirmado awaitingreview pendingreview"
)
UNCONFIRMED_ALONE = (
    "pending suspected suspect review inreview rejected denied declined proposed candidate "
    "investigationseed abgelehnt verworfen zurückgewiesen ausstehend inprüfung verdacht entwurf "
    "rejet@ refus@ enattente brouillon rechazad* denegad* pendiente borrador respint* rifiutat* "
    "inattesa bozza afgewezen inafwachting rejeitad* recusad* pendente rascunho"
)
UNCONFIRMED_NAMES = "pending draft provisional candidate suspected proposed entwurf brouillon bozza"
"""Of these a column may be called."""
UNCERTAIN = (
    "adult adults adulte adultes adult* erwachsen erwachsene erwachsener volwassen volwassene "
    "legaladult adultcontent adultporn legalporn"
)
"""Nobody here can say what they decide: a giver may list adults, or list them apart."""

# -- Words that speak of a record only in a column that decides ---------------------------------

LISTED = (
    "active live current listed confirm confirmed valid verified illegal csam csem csea cp "
    "enabled aktiv gültig gelistet bestätigt verifiziert geprüft strafbar actif active valide "
    "confirm@ vérifi@ illégal activ* válid* valid* vigente vigentes confirmad* verificad* "
    "ilegal attiv* confermat* verificat* illegale actief geldig bevestigd geverifieerd illegaal "
    "ativ*"
)
"""Those that take back where a `not` stands before them."""

ADDED = (
    "new add added adds addition additions insert inserted insertion insertions updated neu+ "
    "neuzugänge hinzugefügt+ gelistet+ nouveau nouveaux nouvelle nouvelles ajout ajouts ajout@ "
    "actifs nuev* añadid* agregad* alta altas nuov* aggiunt* nieuw nieuwe toegevoegd "
    "toegevoegde actieve nov* adicionad* aktive"
)
ALSO_LISTED = (
    "upsert upserted create created update modify modified changed positive positiveclass true "
    "truepositive abuse abusive childabuse block blocked blacklist blacklisted denylist deny "
    "published publish approved match bad known-bad knownbad malicious notable pedo online "
    "offline ok hit gesperrt treffer bloqu@ bloquead* bloccat* geblokkeerd positiv positif "
    "positiv* positief"
)
ALSO_GOOD = "known allow trusted"
ALSO_UNCONFIRMED = (
    "draft test testing unknown open inprogress new? duplicate offen unbekannt inconnu ouvert "
    "abiert* desconocid* apert* sconosciut* onbekend abert* concept"
)

# -- What an entry is of ---------------------------------------------------------------------------

PICTURES = (
    "image images img imgs picture pictures pic pics photo photos photograph photographs still "
    "stills bild bilder foto fotos standbild imagen imágenes imagem imagens immagine immagini "
    "afbeelding afbeeldingen"
)
IMAGE = (
    f"{PICTURES} jpg jpeg jpe jfif png apng gif webp bmp tif tiff heic heif avif jxl jp2 svg ico "
    "raw"
)
FILMS = (
    "video videos movie movies clip clips film films filme filmes filmpjes vidéo vidéos vídeo "
    "vídeos película películas filmato filmati footage videodatei videodateien videobestanden"
)
VIDEO = (
    f"{FILMS} mp4 m4v mov avi mkv webm mpg mpeg wmv flv 3gp 3gpp ogv ts mts m2ts vob asf rm rmvb "
    "f4v divx"
)
OTHER = (
    "audio sound music mp3 wav ogg flac m4a text txt document documents dokument dokumente "
    "document* documento documentos documenti doc docx odt rtf pdf xls xlsx ods csv ppt pptx "
    "html htm exe dll msi apk jar bat ps1 archive archiv archivo zip rar 7z gz tar iso dmg deb "
    "rpm executable malware software program programm programme programma other sonstiges autre "
    "otro altro overig outro binary bin sys drv so js css xml json py db sqlite"
)

# -- Words between ---------------------------------------------------------------------------------

NEGATIONS = (
    "not no n non nicht kein keine pas ne plus niet geen não never nie nunca jamais mai nooit"
)
AGAINST = "checked against without excluding excludes filtered cleaned free geprüft gegen ohne sans"
"""Before a word of good: what is listed was compared with it."""

FILLERS = (
    "a an the is was were be been has have had as at by on in of for from since per to until "
    "now and or it this entry record hash digest listing item status state longer yet any more "
    "mehr a von vom am im an der die das den ist war wurde wurden am seit durch als und oder "
    "datum eintrag le la les du de des en est par depuis et ou el los las del fue es por desde "
    "y o il lo gli di da dal è stato stata op van het een is werd sinds door em no na por foi "
    "desde e date reason note grund motif motivo jan feb mar apr may jun jul aug sep sept oct "
    "nov dec january february march april june july august september october november december "
    "januar februar märz mai juni juli oktober dezember utc z t uhr e ya più meer mais please "
    "bitte svp"
)

# -- Names of columns ----------------------------------------------------------------------------

UNTIL_NAMES = (
    "expires expiry expiration expiring expirydate expirationdate expiresat expireson "
    "validuntil validto validtill goodtill ttluntil gültigbis ablauf ablaufdatum ablaufen "
    "verfallsdatum expirationle datedexpiration valablejusquau validejusquau caducidad "
    "vencimiento válidohasta fechadecaducidad fechadevencimiento scadenza validofinoa "
    "datadiscadenza vervaldatum geldigtot expire expdate expiredate exptime expiretime verfällt "
    "verfall verfalldatum gültigkeitsende verlooptop vencimento válidoaté datadevencimento "
    "enddate removeafter deleteafter"
)
FILE_NAMES = (
    "filename filenames path paths filepath fullpath file name relativepath dateiname "
    "dateinamen datei pfad dateipfad nomdufichier nomfichier fichier chemin archivo "
    "nombrearchivo nombredearchivo nombredelarchivo ruta fichero nomefile nomedelfile percorso "
    "bestandsnaam bestand pad nomedoarquivo arquivo caminho"
)
CAPTION_NAMES = (
    "title titles caption captions text texts alt alttext subject headline titel überschrift "
    "titre légende título titolo didascalia keyword keywords query prompt"
)
HARMLESS_NAMES = (
    "id ids no nr num number row rows line index idx count counts total n size width height length "
    "bytes pages page frames faces face people quality score rank distance nsfw punsafe unsafe "
    "language lang country region city gender sex age color colour grayscale animated watermark "
    "watermarked ocr series batch part chunk version year month day hour week https ssl platform "
    "os vendor tool camera format sprache land geschlecht alter farbe anzahl nummer seite jahr "
    "langue pays sexe âge nombre idioma país sexo edad año lingua paese sesso età taal leeftijd"
)
"""Columns of these decide nothing, whatever they say."""
NOTE_NAMES = (
    "note notes comment comments remark remarks tag tags label labels memo annotation "
    "annotations info information hint reason reasons details bemerkung bemerkungen anmerkung "
    "anmerkungen kommentar kommentare notiz notizen hinweis hinweise grund schlagwort "
    "schlagworte remarque remarques commentaire commentaires raison motif observation "
    "observations nota notas observación observaciones comentario comentarios motivo etiqueta "
    "etiquetas osservazione osservazioni commento commenti etichetta opmerking opmerkingen "
    "notitie reden observação observações comentário comentários flag flags"
)
