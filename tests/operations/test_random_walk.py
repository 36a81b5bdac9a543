"""Long lives at random: students, providers and the clock do what they please, and the books agree after each step."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from models.appointments import booking
from models.appointments.appointments import NO_SHOW_AFTER, Appointment, AppointmentStatus
from models.availability import openings
from models.availability.openings import Opening
from models.base.access import Role
from models.base.amounts import Credits
from models.base.errors import Refused
from models.base.statements import fetch
from models.base.text import PresentingConcern
from models.claims import claims
from models.credits import grants as credits
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.directory.providers import Provider, Service
from models.schools.policies import LATE_NOTICE_HOURS
from models.schools.schools import MissedSessionPolicy, School
from models.schools.students import Student
from tests.support.asking import commit, context_of
from tests.support.databases import own_database
from tests.support.world import AT, as_provider, as_staff, as_student, load_rates, provider_of, school_of, student_of

STEPS, SOAK_STEPS = 400, 2_000
S = AppointmentStatus


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def open_database(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres):
        await load_rates()
        yield


@dataclass
class Session:
    """What this test itself remembers of an appointment."""

    row: Appointment
    status: AppointmentStatus = S.REQUESTED
    confirmed_at: datetime | None = None


@dataclass
class Life:
    """A small world, what is remembered of it, and the dice."""

    choose: random.Random
    students: list[Student]
    providers: list[Provider]
    schools: dict[UUID, School]
    now: datetime = AT
    sessions: list[Session] = field(default_factory=list)
    balances: dict[UUID, Counter[str]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    async def attempt(self, who: Any, verb: Callable[[], Awaitable[Any]]) -> Any:
        """Run a verb as the edge would; None if it was refused."""

        async def resolver(_: Any) -> Any:
            return await verb()

        try:
            return await commit(context_of(who, at=self.now), resolver)
        except Refused:
            return None

    def move(self, student: UUID, source: str, target: str, units: int = 1) -> None:
        """Move credits in memory."""
        self.balances.setdefault(student, Counter()).update({target: units, source: -units})

    async def grant(self) -> None:
        """A school grants some credits."""
        student = self.choose.choice(self.students)
        units = self.choose.choice([0, 1, 2, 5, 101])
        expires_at = self.now + timedelta(days=self.choose.randint(1, 60)) if self.choose.random() < 0.5 else None
        staff = as_staff(Role.SCHOOL, school=self.schools[student.school_id])
        given = await self.attempt(
            staff,
            lambda: credits.grant(student, Credits(units), expires_at=expires_at, note="", by=staff, at=self.now),
        )
        assert (given is not None) == (1 <= units <= 100)
        if given is not None:
            self.move(student.id, "school", "available", units)

    async def request(self) -> None:
        """A student requests one of the next openings, bookable or not."""
        student, provider = self.choose.choice(self.students), self.choose.choice(self.providers)
        after = self.now + timedelta(hours=self.choose.randint(12, 24 * 14))
        opening = await Opening.filter(provider_id=provider.id, starts_at__gt=after).order_by("starts_at").first()
        if opening is None:
            return
        who = as_student(student)
        made = await self.attempt(
            who,
            lambda: booking.request(
                student_id=student.id, opening_id=opening.id, service=Service.THERAPY, state="MA",
                accepts_policy=True, by=who, at=self.now,
            ),
        )  # fmt: skip
        if made is not None:
            self.sessions.append(Session(made))
            self.move(student.id, "available", "held")

    async def end(
        self, name: str, allowed: bool, session: Session, to: AppointmentStatus, bucket: str, **more: Any
    ) -> None:
        """Let a verb of an appointment run, and see that it was refused if it had to be, and only then."""
        row = session.row
        by = more.pop("by", as_provider(row.provider_id))

        async def verb() -> Any:
            current = await Appointment.locked(row.id)
            if name == "attest":
                return await claims.attest(current, presenting_concern=PresentingConcern("SLEEP"), by=by, at=self.now)
            await getattr(current, name)(at=self.now, **({} if name in ("expire", "lapse") else {"by": by}))
            return current

        outcome = await self.attempt(by, verb)
        assert (outcome is not None) == allowed, (name, session.status, self.now, row)
        if outcome is None:
            return
        session.status = to
        if to is S.CONFIRMED:
            session.confirmed_at = self.now
        self.done[to] += 1
        if bucket != "held":
            self.move(row.student_id, "held", bucket)

    def some(self, *statuses: AppointmentStatus) -> Session | None:
        """An appointment, most often one in these states."""
        fitting = [session for session in self.sessions if session.status in statuses]
        pool = fitting if fitting and self.choose.random() < 0.9 else self.sessions
        return self.choose.choice(pool) if pool else None

    def missed(self, session: Session, at: datetime) -> str:
        """Where the credit of a session goes that is missed, or cancelled at this time."""
        starts_at, confirmed_at = session.row.starts_at, session.confirmed_at or at
        grace = confirmed_at + timedelta(hours=2)
        if at <= max(starts_at - timedelta(hours=LATE_NOTICE_HOURS), grace) or grace >= starts_at:
            return "available"
        policy = self.schools[session.row.school_id].missed_session_policy
        return "forfeited" if policy is MissedSessionPolicy.FORFEIT else "available"

    async def answer(self) -> None:
        """The provider confirms or declines, or the student withdraws."""
        session = self.some(S.REQUESTED)
        if session is None:
            return
        is_open = session.status is S.REQUESTED and self.now < session.row.confirm_by
        name, to, bucket = self.choose.choice(
            [("confirm", S.CONFIRMED, "held")] * 3
            + [("decline", S.DECLINED, "available"), ("withdraw", S.WITHDRAWN, "available")]
        )
        await self.end(name, is_open, session, to, bucket)

    async def expire(self) -> None:
        """The worker ends what nobody answered."""
        session = self.some(S.REQUESTED)
        if session is not None:
            overdue = session.status is S.REQUESTED and self.now >= session.row.confirm_by
            await self.end("expire", overdue, session, S.EXPIRED, "available")

    async def cancel(self) -> None:
        """Either side calls a session off."""
        session = self.some(S.CONFIRMED)
        if session is None:
            return
        student = next(student for student in self.students if student.id == session.row.student_id)
        is_student = self.choose.random() < 0.5
        allowed = session.status is S.CONFIRMED and self.now < session.row.starts_at
        bucket = self.missed(session, self.now) if is_student else "available"
        by = as_student(student) if is_student else as_provider(session.row.provider_id)
        await self.end("cancel", allowed, session, S.CANCELLED, bucket, by=by)

    async def miss(self) -> None:
        """The provider says that the student did not come."""
        session = self.some(S.CONFIRMED)
        if session is not None:
            row = session.row
            allowed = session.status is S.CONFIRMED and row.starts_at + NO_SHOW_AFTER <= self.now < row.attest_by
            await self.end("mark_no_show", allowed, session, S.NO_SHOW, self.missed(session, self.now))

    async def attest(self) -> None:
        """The provider attests, in time or too late."""
        session = self.some(S.CONFIRMED)
        if session is not None and session.status is not S.LAPSED:
            allowed = session.status is S.CONFIRMED and self.now >= session.row.ends_at
            bucket = "settled" if self.now < session.row.attest_by else "available"
            await self.end("attest", allowed, session, S.COMPLETED, bucket)

    async def lapse(self) -> None:
        """The worker ends what nobody reported."""
        session = self.some(S.CONFIRMED)
        if session is not None:
            overdue = session.status is S.CONFIRMED and self.now >= session.row.attest_by
            await self.end("lapse", overdue, session, S.LAPSED, "available")

    async def pass_time(self) -> None:
        """Some hours pass, now and then a month."""
        self.now += timedelta(hours=self.choose.choice([1, 6, 20, 40, 100] + [24 * 32] * (self.choose.random() < 0.05)))
        await openings.extend_openings(at=self.now)

    async def step(self) -> None:
        """One thing happens."""
        happening = self.choose.choices(
            [
                self.grant,
                self.request,
                self.answer,
                self.expire,
                self.cancel,
                self.miss,
                self.attest,
                self.lapse,
                self.pass_time,
            ],
            weights=[2, 10, 6, 2, 1, 1, 3, 1, 2],
        )[0]
        await happening()

    async def check(self) -> None:
        """The books agree with themselves, with each other, and with what is remembered."""
        assert await wallets_that_disagree() == []
        assert await grants_that_disagree() == []
        for row in await fetch(WALLETS, [student.id for student in self.students]):
            kept = self.balances.get(row.id, Counter())
            told = {"available": row.available, "held": row.held, "settled": row.settled, "forfeited": row.forfeited}
            assert told == {name: kept[name] for name in told}
            assert row.granted == sum(told.values()) == -kept["school"]
            assert row.held == row.live
            assert row.settled == row.accepted
        assert await fetch(TWO_LIVE_BEFORE_INTAKE) == []
        assert await fetch(OVERLAPPING) == []


WALLETS = """
SELECT w.*, (SELECT count(*) FROM appointments a WHERE a.student_id = w.id AND a.status IN ('REQUESTED', 'CONFIRMED'))
             AS live,
       (SELECT count(*) FROM claims c WHERE c.student_id = w.id AND c.status = 'ACCEPTED') AS accepted
  FROM wallets w WHERE w.id = ANY ($1)
