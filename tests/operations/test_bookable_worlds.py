"""In any world, what is offered without a blocker is not refused, and what is refused for its own sake not offered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some

from models.appointments import booking
from models.appointments.rules import opening_refusals, request_refusals, viewer_refusals
from models.availability.hours import Hours
from models.availability.openings import Opening, bookable_from, bookable_until
from models.base.errors import Refused
from models.base.ids import decode, encode
from models.base.statements import execute, transaction, write
from models.base.times import local_day
from models.directory.licenses import License, LicenseClass
from models.directory.providers import DegreeLevel, Provider, Service
from models.rates.rates import Rate
from models.schools.students import Student
from tests.support.asking import ask
from tests.support.databases import own_database, undone
from tests.support.world import (
    AT,
    NUMBERS,
    as_student,
    attested,
    confirmed,
    granted,
    load_rates,
    openings_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

MINUTE = timedelta(minutes=1)
WEEK = [Hours(weekday=day, starts=time(9), ends=time(10)) for day in (1, 4)]
STATES = ("MA", "NY")
CLASSES = (
    LicenseClass.CLINICAL_SOCIAL_WORKER,
    LicenseClass.PSYCHIATRIST,
    LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER,
)
ZONES = ("America/New_York", "America/Santiago", "Pacific/Auckland")
"""In Santiago the clocks go back at midnight, on 4 April 2026."""

LISTED = """
query ($id: ID!, $state: StateCode, $service: Service) { provider(id: $id) {
  openings(first: 100, state: $state, service: $service) { nodes { id } } bookingBlockedBy { rule } } }
"""
PREFLIGHT = """
query ($id: ID!, $state: StateCode!, $service: Service!) { bookingPreflight(
  openingId: $id, state: $state, service: $service, acceptsMissedAppointmentPolicy: true) { wouldSucceed } }
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """All that a request depends on; days and hours count from `AT`."""

    zone: str
    services: frozenset[Service]
    searchable: bool
    accepting: bool
    hours_gone: int
    licenses: list[tuple[str, LicenseClass, int, bool]]
    rates: list[tuple[str, Service, LicenseClass, str | None, int]]
    grants: list[tuple[int, int | None]]
    history: str | None
    taken: list[int]
    busy: int | None

    @property
    def now(self) -> datetime:
        """When the lists are read."""
        return AT + timedelta(hours=self.hours_gone)


