"""A resolver's keyword arguments are its GraphQL arguments: `name: Annotated[type, Model?, "what it is"] = default`.

An id is declared as `Annotated[UUID, Model, "…"]`: clients send a TypeID of that model, the resolver gets its UUID.
A text is bounded: `Annotated[str, Text(200), "…"]`, and without a word about it by what `Text()` says.
The conditions of a list are the fields of a `Filter`, annotated in the same way.
An argument with a default is nullable in GraphQL; null means the default, as if it had been left out.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types.unset import UNSET

from models.base.access import Entity
from models.base.errors import Code, Refusal
from models.base.ids import MalformedIdError, decode
from operations.context import bad_input
from operations.reads.pages import PAGE_ARGUMENTS, PageRequest
from operations.types import DEFINITION, declare_type, field_of

REQUIRED: Any = inspect.Parameter.empty
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
TEXT_LENGTH_MAX = 2_000

# What PostgreSQL or JSON cannot keep, and what only deceives a reader; a line's end and a tab are part of a text.
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
UNFIT_IN_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# They turn the order of what stands around them: a name with one can read as another name.
DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Neither a blank nor one of the signs that take no room: a name of these alone names nothing.
VISIBLE = re.compile(
    r"[^\s\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)


@dataclass(frozen=True, slots=True)
class Text:
    """The form of a text: how long it may be, of how many lines, and whether it must say something.

    It is taken without the blanks around it and in Unicode's composed form (NFC), unless it is `exact`.
    """

    length_max: int = TEXT_LENGTH_MAX
    one_line: bool = False
    needed: bool = False
    exact: bool = False

    def taken(self, text: str) -> str:
        """The text as it is kept."""
        return text if self.exact else unicodedata.normalize("NFC", text).strip()

    def fault(self, text: str) -> tuple[str, str] | None:
        """What is wrong with this text and how to mend it."""
        if len(text) > self.length_max:
            return f"This text is longer than {self.length_max} characters.", "Shorten it."
        if (UNFIT_IN_LINE if self.one_line else UNFIT).search(text):
            what = "line ends or control characters" if self.one_line else "control characters"
            return f"This text has {what} in it.", "Remove them."
        if self.one_line and DIRECTION.search(text):
            return "This text has marks in it that turn the direction of writing.", "Remove them."
        if self.needed and not VISIBLE.search(text):
            return "This text is empty.", "Write something."
        return None


ANY_TEXT = Text()
NAME = Text(200, one_line=True, needed=True)
"""What somebody or something is called."""
TITLE = Text(60, one_line=True, needed=True)
"""A title or a number, as it is printed on paper."""
SECRET = Text(exact=True)
"""A password, or another secret that somebody chose: each character counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One argument of a field: what clients send, and the model whose id it is, if it is one."""

    name: str
    kind: Any
    description: str | None
    default: Any = REQUIRED
    model: type[Entity] | None = None
    many: bool = False
    text: Text = ANY_TEXT

    @property
    def parameter(self) -> inspect.Parameter:
        """The argument as part of the signature that strawberry reads."""
        said = strawberry.argument(name=camel(self.name), description=self.description)
        annotation: Any = Annotated[self.kind, said]
        return inspect.Parameter(self.name, KEYWORD_ONLY, default=self.default, annotation=annotation)

    def parse(self, value: Any) -> Any:
        """The value as the resolver takes it. Raises MalformedIdError."""
        if self.model is None or value is None:
            return value
        if self.many:
            return [decode(self.model.PREFIX, item) for item in value]
        return decode(self.model.PREFIX, value)


def arguments_of(resolver: Callable[..., Any]) -> tuple[Argument, ...]:
    """The GraphQL arguments of a resolver, read from its keyword-only parameters."""
    hints = hints_of(resolver)
    found: list[Argument] = []
    for parameter in inspect.signature(resolver).parameters.values():
        if parameter.kind is not KEYWORD_ONLY:
            continue
        if hints[parameter.name] is PageRequest:
            found.extend(
                Argument(name=name, kind=type_, description=description, default=None)
                for name, type_, description in PAGE_ARGUMENTS
            )
        else:
            found.append(read(parameter, hints[parameter.name]))
    return tuple(found)


@cache
def hints_of(resolver: Callable[..., Any]) -> Mapping[str, Any]:
    """The types of a resolver's parameters, worked out once for its arguments and for its page."""
    return get_type_hints(resolver, include_extras=True)


def read(parameter: inspect.Parameter, hint: Any) -> Argument:
    """One argument from one annotated parameter."""
    if get_origin(hint) is not Annotated:
        raise TypeError(f"the argument {parameter.name} says nothing about itself: annotate it with a description")
    declared, *about = get_args(hint)
    description = next(item for item in about if isinstance(item, str))
    model = next((item for item in about if isinstance(item, type) and issubclass(item, Entity)), None)
    text = next((item for item in about if isinstance(item, Text)), ANY_TEXT)
    for kind in (declared, *get_args(declared)):
        if isinstance(kind, type) and issubclass(kind, Filter):
            declare_filter(kind)
    kind = as_id(declared) if model else declared
    return Argument(
        name=parameter.name,
        kind=kind if parameter.default is REQUIRED else kind | None,
        description=description,
        default=parameter.default,
        model=model,
        many=get_origin(declared) is list,
        text=text,
    )


