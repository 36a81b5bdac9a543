"""Invitations and sign-up as clients see them (PR-1, ID-3)."""

from datetime import datetime

import strawberry

from models.accounts import invitations as models
from models.accounts.accounts import PEOPLE
from models.accounts.agreements import Document
from models.base.access import Role
from models.base.text import EmailAddress
from operations.fields import ANYONE
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers import invitations as resolvers
from resolvers.accounts import PRACTICE, PROVIDER, SCHOOL, STUDENT
from resolvers.invitations import AgreementInput
from schema.accounts import Viewer
from schema.practices import Practice
from schema.providers import Provider
from schema.schools import School, Student
from schema.sessions import SIGNED_IN
from schema.shape import Connection, Node, payload, shown, shows, value

strawberry.input(AgreementInput, description="One document in one version, as a person accepts it.")


@value
class Agreement:
    """One document in the version that a sign-up accepts now (PR-1)."""

    document: Document = shown("What is agreed to.")
    version: str = shown("In which version.")


@shows(models.Invitation)
class Invitation(Node):
    """An invitation to one membership. Its link is in the mail alone."""

    email: EmailAddress = shown("Who is invited.")
    name: str = shown("The person's name.")
    role: Role = shown("As what.")
    student: Student | None = relation(STUDENT, "The student, if it is for one.")
    provider: Provider | None = relation(PROVIDER, "The provider, if it is for one.")
    practice: Practice | None = relation(PRACTICE, "The practice, if it is for its office.")
    school: School | None = relation(SCHOOL, "The school, if it has one.")
    title: str = shown("What an office user is called in the practice.")
    is_owner: bool = shown("Whether an office user is to own the practice (ID-4).")
    created_at: datetime = shown("When it was sent.")
    expires_at: datetime = shown("Until when its link works.")
    accepted_at: datetime | None = shown("When it was accepted.")
    withdrawn_at: datetime | None = shown("When it was taken back, replaced by another, or ended.")


INVITERS = [Role.OPS, Role.SCHOOL, Role.OFFICE]


@strawberry.type
class Query:
    """What invitations add to Query."""

    agreements: list[Agreement] | None = query(resolvers.current_agreements, allow=ANYONE)
    invitations: Connection[Invitation] | None = query(resolvers.many, allow=INVITERS)


@strawberry.type
class Mutation:
    """What invitations add to Mutation."""

    invite = mutation(resolvers.invite, answers=payload("Invite", Invitation), allow=INVITERS)
    withdraw_invitation = mutation(
        resolvers.withdraw, answers=payload("WithdrawInvitation", Invitation), allow=INVITERS
    )
    sign_up = mutation(
        resolvers.sign_up, before=resolvers.hash_first, answers=payload("SignUp", SIGNED_IN), allow=ANYONE
    )
    accept_invitation = mutation(
        resolvers.accept,
        before=resolvers.admit_token,
        answers=payload("AcceptInvitation", {"membership": (Viewer, "The new membership; null if refused.")}),
        allow=PEOPLE,
        idempotent=False,
    )
