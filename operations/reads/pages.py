"""Connections: pages by keyset cursors, so that rows which come and go make nobody miss or see one twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from tortoise import fields

from models.base.access import Entity
from operations.context import bad_input

PAGE_DEFAULT = 20
PAGE_MAX = 100

PAGE_ARGUMENTS = (
    ("first", int | None, f"Number of items from the start, 1 to {PAGE_MAX}; default {PAGE_DEFAULT}."),
    ("after", str | None, "Only items after this cursor."),
    ("last", int | None, f"Number of items from the end, 1 to {PAGE_MAX}."),
    ("before", str | None, "Only items before this cursor."),
)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a connection: one column that is never null, then the id."""

    column: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """Which rows of a list a client wants. Raises BAD_INPUT for what makes no sense."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise bad_input("Ask for first or last, not for both.")
        for name in ("first", "last"):
            size = getattr(self, name)
            if size is not None and not 1 <= size <= PAGE_MAX:
                raise bad_input(f"{name} is 1 to {PAGE_MAX}.", argument=name)

    @property
    def backward(self) -> bool:
        """Whether the page is taken from the end."""
        return self.last is not None

    @property
    def size(self) -> int:
        """How many rows at the most."""
        return self.last or self.first or PAGE_DEFAULT


class Count:
    """The total number of rows behind one or many pages of one statement, counted only when asked for."""

    def __init__(self, ask: Callable[[], Awaitable[dict[Any, int]]]) -> None:
        self.ask = ask
        self.known: dict[Any, int] | None = None

    async def of(self, parent: Any) -> int:
        """The number for this parent; all parents' numbers come with the first one."""
        if self.known is None:
            self.known = await self.ask()
        return self.known.get(parent, 0)


@dataclass(frozen=True, slots=True)
class Edge:
    """A row with its cursor."""

    node: Any
    cursor: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Position of a page in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Page:
    """The value of a connection."""

    __slots__ = ("column", "count", "has_next", "has_previous", "nodes", "parent")

    def __init__(
        self, rows: Sequence[Any], *, request: PageRequest, order: Order, count: Count, parent: Any = None
    ) -> None:
        more = len(rows) > request.size
        rows = rows[: request.size]
        self.nodes = list(reversed(rows)) if request.backward else list(rows)
        self.has_next = request.before is not None if request.backward else more
        self.has_previous = more if request.backward else request.after is not None
        self.column = order.column
        self.count = count
        self.parent = parent

    @property
    def edges(self) -> list[Edge]:
        """Each row with its cursor."""
        return [Edge(row, cursor_of(row, self.column)) for row in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        """Where this page stands."""
        return PageInfo(
            has_next_page=self.has_next,
            has_previous_page=self.has_previous,
            start_cursor=cursor_of(self.nodes[0], self.column) if self.nodes else None,
            end_cursor=cursor_of(self.nodes[-1], self.column) if self.nodes else None,
        )


def cursor_of(row: Any, column: str) -> str:
    """The place of a row in its order, opaque to clients."""
    # The driver's UUIDs are of a class of its own, which the encoder does not know: `str` tells it.
    return base64.urlsafe_b64encode(orjson.dumps([getattr(row, column), row.id], default=str)).decode()


def place_of(cursor: str, model: type[Entity], column: str) -> tuple[Any, UUID]:
    """The sort key and id that a cursor stands for. Raises BAD_INPUT."""
    try:
        key, id = orjson.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        return as_key(key, model, column), UUID(id)
    except (ValueError, TypeError, AttributeError, OverflowError, UnicodeError, binascii.Error):
        raise bad_input("This is not a cursor of this list.") from None


def as_key(value: Any, model: type[Entity], column: str) -> Any:
    """The sort key with the type of its column, refused if it is of another."""
    field = model._meta.fields_map[column]
    if isinstance(field, fields.DatetimeField):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError("naive")
        return at.astimezone(UTC)
    if isinstance(field, fields.DateField):
        return date.fromisoformat(value)
    if isinstance(field, fields.UUIDField):
        return UUID(value)
    if not isinstance(value, int if isinstance(field, fields.IntField) else str) or "\0" in str(value):
        raise ValueError("of another column")
    return value