class Filter:
    """Conditions on a list, joined by and. A subclass is an input type; its docstring is the description."""

    ARGUMENTS: ClassVar[tuple[Argument, ...]]

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)

    def __init_subclass__(cls) -> None:
        """Read the conditions from the annotated names."""
        hints = get_type_hints(cls, include_extras=True)
        cls.ARGUMENTS = tuple(
            read(inspect.Parameter(name, KEYWORD_ONLY, default=getattr(cls, name, REQUIRED)), hints[name])
            for name in vars(cls)["__annotations__"]
        )


def declare_filter(cls: type[Filter]) -> None:
    """Make a filter an input type: when the first field takes it, since its enums are described by then."""
    if DEFINITION in vars(cls):
        return
    fields = [
        field_of(
            argument.name,
            argument.kind,
            argument.description,
            **({} if argument.default is REQUIRED else {"default": UNSET}),
        )
        for argument in cls.ARGUMENTS
    ]
    declare_type(cls, fields, name=cls.__name__, description=cls.__doc__, is_input=True)


def as_id(declared: Any) -> Any:
    """The same shape with GraphQL's ID in the place of UUID."""
    if declared is UUID:
        return strawberry.ID
    origin, inner = get_origin(declared), get_args(declared)
    if origin is list:
        return list[as_id(inner[0])]  # type: ignore[misc]
    if origin in (Union, UnionType) and NoneType in inner:
        return as_id(next(item for item in inner if item is not NoneType)) | None
    raise TypeError(f"{declared} is no id")


def parsed(
    arguments: Sequence[Argument], given: Mapping[str, Any], *, under: Sequence[str] = ()
) -> tuple[dict[str, Any], list[Refusal]]:
    """The values as the resolver takes them, and everything that is wrong with their form, at once."""
    values: dict[str, Any] = {}
    faults: list[Refusal] = []
    for argument in arguments:
        value = given.get(argument.name, UNSET)
        if value is UNSET and argument.default is REQUIRED:
            continue
        if (value is UNSET or value is None) and argument.default is not REQUIRED:
            value = argument.default
        if isinstance(value, Filter):
            conditions, unfit = parsed(value.ARGUMENTS, vars(value), under=(*under, camel(argument.name)))
            values[argument.name] = type(value)(**conditions)
            faults.extend(unfit)
            continue
        value = taken(value, argument.text)
        unfit = list(faults_of_text(value, argument.text, (*under, camel(argument.name))))
        if unfit:
            faults.extend(unfit)
            continue
        try:
            values[argument.name] = argument.parse(value)
        except MalformedIdError as fault:
            path = [*under, camel(argument.name)]
            faults.append(
                Refusal(
                    Code.INVALID,
                    f"This is {fault}." if str(fault).startswith("not") else f"Wrong kind of id: {fault}.",
                    path=path,
                    fix="Send an id returned by the API.",
                )
            )
    return values, faults


def taken(value: Any, form: Text) -> Any:
    """A value with its texts as they are kept, however deep in lists and input objects they stand."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else form.taken(value)
    if isinstance(value, list):
        return [taken(item, form) for item in value]
    if hasattr(value, "__strawberry_definition__"):
        same = copy.copy(value)
        vars(same).update((name, taken(item, ANY_TEXT)) for name, item in vars(value).items())
        return same
    return value


def faults_of_text(value: Any, form: Text, path: tuple[str, ...]) -> Iterator[Refusal]:
    """What is wrong with the texts of a value, however deep in lists and input objects they stand."""
    if isinstance(value, str):
        if not isinstance(value, Enum) and (fault := form.fault(value)) is not None:
            yield Refusal(Code.INVALID, fault[0], path=path, fix=fault[1])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults_of_text(item, form, (*path, str(index)))
    elif hasattr(value, "__strawberry_definition__"):
        for name, item in vars(value).items():
            yield from faults_of_text(item, ANY_TEXT, (*path, camel(name.rstrip("_"))))


def paged(resolver: Callable[..., Any]) -> str | None:
    """The name of the parameter that takes the page request, if the resolver answers a connection."""
    hints = hints_of(resolver)
    return next((name for name, hint in hints.items() if hint is PageRequest), None)


def camel(name: str) -> str:
    """A Python name as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class ParsedArguments:
    """The arguments of one field, read once for as long as they are the same; what is wrong with them is told later.

    Who may ask at all is looked at before that.
    """

    __slots__ = ("_arguments", "_given", "_page", "_values")

    def __init__(self, arguments: tuple[Argument, ...], page: str | None, given: dict[str, Any]) -> None:
        self._arguments, self._page, self._given = arguments, page, given
        self._values: dict[str, Any] | None = None
        with contextlib.suppress(GraphQLError):
            self._values = read_arguments(arguments, page, given)

    def values(self) -> dict[str, Any]:
        """The resolver's own values; nobody changes them. Raises BAD_INPUT."""
        if self._values is None:
            return read_arguments(self._arguments, self._page, self._given)
        return self._values


def reader(arguments: tuple[Argument, ...], page: str | None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What makes `asked` of a field's arguments."""
    return lambda given: {"parsed": ParsedArguments(arguments, page, given)}


def read_arguments(arguments: tuple[Argument, ...], page: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The resolver's own values; all faults of form in one error."""
    values, faults = parsed(arguments, given)
    if faults:
        raise bad_input(
            " ".join(fault.message for fault in faults), arguments=[".".join(fault.path) for fault in faults]
        )
    if page is not None:
        wanted = {name: values.pop(name, None) for name, _, _ in PAGE_ARGUMENTS}
        values[page] = PageRequest(**wanted, asked=dict(values))
    return values
