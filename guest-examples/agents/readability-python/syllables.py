"""How many syllables an English word has, by its spelling. Right for most words, and its errors even out."""

import re
from functools import cache

VOWELS = "aeiouyäöüéèêáàâíóú"

_GROUPS = re.compile(f"[{VOWELS}]+")
# `table` keeps its ending, `make`, `makes` and `joined` lose it, `waited` and `changes` keep it.
_SILENT = re.compile(f"(?:(?<![^{VOWELS}]l)(?<=[^{VOWELS}])e|(?<=[^{VOWELS}td])ed|(?<=[^{VOWELS}sxzhcg])es)$")
# `i-o` in `violation` is two; `ti-on` is one.
_SPLIT = re.compile(r"(?<![tcsgq])(?=i[aou]|ua)")


@cache
def syllables(word: str) -> int:
    """The syllables of a word; at least one."""
    # A compound has the syllables of its parts, and a number is read as about one a digit.
    return max(1, sum(map(_part, re.split("[-/–—]", word))))


def _part(word: str) -> int:
    digits = sum(character in "0123456789" for character in word)
    letters = "".join(filter(str.isalpha, word)).lower()
    if not letters:
        return digits
    count = len(_GROUPS.findall(letters)) + len(_SPLIT.findall(letters))
    return max(1, count - bool(_SILENT.search(letters))) + digits
