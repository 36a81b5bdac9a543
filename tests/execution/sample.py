"""A schema with everything that execution knows, over the values of a world."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, NewType
from uuid import UUID

import strawberry
from strawberry.schema.config import StrawberryConfig

from execution import Batched, Computed, Deferred, Direct, Kind, Selection, Single, as_resolver
from tests.execution import world as values
from tests.execution.world import Colour, Context, Level, PlantedError, Size

Even = NewType("Even", int)
Price = NewType("Price", int)


def _even(value: Any) -> int:
    if not isinstance(value, int) or value % 2:
        raise ValueError(f"{value!r} is not even")
    return value


def _shown_price(cents: Any) -> str | None:
    if cents == -2:
        return None
    if cents < 0:
        raise PlantedError("a price below nothing")
    return f"{cents / 100:.2f}"


CONFIG = StrawberryConfig(
    scalar_map={
        Even: strawberry.scalar(name="Even", serialize=_even, parse_value=_even),
        Price: strawberry.scalar(
            name="Price", serialize=_shown_price, parse_value=lambda text: round(float(text) * 100)
        ),
    }
)

strawberry.enum(Colour)
strawberry.enum(Level)
strawberry.enum(Size)


def field(kind: Kind, returns: Any, **arguments: Any) -> Any:
    """A strawberry field of a kind; each argument is its type, or its type and its default."""
    parameters = []
    for name, of in arguments.items():
        annotation, default = of if isinstance(of, tuple) else (of, inspect.Parameter.empty)
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        )
    resolver = as_resolver(kind, parameters, returns=returns)
    resolver.__module__ = __name__
    return strawberry.field(resolver=resolver, metadata={"plan": kind})


def _noted(context: Context, name: str, count: int, selection: Selection) -> None:
    assert selection
    assert all(isinstance(need, str) for need in selection.needs)
    context.calls.append((name, count))


class Look(Deferred):
    """A look at the world, which several may take together."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.name = name

    async def alone(self) -> str:
        """One look."""
        self.context.looks.append((self.name,))
        await asyncio.sleep(0)
        return self.name

    @classmethod
    async def together(cls, those: Sequence[Look]) -> list[str]:
        """One look for all."""
        those[0].context.looks.append(tuple(look.name for look in those))
        await asyncio.sleep(0)
        return [look.name for look in those]


def single(name: str, kinds: str, *, many: bool = False, may_be_null: bool = False, defers: bool = False) -> Single:
    """A relation that is answered for each parent."""

    async def resolve(context: Context, parent: Any, selection: Selection, **arguments: Any) -> Any:
        if defers:
            assert await Look(context, name) == name
        _noted(context, name, 1, selection)
        identity = f"{getattr(parent, 'identity', 'root')}({_shown(arguments)})"
        if many:
            return context.world.things(identity, name, kinds=kinds)
        found = context.world.thing(identity, name, kinds=kinds, may_be_null=may_be_null)
        if isinstance(found, PlantedError):
            raise found
        return found

    return Single(resolve, needs=("identity",), defers=defers)


def batched(name: str, kinds: str, *, many: bool = False, may_be_null: bool = False, defers: bool = False) -> Batched:
    """A relation that is answered for all parents at once."""

    async def resolve(context: Context, parents: list[Any], selection: Selection, **arguments: Any) -> list[Any]:
        if defers:
            assert await Look(context, name) == name
        _noted(context, name, len(parents), selection)
        refusal = context.world.refusal(name, _shown(arguments))
        if refusal is not None:
            raise refusal
        found = []
        for parent in parents:
            identity = f"{getattr(parent, 'identity', 'root')}({_shown(arguments)})"
            if many:
                found.append(context.world.things(identity, name, kinds=kinds))
            else:
                found.append(context.world.thing(identity, name, kinds=kinds, may_be_null=may_be_null))
        return found

    return Batched(resolve, needs=("identity", name), defers=defers)


def echoed(name: str) -> Single:
    """A field that answers the arguments as its resolver received them."""

    async def resolve(context: Context, parent: Any, selection: Selection, **arguments: Any) -> str:
        _noted(context, name, 1, selection)
        return _shown(arguments)

    return Single(resolve)


def _shown(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(arguments.items()))


def shows(model: type, *, by_class: bool) -> Any:
    """An `is_type_of` for values of a model."""

    def is_type_of(value: Any, info: Any) -> bool:
        return isinstance(value, model)

    is_type_of.by_class = by_class  # type: ignore[attr-defined]
    return is_type_of


