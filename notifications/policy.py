"""Who is told what: for each event the messages that it makes on channel MAIL. A table, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.accounts.recipients import ACCOUNT, FORMER, LINK, OPS, OWNER
from models.appointments.recipients import OFFICE, OWN_PRACTICE
from models.base.access import Role
from models.base.event_verbs import EventVerb
from models.base.recipients import Recipient
from models.directory.recipients import PROVIDER
from models.keys.recipients import KEEPER
from models.schools.recipients import SCHOOL, STUDENT


@dataclass(frozen=True, slots=True)
class Line:
    """One message: to whom, by which template, and under which role the doer need not be told.

    `unless_doer` leaves out the one among the recipients who did it. `if_any`: there may rightly be nobody to tell.
    """

    recipient: Recipient
    template: str
    unless_by: Role | None = None
    unless_doer: bool = False
    if_any: bool = False


def student(template: str, *, unless_by: Role | None = None) -> Line:
    """A message to the student of the event."""
    return Line(STUDENT, template, unless_by)


def provider(template: str, *, unless_by: Role | None = None) -> Line:
    """A message to the provider of the event."""
    return Line(PROVIDER, template, unless_by)


POLICY: Mapping[EventVerb, tuple[Line, ...]] = {
    EventVerb.APPOINTMENT_REQUESTED: (provider("request_received"), student("request_sent")),
    EventVerb.APPOINTMENT_CONFIRMED: (student("confirmed_for_student"), provider("confirmed_for_provider")),
    EventVerb.APPOINTMENT_DECLINED: (student("declined"),),
    EventVerb.APPOINTMENT_EXPIRED: (student("expired_for_student"), provider("expired_for_provider")),
    EventVerb.APPOINTMENT_WITHDRAWN: (provider("withdrawn"),),
    EventVerb.APPOINTMENT_CANCELLED: (
        student("cancelled_for_student", unless_by=Role.STUDENT),
        provider("cancelled_for_provider", unless_by=Role.PROVIDER),
    ),
    EventVerb.APPOINTMENT_NO_SHOW: (student("no_show"),),
    EventVerb.APPOINTMENT_LAPSED: (
        provider("lapsed_for_provider"),
        student("lapsed_for_student"),
        Line(OWN_PRACTICE, "lapsed_for_practice", if_any=True),
        Line(OPS, "lapsed_for_ops"),
    ),
    EventVerb.APPOINTMENT_REMINDER_DUE: (provider("request_reminder"),),
    EventVerb.APPOINTMENT_SESSION_DUE: (
        student("session_reminder_for_student"),
        provider("session_reminder_for_provider"),
    ),
    EventVerb.APPOINTMENT_ATTESTATION_DUE: (provider("attestation_due"),),
    EventVerb.APPOINTMENT_PROVIDER_UNAVAILABLE: (Line(OFFICE, "provider_unavailable"),),
    EventVerb.CLAIM_ACCEPTED: (provider("claim_accepted"), student("session_claimed")),
    EventVerb.CLAIM_DENIED: (provider("claim_denied"), student("session_claimed")),
    EventVerb.CREDIT_GRANTED: (student("credits_granted"),),
    EventVerb.CREDIT_REVERSED: (student("credits_corrected"),),
    EventVerb.CREDIT_REQUEST_MADE: (Line(SCHOOL, "credits_requested"),),
    EventVerb.CREDIT_REQUEST_DECLINED: (student("credits_declined"),),
    EventVerb.LICENSE_ENTERED: (Line(OPS, "license_submitted", unless_doer=True),),
    EventVerb.LICENSE_VERIFIED: (provider("profile_live"),),
    EventVerb.ENROLLMENT_ACTIVATED: (provider("profile_live"),),
    EventVerb.INVITATION_SENT: (Line(LINK, "invitation"),),
    EventVerb.ACCOUNT_VERIFICATION_REQUESTED: (Line(LINK, "verify_address"),),
    EventVerb.ACCOUNT_RESET_REQUESTED: (Line(LINK, "reset_password"),),
    EventVerb.ACCOUNT_PASSWORD_RESET: (Line(ACCOUNT, "password_changed"),),
    EventVerb.ACCOUNT_PASSWORD_CHANGED: (Line(ACCOUNT, "password_changed"),),
    EventVerb.ACCOUNT_EMAIL_CHANGED: (Line(FORMER, "address_changed"),),
    EventVerb.ACCOUNT_SECOND_FACTOR_ADDED: (Line(ACCOUNT, "second_factor_added"),),
    EventVerb.ACCOUNT_RECOVERY_CODES_RENEWED: (Line(ACCOUNT, "recovery_codes_renewed"),),
    EventVerb.ACCOUNT_SECOND_FACTOR_REMOVED: (Line(ACCOUNT, "second_factor_removed"),),
    EventVerb.PERSON_CONFLICT_FOUND: (Line(OPS, "person_conflict"),),
    EventVerb.PAYOUT_DETAILS_SET: (provider("payout_details_changed"),),
    EventVerb.PARTNER_KEY_EXPIRY_DUE: (Line(KEEPER, "key_expires"),),
    EventVerb.OFFICE_USER_REVALIDATION_DUE: (Line(OWNER, "revalidation_due"),),
}
"""The messages of each event. An event that is not named here makes none."""

SILENT: frozenset[EventVerb] = frozenset(
    {
        EventVerb.ACCOUNT_EMAIL_VERIFIED,
        EventVerb.ACCOUNT_SESSIONS_REVOKED,
        EventVerb.ACCOUNT_SIGNED_UP,
        EventVerb.ACCOUNT_DISABLED,
        EventVerb.ACCOUNT_ENABLED,
        EventVerb.APPOINTMENT_COMPLETED,  # the claim, decided in the same moment, is what people are told
        EventVerb.AVAILABILITY_SET,
        EventVerb.CAMPUS_CHANGED,
        EventVerb.CAMPUS_DISABLED,
        EventVerb.CAMPUS_ENTERED,
        EventVerb.CONSENT_GIVEN,
        EventVerb.CONSENT_WITHDRAWN,
        EventVerb.CREDIT_EXPIRED,
        EventVerb.CREDIT_REQUEST_CLOSED,
        EventVerb.CREDIT_REQUEST_GRANTED,  # the grant, made in the same moment, is what the student is told
        EventVerb.CREDIT_REQUEST_WITHDRAWN,  # it is no task of the school's any more
        EventVerb.CREDIT_REVOKED,
        EventVerb.FILE_EXPECTED,
        EventVerb.FILE_PUBLISHED,
        EventVerb.FILE_RECEIVED,
        EventVerb.FILE_REFUSED,  # whoever sends it is told at once
        EventVerb.FILE_REMOVED,
        EventVerb.FILE_STORED,
        EventVerb.FILE_USED,
        EventVerb.INVITATION_ACCEPTED,
        EventVerb.INVITATION_WITHDRAWN,
        EventVerb.JOB_CANCELLED,
        EventVerb.JOB_STARTED,
        EventVerb.LICENSE_EVIDENCE_ATTACHED,
        EventVerb.MEMBERSHIP_ENDED,
        EventVerb.OFFICE_USER_MODIFIED,
        EventVerb.OFFICE_USER_REMOVED,
        EventVerb.OFFICE_USER_REVALIDATED,
        EventVerb.PARTNER_KEY_CREATED,
        EventVerb.PARTNER_KEY_REVOKED,
        EventVerb.PARTNER_KEY_ROTATED,
        EventVerb.PERSON_CONFLICT_SETTLED,
        EventVerb.PAYOUT_DETAILS_REVEALED,
        EventVerb.PRACTICE_HANDED_OVER,
        EventVerb.PRACTICE_OPENED,
        EventVerb.PROVIDER_JOINED,
        EventVerb.PROVIDER_PRACTICE_SET,
        EventVerb.RATES_ANNOUNCED,
        EventVerb.SCHOOL_OPENED,
        EventVerb.SCHOOL_UPDATED,
        EventVerb.SESSION_ACTS_AS,
        EventVerb.SESSION_OPENED,
        EventVerb.SESSION_TOKEN_REUSED,
        EventVerb.SESSION_REVOKED,
        EventVerb.STUDENT_ENTERED,
        EventVerb.STUDENT_ERASED,
        EventVerb.TERM_ADDED,
        EventVerb.TERM_CHANGED,
        EventVerb.TERM_RESTORED,
        EventVerb.TERM_RETIRED,
        EventVerb.IMPORT_COMMITTED,
        EventVerb.IMPORT_DISCARDED,
        EventVerb.IMPORT_PREVIEWED,
        EventVerb.SCHOOL_POLICY_ANNOUNCED,
    }
)
"""Events that nobody is written to about; a test demands that each event stands in one of the two tables."""
