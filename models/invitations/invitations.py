"""Invitations: how people come to have an account, each for one membership, by a single-use link (PR-1, ID-3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.accounts import agreements, links
from models.accounts.accounts import Account, Membership, normalised
from models.accounts.agreements import Agreement
from models.accounts.links import LASTS, Purpose, SecretLink
from models.accounts.office_users import REVALIDATE_EVERY, must_own
from models.accounts.passwords import password_refusals
from models.accounts.persons import unless_conflict
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.effects import Leaving, student_erased
from models.base.errors import CONSTRAINTS, Code, Refusal, Refused, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import EMPTY, NOWHERE_ADDRESS, Kept, Personal, bound
from models.base.statements import Update, execute, write

BY_SCHOOL = frozenset({Role.STUDENT, Role.SCHOOL})


@dataclass(frozen=True, kw_only=True, slots=True)
class MembershipOffer:
    """What somebody is invited to be: a role, and whom it is for."""

    role: Role
    student_id: UUID | None = None
    provider_id: UUID | None = None
    practice_id: UUID | None = None
    school_id: UUID | None = None
    title: str = ""
    is_owner: bool = False


class Invitation(Entity):
    """An invitation to one membership; its link is in the mail alone."""

    PREFIX: ClassVar[str] = "inv"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.SCHOOL: "(invitations.school_id = {school} AND invitations.role IN ('STUDENT', 'SCHOOL'))",
        Role.OFFICE: "invitations.practice_id = {practice}",
    }

    email = fields.CharField(max_length=254)
    name = fields.CharField(max_length=200, default="")
    role = fields.CharEnumField(Role, max_length=10)
    student_id = fields.UUIDField(null=True)
    provider_id = fields.UUIDField(null=True)
    practice_id = fields.UUIDField(null=True)
    school_id = fields.UUIDField(null=True)
    title = fields.CharField(max_length=100, default="")
    is_owner = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "email": Personal("address", erased=NOWHERE_ADDRESS, is_address=True),
        "name": Personal("name", erased=EMPTY),
        "title": Personal("the person's own title", erased=EMPTY),
    }
    OF_STUDENT: ClassVar[str | None] = "invitations.student_id = {student}"
    WRITTEN_TO: ClassVar[str | None] = "invitations.accepted_at IS NULL AND invitations.withdrawn_at IS NULL"
    KEPT: ClassVar[Kept] = Kept(
        long="for good; ended when its time is over",
        why="who was invited, by whom, and when",
        over=(
            "invitations.accepted_at IS NULL AND invitations.withdrawn_at IS NULL AND invitations.expires_at <= {at}"
        ),
        then="withdrawn_at = expires_at",
    )

    class Meta:
        """CHECK: the subject fits the role, as in a membership; partial UNIQUE: one open invitation for the same."""

        table = "invitations"

    @property
    def offer(self) -> MembershipOffer:
        """What it is an invitation to."""
        return MembershipOffer(
            role=self.role,
            student_id=self.student_id,
            provider_id=self.provider_id,
            practice_id=self.practice_id,
            school_id=self.school_id,
            title=self.title,
            is_owner=self.is_owner,
        )


async def invite(*, email: str, name: str, offer: MembershipOffer, by: Viewer | None, at: datetime) -> Invitation:
    """Invite an address to a membership; an open invitation to the same is replaced. The subject is visible to `by`.

    Whether the address has an account is not looked at, so that the answer does not tell it (ID-3).
    """
    if by is not None:
        await must_be_inviter(offer, by)
    refuse_if_any(offer_refusals(offer))
    await withdraw_open(email, offer, at=at)
    invitation = Invitation(
        email=email,
        name=name.strip(),
        role=offer.role,
        student_id=offer.student_id,
        provider_id=offer.provider_id,
        practice_id=offer.practice_id,
        school_id=offer.school_id,
        title=offer.title.strip(),
        is_owner=offer.is_owner,
        created_at=at,
        expires_at=at + LASTS[Purpose.INVITATION],
    )
    await write(invitation)
    link = await links.issue(Purpose.INVITATION, email=email, subject=invitation.id, at=at)
    await write(new_event(EventVerb.INVITATION_SENT, invitation, by=by, at=at, link=str(link.id)))
    return invitation


async def invite_first(email: str, name: str, *, at: datetime) -> str:
    """Invite the first of OPS, by whom all others are invited; answers the link's token, for who starts the server."""
    if await Membership.filter(role=Role.OPS, ended_at=None).exists():
        raise Refusal(
            Code.NOT_ELIGIBLE, "There is already an OPS member.", rule="ID-1", fix="Ask them to invite others."
        )
    await invite(email=normalised(email), name=name, offer=MembershipOffer(role=Role.OPS), by=None, at=at)
    link = await links.newest(Purpose.INVITATION, email=normalised(email), at=at)
    assert link is not None, "it has just been made"
    return link


