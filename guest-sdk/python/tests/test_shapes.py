"""Annotations as schemas and as readers of JSON."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict

import pytest

from hap_guest.shapes import Misfit, schema_of, shape_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Section:
    """A part of a text."""

    title: Annotated[str, "Its heading."]
    level: int = 1
    parts: list[Section] = field(default_factory=list)


class Note(TypedDict):
    text: str
    pinned: NotRequired[bool]


@dataclass
class Positive:
    number: int

    def __post_init__(self) -> None:
        if self.number <= 0:
            raise ValueError("`number` is not positive")


def test_a_dataclass_is_an_object_that_may_contain_itself():
    assert schema_of(shape_of(Section)) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Section",
        "type": "object",
        "description": "A part of a text.",
        "properties": {
            "title": {"type": "string", "description": "Its heading."},
            "level": {"type": "integer", "default": 1},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Section"}},
        },
        "required": ["title"],
        "$defs": {
            "Section": {
                "type": "object",
                "description": "A part of a text.",
                "properties": {
                    "title": {"type": "string", "description": "Its heading."},
                    "level": {"type": "integer", "default": 1},
                    "parts": {"type": "array", "items": {"$ref": "#/$defs/Section"}},
                },
                "required": ["title"],
            }
        },
    }
    section = shape_of(Section).decode({"title": "a", "parts": [{"title": "b", "level": 2}]}, "")
    assert section == Section("a", 1, [Section("b", 2)])


def test_a_typed_dict_is_an_object_and_keeps_what_it_was_given():
    schema = schema_of(shape_of(Note))
    assert (schema["properties"].keys(), schema["required"]) == ({"text", "pinned"}, ["text"])
    assert shape_of(Note).decode({"text": "a", "more": 1}, "") == {"text": "a", "more": 1}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (float, {"type": "number"}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Colour, {"enum": ["red", "blue"]}),
        (list, {"type": "array"}),
        (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, str],
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "items": False},
        ),
        (dict, {"type": "object"}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
    ],
)
def test_the_schema_of_an_annotation(annotation, schema):
    assert schema_of(shape_of(annotation)) == {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def test_any_value_has_no_schema():
    assert schema_of(shape_of(Any)) is True


@pytest.mark.parametrize(
    ("annotation", "json", "value"),
    [
        (float, 5, 5.0),
        (int, 5.0, 5),
        (int | float, 5, 5),
        (Colour, "red", Colour.RED),
        (Literal[1, "1"], "1", "1"),
        (set[int], [2, 1, 2], {1, 2}),
        (tuple[int, str], [1, "a"], (1, "a")),
        (dict[str, Note], {"a": {"text": "b"}}, {"a": {"text": "b"}}),
        (Section | None, None, None),
    ],
)
def test_a_value_becomes_the_annotation_s_type(annotation, json, value):
    decoded = shape_of(annotation).decode(json, "")
    assert (decoded, type(decoded)) == (value, type(value))


@pytest.mark.parametrize(
    ("annotation", "json", "path", "reason"),
    [
        (int, True, "", "expected an integer, got true"),
        (int, 5.5, "", "expected an integer, got the number 5.5"),
        (str, None, "", "expected a string, got null"),
        (float, 10**400, "", "the number is too large"),
        (Colour, "green", "", "expected one of 'red', 'blue', got the string \"green\""),
        (Literal[1], True, "", "expected one of 1, got true"),
        (list[Section], [{"title": "a"}, {"title": 1}], "[1].title", "expected a string, got the number 1"),
        (Section, {"parts": []}, "title", "missing: expected a string"),
        (Section | None, {"title": []}, "title", "expected a string, got a list"),
        (tuple[int, str], [1], "", "expected 2 items, got 1"),
        (dict[str, int], {"a": "b"}, "a", 'expected an integer, got the string "b"'),
        (Positive, {"number": 0}, "", "`number` is not positive"),
    ],
)
def test_a_misfit_names_the_place_and_what_was_expected(annotation, json, path, reason):
    with pytest.raises(Misfit) as misfit:
        shape_of(annotation).decode(json, "")
    assert (misfit.value.path, misfit.value.reason) == (path, reason)


@pytest.mark.parametrize("annotation", [complex, bytes, dict[int, str], "str", list[bytes]])
def test_what_json_cannot_serve_is_refused(annotation):
    with pytest.raises(TypeError):
        shape_of(annotation)
