"""How types are made: values are the models' own rows, ids are TypeIDs, lists are connections.

The modules of this package do not postpone the evaluation of annotations: strawberry would parse each again from its
text, which took 40 ms of the start. Only a type that is declared later stands in quotes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Self, TypeVar

import strawberry

import schema.base.enums  # noqa: F401 — enums are described before a type uses them
from execution import Computed, Derived
from models.base.access import Entity
from models.base.amounts import Money as Dollars
from models.base.errors import Code, Refusal
from models.base.ids import encode
from models.base.statements import nested_row_class, row_class
from operations.fields import declared
from operations.queries import relation
from operations.reads.nodes import NODES
from operations.reads.relations import TOTAL_COUNT
from operations.types import declare_type, field_of, fields_of

C = TypeVar("C", bound=type)
T = TypeVar("T")


@strawberry.interface(description="An object with a globally unique id, which `node` can fetch.")
class Node:
    """What has a TypeID."""

    id: strawberry.ID = strawberry.field(description="TypeID; its prefix names the type.")


def shown(description: str, *, name: str | None = None, deprecation: str | None = None) -> Any:
    """A field that is the column of the same name."""
    return strawberry.field(description=description, name=name, deprecation_reason=deprecation)


def optional_text(column: str, description: str) -> Any:
    """A field that is a column of text, null where the column is empty."""
    return relation(Derived(column, lambda found: found or None), description)


def computed(function: Callable[[Any], Any], description: str, *, needs: tuple[str, ...]) -> Any:
    """A field that is calculated from columns of its row."""
    return relation(Computed(function, needs), description)


def shows(model: type[Entity], *, name: str | None = None) -> Callable[[C], C]:
    """Declare a GraphQL type whose values are rows of `model`: an allow-list of its columns, and relations."""
    prefix = model.PREFIX

    def declare(cls: C) -> C:
        row, part = row_class(model), nested_row_class(model)

        def is_type_of(value: Any, info: Any) -> bool:
            return isinstance(value, (cls, model, row, part))

        is_type_of.by_class = True  # type: ignore[attr-defined]  # the compiled path asks once for each class

        type_id = Derived("id", partial(encode, prefix))
        cls.id = declared(type_id, (), f"TypeID, `{prefix}_…`.", None)  # type: ignore[attr-defined]
        cls.__annotations__ = {"id": strawberry.ID, **cls.__annotations__}
        cls.is_type_of = staticmethod(is_type_of)  # type: ignore[attr-defined]
        NODES[prefix] = (model, name or cls.__name__)
        return declare_type(cls, fields_of(cls), name=name or cls.__name__, description=cls.__doc__)

    return declare


def extends(earlier: type) -> Callable[[C], C]:
    """Add the fields of a class to the type of an area to the left, as SDL's `extend type` does."""

    def declare(cls: C) -> C:
        known = earlier.__strawberry_definition__.fields  # type: ignore[attr-defined]  # strawberry's own attribute
        added = fields_of(cls)
        twice = {field.name for field in known} & {field.name for field in added}
        if twice:
            raise TypeError(f"{earlier.__name__} has {', '.join(sorted(twice))} already")
        known.extend(added)
        return cls

    return declare


VALUES: set[str] = set()
"""The names of the types that have no id: seen by whoever sees the field that holds them."""


def value(cls: C) -> C:
    """Declare a GraphQL type without an id, whose values are no rows; its docstring is its description."""
    VALUES.add(cls.__name__)
    return declare_type(cls, fields_of(cls), name=cls.__name__, description=cls.__doc__)


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = shown("Whether there are items after this page.")
    has_previous_page: bool = shown("Whether there are items before this page.")
    start_cursor: str | None = shown("Cursor of the first item.")
    end_cursor: str | None = shown("Cursor of the last item; pass it as `after` to get the next page.")


@strawberry.type(description="An item of a list, with its cursor.")
class Edge(Generic[T]):
    """Relay's edge."""

    node: T = shown("The item.")
    cursor: str = shown("Cursor of the item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """The one shape of every list that can grow."""

    nodes: list[T] = shown("Items on this page.")
    edges: list[Edge[T]] = shown("Items on this page, each with its cursor.")
    page_info: PageInfo = shown("Position of this page in the list.")
    total_count: int = relation(TOTAL_COUNT, "Number of items in the whole list, counted only if requested.")


@strawberry.type(description="Amount of money.")
class Money:
    """A decimal string and its currency: never a float."""

    amount: str = relation(Computed(str), "Amount as a decimal string, such as `95.00`.")
    currency: str = relation(Computed(lambda _: "USD"), "ISO 4217 currency code; always USD.")


def money(column: str, description: str, *, allow: Any = None) -> Any:
    """A field that shows a column of cents as Money; null where the column is."""

    def amount(cents: int | None) -> Dollars | None:
        return None if cents is None else Dollars(cents)

    return relation(Derived(column, amount), description, allow=allow)


@strawberry.type(description="A reason a mutation was refused, and what to do next.")
class UserError:
    """A refusal as clients see it."""

    code: Code = shown("Machine-readable code.")
    message: str = shown("Reason in plain words; safe to show to the user.")
    field: list[str] = shown("Path of the input field concerned; empty if there is none.")
    rule: str | None = shown("Number of the rule, such as `AP-3`; null if the input is malformed.")
    fix: str = shown("What the provider can do next.")


def user_error(refusal: Refusal) -> UserError:
    """A refusal as clients see it."""
    return UserError(
        code=refusal.code, message=refusal.message, field=list(refusal.path), rule=refusal.rule or None, fix=refusal.fix
    )


class Payload:
    """What came of a mutation, each member an attribute."""

    verb: ClassVar[str]
    members: ClassVar[tuple[str, ...]]

    def __init__(self, values: Mapping[str, Any], user_errors: Sequence[UserError] = ()) -> None:
        vars(self).update(dict.fromkeys(self.members), **values)
        self.user_errors = list(user_errors)

    @classmethod
    def of(cls, result: Any) -> Self:
        """The answer to a mutation that was done: its one member, or several by name."""
        return cls(result if isinstance(result, dict) else {cls.members[0]: result})

    @classmethod
    def refused(cls, refusals: Iterable[Refusal]) -> Self:
        """The answer to a mutation that was not done, and why."""
        return cls({}, [user_error(refusal) for refusal in refusals])


def payload(verb: str, of: Mapping[str, tuple[Any, str]] | type) -> Any:
    """The type `<Verb>Payload`: what came of it (null if refused), and `userErrors`.

    `of` is the one type of object that the verb answers, or for several results their types and descriptions by name.
    """
    if isinstance(of, type):
        name = snake(of.__strawberry_definition__.name)  # type: ignore[attr-defined]
        members: Mapping[str, tuple[Any, str]] = {name: (of, "The object after the change; null if refused.")}
    else:
        members = of
    fields = [field_of(member, nullable(kind), text) for member, (kind, text) in members.items()]
    fields.append(field_of("user_errors", list[UserError], "Why the mutation was refused; empty if it succeeded."))
    name = f"{verb}Payload"
    cls = type(name, (Payload,), {"verb": verb, "members": tuple(members)})
    return declare_type(cls, fields, name=name)


def nullable(kind: Any) -> Any:
    """The type, or null."""
    return kind | None


def snake(name: str) -> str:
    """The name of a type as a Python attribute."""
    return "".join("_" + character.lower() if character.isupper() else character for character in name).lstrip("_")
