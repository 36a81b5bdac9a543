"""Breaches of appointments: their times, their steps and the terms of their booking."""

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied, requested_with_hold

TIMES = {"starts_at": "$later", "ends_at": "$later_end", "attest_by": "$much_later"}
FOLLOW_UP = TIMES | {"ends_at": "$later_short", "visit_type": "FOLLOW_UP"}
FREE_FOLLOW_UP = FOLLOW_UP | {"starts_at": "$free", "ends_at": "$free_short"}
ANY_BEGINNING = "ALTER TABLE appointments DISABLE TRIGGER appointments_begin"
"""Lets a row begin in another status than REQUESTED, to reach the rules behind."""

NEXT_STATUS_NEVER = {
    "$requested": ("COMPLETED", "CANCELLED", "NO_SHOW", "LAPSED", "VOIDED"),
    "$confirmed": ("REQUESTED", "DECLINED", "EXPIRED", "WITHDRAWN", "VOIDED"),
    "$completed": ("CONFIRMED", "CANCELLED", "NO_SHOW", "LAPSED"),
    "$declined": ("REQUESTED", "CONFIRMED", "EXPIRED", "COMPLETED"),
}

STEPS = [
    breach("an appointment begins confirmed", "appointments_append_only",
           copied("appointments", "$confirmed", **TIMES)),
    breach("an appointment is deleted", "appointments_append_only", deleted("appointments", "$requested")),
    breach("all appointments are removed", "transfers_append_only", emptied("appointments")),
    *(breach(f"one that is {row.removeprefix('$')} becomes {status}", "appointments_next_status",
             changed("appointments", row, f"status = '{status}', confirmed_at = coalesce(confirmed_at, requested_at)"))
      for row, statuses in NEXT_STATUS_NEVER.items() for status in statuses),
    breach("a status that is none", "appointments_status",
           ANY_BEGINNING, copied("appointments", "$requested", status="LOST", ended_at="$later", **TIMES)),
    breach("a session lapses before its deadline", "appointments_lapsed",
           changed("appointments", "$confirmed", "status = 'LAPSED', ended_at = attest_by - interval '1 second'")),
    breach("confirmed at no time", "appointments_confirmed",
           changed("appointments", "$requested", "status = 'CONFIRMED'")),
    breach("ended at no time", "appointments_end", changed("appointments", "$requested", "status = 'DECLINED'")),
    breach("live with an end", "appointments_end", changed("appointments", "$requested", "ended_at = now()")),
    breach("a second live intake of a pair", "appointments_one_live_intake",
           copied("appointments", "$requested", **TIMES)),
    breach("a second completed intake of a pair", "appointments_one_completed_intake",
           ANY_BEGINNING, copied("appointments", "$completed", **TIMES)),
    breach("an appointment of an erased student", "students_not_erased",
           copied("appointments", "$requested", student_id="$erased", **TIMES)),
]  # fmt: skip

TIME = [
    breach("a provider has two at once", "appointments_provider_free",
           copied("appointments", "$requested", student_id="$ben")),
    breach("a student has two at once", "appointments_student_free",
           copied("appointments", "$requested", provider_id="$other_provider", license_id="$other_license",
                  visit_type="FOLLOW_UP", ends_at="$soon_short")),
    breach("confirmed when the time to answer is over", "appointments_answer_in_time",
           changed("appointments", "$requested", "status = 'CONFIRMED', confirmed_at = confirm_by")),
    breach("more than 72 hours to answer", "appointments_answer_in_time",
           copied("appointments", "$requested", confirm_by="$later", **TIMES)),
    breach("time to answer after the start", "appointments_answer_in_time",
           changed("appointments", "$requested", "confirm_by = starts_at + interval '1 second'")),
    breach("attested before the end", "appointments_attest_after",
           changed("appointments", "$requested", "attest_by = ends_at")),
    breach("over before it begins", "appointments_order",
           changed("appointments", "$requested", "ends_at = starts_at")),
    breach("longer than an hour", "appointments_hour",
           changed("appointments", "$requested", "ends_at = starts_at + interval '61 minutes'")),
    breach("an intake of 50 minutes", "appointments_session_length",
           changed("appointments", "$requested", "ends_at = starts_at + interval '50 minutes'")),
    breach("a follow-up of an hour", "appointments_session_length",
           changed("appointments", "$requested", "visit_type = 'FOLLOW_UP'")),
    breach("a visit of another kind", "appointments_visit_type",
           changed("appointments", "$requested", "visit_type = 'CHAT'")),
]  # fmt: skip

TERMS = [
    breach("another amount than was agreed", "appointments_append_only",
           changed("appointments", "$confirmed", "expected_cents = 1")),
    breach("another rate than was agreed", "appointments_append_only",
           changed("appointments", "$confirmed", "rate_id = NULL")),
    breach("the license of another provider", "appointments_license",
           copied("appointments", "$requested", license_id="$other_license", **FOLLOW_UP)),
    breach("a license of another state", "appointments_license",
           copied("appointments", "$requested", state="NY", **FOLLOW_UP)),
    breach("a license is handed on while it is used", "appointments_license",
           changed("licenses", "$license", "provider_id = '$other_provider'")),
    breach("a student of another school", "appointments_student_of_school",
           copied("appointments", "$requested", school_id="$other_school", **FOLLOW_UP)),
    breach("a session at a time that is not offered", "appointments_in_opening", *requested_with_hold(**FOLLOW_UP)),
    breach("a session under a license that ran out before it", "appointments_licensed",
           changed("licenses", "$license", "expires_on = '2020-01-01'"), *requested_with_hold(**FREE_FOLLOW_UP)),
    breach("a session under a license that nobody verified", "appointments_licensed",
           changed("licenses", "$license", "verified_at = NULL"), *requested_with_hold(**FREE_FOLLOW_UP)),
    breach("a session that comes under another policy", "appointments_keep_policy",
           changed("appointments", "$requested", "policy_id = '$other_policy'")),
    breach("a follow-up before the intake", "appointments_intake_first", *requested_with_hold(**FREE_FOLLOW_UP)),
]  # fmt: skip

BREACHES = [*STEPS, *TIME, *TERMS]
