"""What is said of a list that is none: a sample, an export of a sandbox, what was let go."""

from __future__ import annotations

import re

from relaion.lists.readers.vocabulary import names, words
from relaion.lists.readers.vocabulary.answers import answer_of

_TRIALS = words.words_in(
    "test tests testing testdata testrun testlist testfile sample samples example examples demo "
    "demos demonstration sandbox staging mock mocked mockup dummy placeholder placeholders "
    "dryrun "
    "fake faked fictitious fictional synthetic madeup simulated simulation invented beispiel "
    "beispiele beispieldaten testdaten muster musterdaten probe probelauf exemple exemples essai "
    "ejemplo ejemplos prueba pruebas esempio esempi prova voorbeeld voorbeelden exemplo exemplos "
    "teste exempel eksempel esimerkki példa przykład příklad пример тест "
    "exercise exercises drill drills training trainings rehearsal trial canary honeypot random "
    "randomly übung übungen übungsdaten schulung schulungsdaten exercice exercices entraînement "
    "ejercicio ejercicios simulacro entrenamiento esercitazione esercitazioni oefening "
    "oefeningen "
    "exercício exercícios simulado treinamento övning övningar øvelse øvelser harjoitus "
    "gyakorlat "
    "teszt ćwiczenie ćwiczenia testowe cvičení zkouška zkušební учения учебный тестовый тестовые "
    "навчання тестовий tatbikat deneme exercițiu vježba テスト 測試 测试 训练 테스트 훈련"
)
_NO_PRODUCTION = words.words_in(
    "dev devel development develop stage uat qa preprod preproduction integration int ci nonprod "
    "nonproduction"
)
_COUNTED = words.words_in("samples examples tests demos")
_FLAG = words.words_in(
    "is a an the for only mode run flag data file list set dataset feed export delivery env "
    "environment content values value records entries use purpose purposes"
)
_BESIDE = _FLAG | words.words_in(
    "of our your in this these it its are and or to with hash hashes digest digests md5 sha1 "
    "sha256 checksum checksums entry record row rows line lines format layout structure schema "
    "files lists new member members system all here please note number numbers nur zum zu zur "
    "des der das die unser unseres unsere pour de la le un une du notre para el una por di il "
    "uno "
    "van het een ons com om event events batch batches integration acceptance unit internal "
    "image "
    "images picture pictures photo photos report reports indicator indicators descriptor "
    "descriptors attribute attributes analyst analysts staff team partner partners import "
    "imports "
    "matching matcher pipeline connection connectivity ignore disregard generated created was "
    "were "
    "annual yearly daily weekly monthly first second system systems lieferung daten ereignis "
    "événement evento dati datos données gegevens dados"
)
_PURPOSES = words.words_in(
    "list lists type types role roles usage use purpose purposes mode polarity intent set class "
    "kind semantics meaning category sense art typ zweck rolle verwendung rôle usage tipo uso "
    "propósito finalidad ruolo scopo gebruik rol doel finalidade"
)
_EXCLUSIONS = words.words_in(
    "exclusion exclusions exclude excludes excluded excluding exception exceptions exempt "
    "exempted "
    "exemption exemptions ignore ignored ignorelist skip skipped skiplist suppress suppressed "
    "suppression suppressions bypass negative negatives control controls permitted permit pass "
    "passlist ausnahme ausnahmen ausschluss ausschlüsse ausgeschlossen+ negativliste exclusión "
    "exclusiones excepción excepciones esclusione esclusioni eccezione eccezioni uitsluiting "
    "uitsluitingen uitzondering uitzonderingen exclusão exclusões exceção exceções undantag "
    "undtagelse undtagelser unntak poikkeus poikkeukset kivétel kivételek wyjątek wyjątki "
    "wykluczenie wykluczenia výjimka výjimky исключение исключения виняток винятки istisna "
    "istisnalar excepție excepții iznimka iznimke 除外 例外"
)
_FEW = 5  # words of what tells what a list is for
_PHRASE = re.compile(
    r"\b(?:not?|never)(?: (?:for|in|meant for|intended for|to be used in))? (?:production|real\b)"
    r"|\bnon-?production\b|\blorem ipsum\b|\bmade[ -]up\b|\bfictitious\b|\bplaceholders?\b"
    r"|\bdummy\b|\bdry[ -]?run\b|\bfür testzwecke\b"
)
_LET_GO = re.compile(
    r"\b(?:after|following|upon|won|granted|upheld|successful|allowed) (?:\w+ ){0,2}appeals?\b"
    r"|\bappeals? (?:\w+ ){0,2}(?:upheld|granted|won|successful|allowed|accepted|succeeded)\b"
)
_PIECES = re.compile(r"[.!?;,:|\n()\[\]]+|\s[-–—]\s")
_WORD = re.compile(r"[^\W_]+")
_PARTIES = words.words_in(
    "source giver provider organisation organization org by author owner company contact partner "
    "submitter reporter publisher member url uri link host domain email mail path id version "
    "tool "
    "client next previous cursor token query"
)
_ENVIRONMENT = words.words_in("env environment stage tier deployment realm instance")


