"""Cursors: the places of rows in one list, sealed, so that they tell nothing and hold in no other list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from tortoise import fields

from models.base.access import Entity, Viewer
from models.base.encryption import UnopenableError, open_token, seal_token
from operations.context import bad_input
from operations.reads.pages import Order

ID_BYTES = 16


class Places(ABC):
    """The cursors of one list: what it is a list of, as whom, in which order and under which filter it is read.

    A cursor that another list has given is refused. It would name a place all the same, and rows would be missing
    without a word.
    """

    __slots__ = ("_bound", "_list")

    def __init__(self, viewer: Viewer, *about: Any, parent: UUID | None = None) -> None:
        whose = viewer.membership_id or viewer.school_id  # a partner's key is replaced while its school goes on
        self._list = (*about, viewer.role.value, whose, parent)
        self._bound = b""

    @property
    def bound(self) -> bytes:
        """What the cursors are bound to; worked out for the first of them."""
        if not self._bound:
            written = orjson.dumps(self._list, default=written_out, option=orjson.OPT_SORT_KEYS)
            self._bound = sha256(written).digest()
        return self._bound

    @abstractmethod
    def of(self, row: Any) -> str:
        """The place of a row, opaque to clients."""

    def sealed(self, id: UUID, key: Any) -> str:
        """The place of an id with this sort key."""
        return seal_token(id.bytes + orjson.dumps(key, default=str), self.bound)

    def opened(self, cursor: str, *, argument: str) -> tuple[Any, UUID]:
        """The sort key, as JSON has it, and the id that a cursor stands for. Raises BAD_INPUT."""
        try:
            content = open_token(cursor, self.bound)
        except UnopenableError:
            raise bad_input(
                "This is no cursor of this list as you ask for it. A cursor goes on where the same list, order and"
                " filter left off, under the same membership; leave it out to begin anew.",
                argument=argument,
            ) from None
        return orjson.loads(content[ID_BYTES:]), UUID(bytes=content[:ID_BYTES])


class Cursors(Places):
    """The cursors of a list of one model's rows."""

    __slots__ = ("column", "model")

    def __init__(
        self,
        viewer: Viewer,
        model: type[Entity],
        order: Order,
        *,
        where: str,
        asked: Mapping[str, Any],
        parent: UUID | None = None,
    ) -> None:
        super().__init__(viewer, model._meta.db_table, order.column, order.descending, where, asked, parent=parent)
        self.model = model
        self.column = order.column

    def of(self, row: Any) -> str:
        """The place of a row."""
        return self.sealed(row.id, getattr(row, self.column))

    def place(self, cursor: str, *, argument: str) -> tuple[Any, UUID]:
        """The sort key and id that a cursor stands for. Raises BAD_INPUT."""
        key, id = self.opened(cursor, argument=argument)
        return self.key(key), id

    def key(self, value: Any) -> Any:
        """The sort key as its column has it."""
        field = self.model._meta.fields_map[self.column]
        if isinstance(field, fields.DatetimeField):
            return datetime.fromisoformat(value)
        if isinstance(field, fields.DateField):
            return date.fromisoformat(value)
        return UUID(value) if isinstance(field, fields.UUIDField) else value


def written_out(value: Any) -> Any:
    """What the encoder does not know by itself: an input object by its fields, everything else as text."""
    return vars(value) if hasattr(value, "__strawberry_definition__") else str(value)
