"""Two reviewers and one task, with real commits: one has it, and nobody decides about themselves (NO-5, ID-9)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest_asyncio

from models.accounts.accounts import Account, Membership
from models.accounts.persons import PersonConflict
from models.base.access import Role, Viewer
from models.base.statements import write
from models.directory.licenses import License, LicenseClass
from models.directory.providers import Provider
from models.records.retention import remove_old_of
from models.schools.students import Student
from models.tasks.kinds import TaskName
from models.tasks.tasks import task_id
from models.tasks.work_claims import WorkClaim
from tests.support.asking import ask, do
from tests.support.databases import own_database
from tests.support.two_sides import conflict_of, viewer_of
from tests.support.world import AT, provider_of, school_of, student_of

NUMBERS = count(1)


@pytest_asyncio.fixture(autouse=True, scope="module", loop_scope="session")
async def committed(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres, pool_size=30):
        yield


async def license_of(provider: Provider) -> License:
    """A license that nobody has verified."""
    return await License.enter(
        provider,
        license_class=LicenseClass.CLINICAL_SOCIAL_WORKER,
        title="LCSW",
        number=f"NY-{next(NUMBERS)}",
        state="NY",
        expires_on=AT.date() + timedelta(days=900),
        by=None,
        at=AT,
    )


def of(license: License) -> str:
    """The id of the task to verify a license."""
    return task_id(TaskName.VERIFY_LICENSE, license.id)


async def take(viewer: Viewer, license: License, *, minutes: int = 0) -> Any:
    """The answer to taking it."""
    return await do("takeTask", viewer, "__typename", at=AT + timedelta(minutes=minutes), taskId=of(license))


async def verify(viewer: Viewer, license: License) -> Any:
    """The answer to verifying it."""
    return await do("verifyLicense", viewer, "__typename", licenseId=license.type_id)


def outcomes(answers: list[Any]) -> Counter[str]:
    """How many answers there were of each kind: OK, or the first user error's code."""
    return Counter(answer["userErrors"][0]["code"] if answer["userErrors"] else "OK" for answer in answers)


async def test_of_many_reviewers_at_once_one_takes_a_task() -> None:
    license = await license_of(await provider_of())
    reviewers = [await viewer_of(Role.OPS) for _ in range(20)]
    answers = await asyncio.gather(*(take(reviewer, license) for reviewer in reviewers))
    assert outcomes(answers) == {"OK": 1, "CONFLICT": 19}
    (claim,) = await WorkClaim.filter(subject_id=license.id)
    answers = await asyncio.gather(*(verify(reviewer, license) for reviewer in reviewers))
    assert outcomes(answers)["OK"] == 1
    decided = await License.get(id=license.id)
    assert decided.verified_by == claim.account_id
    assert not await WorkClaim.filter(subject_id=license.id).exists()


async def test_of_many_reviewers_at_once_one_decides_what_nobody_took() -> None:
    license = await license_of(await provider_of())
    answers = await asyncio.gather(*[verify(await viewer_of(Role.OPS), license) for _ in range(10)])
    assert outcomes(answers) == {"OK": 1, "NOT_OPEN": 9}


async def test_a_task_is_taken_by_one_or_decided_by_another_and_never_both() -> None:
    provider = await provider_of()
    one, other = await viewer_of(Role.OPS), await viewer_of(Role.OPS)
    for _ in range(10):
        license = await license_of(provider)
        took, decided = await asyncio.gather(take(one, license), verify(other, license))
        was_taken = await WorkClaim.filter(subject_id=license.id).exists()
        assert was_taken is not ((await License.get(id=license.id)).verified_at is not None)
        assert sorted(outcomes([took, decided])) == (["CONFLICT", "OK"] if was_taken else ["NOT_OPEN", "OK"])


async def test_what_ended_is_taken_over_by_one_of_many() -> None:
    license = await license_of(await provider_of())
    await take(await viewer_of(Role.OPS), license)
    answers = await asyncio.gather(*[take(await viewer_of(Role.OPS), license, minutes=30) for _ in range(10)])
    assert outcomes(answers) == {"OK": 1, "CONFLICT": 9}


