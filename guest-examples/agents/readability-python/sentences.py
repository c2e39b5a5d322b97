"""Sentences with the lines they begin on, across line breaks, paragraphs and lists.

The rules are those of the Rust library `text`, which the other agents of the review share.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated


@dataclass
class Section:
    """What this agent needs to know of a section."""

    id: Annotated[str, "Unique in the document."]
    first_line: Annotated[int, "The line of the heading, counted from 1."]
    body_line: Annotated[int, "The first line after the heading."]
    last_line: Annotated[int, "The last line."]


@dataclass
class Sentence:
    """One sentence, or one item of a list."""

    text: str
    line: int
    section: str | None


@dataclass
class Line:
    """A line without indentation, quotation marks of Markdown, and the frame of boxed text."""

    indent: int
    text: str
    is_code: bool = False

    @property
    def is_blank(self) -> bool:
        """Nothing to read: empty, or a ruler such as `-----`."""
        return not self.text or bool(_RULER.fullmatch(self.text))


_RULER = re.compile(r"([-=_*~#])\1{2,}")
_BULLETS = "-*+•–—·◦▪"
_LABEL = re.compile(
    r"""\(* (?: \d{1,3}(\.\d{1,3})* [).:]* (?<=[).:])   # 3. (3) 3: 4.2.
          | \d{1,3}(\.\d{1,3})+                         # 4.2
          | (?=.*\)) (?: [A-Za-z] | [ivxlIVXL]{1,5} ) [).:]+   # (b) xiv)
        )""",
    re.VERBOSE,
)

# A dot after these ends no sentence.
ABBREVIATIONS = frozenset(
    "al approx art arts cf ch cl dr e.g ed eg est fig i.e ie mr mrs ms mt p para paras pp prof ref rev sec sect sched "
    "st v ver viz vol vs".split()
)
# A dot after these ends no sentence where a digit follows.
BEFORE_DIGITS = frozenset("no nos jan feb mar apr jun jul aug sep sept oct nov dec".split())
# A dot after these ends a sentence only where the next word is one that begins sentences.
COMPANY = frozenset("bros co corp inc llc ltd plc".split())
OPENERS = frozenset(
    "A All An Any But Each Every For He However If In It Its No Nothing On Our She Such That The Their These They This "
    "Those To Unless Upon We When Where You Your".split()
)
LABELLED = frozenset("Annex Appendix Article Exhibit Part Schedule Section".split())

_END = re.compile(r"""[.!?。！？][.!?"'”’»)\]*_]*""")


