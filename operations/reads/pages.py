"""Connections: pages by keyset cursors, so that rows which come and go make nobody miss or see one twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operations.context import bad_input

if TYPE_CHECKING:
    from operations.reads.cursors import Places

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
    """Which rows of a list a client wants. Raises BAD_INPUT for what makes no sense.

    `asked` are the other arguments of the list, its filter and order: its cursors hold for the same ones alone.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)

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
    def continues(self) -> bool:
        """Whether the page begins or ends at a cursor."""
        return self.after is not None or self.before is not None

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


class Edge:
    """A row with its cursor, which is made when it is asked for."""

    __slots__ = ("_cursors", "node")

    def __init__(self, node: Any, cursors: Places) -> None:
        self.node = node
        self._cursors = cursors

    @property
    def cursor(self) -> str:
        """The place of the row in its list."""
        return self._cursors.of(self.node)


class PageInfo:
    """Position of a page in its list."""

    __slots__ = ("_page", "has_next_page", "has_previous_page")

    def __init__(self, page: Page) -> None:
        self._page = page
        self.has_next_page = page.has_next
        self.has_previous_page = page.has_previous

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first row, if there is one."""
        return self._page.cursors.of(self._page.nodes[0]) if self._page.nodes else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row, if there is one."""
        return self._page.cursors.of(self._page.nodes[-1]) if self._page.nodes else None


class Page:
    """The value of a connection."""

    __slots__ = ("count", "cursors", "has_next", "has_previous", "nodes", "parent")

    def __init__(
        self, rows: Sequence[Any], *, request: PageRequest, cursors: Places, count: Count, parent: Any = None
    ) -> None:
        more = len(rows) > request.size
        rows = rows[: request.size]
        self.nodes = list(reversed(rows)) if request.backward else list(rows)
        self.has_next = request.before is not None if request.backward else more
        self.has_previous = more if request.backward else request.after is not None
        self.cursors = cursors
        self.count = count
        self.parent = parent

    @property
    def edges(self) -> list[Edge]:
        """Each row with its cursor."""
        return [Edge(row, self.cursors) for row in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        """Where this page stands."""
        return PageInfo(self)