def trial_in(name: str, text: str) -> str:
    """The word by which a text under a name says that a list is none; empty where none does.

    A flag says so by its name, such as `is_test`, where its text says yes; all else by its words.
    """
    told = [word for word in _joined(names.words_of(name)) if not word.isdigit()]
    own = next((word for word in told if word in _TRIALS), "")
    if own and all(word in _TRIALS or word in _FLAG for word in told):
        is_number = text.strip().isdigit() and own in _COUNTED
        if answer_of(text) and not is_number:
            return own
    if not _PARTIES.isdisjoint(told) or "://" in text:
        return ""
    folded = words.folded(text)
    if word := _exclusion_in(told, folded):
        return word
    if found := _PHRASE.search(folded) or _LET_GO.search(folded):
        return found[0]
    known = _TRIALS
    if not _ENVIRONMENT.isdisjoint(told):
        known = _TRIALS | _NO_PRODUCTION
    for piece in _PIECES.split(text):
        units = _joined(_WORD.findall(words.folded(piece)))
        if (word := next((u for u in units if u in known), "")) and all(
            u in known or u in _BESIDE or u.isdigit() for u in units
        ):
            return word
    return ""


def tester_in(name: str, text: str) -> str:
    """The word by which whoever a column names is one for tests: `QA test account`."""
    is_party = "@" not in text and not _WHOM.isdisjoint(names.words_of(name))
    units = _joined(_WORD.findall(words.folded(text))) if is_party and len(text) <= _LONGEST else []
    is_all = all(u in _TESTERS or u in _ACCOUNTS or u in _BESIDE or u.isdigit() for u in units)
    is_one = is_all and not _ACCOUNTS.isdisjoint(units)
    return next((u for u in units if u in _TESTERS), "") if is_one else ""


_LONGEST = 40  # characters of a name of somebody
_WHOM = words.words_in(
    "owner owners uploader uploaded account user reporter reported by source provider member "
    "partner submitter submitted analyst team org organisation organization agency customer "
    "client "
    "feed besitzer eigentümer quelle melder einsender propriétaire fuente origen proprietario "
    "fonte "
    "eigenaar bron melder källa kilde zdroj źródło источник"
)
_ACCOUNTS = words.words_in(
    "account accounts user users login konto nutzer benutzer compte utilisateur cuenta usuario "
    "conto utente gebruiker conta qa qc uat"
)
_TESTERS = words.words_in(
    "test tests testing tester dummy fake mock sandbox demo prueba prova essai teste testowe "
    "тестовый"
)


def _exclusion_in(of_name: list[str], text: str) -> str:
    """The word by which a text that tells what a list is for says that it takes out."""
    units = _WORD.findall(text)
    if _PURPOSES.isdisjoint(of_name) or len(units) > _FEW:
        return ""
    is_all = all(u in _EXCLUSIONS or u in _BESIDE for u in units)
    return next((u for u in units if u in _EXCLUSIONS), "") if is_all else ""


def _joined(units: list[str] | tuple[str, ...]) -> list[str]:
    """Words, of which `dry run` and `made up` are one."""
    found: list[str] = []
    for unit in units:
        if found and found[-1] + unit in ("dryrun", "madeup"):
            found[-1] += unit
        else:
            found.append(unit)
    return found
