"""Cursors: the places of rows in one list, sealed, so that they tell nothing and hold in no other list."""

from __future__ import annotations

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


class Cursors:
    """The cursors of one list: what it is a list of, as whom, in which order and under which filter it is read.

    A cursor that another list has given is refused. It would name a place all the same, and rows would be missing
    without a word.
    """

    __slots__ = ("_bound", "_list", "column", "model")

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
        self.model = model
        self.column = order.column
        whose = (
            viewer.membership_id or viewer.school_id or viewer.practice_id
        )  # a key is replaced while its owner goes on
        self._list = (
            model._meta.db_table, order.column, order.descending, where, asked, viewer.role.value, whose, parent,
        )  # fmt: skip
        self._bound = b""

    @property
    def bound(self) -> bytes:
        """What the cursors are bound to; worked out for the first of them."""
        if not self._bound:
            written = orjson.dumps(self._list, default=written_out, option=orjson.OPT_SORT_KEYS)
            self._bound = sha256(written).digest()
        return self._bound

    def of(self, row: Any) -> str:
        """The place of a row, opaque to clients."""
        id: UUID = row.id
        return seal_token(id.bytes + orjson.dumps(getattr(row, self.column), default=str), self.bound)

    def place(self, cursor: str, *, argument: str) -> tuple[Any, UUID]:
        """The sort key and id that a cursor stands for. Raises BAD_INPUT."""
        try:
            content = open_token(cursor, self.bound)
        except UnopenableError:
            raise bad_input(
                "This is no cursor of this list as you ask for it. A cursor goes on where the same list, order and"
                " filter left off, under the same membership; leave it out to begin anew.",
                argument=argument,
            ) from None
        return self.key(orjson.loads(content[ID_BYTES:])), UUID(bytes=content[:ID_BYTES])

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
