"""Who is told what: for each event the messages that it makes. A table, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.base.access import Role


class Recipient(StrEnum):
    """To whom a message goes, as seen from its event."""

    STUDENT = "STUDENT"
    PROVIDER = "PROVIDER"
    ACCOUNT = "ACCOUNT"
    LINK = "LINK"
    """The address that a secret link was made for: of an invitation, or one that is to be verified."""
    OWNER = "OWNER"
    """The owner of the practice of an office user."""
    FORMER = "FORMER"
    """The address that an account had until a link changed it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message: to whom, by which template, and under which role the doer need not be told."""

    recipient: Recipient
    template: str
    unless_by: Role | None = None


def student(template: str, *, unless_by: Role | None = None) -> Line:
    """A message to the student of the event."""
    return Line(Recipient.STUDENT, template, unless_by)


def provider(template: str, *, unless_by: Role | None = None) -> Line:
    """A message to the provider of the event."""
    return Line(Recipient.PROVIDER, template, unless_by)


POLICY: Mapping[str, tuple[Line, ...]] = {
    "appointment.requested": (provider("request_received"), student("request_sent")),
    "appointment.confirmed": (student("confirmed_for_student"), provider("confirmed_for_provider")),
    "appointment.declined": (student("declined"),),
    "appointment.expired": (student("expired_for_student"), provider("expired_for_provider")),
    "appointment.withdrawn": (provider("withdrawn"),),
    "appointment.cancelled": (
        student("cancelled_for_student", unless_by=Role.STUDENT),
        provider("cancelled_for_provider", unless_by=Role.PROVIDER),
    ),
    "appointment.no_show": (student("no_show"),),
    "appointment.reminder_due": (provider("request_reminder"),),
    "appointment.session_due": (student("session_reminder_for_student"), provider("session_reminder_for_provider")),
    "appointment.attestation_due": (provider("attestation_due"),),
    "claim.accepted": (provider("claim_accepted"), student("session_claimed")),
    "claim.denied": (provider("claim_denied"), student("session_claimed")),
    "credit.granted": (student("credits_granted"),),
    "license.verified": (provider("profile_live"),),
    "enrollment.activated": (provider("profile_live"),),
    "invitation.sent": (Line(Recipient.LINK, "invitation"),),
    "account.verification_requested": (Line(Recipient.LINK, "verify_address"),),
    "account.reset_requested": (Line(Recipient.LINK, "reset_password"),),
    "account.password_reset": (Line(Recipient.ACCOUNT, "password_changed"),),
    "account.password_changed": (Line(Recipient.ACCOUNT, "password_changed"),),
    "account.email_changed": (Line(Recipient.FORMER, "address_changed"),),
    "account.second_factor_added": (Line(Recipient.ACCOUNT, "second_factor_added"),),
    "account.recovery_codes_renewed": (Line(Recipient.ACCOUNT, "recovery_codes_renewed"),),
    "account.second_factor_removed": (Line(Recipient.ACCOUNT, "second_factor_removed"),),
    "payout_details.set": (provider("payout_details_changed"),),
    "office_user.revalidation_due": (Line(Recipient.OWNER, "revalidation_due"),),
}
"""The messages of each event. An event that is not named here makes none."""

SILENT = frozenset(
    {
        "account.email_verified",
        "account.sessions_revoked",
        "account.signed_up",
        "account.disabled",
        "account.enabled",
        "appointment.completed",  # the claim, decided in the same moment, is what people are told
        "availability.set",
        "campus.changed",
        "campus.disabled",
        "campus.entered",
        "credit.expired",
        "credit.revoked",
        "invitation.accepted",
        "invitation.withdrawn",
        "license.entered",
        "membership.ended",
        "office_user.modified",
        "office_user.removed",
        "office_user.revalidated",
        "partner_key.created",
        "partner_key.revoked",
        "partner_key.rotated",
        "payout_details.revealed",
        "practice.handed_over",
        "practice.opened",
        "provider.joined",
        "provider.practice_set",
        "rates.announced",
        "school.opened",
        "school.updated",
        "session.acts_as",
        "session.opened",
        "student.entered",
        "student.erased",
    }
)
"""Events that nobody is written to about; a test demands that each event stands in one of the two tables."""