@strawberry.input
class Range:
    """From a number to a number."""

    low: int = 0
    high: int | None = None
    even: Even | None = strawberry.UNSET


@strawberry.input
class Filter:
    """What to look for."""

    text: str | None = None
    colours: list[Colour] | None = None
    range: Range | None = None
    ranges: list[Range] = strawberry.field(default_factory=list)
    level: Level = Level.LOW
    after: datetime | None = None
    must: bool


@strawberry.input(one_of=True)
class Either:
    """One of two."""

    number: strawberry.Maybe[int]
    text: strawberry.Maybe[str]


@strawberry.input
class Perhaps:
    """A number that may be left out, and must not be null if it is there."""

    number: strawberry.Maybe[int]


def _fail(parent: Any) -> Any:
    return parent.text + 1


def _label(parent: Any) -> Any:
    dice = parent.world.chance(parent.identity, "label")
    if dice.random() < parent.world.rate:
        return dice.choice([MishapError, Later, Words])(parent)
    return Words(parent)


@strawberry.interface
class Being:
    """Something that lives."""

    key: strawberry.ID
    text: str
    maybe_text: str | None
    maybe_colour: Colour | None
    friend: Being | None = field(batched("friend", "PR", may_be_null=True, defers=True), "Being | None")
    boss: Being = field(batched("boss", "PR", defers=True), "Being", level=(Level | None, None))
    boxes: list[Box] = field(
        batched("boxes", "B", many=True, defers=True), "list[Box]", first=(int, 3), filter=(Filter | None, None)
    )
    home: Box | None = field(Direct("direct_B_maybe"), "Box | None")


@strawberry.type
class Person(Being):
    """A human being."""

    flag: bool
    maybe_number: int | None
    partner: Person | None = field(single("partner", "P", may_be_null=True, defers=True), "Person | None")
    loud: str = field(Computed(lambda parent: f"{parent.text}!", needs=("text",)), str)
    is_type_of = shows(values.Person, by_class=False)


@strawberry.type
class Robot(Being):
    """A being of metal."""

    number: int
    maybe_flag: bool | None
    maker: Person = field(batched("maker", "P"), "Person")
    parts: list[Thing] = field(Direct("direct_RB_list"), "list[Thing]")
    broken: str | None = field(Computed(_fail), str | None)
    is_type_of = shows(values.Robot, by_class=True)


@strawberry.type
class Box:
    """A thing with contents."""

    key: strawberry.ID
    text: str
    maybe_text: str | None
    number: int
    maybe_number: int | None
    real: float
    maybe_real: float | None
    flag: bool
    colour: Colour
    maybe_colour: Colour | None
    level: Level
    maybe_level: Level | None
    size: Size
    at: datetime
    maybe_at: datetime | None
    maybe_day: date | None
    uuid: UUID
    price: Price
    maybe_price: Price | None
    maybe_amount: Decimal | None
    words: list[str]
    maybe_words: list[str] | None
    matrix: list[list[int]]
    maybe_matrix: list[list[int] | None] | None
    sparse: list[list[str | None] | None]
    owner: Being = field(batched("owner", "PR"), "Being")
    owners: list[Being] = field(single("owners", "PR", many=True, defers=True), "list[Being]")
    maybe_owners: list[Being | None] | None = field(
        batched("maybe_owners", "PR", many=True, defers=True),
        "list[Being | None] | None",
        number=(int | None, None),
    )
    inner: Box = field(Direct("direct_B"), "Box")
    maybe_inner: Box | None = field(Direct("direct_B_maybe"), "Box | None")
    inside: list[Box] = field(Direct("direct_B_list"), "list[Box]")
    grid: list[list[Box | None]] = field(
        Computed(lambda parent: [parent.direct_B_list, [parent.direct_B_maybe, None]]), "list[list[Box | None]]"
    )
    label: Label = field(Computed(_label), "Label")
    thing: Thing | None = field(single("thing", "PRB", may_be_null=True), "Thing | None")
    things: list[Thing] = field(Computed(lambda parent: parent.direct_PRB_list), "list[Thing]")
    echo: str = field(echoed("echo"), str, of=(str, "nothing"))
    is_type_of = shows(values.Box, by_class=True)