async def must_be_inviter(offer: MembershipOffer, by: Viewer) -> None:
    """OPS invite anybody, a school its students and staff, a practice's owner its office users (ID-4)."""
    if by.role is Role.OPS:
        return
    if by.role is Role.SCHOOL and offer.role in BY_SCHOOL and offer.school_id == by.school_id:
        return
    if by.role is Role.OFFICE and offer.role is Role.OFFICE and offer.practice_id == by.practice_id:
        assert by.practice_id is not None, "an office user has a practice"
        await must_own(by.practice_id, by)
        if not offer.is_owner:
            return
    raise Refusal(
        Code.NOT_ELIGIBLE,
        "You may not invite people to this role.",
        rule="ID-4",
        path=["role"],
        fix="A school invites its students and staff, a practice's owner its office users; ask OPS for others.",
    )


SUBJECTS = (
    ("student_id", "studentId", frozenset({Role.STUDENT})),
    ("provider_id", "providerId", frozenset({Role.PROVIDER})),
    ("practice_id", "practiceId", frozenset({Role.OFFICE})),
    ("school_id", "schoolId", frozenset({Role.STUDENT, Role.SCHOOL})),
)


def offer_refusals(offer: MembershipOffer) -> list[Refusal]:
    """What does not fit the role, at once; a machine is given a key, not invited (ID-5)."""
    if offer.role is Role.PARTNER:
        return [unfit("role", "A partner is a machine: it is not invited.", "Create a partner's key.", rule="ID-5")]
    found = []
    for attribute, name, roles in SUBJECTS:
        given = getattr(offer, attribute) is not None
        if given is not (offer.role in roles):
            said = "needs" if offer.role in roles else "has no"
            found.append(
                unfit(name, f"The role {offer.role.value} {said} {name}.", "Name whom the role is for, and no other.")
            )
    if offer.is_owner and offer.role is not Role.OFFICE:
        found.append(unfit("isOwner", "Only an office user owns a practice.", "Leave isOwner out."))
    return found


def unfit(path: str, message: str, fix: str, *, rule: str = "") -> Refusal:
    """A part of an invitation that does not fit its role."""
    return Refusal(Code.INVALID, message, rule=rule, path=[path], fix=fix)


async def withdraw_open(email: str, offer: MembershipOffer, *, at: datetime) -> None:
    """End the open invitation of this address to the same place, so that the newest mail is the one that works."""
    rows = Invitation.filter(
        email=email,
        role=offer.role,
        student_id=offer.student_id,
        provider_id=offer.provider_id,
        practice_id=offer.practice_id,
        school_id=offer.school_id,
        accepted_at=None,
        withdrawn_at=None,
    ).select_for_update(no_key=True)
    for earlier in await rows:
        await end(earlier, at=at)


async def withdraw(invitation: Invitation, *, by: Viewer, at: datetime) -> Invitation:
    """Withdraw an invitation. Its link stops working."""
    await must_be_inviter(invitation.offer, by)
    current = await Invitation.filter(id=invitation.id).select_for_update(no_key=True).get()
    if current.accepted_at is not None or current.withdrawn_at is not None:
        raise Refusal(Code.NOT_OPEN, "This invitation has ended.", path=["invitationId"], fix="Nothing to do.")
    await end(current, at=at)
    await write(new_event(EventVerb.INVITATION_WITHDRAWN, current, by=by, at=at))
    return current


async def end(invitation: Invitation, *, at: datetime) -> None:
    """End an invitation and its link."""
    await links.withdraw(Purpose.INVITATION, subject=invitation.id, at=at)
    await write(Update(invitation, withdrawn_at=at))


async def of_token(token: str, *, at: datetime) -> Invitation:
    """The invitation of a live link, left as it is. Raises the one refusal for every dead link (ID-3)."""
    link = await links.find(token, Purpose.INVITATION, at=at)
    return await Invitation.get(id=link.invitation_id)


def sign_up_refusals(
    invitation: Invitation, *, name: str, password: str, accepted: Collection[Agreement]
) -> list[Refusal]:
    """Everything that speaks against a sign-up, at once (ID-1, PR-1, PR-2)."""
    found = password_refusals(
        password, is_staff=invitation.role is not Role.STUDENT, about=(name, invitation.name, invitation.email)
    )
    if not (name.strip() or invitation.name):
        found.append(Refusal(Code.INVALID, "A name is required.", rule="PR-2", path=["name"], fix="Enter your name."))
    return [*found, *agreements.acceptance_refusals(accepted, invitation.role)]


async def sign_up(
    token: str, *, name: str, password_hash: str, accepted: Collection[Agreement], at: datetime
) -> Membership | Refused:
    """Make the account of an invitation and its membership, and use its link up: one of any number succeeds.

    The link came by mail, so the address is verified. An address that has an account gets the answer of a dead link,
    which tells nothing; its owner signs in and accepts (ID-3). A refused link of persons leaves the invitation open
    and is told OPS (ID-7).
    """
    invited = await of_token(token, at=at)
    return await unless_conflict(
        lambda: signed_up(token, name=name, password_hash=password_hash, accepted=accepted, at=at),
        account_id=None,
        student_id=invited.student_id,
        provider_id=invited.provider_id,
        by=None,
        at=at,
    )


