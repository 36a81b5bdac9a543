"""What `openings` hides and what `bookingBlockedBy` tells, through the API, for each reason by itself (AV-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.availability.openings import bookable_from, bookable_until
from models.base.access import Role, Viewer
from models.base.ids import decode, encode
from models.base.statements import execute
from models.directory.licenses import License, LicenseClass
from models.directory.providers import Service
from tests.support.asking import COMPILED, CORE, ask
from tests.support.databases import own_database, undone
from tests.support.world import (
    AT,
    Pair,
    as_provider,
    as_staff,
    as_student,
    confirmed,
    granted,
    openings_of,
    pair_of,
    provider_of,
    requested,
    student_of,
)

OPENINGS = """
query ($id: ID!, $state: StateCode, $service: Service, $from: DateTime, $until: DateTime) { provider(id: $id) {
  openings(first: 100, state: $state, service: $service, from: $from, until: $until) {
    totalCount nodes { id startsAt } }
  bookingBlockedBy { code rule message field fix } } }
"""
DIRECTORY = """
query ($state: StateCode!, $service: Service) { providers(filter: {state: $state, service: $service}) { nodes { id } } }
"""
A_FORTNIGHT = AT + timedelta(days=14)
LAST_DAY = date(2026, 3, 10)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a viewer reads of a provider: when the openings begin, how many there are, the blockers' rules."""

    starts: list[datetime]
    total: int
    blockers: list[Any]

    @property
    def rules(self) -> list[str]:
        """The rules of the blockers."""
        return [blocker["rule"] for blocker in self.blockers]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def staged(postgres: str) -> AsyncIterator[Pair]:
    """A student with credits and a provider, in a database of this module's own."""
    async with own_database(postgres):
        yield await pair_of()


@pytest_asyncio.fixture(loop_scope="session")
async def pair(staged: Pair) -> AsyncIterator[Pair]:
    """The same, in a transaction that leaves nothing behind."""
    async with undone():
        yield staged


async def listed(pair: Pair, viewer: Viewer | None = None, *, plans: Any = COMPILED, **variables: Any) -> Listed:
    """What a viewer, the student if nobody else is named, reads of the next fortnight's openings."""
    asked = {"id": encode("prv", pair.provider.id), "until": A_FORTNIGHT.isoformat(), **variables}
    found = (await ask(OPENINGS, viewer or as_student(pair.student), plans=plans, **asked))["provider"]
    nodes = found["openings"]["nodes"]
    return Listed(
        starts=[datetime.fromisoformat(str(node["startsAt"])) for node in nodes],
        total=found["openings"]["totalCount"],
        blockers=found["bookingBlockedBy"],
    )


def fortnight(pair: Pair) -> list[datetime]:
    """When the openings of the next fortnight begin that are far enough ahead."""
    return [opening.starts_at for opening in pair.openings if bookable_from(AT) <= opening.starts_at < A_FORTNIGHT]


async def change(statement: str, pair: Pair, *values: Any) -> None:
    """Change the provider's rows."""
    await execute(statement, pair.provider.id, *values)


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_a_student_with_a_credit_is_offered_all_that_is_free(pair: Pair, plans: Any) -> None:
    found = await listed(pair, plans=plans)
    assert found.starts == fortnight(pair)
    assert (found.total, found.blockers) == (len(found.starts), [])


HIDING = {
    "a license that is over": "UPDATE licenses SET expires_on = '2026-03-01' WHERE provider_id = $1",
    "a license in another state": "UPDATE licenses SET state = 'NY' WHERE provider_id = $1",
    "a license of another class": (
        "UPDATE licenses SET license_class = 'PSYCHIATRIC_NURSE_PRACTITIONER' WHERE provider_id = $1"
    ),
    "a service that is not offered": "UPDATE providers SET services = '{MEDICATION_MANAGEMENT}' WHERE id = $1",
    "no rate for the degree": "UPDATE providers SET degree_level = 'DOCTORATE' WHERE id = $1",
}


@pytest.mark.parametrize("reason", HIDING)
async def test_a_reason_of_the_opening_hides_it_and_is_no_blocker(pair: Pair, reason: str) -> None:
    await change(HIDING[reason], pair)
    found = await listed(pair)
    assert (found.starts, found.total, found.blockers) == ([], 0, [])


async def test_openings_end_with_the_last_day_of_the_license(pair: Pair) -> None:
    await change("UPDATE licenses SET expires_on = $2 WHERE provider_id = $1", pair, LAST_DAY)
    assert (await listed(pair)).starts == [start for start in fortnight(pair) if start.date() <= LAST_DAY]


async def test_openings_begin_with_the_first_day_of_the_rate(pair: Pair) -> None:
    await execute("UPDATE rates SET effective_from = $1 WHERE visit_type = 'INTAKE'", LAST_DAY)
    assert (await listed(pair)).starts == [start for start in fortnight(pair) if start.date() >= LAST_DAY]


async def test_openings_end_with_the_grant_that_lasts_the_longest(pair: Pair) -> None:
    starts = fortnight(pair)
    student = await student_of(pair.school)
    await granted(student, 1, expires_at=starts[2])
    await granted(student, 1, expires_at=starts[5])
    found = await listed(pair, as_student(student))
    assert (found.starts, found.rules) == (starts[:5], [])


async def test_a_student_without_a_credit_sees_whom_they_could_see_and_what_to_do(pair: Pair) -> None:
    found = await listed(pair, as_student(await student_of(pair.school)))
    assert found.starts == fortnight(pair)
    (blocker,) = found.blockers
    assert (blocker["code"], blocker["rule"], blocker["field"]) == ("NO_CREDITS", "CR-4", [])
    assert blocker["message"]
    assert blocker["fix"] == "Ask your school for more credits by requestCredits."


