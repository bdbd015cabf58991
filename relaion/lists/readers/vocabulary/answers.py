"""Words and signs that say yes or no, in many languages."""

from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in

YES = words_in(
    "true t yes y 1 ja oui si sí sim да x ✓ ✔ on wahr vrai vero verdadero verdadeiro waar tak ano "
    "áno igen kyllä evet так taip jā jah sant prawda pravda igaz tosi doğru adevărat"
)
NO = words_in(
    "false f no n 0 nein non nee não нет - – — off none null nil na falsch faux falso onwaar nej "
    "nei nie ne nem ei hayır hayir ні ni не nu nē không tidak fals fałsz"
)

DENIALS = NO - words_in("0 f n non no na none null nil off - – — nu") | {"no", "non"}
"""Words that say no, and do not stand where there is nothing."""


def answer_of(word: str) -> bool | None:
    """Whether a word or a sign says yes or no; None where it says neither."""
    told = {word.strip().casefold(), names.squeezed(word)} - {""}
    return True if told & YES else False if told & NO else None