async def signed_up(
    token: str, *, name: str, password_hash: str, accepted: Collection[Agreement], at: datetime
) -> Membership:
    """The membership of a new account, which the link of an invitation was used up for."""
    link = await links.use(token, Purpose.INVITATION, at=at)
    invitation = await accepted_now(link.invitation_id, at=at)
    if await Account.filter(email=invitation.email).exists():
        raise links.DEAD
    account = Account(
        email=invitation.email,
        name=name.strip() or invitation.name,
        password_hash=password_hash,
        email_verified_at=at,
        created_at=at,
    )
    membership = membership_of(account.id, invitation.offer, at=at)
    person = membership.viewer()
    await write(
        account,
        membership,
        *agreements.accepted_now(account.id, set(accepted), at=at),
        new_event(EventVerb.ACCOUNT_SIGNED_UP, account, by=person, at=at),
        new_event(EventVerb.INVITATION_ACCEPTED, invitation, by=person, at=at),
    )
    return membership


async def accept(token: str, *, accepted: Collection[Agreement], by: Viewer, at: datetime) -> Membership | Refused:
    """Take a further membership into an account that exists; the invitation must be to its own verified address.

    Whoever it makes the account the same person as, must go together with it; if not, the invitation stays open and
    OPS are told (ID-7).
    """
    invited = await of_token(token, at=at)
    return await unless_conflict(
        lambda: taken(token, accepted=accepted, by=by, at=at),
        account_id=by.account_id,
        student_id=invited.student_id,
        provider_id=invited.provider_id,
        by=by,
        at=at,
    )


async def taken(token: str, *, accepted: Collection[Agreement], by: Viewer, at: datetime) -> Membership:
    """The further membership, which the link of an invitation was used up for."""
    link = await links.use(token, Purpose.INVITATION, at=at)
    account = await Account.get(id=by.account_id)
    if link.email != account.email or account.email_verified_at is None:
        raise links.DEAD
    invitation = await accepted_now(link.invitation_id, at=at)
    missing = set(await agreements.missing_from(account.id, invitation.role))
    refuse_if_any(
        agreements.acceptance_refusals(
            {*accepted, *(set(agreements.required_of(invitation.role)) - missing)}, invitation.role
        )
    )
    membership = membership_of(account.id, invitation.offer, at=at)
    await write(
        membership,
        *agreements.accepted_now(account.id, missing, at=at),
        new_event(EventVerb.INVITATION_ACCEPTED, invitation, by=by, at=at),
    )
    return membership


async def accepted_now(invitation_id: UUID, *, at: datetime) -> Invitation:
    """The invitation, locked and marked as accepted."""
    invitation = await Invitation.filter(id=invitation_id).select_for_update(no_key=True).get()
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise links.DEAD
    await write(Update(invitation, accepted_at=at))
    return invitation


def membership_of(account_id: UUID, offer: MembershipOffer, *, at: datetime) -> Membership:
    """The membership that a place is; an office user's first 90 days begin now (ID-4)."""
    lapses = offer.role is Role.OFFICE and not offer.is_owner
    return Membership(
        account_id=account_id,
        role=offer.role,
        student_id=offer.student_id,
        provider_id=offer.provider_id,
        practice_id=offer.practice_id,
        school_id=offer.school_id,
        title=offer.title,
        is_owner=offer.is_owner,
        validated_at=at if lapses else None,
        revalidate_by=at + REVALIDATE_EVERY if lapses else None,
        created_at=at,
    )


OF_STUDENT = "(SELECT invited.id FROM invitations invited WHERE invited.student_id = {student})"
SecretLink.names_student_too(f"secret_links.invitation_id IN {OF_STUDENT}")

ENDED = (
    "UPDATE secret_links SET sealed_token = NULL,"
    " withdrawn_at = CASE WHEN used_at IS NULL THEN coalesce(withdrawn_at, {at}) END"
    f" WHERE invitation_id IN {OF_STUDENT}",
    "UPDATE invitations SET withdrawn_at = CASE WHEN accepted_at IS NULL THEN coalesce(withdrawn_at, {at}) END"
    " WHERE student_id = {student}",
)


@student_erased.effect
async def end_invitations(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """End the invitations of an erased student that are under way, and their links."""
    for statement in ENDED:
        text, values = bound(statement, {"student": leaving.student_id, "at": at})
        await execute(text, *values)


CONSTRAINTS["accounts_email"] = links.DEAD
CONSTRAINTS["memberships_one"] = Refusal(
    Code.CONFLICT, "This account already has this membership.", path=["token"], fix="Nothing to do."
)
CONSTRAINTS["invitations_one_open"] = Refusal(
    Code.CONFLICT, "This e-mail address has just been invited to the same role.", path=["email"], fix="Nothing to do."
)