async def test_a_live_intake_is_told_and_takes_only_its_own_time(pair: Pair) -> None:
    await requested(pair.student, pair.openings[10])
    found = await listed(pair)
    assert found.starts == [start for start in fortnight(pair) if start != pair.openings[10].starts_at]
    assert found.rules == ["AP-2"]


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_no_new_clients_is_told_to_new_ones_alone(pair: Pair, plans: Any) -> None:
    client = await student_of(pair.school, credits=2)
    session = await confirmed(client, pair.openings[0])
    await session.cancel(by=as_student(client), at=AT)
    await change("UPDATE providers SET accepting_new_clients = false WHERE id = $1", pair)
    new, current = await listed(pair, plans=plans), await listed(pair, as_student(client), plans=plans)
    assert new.starts == current.starts == fortnight(pair)
    assert (new.rules, current.rules) == (["PR-5"], [])


async def test_all_blockers_are_told_at_once(pair: Pair) -> None:
    student = await student_of(pair.school, credits=1)
    await requested(student, pair.openings[0])
    await change("UPDATE providers SET accepting_new_clients = false WHERE id = $1", pair)
    assert (await listed(pair, as_student(student))).rules == ["PR-5", "AP-2", "CR-4"]


async def test_the_time_of_the_students_own_session_with_another_is_hidden(pair: Pair) -> None:
    theirs = (await openings_of(await provider_of()))[10]
    await requested(pair.student, theirs)
    found = await listed(pair)
    assert found.starts == [start for start in fortnight(pair) if start != theirs.starts_at]
    assert found.rules == []


async def test_the_state_is_the_students_own_unless_another_is_asked_for(pair: Pair) -> None:
    await change("UPDATE licenses SET state = 'NY' WHERE provider_id = $1", pair)
    assert (await listed(pair)).starts == []
    assert (await listed(pair, state="NY")).starts == fortnight(pair)


async def test_any_service_will_do_unless_one_is_asked_for(pair: Pair) -> None:
    for service, starts in ((None, fortnight(pair)), ("THERAPY", fortnight(pair)), ("MEDICATION_MANAGEMENT", [])):
        assert (await listed(pair, service=service)).starts == starts


async def test_from_and_until_narrow_the_list_and_never_widen_it(pair: Pair) -> None:
    async def between(begin: str, end: str) -> Listed:
        times: dict[str, Any] = {"from": begin, "until": end}
        return await listed(pair, **times)

    starts = fortnight(pair)
    second, fifth = starts[1].isoformat(), starts[4].isoformat()
    assert (await between(second, fifth)).starts == starts[1:4]
    assert (await between(fifth, second)).starts == []
    widest = await between("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
    assert widest.starts[0] == starts[0]
    assert widest.total == len([o for o in pair.openings if bookable_from(AT) <= o.starts_at < bookable_until(AT)])


@pytest.mark.parametrize("role", [Role.OPS, Role.SCHOOL, Role.PROVIDER])
async def test_others_see_openings_by_the_reasons_of_the_opening_alone(pair: Pair, role: Role) -> None:
    viewer = as_provider(pair.provider) if role is Role.PROVIDER else as_staff(role, school=pair.school)
    await change("UPDATE licenses SET state = 'NY' WHERE provider_id = $1", pair)
    await change("UPDATE providers SET accepting_new_clients = false WHERE id = $1", pair)
    found = await listed(pair, viewer)
    assert (found.starts, found.blockers) == (fortnight(pair), [])
    assert (await listed(pair, viewer, state="MA")).starts == []
    await change(HIDING["a license that is over"], pair)
    assert (await listed(pair, viewer)).starts == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE licenses SET verified_at = NULL WHERE provider_id = $1",
        "UPDATE providers SET searchable = false WHERE id = $1",
    ],
    ids=["no license is verified", "the profile is not searchable"],
)
async def test_nothing_is_offered_of_a_profile_that_the_directory_does_not_show(pair: Pair, statement: str) -> None:
    await change(statement, pair)
    assert (await listed(pair, as_staff(Role.OPS))).starts == []


async def test_the_directory_finds_who_is_licensed_there_for_a_service_that_they_offer(pair: Pair) -> None:
    async def found(state: str, service: Service | None = None) -> bool:
        answer = await ask(DIRECTORY, as_student(pair.student), state=state, service=service and service.value)
        return pair.provider.id in [decode("prv", node["id"]) for node in answer["providers"]["nodes"]]

    assert await found("MA")
    assert await found("MA", Service.THERAPY)
    assert not await found("MA", Service.MEDICATION_MANAGEMENT)
    assert not await found("NY")
    await License.filter(provider_id=pair.provider.id).update(license_class=LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER)
    assert not await found("MA"), "the license covers nothing that the provider offers"


async def test_a_license_lasts_until_its_last_day_is_over_where_the_provider_is(pair: Pair) -> None:
    await change("UPDATE licenses SET expires_on = $2 WHERE provider_id = $1", pair, AT.date())
    for hours, is_found in ((13.9, True), (14, False)):  # it is 10 in the morning in Boston
        answer = await ask(DIRECTORY, as_student(pair.student), at=AT + timedelta(hours=hours), state="MA")
        assert (encode("prv", pair.provider.id) in [node["id"] for node in answer["providers"]["nodes"]]) is is_found