Thing = Annotated[Person | Robot | Box, strawberry.union("Thing")]


class Words:
    """What a label is made of."""

    def __init__(self, box: Any) -> None:
        self.text = box.text
        self.box = box


class MishapError(Words, Exception):
    """An error that could be taken for a label."""


class Later(Words):
    """A label that comes only when it is awaited."""

    def __await__(self) -> Generator[None, None, Words]:
        yield from ()
        return Words(self.box)


@strawberry.type
class Label:
    """An object without a test of its type."""

    text: str
    box: Box
    maybe_owner: Person | None = field(
        Batched(lambda context, parents, selection: _owners(context, parents)), "Person | None"
    )


async def _owners(context: Context, parents: list[Any]) -> list[Any]:
    return [context.world.thing(parent.box.identity, "maybe_owner", kinds="P") for parent in parents]


@strawberry.type
class PageInfo:
    """Where a page stands."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class BoxEdge:
    """A box on a page."""

    cursor: str
    node: Box


@strawberry.type
class BoxConnection:
    """A page of boxes."""

    nodes: list[Box]
    edges: list[BoxEdge]
    page_info: PageInfo
    total_count: int = field(Single(lambda context, parent, selection: _count(context)), int)


async def _count(context: Context) -> Any:
    return context.world.leaf("connection", "number")


async def _page(context: Context, parent: Any, selection: Selection, first: int, after: str | None) -> BoxConnection:
    _noted(context, "page", 1, selection)
    nodes = [context.world.made("B", f"page {after} {index}") for index in range(min(first, 5))]
    edges = [BoxEdge(cursor=str(index), node=node) for index, node in enumerate(nodes)]
    end = edges[-1].cursor if edges else None
    return BoxConnection(nodes=nodes, edges=edges, page_info=PageInfo(has_next_page=first > 5, end_cursor=end))


@strawberry.type
class Shelf:
    """A plain object at the root, with relations below it."""

    text: str
    boxes: list[Box] = field(batched("shelved", "B", many=True), list[Box])
    box: Box = field(batched("front", "B"), Box)


def _shelf(parent: Any) -> Shelf:
    return Shelf(text="top")


@strawberry.type
class Query:
    """Where reading starts."""

    being: Being | None = field(single("being", "PR", may_be_null=True, defers=True), Being | None)
    person: Person = field(single("person", "P", defers=True), Person)
    box: Box | None = field(single("box", "B", defers=True), Box | None, number=(int, 0))
    boxes: list[Box] = field(single("boxes", "B", many=True), list[Box])
    thing: Thing | None = field(batched("thing", "PRB"), "Thing | None")
    things: list[Thing | None] | None = field(single("things", "PRB", many=True), "list[Thing | None] | None")
    page: BoxConnection = field(Single(_page), BoxConnection, first=(int, 2), after=(str | None, None))
    echo: str | None = field(
        echoed("echo"),
        str | None,
        number=(int | None, 5),
        real=(float | None, None),
        text=(str | None, strawberry.UNSET),
        flag=(bool, True),
        key=(strawberry.ID | None, None),
        colour=(Colour | None, Colour.RED),
        level=(Level | None, None),
        even=(Even | None, None),
        at=(datetime | None, None),
        numbers=(list[int] | None, None),
        matrix=(list[list[int]] | None, None),
        filter=(Filter | None, None),
        filters=(list[Filter | None] | None, None),
        either=(Either | None, None),
        perhaps=(Perhaps | None, None),
    )
    required: str = field(echoed("required"), str, number=int, filter=Filter, levels=list[Level])
    plain: str | None = field(Computed(lambda parent: "plain"), str | None)
    shelf: Shelf | None = field(Computed(_shelf), Shelf | None)
    broken: str | None = field(Computed(_fail), str | None)


@strawberry.type
class Mutation:
    """Where changing starts."""

    change: Box | None = field(single("change", "B", may_be_null=True), Box | None, even=(Even | None, None))
    replace: Being = field(single("replace", "PR"), Being, filter=(Filter | None, None))
    many: list[Box] | None = field(batched("many", "B", many=True), list[Box] | None, first=(int, 3))
    plain: str | None = field(Computed(lambda parent: "plain"), str | None)
    shelf: Shelf = field(Computed(_shelf), Shelf)


schema = strawberry.Schema(query=Query, mutation=Mutation, types=[Person, Robot], config=CONFIG)
