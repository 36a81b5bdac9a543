"""How requests about accounts and their memberships are answered."""

from __future__ import annotations

from typing import Any

from execution import Selection
from models.access import Role
from models.accounts import Account, Membership
from models.agreements import Acceptance
from models.practices import Practice
from models.providers import Provider
from models.schools import School, Student
from resolvers.context import Context
from resolvers.reading import row, to_all, to_one


async def viewer(context: Context, selection: Selection) -> Any:
    """Who is signed in, and under which membership."""
    if context.viewer.role is Role.PARTNER:
        return machine(context)
    return await row(context, Membership, selection, context.viewer.membership_id)


def machine(context: Context) -> Membership:
    """A partner's machine as a membership of nobody: it has a key and a school, and no account (ID-5)."""
    viewer = context.viewer
    return Membership(id=viewer.account_id, role=viewer.role, school_id=viewer.school_id, created_at=context.now)


ACCOUNT = to_one(Account, by="account_id")
MEMBERSHIPS = to_all(Membership, by="account_id", order="created_at", where="memberships.ended_at IS NULL")
ACCEPTANCES = to_all(Acceptance, by="account_id", order="accepted_at")
STUDENT = to_one(Student, by="student_id")
PROVIDER = to_one(Provider, by="provider_id")
SCHOOL = to_one(School, by="school_id")
PRACTICE = to_one(Practice, by="practice_id")