"""
TWO_LIVE_BEFORE_INTAKE = """
SELECT a.student_id FROM appointments a WHERE a.status IN ('REQUESTED', 'CONFIRMED')
   AND NOT EXISTS (SELECT 1 FROM appointments d WHERE (d.student_id, d.provider_id) = (a.student_id, a.provider_id)
                      AND d.visit_type = 'INTAKE' AND d.status = 'COMPLETED')
 GROUP BY a.student_id, a.provider_id HAVING count(*) > 1
"""
OVERLAPPING = """
SELECT a.id FROM appointments a JOIN appointments b ON a.id < b.id
   AND (a.provider_id = b.provider_id OR a.student_id = b.student_id)
   AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
 WHERE a.status IN ('REQUESTED', 'CONFIRMED') AND b.status IN ('REQUESTED', 'CONFIRMED')
"""


async def live(seed: int, steps: int) -> Life:
    """One life of so many steps, checked after each."""
    schools = [await school_of(policy=policy) for policy in MissedSessionPolicy]
    life = Life(
        choose=random.Random(seed),
        students=[await student_of(school) for school in schools for _ in range(3)],
        providers=[await provider_of() for _ in range(3)],
        schools={school.id: school for school in schools},
    )
    for _ in range(steps):
        await life.step()
        await life.check()
    return life


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_books_agree_after_every_step(seed: int) -> None:
    life = await live(seed, STEPS)
    assert len(life.sessions) > 10
    assert life.done[S.CONFIRMED] > 3
    assert life.done[S.COMPLETED] > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 20))
async def test_the_books_agree_after_every_step_of_a_long_life(seed: int) -> None:
    life = await live(seed, SOAK_STEPS)
    endings = {status for status in S if status not in (S.REQUESTED, S.CONFIRMED)}
    assert set(life.done) >= endings
