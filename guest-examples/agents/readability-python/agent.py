"""Measures how hard a document and its sections are to read.

Flesch reading ease (100 easy, 0 very hard) and Flesch-Kincaid grade (years of school), both made for English. Headings
and code are not counted. The same measures as the agent `readability`, which is written in Rust.
"""

import heapq
import math
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Annotated

from hap_guest import agent

from sentences import Section, Sentence, sentences
from syllables import syllables

# How many of the longest sentences are listed.
LONGEST = 5
# How much of a sentence a finding quotes: enough to judge it without opening the document.
EXCERPT_CHARACTERS = 400


@dataclass
class Input:
    """The document."""

    text: Annotated[str, "Plain text or Markdown."]
    sections: Annotated[list[Section] | None, "Its sections, as `split-sections` finds them."] = None


@dataclass
class Score:
    """The measures of a text."""

    words: Annotated[int, "Words that contain a letter or digit."]
    sentences: Annotated[int, "Sentences and items of lists."]
    words_per_sentence: Annotated[float, "Words in a sentence, on average, to one decimal."]
    reading_ease: Annotated[float, "Flesch reading ease: below 30 statutes, above 60 plain English."]
    grade: Annotated[float, "Flesch-Kincaid grade: years of school that a reader needs."]


@dataclass
class SectionScore(Score):
    """The measures of a section."""

    section: Annotated[str, "Its id."]


@dataclass
class Long:
    """A long sentence."""

    words: Annotated[int, "How many words it has."]
    line: Annotated[int, "The line where it begins."]
    section: Annotated[str | None, "The id of its section."]
    sentence: Annotated[str, "Its beginning."]


@dataclass
class Readability:
    """How hard a document is to read."""

    whole: Annotated[Score, "All of it."]
    sections: Annotated[list[SectionScore], "Each section that has text, in the order of the document."]
    longest: Annotated[list[Long], "The longest sentences, the longest first."]


@dataclass
class Output:
    """What was measured."""

    readability: Readability


@agent(name="readability-python", version="0.1.0", read_only=True, idempotent=True)
def readability(input: Input) -> Output:
    """Measures how hard a document and its sections are to read."""
    measured = [(sentence, words) for sentence in sentences(input.text, input.sections or [])
                if (words := words_of(sentence.text))]
    by_section = groupby(measured, key=lambda pair: pair[0].section)
    # Of two equally long sentences the earlier comes first: `nlargest` is stable.
    longest = heapq.nlargest(LONGEST, measured, key=lambda pair: len(pair[1]))
    return Output(
        Readability(
            whole=Score(**score([words for _, words in measured])),
            sections=[
                SectionScore(section=section, **score([words for _, words in part]))
                for section, part in by_section
                if section is not None
            ],
            longest=[Long(len(words), sentence.line, sentence.section, excerpt(sentence)) for sentence, words in longest],
        )
    )


def words_of(sentence: str) -> list[str]:
    """The words that contain a letter or digit."""
    return [word for word in sentence.split() if any(character.isalnum() for character in word)]


def score(sentences: list[list[str]]) -> dict[str, float]:
    """The measures of some sentences, each a list of words."""
    words = Counter(word for sentence in sentences for word in sentence)
    if not words:
        return {"words": 0, "sentences": 0, "words_per_sentence": 0.0, "reading_ease": 0.0, "grade": 0.0}
    length = fmean(map(len, sentences))
    # Each different word is measured once.
    per_word = fmean(map(syllables, words), weights=words.values())
    return {
        "words": words.total(),
        "sentences": len(sentences),
        "words_per_sentence": one_decimal(length),
        # The constants are Flesch's (1948) and Kincaid's (1975).
        "reading_ease": one_decimal(206.835 - 1.015 * length - 84.6 * per_word),
        "grade": one_decimal(0.39 * length + 11.8 * per_word - 15.59),
    }


def one_decimal(value: float) -> float:
    """Rounded as people do it, a half away from zero; `round` goes to the even digit."""
    return math.copysign(math.floor(abs(value) * 10 + 0.5) / 10, value)


def excerpt(sentence: Sentence) -> str:
    """The sentence, or its beginning with an ellipsis where it is very long."""
    if len(sentence.text) <= EXCERPT_CHARACTERS:
        return sentence.text
    return sentence.text[:EXCERPT_CHARACTERS].rstrip() + "…"
