"""Accounts as clients see them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from models import accounts as models
from models.access import Role
from models.text import EmailAddress
from resolvers import accounts as resolvers
from resolvers.operation import ANYONE, EVERYBODY, mutation, query, relation
from schema.providers import Provider
from schema.schools import School, Student
from schema.shape import Node, payload, shown, shows


@shows(models.Account)
class Account(Node):
    """One person who signs in, by e-mail address."""

    email: EmailAddress = shown("The address that signs in.")
    name: str = shown("The person's name.")
    created_at: datetime = shown("When the account was made.")


@shows(models.Membership, name="Viewer")
class Viewer(Node):
    """Who acts: an account under one membership."""

    role: Role = shown("Under which role.")
    account: Account | None = relation(resolvers.ACCOUNT, "The account.")
    student: Student | None = relation(resolvers.STUDENT, "The student it acts for, if it is one.")
    provider: Provider | None = relation(resolvers.PROVIDER, "The provider it acts for, if it is one.")
    school: School | None = relation(resolvers.SCHOOL, "The school it acts for, if it has one.")


SIGNED_IN = {
    "access_token": (str, "Send it as `Authorization: Bearer …`; it lasts 15 minutes."),
    "refresh_token": (str, "Exchange it with `refresh` before that; it works once."),
    "expires_at": (datetime, "When the access token ends."),
    "viewer": (Viewer, "Who is signed in now."),
}


@strawberry.type
class Query:
    """What accounts add to Query."""

    viewer: Viewer | None = query(resolvers.viewer, allow=EVERYBODY)


@strawberry.type
class Mutation:
    """What accounts add to Mutation."""

    sign_in = mutation(resolvers.sign_in, answers=payload("SignIn", SIGNED_IN), allow=ANYONE)
    refresh = mutation(resolvers.refresh, answers=payload("Refresh", SIGNED_IN), allow=ANYONE)
    sign_out = mutation(
        resolvers.sign_out,
        answers=payload("SignOut", {"signed_out": (bool, "True once the session has ended.")}),
        allow=EVERYBODY,
        idempotent=False,
    )
