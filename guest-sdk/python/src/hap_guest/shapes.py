"""Shapes: what a type annotation says about JSON. Each makes its JSON Schema, and values of its type from JSON.

`shape_of` reads an annotation once, when the module is loaded, so an annotation that JSON cannot serve fails the
build and not a run.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]


class Misfit(Exception):
    """A JSON value is not of the shape. `path` names the place, empty for the whole value."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


class Shape:
    """The base: any JSON value."""

    def schema(self, definitions: Definitions) -> Schema | bool:
        """The JSON Schema (2020-12). What may refer to itself goes into `definitions`."""
        return True

    def decode(self, value: Any, path: str) -> Any:
        """The value as the annotation's type. Raises `Misfit`."""
        return value


class Definitions:
    """The `$defs` of one schema: records by name, so that a type may contain itself."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._names: dict[type, str] = {}

    def refer(self, record: Record) -> Schema:
        """A reference to the record, whose schema is made the first time."""
        name = self._names.get(record.type)
        if name is None:
            name = record.type.__name__
            while name in self.schemas:
                name += "_"
            self._names[record.type] = name
            self.schemas[name] = {}
            self.schemas[name] = record.object_schema(self)
        return {"$ref": f"#/$defs/{name}"}


@dataclasses.dataclass
class Scalar(Shape):
    """A string, number, boolean or null."""

    type: type
    name: str
    told: str

    def schema(self, definitions: Definitions) -> Schema:
        return {"type": self.name}

    def decode(self, value: Any, path: str) -> Any:
        if self.type is float and type(value) is int:
            return _float(value, path)
        # `5.0` is an integer in JSON Schema.
        if self.type is int and type(value) is float and value.is_integer():
            return int(value)
        # By the exact type: a `bool` is an `int` in Python, but not in JSON.
        if type(value) is not self.type:
            raise Misfit(path, f"expected {self.told}, got {told(value)}")
        return value


STRING = Scalar(str, "string", "a string")
SCALARS = {
    str: STRING,
    bool: Scalar(bool, "boolean", "true or false"),
    int: Scalar(int, "integer", "an integer"),
    float: Scalar(float, "number", "a number"),
    type(None): Scalar(type(None), "null", "null"),
}


@dataclasses.dataclass
class OneOf(Shape):
    """One of some values: `Literal`, or the values of an `Enum`."""

    members: list[tuple[Any, Any]]
    """JSON value and what it becomes."""

    def schema(self, definitions: Definitions) -> Schema:
        return {"enum": [json for json, _ in self.members]}

    def decode(self, value: Any, path: str) -> Any:
        for json, member in self.members:
            if type(json) is type(value) and json == value:
                return member
        choices = ", ".join(repr(json) for json, _ in self.members)
        raise Misfit(path, f"expected one of {choices}, got {told(value)}")


@dataclasses.dataclass
class Array(Shape):
    """A list, or a tuple of any length, or a set."""

    items: Shape
    make: type

    def schema(self, definitions: Definitions) -> Schema:
        schema: Schema = {"type": "array"}
        if (items := self.items.schema(definitions)) is not True:
            schema["items"] = items
        if self.make in (set, frozenset):
            schema["uniqueItems"] = True
        return schema

    def decode(self, value: Any, path: str) -> Any:
        values = _list(value, path)
        decoded = [self.items.decode(item, f"{path}[{index}]") for index, item in enumerate(values)]
        return decoded if self.make is list else self.make(decoded)


@dataclasses.dataclass
class Tuple(Shape):
    """A tuple of fixed length."""

    items: list[Shape]

    def schema(self, definitions: Definitions) -> Schema:
        schemas = [item.schema(definitions) for item in self.items]
        return {"type": "array", "prefixItems": schemas, "minItems": len(schemas), "items": False}

    def decode(self, value: Any, path: str) -> tuple[Any, ...]:
        values = _list(value, path)
        if len(values) != len(self.items):
            raise Misfit(path, f"expected {len(self.items)} items, got {len(values)}")
        pairs = enumerate(zip(self.items, values, strict=True))
        return tuple(item.decode(value, f"{path}[{index}]") for index, (item, value) in pairs)


@dataclasses.dataclass
class Map(Shape):
    """An object with any keys."""

    values: Shape

    def schema(self, definitions: Definitions) -> Schema:
        schema: Schema = {"type": "object"}
        if (values := self.values.schema(definitions)) is not True:
            schema["additionalProperties"] = values
        return schema

    def decode(self, value: Any, path: str) -> dict[str, Any]:
        values = _object(value, path)
        return {key: self.values.decode(item, join(path, key)) for key, item in values.items()}


@dataclasses.dataclass
class Union(Shape):
    """The first shape that fits."""

    members: list[Shape]

    def schema(self, definitions: Definitions) -> Schema:
        return {"anyOf": [member.schema(definitions) for member in self.members]}

    def decode(self, value: Any, path: str) -> Any:
        # An exact scalar first: `float | int` keeps an integer.
        for member in self.members:
            if isinstance(member, Scalar) and type(value) is member.type:
                return value
        misfits = []
        for member in self.members:
            try:
                return member.decode(value, path)
            except Misfit as misfit:
                misfits.append(misfit)
        # The misfit that got deepest is the one of the member that was meant.
        raise max(misfits, key=lambda misfit: len(misfit.path))


@dataclasses.dataclass
class Described(Shape):
    """`Annotated[T, "…"]`: a shape with a description."""

    shape: Shape
    description: str

    def schema(self, definitions: Definitions) -> Schema:
        schema = self.shape.schema(definitions)
        return {**(schema if isinstance(schema, dict) else {}), "description": self.description}

    def decode(self, value: Any, path: str) -> Any:
        return self.shape.decode(value, path)


@dataclasses.dataclass
class Field:
    """One key of a record."""

    key: str
    shape: Shape
    required: bool
    default: Any = None
    """The JSON of the default, where it is JSON and not null."""


class Record(Shape):
    """A dataclass or `TypedDict`. Keys that it does not have pass, unless it is `strict`; a dataclass drops them."""

    def __init__(self, kind: type) -> None:
        self.type = kind
        self.fields: list[Field] = []
        self.strict = False

    def schema(self, definitions: Definitions) -> Schema:
        return definitions.refer(self)

    def object_schema(self, definitions: Definitions) -> Schema:
        """The schema itself, where `schema` is a reference to it."""
        properties = {}
        for field in self.fields:
            schema = field.shape.schema(definitions)
            if field.default is not None:
                schema = {**(schema if isinstance(schema, dict) else {}), "default": field.default}
            properties[field.key] = schema
        schema = {"type": "object", "properties": properties}
        if required := [field.key for field in self.fields if field.required]:
            schema["required"] = required
        if description := _documentation(self.type):
            schema["description"] = description
        return schema

    def decode(self, value: Any, path: str) -> Any:
        values = _object(value, path)
        known = {}
        for field in self.fields:
            if field.key in values:
                known[field.key] = field.shape.decode(values[field.key], join(path, field.key))
            elif field.required:
                raise Misfit(join(path, field.key), f"missing: expected {_expected(field.shape)}")
        if self.strict and (unknown := values.keys() - {field.key for field in self.fields}):
            keys = ", ".join(f"`{field.key}`" for field in self.fields) or "none"
            raise Misfit(join(path, min(unknown)), f"unknown key (known: {keys})")
        if typing.is_typeddict(self.type):
            # It is a dict when it runs, and keeps what it was given.
            return {**values, **known}
        try:
            return self.type(**known)
        except ValueError as error:
            # What a `__post_init__` refuses.
            raise Misfit(path, str(error)) from error


def shape_of(annotation: Any, records: dict[type, Record] | None = None) -> Shape:
    """The shape of an annotation. Raises `TypeError` for what JSON cannot serve."""
    records = {} if records is None else records
    if annotation in (Any, object, inspect.Parameter.empty):
        return Shape()
    if annotation is None:
        return SCALARS[type(None)]
    if isinstance(annotation, typing.NewType):
        return shape_of(annotation.__supertype__, records)
    if isinstance(annotation, getattr(typing, "TypeAliasType", ())):
        return shape_of(annotation.__value__, records)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _annotated(arguments, records)
    if origin in (typing.Required, typing.NotRequired, getattr(typing, "ReadOnly", None)) and arguments:
        return shape_of(arguments[0], records)
    if origin is typing.Literal:
        return OneOf([(value, value) for value in arguments])
    if origin in (typing.Union, types.UnionType):
        return Union([shape_of(member, records) for member in arguments])
    return _of_class(annotation, origin or annotation, arguments, records)


def _of_class(annotation: Any, kind: Any, arguments: tuple, records: dict[type, Record]) -> Shape:
    if not isinstance(kind, type):
        raise TypeError(f"{annotation!r} is no type that JSON can serve")
    if kind in SCALARS:
        return SCALARS[kind]
    if issubclass(kind, enum.Enum):
        return OneOf([(member.value, member) for member in kind])
    if dataclasses.is_dataclass(kind) or typing.is_typeddict(kind):
        return _record(kind, records)
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        return Tuple([shape_of(item, records) for item in arguments])
    if kind in (list, tuple, set, frozenset, Sequence, Iterable):
        items = shape_of(arguments[0], records) if arguments else Shape()
        return Array(items, kind if kind in (tuple, set, frozenset) else list)
    if kind in (dict, Mapping):
        if arguments and arguments[0] is not str:
            raise TypeError(f"{annotation!r}: the keys of a JSON object are strings")
        return Map(shape_of(arguments[1], records) if arguments else Shape())
    raise TypeError(
        f"{annotation!r} is no type that JSON can serve: use str, int, float, bool, None, list, dict, tuple, "
        "Literal, an Enum, a dataclass or a TypedDict"
    )


def _annotated(arguments: tuple, records: dict[type, Record]) -> Shape:
    shape = shape_of(arguments[0], records)
    for note in arguments[1:]:
        if isinstance(note, str):
            return Described(shape, note)
    return shape


def _record(kind: type, records: dict[type, Record]) -> Record:
    if kind in records:
        return records[kind]
    record = records[kind] = Record(kind)
    hints = typing.get_type_hints(kind, include_extras=True)
    if typing.is_typeddict(kind):
        for key, hint in hints.items():
            record.fields.append(Field(key, shape_of(hint, records), _is_required(kind, key, hint)))
        return record
    for field in dataclasses.fields(kind):
        if not field.init:
            continue
        missing = dataclasses.MISSING
        required = field.default is missing and field.default_factory is missing
        default = field.default if type(field.default) in (str, int, float, bool) else None
        record.fields.append(Field(field.name, shape_of(hints[field.name], records), required, default))
    return record


def _is_required(kind: Any, key: str, hint: Any) -> bool:
    # `__required_keys__` cannot see into the annotations of `from __future__ import annotations`.
    origin = typing.get_origin(hint)
    if origin in (typing.Required, typing.NotRequired):
        return origin is typing.Required
    return key in kind.__required_keys__


def schema_of(shape: Shape) -> Schema | bool:
    """The whole JSON Schema (2020-12) of a shape."""
    definitions = Definitions()
    schema = shape.schema(definitions)
    if schema is True:
        return True
    if isinstance(shape, Record):
        # The root stands at the root, and in `$defs` only where something refers to it.
        name = shape.type.__name__
        root = definitions.schemas[name]
        if f'"#/$defs/{name}"' not in json.dumps(definitions.schemas):
            del definitions.schemas[name]
        schema = {"title": name, **root}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    if definitions.schemas:
        schema["$defs"] = definitions.schemas
    return schema


def told(value: Any) -> str:
    """A JSON value for people: its kind, and the value where it is short."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the string "{value}"' if len(value) <= 40 else "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def join(path: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{key}" if path else key


def _expected(shape: Shape) -> str:
    match shape:
        case Described():
            return _expected(shape.shape)
        case Scalar():
            return shape.told
        case Array() | Tuple():
            return "a list"
        case Record() | Map():
            return "an object"
        case _:
            return "a value"


def _float(value: int, path: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Misfit(path, "the number is too large") from None


def _list(value: Any, path: str) -> list:
    if not isinstance(value, list):
        raise Misfit(path, f"expected a list, got {told(value)}")
    return value


def _object(value: Any, path: str) -> dict:
    if not isinstance(value, dict):
        raise Misfit(path, f"expected an object, got {told(value)}")
    return value


def _documentation(kind: type) -> str | None:
    """The docstring's first paragraph; not the one that `dataclass` writes, nor an inherited one."""
    text = kind.__dict__.get("__doc__")
    if not text or text.startswith(f"{kind.__name__}("):
        return None
    return first_paragraph(text)


def first_paragraph(text: str) -> str:
    """The first paragraph of a docstring in one line."""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
