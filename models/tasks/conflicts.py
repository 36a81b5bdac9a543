"""The queue of the area before this one: conflicts of persons, which OPS settles (ID-7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.accounts.persons import PersonConflict, conflict_settles
from models.base.access import Role, Viewer
from models.tasks.kinds import TaskKind, TaskName, waits_for
from models.tasks.work_claims import must_be_free

waits_for(
    TaskKind(
        name=TaskName.SETTLE_PERSON_CONFLICT,
        title="Settle a conflict of persons",
        subject=PersonConflict,
        waits="person_conflicts.resolved_at IS NULL",
        since="person_conflicts.at",
        due="person_conflicts.at + interval '48 hours'",
        mutations=("linkPerson", "dismissPersonConflict"),
        whose={Role.OPS: None},
        target=timedelta(hours=24),
        # A function, as students and providers are of later areas.
        concerns=(
            "persons_in_conflict(person_conflicts.account_id, person_conflicts.student_id,"
            " person_conflicts.provider_id)"
        ),
    )
)


@conflict_settles.effect
async def by_who_may(conflict: PersonConflict, /, *, by: Viewer, at: datetime) -> None:
    """Refuse to settle what another has taken, or what is about oneself (NO-5, ID-9)."""
    await must_be_free(TaskName.SETTLE_PERSON_CONFLICT, conflict.id, by=by, at=at, path="personConflictId")
