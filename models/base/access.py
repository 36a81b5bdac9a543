"""Who acts: one account under exactly one membership, and what exists for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self
from uuid import UUID

from tortoise import fields

from models.base.ids import encode, new_id
from models.base.scopes import OPEN, Needed, Scope, outside
from models.base.statements import fetch_one
from models.base.tables import Table
from models.base.words import Words


class Role(Words):
    """Role of a person or machine; every request acts in exactly one."""

    STUDENT = "STUDENT", "A student, who uses credits."
    PROVIDER = "PROVIDER", "A clinician, who holds sessions and attests them."
    OFFICE = "OFFICE", "An office user of a practice, who drafts profiles and schedules (ID-4)."
    SCHOOL = "SCHOOL", "Staff of a school's counselling centre, who grant credits."
    PARTNER = "PARTNER", "A school's system, authenticated by a key (ID-5)."
    OPS = "OPS", "Program operations: verification, support, claims."
    FINANCE = "FINANCE", "Program finance: rates, payouts, invoices."


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """One account under one membership. Ids only: what the role may reach is found by them."""

    account_id: UUID
    role: Role
    membership_id: UUID | None = None
    session_id: UUID | None = None
    student_id: UUID | None = None
    provider_id: UUID | None = None
    practice_id: UUID | None = None
    school_id: UUID | None = None
    needs_second_factor: bool = False
    """Whether nothing but enrolling a second factor is open to this session (ID-1)."""
    scopes: frozenset[Scope] | None = None
    """What a machine's key is for (ID-5): nothing unless it is said. None for a person: all that the role may do."""

    @property
    def is_machine(self) -> bool:
        """Whether a key acts, and no account."""
        return self.role is Role.PARTNER or self.scopes is not None

    def lacks(self, needed: Needed) -> bool:
        """Whether this is a machine whose key is not for that."""
        return self.is_machine and needed is not OPEN and needed not in (self.scopes or ())


EVERYTHING = "true"
NOTHING = "false"
SLOT = re.compile(r"\{(account|membership|student|provider|practice|school)\}")

Reach = Mapping[Role, str]
"""For each role the condition, in SQL, that a row meets if it exists for that viewer.

`{student}`, `{provider}`, `{school}`, `{practice}`, `{account}`, `{membership}` stand for the viewer's own ids; a role
that is not named sees nothing. Permission is data: the same line serves the ORM, the hand-written reads and the tests.
"""


def numbered(text: str, first: int) -> tuple[str, tuple[str, ...]]:
    """A text with its slots numbered as parameters from `$first` on, and which id of the viewer each takes."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match[1] + "_id"
        if name not in names:
            names.append(name)
        return f"${first + names.index(name)}::uuid"

    return SLOT.sub(number, text), tuple(names)


condition_for = cache(numbered)
"""The same for the reaches of models, of which there are few."""


class LockedBefore(NamedTuple):
    """Which row of another table is locked before a row, and how firmly."""

    table: str
    on: str
    strength: str = "NO KEY UPDATE"


class Entity(Table):
    """A row with an identity of its own: it has a TypeID and says for whom it exists."""

    id = fields.UUIDField(primary_key=True, default=new_id)

    PREFIX: ClassVar[str]
    REACH: ClassVar[Reach]
    REACH_WITHOUT_SECOND_FACTOR: ClassVar[str] = NOTHING
    """What is left of the reach of a session that still has to enrol its second factor (ID-1)."""
    RECORD_OF: ClassVar[str | None] = None
    """The column that names the student whose record this row belongs to, if it does (ID-6)."""
    SCOPE: ClassVar[Needed] = None
    """The scope by which a machine's key reaches these rows (ID-5); of None no key does."""
    LOCKED_AFTER: ClassVar[tuple[LockedBefore, ...]] = ()
    """The rows that are locked before this one, so that all lock in one order: wallet, provider, appointment, claim."""

    class Meta:
        """An abstract base: each area's tables inherit its id and its reach."""

        abstract = True

    @property
    def type_id(self) -> str:
        """The id as people and clients see it."""
        return encode(self.PREFIX, self.id)

    @classmethod
    def reach_as(cls, role: Role, needs_second_factor: bool) -> str:
        """The condition for viewers of this kind, its slots still open."""
        return cls.REACH_WITHOUT_SECOND_FACTOR if needs_second_factor else cls.REACH.get(role, NOTHING)

    @classmethod
    def reach_for(cls, viewer: Viewer) -> str:
        """The condition for this viewer, its slots still open. Raises INSUFFICIENT_SCOPE for a key without it."""
        cls.must_be_in_scope(viewer)
        return cls.reach_as(viewer.role, viewer.needs_second_factor)

    @classmethod
    def must_be_in_scope(cls, viewer: Viewer) -> None:
        """Refuse a machine whose key is not for these rows (ID-5): that there are none would be no true answer."""
        if viewer.lacks(cls.SCOPE) and viewer.role in cls.REACH:
            raise outside(cls.SCOPE)

    @classmethod
    def reach_of(cls, viewer: Viewer, *, first: int = 1) -> tuple[str, list[Any]]:
        """The condition for this viewer, its parameters numbered from `$first`, and their values."""
        condition, names = condition_for(cls.reach_for(viewer), first)
        return condition, [getattr(viewer, name) for name in names]

    @classmethod
    async def visible(cls, viewer: Viewer, id: UUID | None, *, lock: bool = False) -> Self | None:
        """The row with this id if it exists for this viewer; if asked, locked until the transaction ends.

        It is locked as it is then: a change that was waited for is in it, and its reach is judged by it.
        """
        condition, own = cls.reach_of(viewer, first=2)
        return cls.made_of(await fetch_one(by_id(cls, condition, lock), id, *own))

    @classmethod
    async def locked(cls, id: UUID) -> Self:
        """The row with this id, which exists, locked until the transaction ends; for what acts without a viewer."""
        row = cls.made_of(await fetch_one(by_id(cls, EVERYTHING, lock=True), id))
        assert row is not None, f"there is no {cls.__name__} {id}"
        return row

    @classmethod
    def made_of(cls, row: Any) -> Self | None:
        """An instance of a row with all columns."""
        return None if row is None else cls._init_from_db(**row)


@cache
def by_id(model: type[Entity], condition: str, lock: bool) -> str:
    """The text that reads one row by its id, locking it behind the row that is to be locked before it."""
    table, before = model._meta.db_table, model.LOCKED_AFTER
    columns = ", ".join(f'{table}."{column}"' for column in model._meta.fields_db_projection.values())
    where = f"WHERE {table}.id = $1 AND ({condition})"
    if not lock:
        return f"SELECT {columns} FROM {table} {where}"
    joins = "".join(f" JOIN {one.table} ON {one.on}" for one in before)
    # PostgreSQL locks in the order of these clauses.
    locks = "".join(f" FOR {one.strength} OF {one.table}" for one in before)
    return f"SELECT {columns} FROM {table}{joins} {where}{locks} FOR NO KEY UPDATE OF {table}"


def extend_reach(model: type[Entity], role: Role, condition: str) -> None:
    """Let a role reach further rows of a type of an earlier area: those that meet this condition too.

    A later area calls it when it is imported, so that no condition names a table to the right of its own.
    """
    before = model.REACH.get(role, NOTHING)
    assert before != EVERYTHING, f"{role.value} reaches every {model.__name__} already"
    model.REACH = {**model.REACH, role: condition if before == NOTHING else f"({before} OR {condition})"}
