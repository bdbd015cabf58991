"""Made-up captions: neutral words of a language, and keywords where they are asked for."""

import random
import unicodedata
from collections.abc import Sequence

from relaion.sample.draw import lognormal
from relaion.sample.words import KEYWORDS, LANGUAGES, NEAR_KEYWORDS, UNSPACED, VOCABULARY

_MEAN_LENGTH = 58  # characters, as in LAION-400M
_SIGMA = 0.62
_LANGUAGES = tuple(LANGUAGES)
_SHARES = tuple(LANGUAGES.values())


def _n_words(language: str) -> list[int]:
    """A table to draw a caption's number of words from, so that lengths have the right mean."""
    words = VOCABULARY[language]
    width = sum(map(len, words)) / len(words) + (language not in UNSPACED)
    mean = _MEAN_LENGTH / width
    table = lognormal(mean * 0.82, _SIGMA)
    return [max(n, 1) for n in table]


_N_WORDS = {language: _n_words(language) for language in VOCABULARY}


def languages(rng: random.Random, n: int) -> list[str]:
    """The languages of `n` captions of the multilingual subset."""
    return rng.choices(_LANGUAGES, weights=_SHARES, k=n)


def captions(rng: random.Random, spoken: Sequence[str]) -> list[str]:
    """One caption for each language code of `spoken`; none holds a keyword."""
    made = []
    for language in spoken:
        words = rng.choices(VOCABULARY[language], k=rng.choice(_N_WORDS[language]))
        made.append(("" if language in UNSPACED else " ").join(words))
    return made


def with_keyword(rng: random.Random, caption: str, language: str) -> str:
    """The caption with a keyword of its language in it, in a spelling that still counts."""
    keyword = rng.choice(KEYWORDS[language])
    spelling = rng.random()
    if spelling < 0.2:
        keyword = keyword.capitalize()
    elif spelling < 0.3:
        keyword = keyword.replace("ß", "ẞ").upper()  # upper() alone would make `ß` two letters
    elif spelling < 0.4:
        keyword = unicodedata.normalize("NFD", keyword)
    return _insert(rng, caption, keyword, language)


def with_near_keyword(rng: random.Random, caption: str, language: str) -> str:
    """The caption with a word that merely begins with a keyword, where such a word exists."""
    near = NEAR_KEYWORDS.get(language)
    return _insert(rng, caption, near, language) if near else caption


def _insert(rng: random.Random, caption: str, word: str, language: str) -> str:
    if language in UNSPACED:
        place = rng.randrange(len(caption) + 1)
        return caption[:place] + word + caption[place:]
    words = caption.split(" ")
    words.insert(rng.randrange(len(words) + 1), word)
    return " ".join(words)
