"""Other openings after an unanswered request: only what the same student could really request (AP-3, AP-1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from models.appointments.alternatives import Alternative, other_openings
from models.appointments.appointments import Appointment
from models.appointments.booking import booking_facts
from models.appointments.rules import request_refusals
from models.availability.openings import Opening, bookable_from
from models.base.statements import execute, transaction
from models.directory.providers import Provider
from tests.support.databases import own_database, undone
from tests.support.world import Pair, as_provider, granted, openings_of, pair_of, provider_of, requested, student_of

HOUR = timedelta(hours=1)
OWN, ANOTHER = "the same provider", "another provider"


@dataclass(kw_only=True)
class Scene:
    """A request that nobody answered in time, and another provider of the same state and service."""

    pair: Pair
    another: Provider
    appointment: Appointment

    @property
    def at(self) -> datetime:
        """When the request had expired."""
        return self.appointment.confirm_by

    async def offered(self) -> list[Alternative]:
        """What is offered now; a request for any of it would succeed."""
        found = await other_openings(self.appointment.id, at=self.at)
        for alternative in found:
            facts = await booking_facts(
                at=self.at,
                student_id=self.pair.student.id,
                opening_id=alternative.opening_id,
                service=self.appointment.service,
                state=self.appointment.state,
            )
            assert request_refusals(facts, accepts_policy=True, at=self.at) == []
        return found

    async def names(self) -> list[str]:
        """Whose openings are offered now, in order."""
        return [alternative.provider_name for alternative in await self.offered()]

    async def leave_only(self, whose: str) -> Provider:
        """Leave openings to one of the two providers, and see that they are offered."""
        stays, goes = (self.pair.provider, self.another) if whose == OWN else (self.another, self.pair.provider)
        await execute("DELETE FROM openings WHERE provider_id = $1", goes.id)
        assert await self.names() == [stays.name] * 3
        return stays


async def expired(appointment: Appointment) -> Appointment:
    """The same, once its time to be answered has passed."""
    async with transaction():
        locked = await Appointment.locked(appointment.id)
        await locked.expire(at=appointment.confirm_by)
    return locked


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def staged(postgres: str) -> AsyncIterator[Scene]:
    """The scene, in a database of this module's own, where there are no providers but these two."""
    async with own_database(postgres):
        pair = await pair_of()
        appointment = await expired(await requested(pair.student, pair.openings[61]))
        yield Scene(pair=pair, another=await provider_of(), appointment=appointment)


@pytest_asyncio.fixture(loop_scope="session")
async def scene(staged: Scene) -> AsyncIterator[Scene]:
    """The same, in a transaction that leaves nothing behind."""
    async with undone():
        yield replace(staged)


async def test_who_let_the_request_expire_is_offered_once_beside_a_single_other_provider(scene: Scene) -> None:
    assert Counter(await scene.names()) == {scene.another.name: 2, scene.pair.provider.name: 1}


async def test_with_two_other_providers_only_they_are_offered(scene: Scene) -> None:
    third = await provider_of()
    found = await scene.offered()
    assert {alternative.provider_name for alternative in found} == {scene.another.name, third.name}
    assert [alternative.starts_at for alternative in found] == sorted(alternative.starts_at for alternative in found)


async def test_the_opening_that_expired_is_not_offered_again(scene: Scene) -> None:
    await scene.leave_only(OWN)
    starts_at = scene.appointment.starts_at
    others = "DELETE FROM openings WHERE provider_id = $1 AND starts_at <> $2"
    await execute(others, scene.pair.provider.id, starts_at)
    assert starts_at > bookable_from(scene.at)
    assert await scene.offered() == []


AGAINST = {
    "a license of a class that does not cover the service": (
        "UPDATE licenses SET license_class = 'PSYCHIATRIC_NURSE_PRACTITIONER' WHERE provider_id = $1"
    ),
    "a license that ends before": "UPDATE licenses SET expires_on = '2026-03-05' WHERE provider_id = $1",
    "no license that the board confirmed": "UPDATE licenses SET verified_at = NULL WHERE provider_id = $1",
    "another service": "UPDATE providers SET services = '{MEDICATION_MANAGEMENT}' WHERE id = $1",
    "no new clients": "UPDATE providers SET accepting_new_clients = false WHERE id = $1",
    "no place in the directory": "UPDATE providers SET searchable = false WHERE id = $1",
    "no agreed rate": "UPDATE providers SET degree_level = 'DOCTORATE' WHERE id = $1",
}


@pytest.mark.parametrize("whose", [OWN, ANOTHER])
@pytest.mark.parametrize("against", AGAINST)
async def test_a_provider_who_could_not_be_asked_is_not_offered(scene: Scene, whose: str, against: str) -> None:
    provider = await scene.leave_only(whose)
    await execute(AGAINST[against], provider.id)
    assert await scene.offered() == []


@pytest.mark.parametrize("whose", [OWN, ANOTHER])
async def test_a_provider_with_whom_an_intake_is_live_is_not_offered(scene: Scene, whose: str) -> None:
    provider = await scene.leave_only(whose)
    await requested(scene.pair.student, (await openings_of(provider))[80], at=scene.at)
    assert await scene.offered() == []


@pytest.mark.parametrize("whose", [OWN, ANOTHER])
async def test_a_provider_who_takes_no_new_clients_is_offered_to_a_client(scene: Scene, whose: str) -> None:
    provider = await scene.leave_only(whose)
    appointment = await requested(scene.pair.student, (await openings_of(provider))[80], at=scene.at)
    await appointment.confirm(by=as_provider(provider), at=scene.at)
    await appointment.cancel(by=as_provider(provider), at=scene.at)
    await execute(AGAINST["no new clients"], provider.id)
    assert await scene.names() == [provider.name] * 3


async def test_without_a_credit_that_lasts_until_then_nothing_is_offered(scene: Scene) -> None:
    student, opening = await student_of(scene.pair.school), scene.pair.openings[61]
    await granted(student, 1, expires_at=opening.starts_at + HOUR)
    appointment = await expired(await requested(student, opening))
    scene.pair, scene.appointment = replace(scene.pair, student=student), appointment
    assert len(await scene.offered()) == 3
    await execute("DELETE FROM openings WHERE starts_at <= $1", opening.starts_at)
    assert await scene.offered() == []


async def test_a_state_without_a_license_there_offers_nothing(scene: Scene) -> None:
    await scene.leave_only(ANOTHER)
    await execute("UPDATE licenses SET state = 'NY' WHERE provider_id = $1", scene.another.id)
    assert await scene.offered() == []


async def test_the_students_other_sessions_leave_no_time_for_a_second_one(scene: Scene) -> None:
    taken = (await scene.offered())[0]
    same_time = await Opening.get(provider_id=scene.another.id, starts_at=taken.starts_at)
    await requested(scene.pair.student, same_time, at=scene.at)
    assert taken.starts_at not in [alternative.starts_at for alternative in await scene.offered()]
