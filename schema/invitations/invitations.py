"""Invitations and sign-up as clients see them (PR-1, ID-3)."""

from datetime import datetime

from models.accounts.accounts import PEOPLE
from models.base.access import Role
from models.base.text import EmailAddress
from models.invitations import invitations as models
from operations.fields import ANYONE
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.directory.providers import PROVIDER
from resolvers.invitations import invitations as resolvers
from resolvers.practices.practices import PRACTICE
from resolvers.schools.schools import SCHOOL
from resolvers.schools.students import STUDENT
from schema.accounts.accounts import Membership
from schema.accounts.agreements import Agreement
from schema.accounts.sessions import SIGNED_IN
from schema.base.shape import Connection, Node, computed, optional_text, payload, shown, shows, value
from schema.directory.providers import Provider
from schema.practices.practices import Practice
from schema.schools.schools import School
from schema.schools.students import Student


@shows(models.Invitation)
class Invitation(Node):
    """An invitation to one membership. Its link is only in the e-mail."""

    email: EmailAddress = shown("E-mail address invited.")
    name: str | None = optional_text("name", "Name of the person invited.")
    role: Role = shown("Role offered.")
    student: Student | None = relation(STUDENT, "Student, for the role STUDENT.")
    provider: Provider | None = relation(PROVIDER, "Provider, for the role PROVIDER.")
    practice: Practice | None = relation(PRACTICE, "Practice, for the role OFFICE.")
    school: School | None = relation(SCHOOL, "School, if any.")
    title: str | None = optional_text("title", "Job title of an office user.")
    is_owner: bool = shown("Whether the office user will own the practice (ID-4).")
    created_at: datetime = shown("When it was sent.")
    expires_at: datetime = shown("When its link expires.")
    accepted_at: datetime | None = shown("When it was accepted.")
    withdrawn_at: datetime | None = shown("When it was withdrawn, replaced or ended.")


@value
class InvitationOffer:
    """What an invitation offers, for whoever holds its link."""

    role: Role = shown("Role offered.")
    name: str = shown("Name of the person invited.")
    organization: str = shown("School or practice; empty if the role belongs to neither.")
    expires_at: datetime = shown("When the link expires.")
    agreements: list[Agreement] = computed(
        lambda offer: list(offer.agreements), "Agreements the person must accept (PR-1).", needs=("agreements",)
    )
    password_length_min: int = shown("Minimum length of a new password (ID-1).")


INVITERS = [Role.OPS, Role.SCHOOL, Role.OFFICE]


class Query:
    """What invitations add to Query."""

    invitations: Connection[Invitation] | None = query(resolvers.many, allow=INVITERS)
    invitation_offer: InvitationOffer | None = query(resolvers.offer, allow=ANYONE)


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
        answers=payload("AcceptInvitation", {"membership": (Membership, "The new membership; null if refused.")}),
        allow=PEOPLE,
        idempotent=False,
    )
