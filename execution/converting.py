"""Values of arguments as strawberry hands them to resolvers: worked out once for a type, not once for a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from strawberry.relay import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]


class Converters:
    """The converters of one schema's types; what is not known here strawberry converts itself."""

    def __init__(self, registry: Any, config: Any) -> None:
        self._registry = registry
        self._config = config
        self._inputs: dict[Any, Convert] = {}

    def of(self, type_: Any, path: tuple[str, ...]) -> Convert | None:
        """A function that converts a coerced value; None if it is handed over as it is."""
        if isinstance(type_, StrawberryMaybe):
            return self._slow(type_, path)
        if isinstance(type_, StrawberryOptional):
            return self.of(type_.of_type, path)
        if isinstance(type_, LazyType):
            return self.of(type_.resolve_type(), path)
        if isinstance(type_, StrawberryList):
            return _list_of(self.of(type_.of_type, path))
        if type_ is GlobalID:
            return self._slow(type_, path)
        if isinstance(type_, StrawberryEnumDefinition) or is_scalar(type_, self._registry):
            return None
        if has_object_definition(type_):
            definition = type_.__strawberry_definition__
            if definition.is_input and definition.from_input is None:
                return self._input(type_, definition, path)
        return self._slow(type_, path)

    def _slow(self, type_: Any, path: tuple[str, ...]) -> Convert:
        return lambda value: convert_argument(value, type_, self._registry, self._config, None, path=path)

    def _input(self, type_: Any, definition: Any, path: tuple[str, ...]) -> Convert:
        known = self._inputs.get(type_)
        if known is not None:
            return known
        fields: list[tuple[str, str, Convert | None]] = []

        def convert(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            arguments = dict(implied)
            for name, python_name, convert_field in fields:
                if name in value:
                    given = value[name]
                    arguments[python_name] = given if convert_field is None else convert_field(given)
            return type_(**arguments)

        self._inputs[type_] = convert  # before its fields: an input may hold itself
        implied = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }
        for field in definition.fields:
            name = self._config.name_converter.from_field(field)
            convert_field = self.of(field.resolve_type(type_definition=definition), (*path, name))
            fields.append((name, field.python_name, convert_field))
        return convert


def _list_of(convert: Convert | None) -> Convert:
    """A list is always a new one: a default is the same object for every request."""

    def convert_list(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        return list(value) if convert is None else [convert(item) for item in value]

    return convert_list
