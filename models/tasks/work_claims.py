"""Who has taken which task: for a while, alone, and never one about themselves (NO-5, ID-9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.accounts.accounts import Account, Membership
from models.base.access import Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.ids import new_id
from models.base.personal import Kept
from models.base.statements import execute, fetch_one
from models.base.tables import Table
from models.tasks.kinds import TaskKind, TaskName, kinds

LASTS = timedelta(minutes=30)
"""How long a task is taken for; whoever has it may take it again."""


class WorkClaim(Table):
    """One task in the hands of one reviewer; over by itself, and removed by the decision."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(TaskName, max_length=40)
    subject_id = fields.UUIDField()
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="work_claims", on_delete=fields.RESTRICT, db_index=True
    )
    account_id: UUID
    membership: fields.ForeignKeyRelation[Membership] = fields.ForeignKeyField(
        "models.Membership", related_name="work_claims", on_delete=fields.RESTRICT, db_index=True
    )
    membership_id: UUID
    concerns: Any = ArrayField("uuid", default=list)
    taken_at = fields.DatetimeField()
    until = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(
        long="30 minutes, or until it is decided", why="who is at work on what (NO-5)",
        over="work_claims.until <= {at}",
    )  # fmt: skip

    class Meta:
        """UNIQUE: one for a task; it ends with the membership, the account and the decision, by triggers."""

        table = "work_claims"
        unique_together = (("kind", "subject_id"),)


STANDS = """
SELECT {waits} AS waits, {concerns}::uuid[] AS concerns,
       EXISTS (SELECT 1 FROM accounts own WHERE own.id = $3 AND own.person_id = ANY ({concerns})) AS about_oneself,
       held.until, holder.name
  FROM {table}
  LEFT JOIN work_claims held
    ON held.kind = $4 AND held.subject_id = {table}.id AND held.until > $2 AND held.account_id <> $3
  LEFT JOIN accounts holder ON holder.id = held.account_id
 WHERE {table}.id = $1
"""
"""How a task stands for an account: whether it waits still, whom it concerns, and who else has it."""

TAKE = """
INSERT INTO work_claims AS held (id, kind, subject_id, account_id, membership_id, concerns, taken_at, until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (kind, subject_id) DO UPDATE
   SET account_id = excluded.account_id, membership_id = excluded.membership_id, concerns = excluded.concerns,
       taken_at = excluded.taken_at, until = excluded.until
 WHERE held.account_id = excluded.account_id OR held.until <= excluded.taken_at
RETURNING until
"""
"""The first of several at once gets it; it is renewed by who has it, and taken over once it has ended."""


async def standing(kind: TaskKind, subject_id: UUID, account_id: UUID, *, at: datetime) -> Any:
    """How a task stands for an account."""
    waits = kind.waits.replace("{at}", "$2::timestamptz")
    text = STANDS.format(waits=waits, concerns=kind.concerns, table=kind.table)
    return await fetch_one(text, subject_id, at, account_id, kind.name.value)


async def take(kind: TaskKind, subject_id: UUID, *, by: Viewer, at: datetime) -> None:
    """Take a task of a queue, whose subject the caller has locked, or go on having it. Raises NOT_OPEN, CONFLICT."""
    found = await standing(kind, subject_id, by.account_id, at=at)
    if not found.waits:
        raise DONE
    may_be_decided(found, path="taskId")
    row = await fetch_one(
        TAKE, new_id(), kind.name.value, subject_id, by.account_id, by.membership_id, found.concerns, at, at + LASTS
    )
    if row is None:  # another took it between the two statements
        raise CONSTRAINTS["tasks_taken"]


async def release(kind: TaskKind, subject_id: UUID, *, by: Viewer) -> None:
    """Give a task back; nothing if one has not taken it, or it has ended already."""
    await execute(
        "DELETE FROM work_claims WHERE kind = $1 AND subject_id = $2 AND account_id = $3",
        kind.name.value, subject_id, by.account_id,
    )  # fmt: skip


async def must_be_free(name: TaskName, subject_id: UUID, *, by: Viewer | None, at: datetime, path: str) -> None:
    """Refuse a decision while another has its task, or about oneself; called before the decision is written.

    Nobody needs to take what nobody has. A trigger of the decision's own table holds the same, and ends the claim.
    """
    if by is not None:
        may_be_decided(await standing(kinds()[name], subject_id, by.account_id, at=at), path=path)


def may_be_decided(found: Any, *, path: str) -> None:
    """Whether who asked may decide a task that stands so. Raises NOT_ELIGIBLE, CONFLICT."""
    if found.about_oneself:
        raise about_oneself(path)
    if found.until is not None:
        raise taken(found.name, found.until, path)


def taken(name: str, until: datetime, path: str) -> Refusal:
    """Another has it: who, and until when."""
    return Refusal(
        Code.CONFLICT,
        f"{name} has taken this task until {until:%H:%M} UTC.",
        rule="NO-5",
        path=[path],
        fix="Take another task, or ask them to release this one.",
    )


def about_oneself(path: str) -> Refusal:
    """It concerns who asks."""
    return Refusal(
        Code.NOT_ELIGIBLE,
        "This task is about yourself.",
        rule="ID-9",
        path=[path],
        fix="Leave it to somebody else.",
    )


DONE = Refusal(
    Code.NOT_OPEN, "This task is done already.", rule="NO-5", path=["taskId"], fix="Read the list of tasks again."
)
CONSTRAINTS["tasks_taken"] = Refusal(
    Code.CONFLICT,
    "Somebody else has just taken this task.",
    rule="NO-5",
    fix="Take another task, or ask them to release this one.",
)
CONSTRAINTS["tasks_not_about_oneself"] = Refusal(
    Code.NOT_ELIGIBLE, "This task is about yourself.", rule="ID-9", fix="Leave it to somebody else."
)
CONSTRAINTS["work_claims_by_member"] = Refusal(
    Code.NOT_ELIGIBLE, "Your membership has ended.", rule="ID-8", fix="Sign in again."
)