async def test_what_somebody_has_taken_ends_with_their_account_and_with_their_membership() -> None:
    staff, license = await viewer_of(Role.OPS), await license_of(await provider_of())
    for verb, chosen in (("disableAccount", "accountId"), ("endMembership", "membershipId")):
        gone = await viewer_of(Role.OPS)
        assert (await take(gone, license))["userErrors"] == []
        model: Any = Account if chosen == "accountId" else Membership
        row = await model.get(id=gone.account_id if model is Account else gone.membership_id)
        sent: dict[str, Any] = {chosen: row.type_id}
        await do(verb, staff, "__typename", **sent)
        assert not await WorkClaim.filter(subject_id=license.id).exists()
        refused = await take(gone, license)
        assert [error["code"] for error in refused["userErrors"]] == ["NOT_ELIGIBLE"]


async def test_nothing_stays_taken_by_who_is_shut_out_at_the_same_moment() -> None:
    provider, staff = await provider_of(), await viewer_of(Role.OPS)
    for _ in range(10):
        license, gone = await license_of(provider), await viewer_of(Role.OPS)
        account = await Account.get(id=gone.account_id)
        await asyncio.gather(take(gone, license), do("disableAccount", staff, "__typename", accountId=account.type_id))
        assert not await WorkClaim.filter(subject_id=license.id).exists()


async def of_person(row: Provider | Student) -> Viewer:
    """Somebody of OPS who is this provider or student too."""
    viewer = await viewer_of(Role.OPS)
    own = (
        Membership(account_id=viewer.account_id, role=Role.PROVIDER, provider_id=row.id, created_at=AT)
        if isinstance(row, Provider)
        else Membership(
            account_id=viewer.account_id,
            role=Role.STUDENT,
            student_id=row.id,
            school_id=row.school_id,
            created_at=AT,
        )
    )
    await write(own)
    return viewer


async def test_nobody_takes_or_verifies_their_own_license() -> None:
    provider = await provider_of()
    license, viewer = await license_of(provider), await of_person(provider)
    for answer in (await take(viewer, license), await verify(viewer, license)):
        (error,) = answer["userErrors"]
        assert (error["code"], error["rule"], error["message"]) == (
            "NOT_ELIGIBLE",
            "ID-9",
            "This task is about yourself.",
        )
    assert (await verify(await viewer_of(Role.OPS), license))["userErrors"] == []


async def test_a_conflict_of_persons_is_settled_by_who_took_it_and_never_by_who_is_in_it() -> None:
    student = await student_of(await school_of())
    conflict: PersonConflict = conflict_of(student)
    await write(conflict)
    task = task_id(TaskName.SETTLE_PERSON_CONFLICT, conflict.id)
    one, other, oneself = await viewer_of(Role.OPS), await viewer_of(Role.OPS), await of_person(student)

    async def settle(viewer: Viewer) -> list[str]:
        sent: dict[str, Any] = {"personConflictId": conflict.type_id, "reason": "Two people."}
        answer = await do("dismissPersonConflict", viewer, "__typename", **sent)
        return [error["code"] for error in answer["userErrors"]]

    async def link(viewer: Viewer) -> list[str]:
        answer = await do("linkPerson", viewer, "__typename", personConflictId=conflict.type_id)
        return [error["code"] for error in answer["userErrors"]]

    listed = await ask("{ tasks(filter: {kind: [SETTLE_PERSON_CONFLICT]}) { nodes { id mutations } } }", one)
    assert {"id": task, "mutations": ["linkPerson", "dismissPersonConflict"]} in listed["tasks"]["nodes"]
    assert (await do("takeTask", oneself, "__typename", taskId=task))["userErrors"][0]["rule"] == "ID-9"
    assert (await do("takeTask", one, "__typename", taskId=task))["userErrors"] == []
    assert await settle(oneself) == ["NOT_ELIGIBLE"]
    assert await settle(other) == await link(other) == ["CONFLICT"]
    assert await settle(one) == []
    assert not await WorkClaim.filter(subject_id=conflict.id).exists()


async def test_a_claim_that_is_over_is_removed() -> None:
    license = await license_of(await provider_of())
    await take(await viewer_of(Role.OPS), license)
    await remove_old_of(WorkClaim, at=AT + timedelta(minutes=29))
    assert await WorkClaim.filter(subject_id=license.id).exists()
    await remove_old_of(WorkClaim, at=AT + timedelta(minutes=30))
    assert not await WorkClaim.filter(subject_id=license.id).exists()