LATER = some.integers(-2, 64)
SOON = some.just(-9) | some.integers(-2, 20)
WORLDS = some.builds(
    World,
    zone=some.sampled_from(ZONES),
    services=some.frozensets(some.sampled_from(Service), min_size=1),
    searchable=some.integers(0, 9).map(bool),
    accepting=some.booleans(),
    hours_gone=some.integers(0, 96),
    licenses=some.lists(
        some.tuples(some.sampled_from(STATES), some.sampled_from(CLASSES), LATER, some.integers(0, 4).map(bool)),
        min_size=1,
        max_size=4,
    ),
    rates=some.lists(
        some.tuples(
            some.sampled_from(["INTAKE", "FOLLOW_UP"]),
            some.sampled_from(Service),
            some.sampled_from(CLASSES),
            some.sampled_from([None, None, *STATES]),
            SOON,
        ),
        min_size=8,
        max_size=20,
        unique=True,
    ),
    grants=some.lists(some.tuples(some.integers(1, 3), some.none() | some.integers(1, 64 * 24)), max_size=3),
    history=some.sampled_from([None, None, "requested", "confirmed", "cancelled", "completed"]),
    taken=some.lists(some.integers(0, 15), max_size=3, unique=True),
    busy=some.none() | some.integers(0, 15),
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A student without credits, the provider whom they look at, and another one with the same week."""

    student: Student
    provider: Provider
    another: Provider

    async def become(self, world: World) -> None:
        """Make this world of the scene: first what has happened, while all was well, then what has changed since."""
        openings, elsewhere = await openings_of(self.provider), await openings_of(self.another)
        school = await school_of()
        await self.live_through(world.history, openings[0])
        for place in world.taken:
            await requested(await student_of(school, credits=1), openings[1 + place])
        if world.busy is not None:
            await granted(self.student, 1)
            await requested(self.student, elsewhere[1 + world.busy])
        for units, hours in world.grants:
            await granted(self.student, units, expires_at=None if hours is None else AT + timedelta(hours=hours))
        await execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # while all is well
        await execute("UPDATE licenses SET expires_on = '2026-03-01' WHERE provider_id = $1", self.provider.id)
        await execute("UPDATE rates SET degree_level = 'ASSOCIATE'")  # those of the past stay, claims name them
        await write(*(self.license(*drawn, world.zone) for drawn in world.licenses), *map(rate, world.rates))
        await execute(
            "UPDATE providers SET time_zone = $2, services = $3, accepting_new_clients = $4,"
            " searchable = searchable AND $5 WHERE id = $1",
            self.provider.id, world.zone, sorted(world.services), world.accepting, world.searchable,
        )  # fmt: skip
        await write(*(await self.openings_at_the_edges(world)))

    async def live_through(self, history: str | None, opening: Opening) -> None:
        """What the student and the provider have had with each other."""
        if history is None:
            return
        await granted(self.student, 1)
        if history == "requested":
            await requested(self.student, opening)
            return
        appointment = await confirmed(self.student, opening)
        if history == "completed":
            await attested(appointment)
        if history == "cancelled":
            await appointment.cancel(by=as_student(self.student), at=AT)
            # The credit is back, in a grant that is over and that no worker has expired yet.
            await execute("UPDATE grants SET expires_at = $2 WHERE wallet_id = $1", self.student.id, AT)

    def license(self, state: str, license_class: LicenseClass, days: int, verified: bool, zone: str) -> License:
        """One of the provider's licenses."""
        return License(
            provider_id=self.provider.id,
            license_class=license_class,
            title="LICSW",
            number=f"{state}-{next(NUMBERS)}",
            state=state,
            expires_on=local_day(AT, ZoneInfo(zone)) + timedelta(days=days),
            entered_at=AT,
            verified_at=AT if verified else None,
        )

    async def openings_at_the_edges(self, world: World) -> list[Opening]:
        """Openings at the instants at which something begins or ends, and a minute before."""
        known = {opening.starts_at for opening in await Opening.filter(provider_id=self.provider.id)}
        starts = {edge - early for edge in edges(world) for early in (timedelta(), MINUTE)} - known
        return [
            Opening(provider_id=self.provider.id, starts_at=start, ends_at=start + timedelta(hours=1))
            for start in sorted(starts)
        ]


def edges(world: World) -> Iterator[datetime]:
    """The instants at which something that counts begins or ends."""
    yield from (bookable_from(world.now), bookable_until(world.now))
    yield from (AT + timedelta(hours=hours) for _, hours in world.grants if hours is not None)
    zone, today = ZoneInfo(world.zone), local_day(AT, ZoneInfo(world.zone))
    days = [days + 1 for _, _, days, _ in world.licenses] + [days for *_, days in world.rates[:4]]
    for day in days:
        yield datetime.combine(today + timedelta(days=day), time(), zone).astimezone(UTC)


def rate(drawn: tuple[str, Service, LicenseClass, str | None, int]) -> Rate:
    """One rate."""
    visit_type, service, license_class, state, days = drawn
    return Rate(
        visit_type=visit_type,
        service=service,
        degree_level=DegreeLevel.MASTERS,
        license_class=license_class,
        state=state,
        amount_cents=9_500,
        effective_from=AT.date() + timedelta(days=days),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(postgres: str) -> AsyncIterator[Scene]:
    """The scene, in a database of this module's own."""
    async with own_database(postgres):
        await load_rates()
        yield Scene(
            student=await student_of(await school_of()),
            provider=await provider_of(week=WEEK),
            another=await provider_of(week=WEEK),
        )


async def look(scene: Scene, world: World, state: str | None, service: Service | None) -> tuple[set[Any], list[str]]:
    """The ids of the openings that the student is offered, and the rules that the student is told beside them."""
    found = await ask(
        LISTED, as_student(scene.student), at=world.now,
        id=encode("prv", scene.provider.id), state=state, service=service and service.value,
    )  # fmt: skip
    provider = found["provider"]
    if provider is None:  # a provider who is not searchable and was never met does not exist for the student
        return set(), []
    ids = {decode("opn", node["id"]) for node in provider["openings"]["nodes"]}
    return ids, [blocker["rule"] for blocker in provider["bookingBlockedBy"]]


async def check(scene: Scene, world: World, choose: some.DataObject) -> None:
    """Compare what is offered in a world with what every single request would come to."""
    await scene.become(world)
    openings = await Opening.filter(provider_id=scene.provider.id).order_by("starts_at")
    fine: dict[tuple[str, Service], set[Any]] = {}
    for state in STATES:
        for service in Service:
            offered, blockers = await look(scene, world, state, service)
            fine[state, service] = set()
            for opening in openings:
                facts = await booking.booking_facts(
                    student_id=scene.student.id, opening_id=opening.id, service=service, state=state, at=world.now
                )
                refusals = opening_refusals(facts, world.now)
                assert (opening.id in offered) == (not refusals), (opening.starts_at, refusals)
                if not refusals:
                    fine[state, service].add(opening.id)
                    assert [refusal.rule for refusal in viewer_refusals(facts)] == blockers
                    assert bool(request_refusals(facts, accepts_policy=True, at=world.now)) == bool(blockers)
    asked = [(state, service) for (state, service), ids in fine.items() if ids] or list(fine)
    state, service = choose.draw(some.sampled_from(asked))
    opening = choose.draw(some.sampled_from([one for one in openings if one.id in fine[state, service]] or openings))
    would_succeed = opening.id in fine[state, service] and not blockers
    assert await preflight(scene, world, opening, state, service) == would_succeed
    assert await request(scene, world, opening, state, service) == would_succeed
    for place in (None, *STATES):
        offered, _ = await look(scene, world, place, None)
        assert offered == set().union(*(fine[place or "MA", one] for one in Service))


async def preflight(scene: Scene, world: World, opening: Opening, state: str, service: Service) -> bool:
    """Whether the preflight says that a request would succeed."""
    found = await ask(
        PREFLIGHT, as_student(scene.student), at=world.now,
        id=encode("opn", opening.id), state=state, service=service.value,
    )  # fmt: skip
    return bool(found["bookingPreflight"]["wouldSucceed"])


async def request(scene: Scene, world: World, opening: Opening, state: str, service: Service) -> bool:
    """Whether a request succeeds, to the last constraint; nothing of it stays."""
    async with undone():
        try:
            async with transaction():
                await booking.request(
                    student_id=scene.student.id, opening_id=opening.id, service=service, state=state,
                    accepts_policy=True, by=as_student(scene.student), at=world.now,
                )  # fmt: skip
                await execute("SET CONSTRAINTS ALL IMMEDIATE")
        except Refused:
            return False
    return True


FEW = hypothesis_settings(
    deadline=None,
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],  # to shrink a world takes minutes and says little more
    suppress_health_check=list(HealthCheck),
)


@FEW
@given(WORLDS, some.data())
async def test_what_is_offered_is_what_would_not_be_refused(
    scene: Scene, world: World, choose: some.DataObject
) -> None:
    async with undone():
        await check(scene, world, choose)


@pytest.mark.soak
@hypothesis_settings(FEW, max_examples=500)
@given(WORLDS, some.data())
async def test_what_is_offered_is_what_would_not_be_refused_in_many_worlds(
    scene: Scene, world: World, choose: some.DataObject
) -> None:
    async with undone():
        await check(scene, world, choose)
