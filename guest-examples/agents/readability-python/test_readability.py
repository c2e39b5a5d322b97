"""PYTHONPATH=../../../guest-sdk/python/src python -m pytest"""

import json
from pathlib import Path

from hap_guest import testing

from agent import readability
from sentences import marker_of, sentences
from syllables import syllables

EXAMPLES = Path(__file__).parents[2]


def test_the_document_is_measured_as_by_the_agent_in_rust():
    text = (EXAMPLES / "documents/GPL-3.txt").read_text()
    sections = json.loads((EXAMPLES / "expected/sections.json").read_text())["sections"]
    expected = json.loads((EXAMPLES / "expected/readability.json").read_text())
    assert testing.invoke(readability, {"text": text, "sections": sections}).output == expected


def test_a_text_without_words_has_no_score():
    output = testing.invoke(readability, {"text": "---\n\n…\n"}).output
    assert output["readability"]["whole"]["words"] == 0


def test_syllables():
    words = {"make": 1, "table": 2, "joined": 1, "waited": 2, "violation": 4, "re-use": 2, "42": 2, "…": 1, "the": 1}
    assert {word: syllables(word) for word in words} == words


def test_markers():
    for text in ["- a", "(a) b", "iv) x", "3. x", "4.2 x", "(1) x", "12: x"]:
        assert marker_of(text), text
    for text in ["2007 was", "a. b", "of (b)", "(see)", "I. e", "", "x", "1.5.", "(b or c) d", "() x"]:
        assert not marker_of(text), text


def test_sentences_cross_lines_and_know_them():
    found = list(sentences("You must\r\ncomply. It is\r\nnon-\r\nbinding.", []))
    assert [(sentence.text, sentence.line) for sentence in found] == [("You must comply.", 1), ("It is non-binding.", 2)]


def test_abbreviations_end_none():
    text = "Mr. J. Smith of the U.S. Army, No. 5. No. Yes"
    expected = ["Mr. J. Smith of the U.S. Army, No. 5.", "No.", "Yes"]
    assert [sentence.text for sentence in sentences(text, [])] == expected
