"""The verbs of events: all that can happen in the program."""

from __future__ import annotations

from models.base.words import Words


class EventVerb(Words):
    """What happened."""

    ACCOUNT_SIGNED_UP = "account.signed_up", "An account was created."
    ACCOUNT_VERIFICATION_REQUESTED = (
        "account.verification_requested",
        "A link to verify the e-mail address was sent.",
    )
    ACCOUNT_EMAIL_VERIFIED = "account.email_verified", "The e-mail address was verified."
    ACCOUNT_EMAIL_CHANGED = "account.email_changed", "The e-mail address was changed."
    ACCOUNT_RESET_REQUESTED = "account.reset_requested", "A link to reset the password was sent."
    ACCOUNT_PASSWORD_RESET = "account.password_reset", "The password was reset by a link."
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed", "The password was changed."
    ACCOUNT_SECOND_FACTOR_ADDED = "account.second_factor_added", "A second factor was added."
    ACCOUNT_SECOND_FACTOR_REMOVED = "account.second_factor_removed", "The second factor was removed."
    ACCOUNT_RECOVERY_CODES_RENEWED = "account.recovery_codes_renewed", "The recovery codes were replaced."
    ACCOUNT_SESSIONS_REVOKED = "account.sessions_revoked", "All sign-ins of the account were ended."
    ACCOUNT_DISABLED = "account.disabled", "The account was disabled."
    ACCOUNT_ENABLED = "account.enabled", "The account was enabled again."
    PERSON_CONFLICT_FOUND = "person_conflict.found", "An account and a student or provider could not be linked."
    PERSON_CONFLICT_SETTLED = "person_conflict.settled", "A conflict of persons was settled."
    SESSION_OPENED = "session.opened", "Somebody signed in."
    SESSION_ACTS_AS = "session.acts_as", "A sign-in switched to another membership."
    SESSION_REVOKED = "session.revoked", "A sign-in was ended."
    SESSION_TOKEN_REUSED = "session.token_reused", "A refresh token was used twice, which ended the sign-in."
    MEMBERSHIP_ENDED = "membership.ended", "A membership was ended."
    OFFICE_USER_MODIFIED = "office_user.modified", "An office user's details were changed."
    OFFICE_USER_REMOVED = "office_user.removed", "An office user was removed from the practice."
    OFFICE_USER_REVALIDATED = "office_user.revalidated", "The practice's owner confirmed an office user's access."
    OFFICE_USER_REVALIDATION_DUE = "office_user.revalidation_due", "An office user's access is due to be confirmed."
    RATES_ANNOUNCED = "rates.announced", "Rates were announced."
    SCHOOL_OPENED = "school.opened", "A school was added."
    SCHOOL_UPDATED = "school.updated", "A school's details were changed."
    STUDENT_ENTERED = "student.entered", "A student was added by the school."
    STUDENT_ERASED = "student.erased", "A student's identity was removed from the records."
    CAMPUS_ENTERED = "campus.entered", "A school's sign-in provider was added."
    CAMPUS_CHANGED = "campus.changed", "A school's sign-in provider was changed."
    CAMPUS_DISABLED = "campus.disabled", "A school's sign-in provider was disabled."
    PROVIDER_JOINED = "provider.joined", "A provider was added."
    PROVIDER_PRACTICE_SET = "provider.practice_set", "A provider's practice was set or removed."
    LICENSE_ENTERED = "license.entered", "A license was added."
    LICENSE_VERIFIED = "license.verified", "A license was verified with its state board."
    PRACTICE_OPENED = "practice.opened", "A practice was added."
    PRACTICE_HANDED_OVER = "practice.handed_over", "A practice was handed over to a new owner."
    INVITATION_SENT = "invitation.sent", "An invitation was sent."
    INVITATION_ACCEPTED = "invitation.accepted", "An invitation was accepted."
    INVITATION_WITHDRAWN = "invitation.withdrawn", "An invitation was withdrawn."
    PARTNER_KEY_CREATED = "partner_key.created", "A partner key was created."
    PARTNER_KEY_ROTATED = "partner_key.rotated", "A partner key was replaced by a new one."
    PARTNER_KEY_REVOKED = "partner_key.revoked", "A partner key was revoked."
    ENROLLMENT_ACTIVATED = "enrollment.activated", "A provider's enrollment became active."
    AVAILABILITY_SET = "availability.set", "A provider's weekly hours were set."
    CREDIT_GRANTED = "credit.granted", "Credits were granted."
    CREDIT_REVOKED = "credit.revoked", "Unused credits were revoked."
    CREDIT_EXPIRED = "credit.expired", "Unused credits expired."
    APPOINTMENT_REQUESTED = "appointment.requested", "A student requested an appointment."
    APPOINTMENT_CONFIRMED = "appointment.confirmed", "The provider confirmed the request."
    APPOINTMENT_DECLINED = "appointment.declined", "The provider declined the request."
    APPOINTMENT_WITHDRAWN = "appointment.withdrawn", "The student withdrew the request."
    APPOINTMENT_EXPIRED = "appointment.expired", "The request expired without an answer."
    APPOINTMENT_CANCELLED = "appointment.cancelled", "A confirmed appointment was cancelled."
    APPOINTMENT_PROVIDER_UNAVAILABLE = (
        "appointment.provider_unavailable",
        "The provider of a confirmed session is not available.",
    )
    APPOINTMENT_COMPLETED = "appointment.completed", "The provider attested that the session took place."
    APPOINTMENT_NO_SHOW = "appointment.no_show", "The student did not attend."
    APPOINTMENT_LAPSED = "appointment.lapsed", "Nobody reported by the deadline whether the session took place."
    APPOINTMENT_REMINDER_DUE = "appointment.reminder_due", "A request still waits for the provider's answer."
    APPOINTMENT_SESSION_DUE = "appointment.session_due", "A confirmed session is about to start."
    APPOINTMENT_ATTESTATION_DUE = "appointment.attestation_due", "A session that ended waits for attestation."
    CLAIM_ACCEPTED = "claim.accepted", "A claim was accepted."
    CLAIM_DENIED = "claim.denied", "A claim was denied."
    PAYOUT_DETAILS_SET = "payout_details.set", "Payout details were set."
    PAYOUT_DETAILS_REVEALED = "payout_details.revealed", "Full payout details were revealed."