def sentences(text: str, sections: list[Section]) -> Iterator[Sentence]:
    """All sentences of a text, without headings and code. Without sections, headings read as sentences."""
    lines = list(lines_of(text))
    mark_code(lines)
    starts = [section.first_line for section in sections]
    paragraph = Paragraph()
    before: Line | None = None
    for number, line in enumerate(lines, start=1):
        at = bisect_right(starts, number) - 1
        section = sections[at] if at >= 0 and number <= sections[at].last_line else None
        if line.is_blank or line.is_code or (section and number < section.body_line):
            yield from paragraph.finish()
            before = line
            continue
        starts_section = section is not None and number == section.first_line
        item = item_marker(before, line)
        if starts_section or item or line.text.startswith("|"):
            yield from paragraph.finish()
        marker = item or (None if paragraph.text else marker_of(line.text))
        paragraph.section = section.id if section else None
        paragraph.push(line.text.removeprefix(marker or ""), number)
        before = line
    yield from paragraph.finish()


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a text. A carriage return at the end of a line is not part of it."""
    for raw in text.removesuffix("\n").split("\n") if text else []:
        stripped = raw.lstrip()
        indent = len(raw) - len(stripped)
        stripped = stripped.rstrip()
        while stripped.startswith(">"):
            stripped = stripped[1:].lstrip()
        if stripped.startswith("* ") and stripped.endswith(" *") and len(stripped) >= 4:
            stripped = stripped[2:-2].strip()
        yield Line(indent, stripped)


def mark_code(lines: list[Line]) -> None:
    """Marks fenced code. A fence without its partner opens nothing: a stray one would hide the rest."""
    fences = [at for at, line in enumerate(lines) if line.text.startswith("```")]
    for open_at, close_at in zip(fences[::2], fences[1::2], strict=False):
        for line in lines[open_at : close_at + 1]:
            line.is_code = True


def marker_of(text: str) -> str | None:
    """The list marker that a text starts with: `-`, `(a)`, `iv)`, `3.` or `4.2`; never a bare number."""
    word, *rest = re.split(r"\s", text, maxsplit=1)
    if not rest:
        return None
    is_marker = word in _BULLETS and len(word) == 1 or _LABEL.fullmatch(word)
    return word if is_marker else None


def item_marker(before: Line | None, line: Line) -> str | None:
    """The marker of a line that begins a list item although no blank line precedes it.

    A line of running text may begin like one, so the line before must have ended a clause, or announce a list that
    starts here, further in.
    """
    marker = marker_of(line.text)
    if marker is None or before is None or before.is_blank:
        return None
    is_first = marker.strip("().") in ("1", "a", "A", "i", "-", "*", "•")
    is_deeper = line.indent > before.indent
    ends_clause = before.text.endswith((".", ";", ",", "!", "?", " and", " or"))
    # Bullets are no words, so they need no such care, except the dash that may continue a sentence.
    is_bullet = marker in ("*", "•", "·", "◦", "▪", "+") or marker == "-" and ends_clause
    announced = before.text.endswith(":") and (is_deeper or is_bullet or marker == "-")
    return marker if ends_clause or announced or is_bullet or is_first and is_deeper else None


class Paragraph:
    """The words of a paragraph, and which line of the document each part of it is from."""

    def __init__(self) -> None:
        self.text = ""
        self.section: str | None = None
        self._starts: list[tuple[int, int]] = []

    def push(self, words: str, line: int) -> None:
        """Adds the words of a line. One that was divided at the line's end is joined."""
        first, *rest = words.split() or [""]
        if not first:
            return
        is_divided = len(self.text) > 1 and self.text[-1] == "-" and self.text[-2].isalpha() and first[0].islower()
        if self.text and not is_divided:
            self.text += " "
        self._starts.append((len(self.text), line))
        self.text += " ".join([first, *rest])

    def finish(self) -> Iterator[Sentence]:
        """Cuts the paragraph into sentences and starts a new one."""
        places = [place for place, _ in self._starts]
        for start, end in ranges(self.text):
            line = self._starts[max(0, bisect_right(places, start) - 1)][1]
            yield Sentence(self.text[start:end], line, self.section)
        self.__init__()


def ranges(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of one paragraph, without the spaces between them."""
    ends = [0]
    for match in _END.finditer(text):
        rest = text[match.end() : match.end() + 100]
        is_wide = match[0][0] in "。！？"
        if is_wide or (
            rest.startswith(" ")
            and begins_sentence(rest.lstrip())
            and not (match[0][0] == "." and abbreviates(text[ends[-1] : match.start()], rest))
        ):
            ends.append(match.end())
    for start, end in pairwise([*ends, len(text)]):
        while start < end and text[start] == " ":
            start += 1
        if start < end:
            yield start, end


def begins_sentence(text: str) -> bool:
    """Whether a text begins as a sentence does: with a letter that is not small, or a digit."""
    first = text.lstrip("\"'“‘„«([*_§")[:1]
    return first.isalnum() and not first.islower()


def abbreviates(before: str, after: str) -> bool:
    """Whether the dot between these two belongs to the word before it."""
    *_, previous, word = ["", *before.rsplit(" ", 2)][-2:]
    word = word.lstrip('(["“‘')
    following = (after.split() or [""])[0].rstrip(",;:")
    lower = word.lower()
    if lower in COMPANY:
        return following not in OPENERS
    # "No" is a number before a digit, and a word elsewhere.
    if lower in BEFORE_DIGITS:
        return following[:1] in tuple("0123456789")
    letters = word.split(".")
    is_initials = all(len(letter) == 1 and letter.isalpha() for letter in letters)
    if is_initials and len(letters) > 1:
        return following not in OPENERS
    # "J. Smith", but not "Exhibit A. The".
    is_initial = is_initials and word.isupper() and word != "I"
    return is_initial and previous not in LABELLED and following not in OPENERS or lower in ABBREVIATIONS
