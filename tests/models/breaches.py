"""Statements that go around Python, each with the constraint that must refuse it; the test fills the `$names` in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """A statement that must fail, and the constraint that must refuse it."""

    about: str
    constraint: str
    statement: str


def copied(table: str, row: str, **changes: Any) -> str:
    """An INSERT of a copy of a row, with a new id and these changes."""
    columns = json.dumps({"id": "$new", **changes})
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record({table}, '{columns}')).* FROM {table} WHERE id = '${row}'"
    )


def changed(table: str, row: str, change: str) -> str:
    """An UPDATE of one row."""
    return f"UPDATE {table} SET {change} WHERE id = '${row}'"


def moved(kind: str, source: str, target: str, *, credits: int = 1, session: str = "NULL", grant: str = "grant") -> str:
    """An INSERT of a transfer of Ana's wallet."""
    return (
        "INSERT INTO transfers (id, wallet_id, student_id, school_id, grant_id, appointment_id, kind, source, target,"
        f" credits, at) VALUES ('$new', '$ana', '$ana', '$school', '${grant}', {session}, '{kind}', '{source}',"
        f" '{target}', {credits}, now())"
    )


def held_appointment(**changes: Any) -> str:
    """A copy of Ana's request with a hold of its own."""
    return (
        copied("appointments", "requested", **changes)
        + "; "
        + moved("HOLD", "AVAILABLE", "HELD", session="'$new'").replace("VALUES ('$new'", "VALUES ('$newer'")
    )


BALANCES = ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")
TIMES = {"starts_at": "$later", "ends_at": "$later_end", "attest_by": "$much_later"}
FOLLOW_UP = TIMES | {"ends_at": "$later_short", "visit_type": "FOLLOW_UP"}
FREE_FOLLOW_UP = FOLLOW_UP | {"starts_at": "$free", "ends_at": "$free_short"}
CLAIM_OF = {"appointment_id": "$confirmed", "student_id": "$ana", "provider_id": "$other_provider"}

LEDGER = [
    Case("a credit that is not there is held", "wallets_available_check",
         moved("EXPIRE", "AVAILABLE", "EXPIRED", credits=50, grant="big_grant")),
    Case("more is used of a grant than it has", "grants_unused_check",
         moved("EXPIRE", "AVAILABLE", "EXPIRED", credits=4, grant="small_grant")),
    Case("a hold is ended that is not there", "wallets_held_check",
         moved("RELEASE", "HELD", "AVAILABLE", session="'$requested'", grant="big_grant").replace("$ana", "$cleo")),
    Case("a settled credit is reversed that is not there", "wallets_settled_check",
         moved("REVERSE", "SETTLED", "AVAILABLE", session="'$requested'")),
    *(Case(f"the balance {name} is set by hand", "wallets_by_ledger_only",
           changed("wallets", "ana", f"{name} = {name} + 1")) for name in BALANCES),
    Case("a wallet is deleted", "wallets_by_ledger_only", "DELETE FROM wallets WHERE id = '$cleo'"),
    Case("a second wallet is opened by hand", "wallets_by_ledger_only", copied("wallets", "ana")),
    Case("the unused credits of a grant are set by hand", "grants_by_ledger_only",
         changed("grants", "grant", "unused = 0")),
    Case("a grant is made larger", "grants_by_ledger_only", changed("grants", "grant", "credits = 12")),
    Case("a grant begins with unused credits", "grants_by_ledger_only",
         copied("grants", "grant", unused=3)),
    Case("a grant is deleted", "grants_append_only", "DELETE FROM grants WHERE id = '$grant'"),
    Case("a grant of nothing", "grants_credits_check", copied("grants", "grant", credits=0, unused=0)),
    Case("a grant for the wallet of somebody else", "grants_wallet_of_student",
         copied("grants", "grant", wallet_id="$ben", unused=0)),
    Case("a grant by a school that is not the student's", "grants_student_of_school",
         copied("grants", "grant", school_id="$other_school", unused=0)),
    Case("a grant is granted twice", "transfers_one_grant", moved("GRANT", "SCHOOL", "AVAILABLE", credits=6)),
    Case("a grant moves another number of credits than it says", "transfers_grant_of_wallet",
         copied("grants", "grant", unused=0) + ";" + moved("GRANT", "SCHOOL", "AVAILABLE", credits=2, grant="new")
         .replace("VALUES ('$new'", "VALUES ('$newer'")),
    Case("a transfer is edited", "transfers_append_only", changed("transfers", "transfer", "credits = 2")),
    Case("a transfer is deleted", "transfers_append_only", "DELETE FROM transfers WHERE id = '$transfer'"),
    Case("the ledger is emptied", "transfers_append_only", "TRUNCATE transfers CASCADE"),
    Case("the ledger is emptied by way of the wallets", "transfers_append_only", "TRUNCATE wallets CASCADE"),
    Case("a transfer of nothing", "transfers_credits", moved("EXPIRE", "AVAILABLE", "EXPIRED", credits=0)),
    Case("a transfer of less than nothing", "transfers_credits", moved("EXPIRE", "AVAILABLE", "EXPIRED", credits=-1)),
    Case("a transfer of a kind that moves otherwise", "transfers_moves", moved("EXPIRE", "HELD", "EXPIRED")),
    Case("two credits for one session", "transfers_one_credit_a_session",
         moved("HOLD", "AVAILABLE", "HELD", credits=2, session="'$requested'")),
    Case("a hold for no session", "transfers_one_credit_a_session", moved("HOLD", "AVAILABLE", "HELD")),
    Case("a transfer of one student's wallet in another's name", "transfers_wallet_of_student",
         moved("EXPIRE", "AVAILABLE", "EXPIRED").replace("'$ana', '$ana'", "'$ana', '$ben'")),
    Case("a transfer in the name of another school", "transfers_of_wallet",
         moved("EXPIRE", "AVAILABLE", "EXPIRED").replace("$school", "$other_school")),
    Case("a transfer of a grant of another wallet", "transfers_grant_of_wallet",
         moved("EXPIRE", "AVAILABLE", "EXPIRED", grant="bens_grant")),
    Case("one session holds two credits", "transfers_one_hold",
         moved("HOLD", "AVAILABLE", "HELD", session="'$requested'")),
    Case("a hold is ended twice", "transfers_one_end", moved("RELEASE", "HELD", "AVAILABLE", session="'$declined'")),
    Case("a credit is given back twice", "transfers_one_reversal",
         ";".join(moved("REVERSE", "SETTLED", "AVAILABLE", session="'$completed'", grant="bens_grant")
                  .replace("$ana", "$ben").replace("$new", new) for new in ("$new", "$newer"))),
    Case("a hold is ended while the appointment is live", "credit_agrees_with_appointment",
         moved("RELEASE", "HELD", "AVAILABLE", session="'$requested'")),
    Case("a hold is given back to another grant", "credit_agrees_with_appointment",
         moved("EXPIRE", "AVAILABLE", "EXPIRED", grant="small_grant") + ";"
         + changed("appointments", "requested", "status = 'DECLINED', ended_at = now()") + ";"
         + moved("RELEASE", "HELD", "AVAILABLE", session="'$requested'", grant="small_grant")
         .replace("VALUES ('$new'", "VALUES ('$newer'")),
    Case("one student's session is held by another's credit", "credit_agrees_with_appointment",
         copied("appointments", "requested", **FOLLOW_UP) + ";"
         + moved("HOLD", "AVAILABLE", "HELD", session="'$new'", grant="bens_grant").replace("$ana", "$ben")
         .replace("VALUES ('$new'", "VALUES ('$newer'")),
]  # fmt: skip

APPOINTMENTS = [
    Case("a provider has two at once", "appointments_provider_free",
         copied("appointments", "requested", student_id="$ben")),
    Case("a student has two at once", "appointments_student_free",
         copied("appointments", "requested", provider_id="$other_provider", license_id="$other_license")),
    Case("an appointment begins confirmed", "appointments_append_only",
         copied("appointments", "confirmed", **TIMES)),
    Case("an appointment is deleted", "appointments_append_only", "DELETE FROM appointments WHERE id = '$requested'"),
    Case("all appointments are removed", "transfers_append_only", "TRUNCATE appointments CASCADE"),
    *(Case(f"one that is {row} becomes {status}", "appointments_next_status",
           changed("appointments", row, f"status = '{status}', confirmed_at = coalesce(confirmed_at, requested_at)"))
      for row, statuses in {
          "requested": ("COMPLETED", "CANCELLED", "NO_SHOW"),
          "confirmed": ("REQUESTED", "DECLINED", "EXPIRED", "WITHDRAWN"),
          "completed": ("CONFIRMED", "CANCELLED", "NO_SHOW"),
          "declined": ("REQUESTED", "CONFIRMED", "EXPIRED"),
      }.items() for status in statuses),
    Case("a status that is none", "appointments_status",
         "ALTER TABLE appointments DISABLE TRIGGER appointments_begin;"
         + copied("appointments", "requested", status="LOST", ended_at="$later", **TIMES)),
    Case("a live appointment without a hold", "credit_agrees_with_appointment",
         copied("appointments", "requested", **FOLLOW_UP)),
    Case("an appointment ends and keeps its hold", "credit_agrees_with_appointment",
         changed("appointments", "requested", "status = 'DECLINED', ended_at = now()")),
    Case("a session is completed and keeps its hold", "credit_agrees_with_appointment",
         changed("appointments", "confirmed", "status = 'COMPLETED', ended_at = now()")),
    Case("a declined request forfeits its credit", "credit_agrees_with_appointment",
         changed("appointments", "requested", "status = 'DECLINED', ended_at = now()") + ";"
         + moved("FORFEIT", "HELD", "FORFEITED", session="'$requested'")),
    Case("a second live intake of a pair", "appointments_one_live_intake",
         copied("appointments", "requested", **TIMES)),
    Case("a second completed intake of a pair", "appointments_one_completed_intake",
         "ALTER TABLE appointments DISABLE TRIGGER appointments_begin;"
         + copied("appointments", "completed", **TIMES)),
    Case("the license of another provider", "appointments_license",
         copied("appointments", "requested", license_id="$other_license", **FOLLOW_UP)),
    Case("a license of another state", "appointments_license",
         copied("appointments", "requested", state="NY", **FOLLOW_UP)),
    Case("a student of another school", "appointments_student_of_school",
         copied("appointments", "requested", school_id="$other_school", **FOLLOW_UP)),
    Case("confirmed when the time to answer is over", "appointments_answer_in_time",
         changed("appointments", "requested", "status = 'CONFIRMED', confirmed_at = confirm_by")),
    Case("more than 72 hours to answer", "appointments_answer_in_time",
         copied("appointments", "requested", confirm_by="$later", **TIMES)),
    Case("time to answer after the start", "appointments_answer_in_time",
         changed("appointments", "requested", "confirm_by = starts_at + interval '1 second'")),
    Case("confirmed at no time", "appointments_confirmed",
         changed("appointments", "requested", "status = 'CONFIRMED'")),
    Case("attested before the end", "appointments_attest_after",
         changed("appointments", "requested", "attest_by = ends_at")),
    Case("ended at no time", "appointments_end", changed("appointments", "requested", "status = 'DECLINED'")),
    Case("live with an end", "appointments_end", changed("appointments", "requested", "ended_at = now()")),
    Case("over before it begins", "appointments_order", changed("appointments", "requested", "ends_at = starts_at")),
    Case("longer than an hour", "appointments_hour",
         changed("appointments", "requested", "ends_at = starts_at + interval '61 minutes'")),
    Case("an intake of 50 minutes", "appointments_session_length",
         changed("appointments", "requested", "ends_at = starts_at + interval '50 minutes'")),
    Case("a follow-up of an hour", "appointments_session_length",
         changed("appointments", "requested", "visit_type = 'FOLLOW_UP'")),
    Case("a visit of another kind", "appointments_visit_type",
         changed("appointments", "requested", "visit_type = 'CHAT'")),
]  # fmt: skip

TERMS = [
    Case(
        "a session at a time that is not offered",
        "appointments_in_opening",
        held_appointment(status="REQUESTED", ended_at=None, **FOLLOW_UP),
    ),
    Case(
        "a session under a license that ran out before it",
        "appointments_licensed",
        changed("licenses", "license", "expires_on = '2020-01-01'")
        + "; "
        + held_appointment(status="REQUESTED", ended_at=None, **FREE_FOLLOW_UP),
    ),
    Case(
        "a session under a license that nobody verified",
        "appointments_licensed",
        changed("licenses", "license", "verified_at = NULL")
        + "; "
        + held_appointment(status="REQUESTED", ended_at=None, **FREE_FOLLOW_UP),
    ),
    Case(
        "a follow-up before the intake",
        "appointments_intake_first",
        held_appointment(status="REQUESTED", ended_at=None, **FREE_FOLLOW_UP),
    ),
]

VOIDED = changed("claims", "claim", "status = 'VOID'") + ";"

CLAIMS = [
    Case("a session that is not completed is claimed", "claims_of_completed_session",
         copied("claims", "claim", visit_type="FOLLOW_UP", **CLAIM_OF)),
    Case("a claim in the name of another student", "claims_of_completed_session",
         VOIDED + copied("claims", "claim", student_id="$ana")),
    Case("a second live claim of a session", "claims_one_live", copied("claims", "claim")),
    Case("a second accepted intake of a pair", "claims_one_intake",
         copied("claims", "claim", appointment_id="$requested")),
    Case("an accepted claim whose credit was released", "claims_credit_agrees",
         changed("claims", "late_claim", "status = 'ACCEPTED', amount_cents = 100")),
    Case("a denied claim whose credit was settled", "claims_credit_agrees",
         changed("claims", "claim", "status = 'DENIED', amount_cents = 0, reasons = '[1]'")),
    Case("an accepted claim of nothing", "claims_amount", changed("claims", "claim", "amount_cents = 0")),
    Case("a claim of less than nothing", "claims_amount", changed("claims", "claim", "amount_cents = -1")),
    Case("a denied claim that pays", "claims_denied_pays_nothing", changed("claims", "late_claim", "amount_cents = 1")),
    Case("a denied claim without a reason", "claims_denied_pays_nothing",
         changed("claims", "late_claim", "reasons = '[]'")),
    Case("a decision that is none", "claims_status", changed("claims", "claim", "status = 'PERHAPS'")),
    Case("a claim before the session's end", "claims_after_session",
         VOIDED + copied("claims", "claim", submitted_at="2020-01-01")),
    Case("a claim is moved before its session", "claims_after_session",
         changed("claims", "claim", "submitted_at = '2020-01-01'")),
    Case("an accepted claim that came late", "claims_in_time",
         VOIDED + copied("claims", "claim", status="ACCEPTED", submitted_at="2099-01-01")),
    Case("an accepted claim at another amount than its rate", "claims_at_rate",
         VOIDED + copied("claims", "claim", status="ACCEPTED", amount_cents=1)),
    Case("a claim is deleted", "claims_append_only", "DELETE FROM claims WHERE id = '$claim'"),
    Case("all claims are removed", "claims_append_only", "TRUNCATE claims CASCADE"),
]  # fmt: skip

DIRECTORY = [
    Case("an event is edited", "events_append_only", changed("events", "event", "verb = 'nothing'")),
    Case("an event is deleted", "events_append_only", "DELETE FROM events WHERE id = '$event'"),
    Case("history is emptied", "events_append_only", "TRUNCATE events CASCADE"),
    Case("two schools of one name", "schools_name_key", copied("schools", "school")),
    Case("a school's limits are turned round", "schools_limits",
         changed("schools", "school", "credits_min = 9, credits_max = 8")),
    Case("a school that grants nothing", "schools_limits", changed("schools", "school", "credits_min = 0")),
    Case("a policy that is none", "schools_missed_session_policy",
         changed("schools", "school", "missed_session_policy = 'SHOUT'")),
    Case("two students of one address, in capitals", "students_email_in_school",
         "INSERT INTO students SELECT '$new', school_id, name, upper(email), phone, state, time_zone, created_at"
         " FROM students WHERE id = '$ana'"),
    Case("a student with credits changes school", "wallets_student_of_school",
         changed("students", "cleo", "school_id = '$other_school'")),
    Case("a service that is none", "providers_services",
         changed("providers", "provider", "services = ARRAY['ASTROLOGY']")),
    Case("a degree that is none", "providers_degree_level", changed("providers", "provider", "degree_level = 'NONE'")),
    Case("one license twice", "licenses_state_number_key", copied("licenses", "license")),
    Case("a license is handed on while it is used", "appointments_license",
         changed("licenses", "license", "provider_id = '$other_provider'")),
    Case("two contracts of one provider", "enrollments_provider_id_key", copied("enrollments", "enrollment")),
    Case("a contract in no known state", "enrollments_status", changed("enrollments", "enrollment", "status = 'LOST'")),
    Case("a weekday that is none", "weekly_hours_weekday", copied("weekly_hours", "hours", weekday=8)),
    Case("hours that end before they start", "weekly_hours_order",
         copied("weekly_hours", "hours", weekday=7, starts="12:00", ends="11:00")),
    Case("hours that overlap", "weekly_hours_no_overlap",
         copied("weekly_hours", "hours", starts="12:59", ends="14:00")),
    Case("one opening twice", "openings_provider_start", copied("openings", "opening")),
    Case("an opening that ends before it starts", "openings_order",
         changed("openings", "opening", "ends_at = starts_at")),
    Case("two rates for one kind of session and day", "rates_one_for_a_day", copied("rates", "rate")),
    Case("a rate of nothing", "rates_amount", changed("rates", "rate", "amount_cents = 0")),
    Case("a rate for another kind of visit", "rates_visit_type", changed("rates", "rate", "visit_type = 'CHAT'")),
    Case("two clocks", "demo_clock_one_row", "INSERT INTO demo_clock VALUES (2, 0)"),
    Case("a clock that goes back", "demo_clock_forward", "INSERT INTO demo_clock VALUES (1, -1)"),
    Case("one key of one account twice", "idempotency_keys_account_key",
         "INSERT INTO idempotency_keys SELECT id, '$ana', 'key', '', NULL, now()"
         " FROM unnest(ARRAY['$new', '$newer']::uuid[]) AS id"),
]  # fmt: skip

WRONG_SUBJECTS: dict[str, dict[str, Any]] = {
    "a student without a student": {"student_id": None},
    "a student without a school": {"school_id": None},
    "a role that is none": {"role": "GUEST", "student_id": None, "school_id": None},
    "a provider that is a student": {"role": "PROVIDER"},
    "a school without a school": {"role": "SCHOOL", "student_id": None, "school_id": None},
    "staff that has a school": {"role": "OPS", "student_id": None},
    "a student that is an office too": {"practice_id": "$new"},
}

ACCOUNTS = [
    Case("two accounts of one address, in capitals", "accounts_email",
         "INSERT INTO accounts (id, email, name, created_at) VALUES ('$new', 'SOMEBODY@EXAMPLE.TEST', '', now())"),
    *(Case(f"a membership of {about}", "memberships_subject", copied("memberships", "membership", **subject))
      for about, subject in WRONG_SUBJECTS.items()),
    Case("a membership of a student in another school", "memberships_student_of_school",
         copied("memberships", "membership", school_id="$other_school")),
    Case("one membership twice", "memberships_one", copied("memberships", "membership")),
    Case("two sessions of one token", "sessions_access",
         ";".join("INSERT INTO sessions VALUES "
                  f"('{new}', '$account', '$membership', 'x', now(), '', now(), now(), now(), NULL)"
                  for new in ("$new", "$newer"))),
    Case("two refresh tokens of one secret", "refresh_tokens_hash",
         "INSERT INTO sessions VALUES"
         " ('$new', '$account', '$membership', 'x', now(), '', now(), now(), now(), NULL);"
         + ";".join(f"INSERT INTO refresh_tokens VALUES ('{new}', '$new', 'x', now(), now())"
                    for new in ("$newer", "$newest"))),
    Case("two unused refresh tokens of one session", "refresh_tokens_one_unused",
         "INSERT INTO sessions VALUES"
         " ('$new', '$account', '$membership', 'x', now(), '', now(), now(), now(), NULL);"
         + ";".join(f"INSERT INTO refresh_tokens VALUES ('{new}', '$new', '{new}', now(), NULL)"
                    for new in ("$newer", "$newest"))),
]  # fmt: skip

PERSONS = [
    Case("two accounts of one person", "accounts_one_of_person",
         "INSERT INTO accounts (id, email, name, created_at, person_id)"
         " SELECT '$new', 'else@example.test', '', now(), person_id FROM accounts WHERE id = '$account'"),
    Case("an account becomes somebody else", "accounts_keep_person",
         changed("accounts", "account", "person_id = '$ben'")),
    Case("one person is two students of a school", "students_one_of_person_in_school",
         changed("students", "ben", "person_id = (SELECT person_id FROM students WHERE id = '$ana')")),
    Case("a student is nobody", "students_person", changed("students", "cleo", "person_id = '$new'")),
    Case("a provider is nobody", "providers_person", changed("providers", "provider", "person_id = '$new'")),
    Case("an account is nobody", "accounts_person",
         "INSERT INTO accounts (id, email, name, created_at, person_id)"
         " VALUES ('$new', 'else@example.test', '', now(), '$newer')"),
    Case("a session in another person's name", "appointments_student_is_person",
         changed("appointments", "requested", "person_id = '$cleo'")),
    Case("a claim in another person's name", "claims_student_is_person",
         changed("claims", "claim", "person_id = '$cleo'")),
    Case("a session with a practice that is none", "appointments_practice",
         changed("appointments", "requested", "practice_id = '$new'")),
    Case("a provider becomes their own client", "appointments_not_with_oneself",
         changed("providers", "provider", "person_id = (SELECT person_id FROM students WHERE id = '$ana')")),
    Case("a client becomes their own provider", "appointments_not_with_oneself",
         changed("students", "ben", "person_id = (SELECT person_id FROM providers WHERE id = '$provider')")),
    Case("a grant to oneself", "grants_not_to_oneself", changed("grants", "grant", "granted_by = '$account'")),
    Case("whoever granted becomes who was granted", "grants_not_to_oneself",
         changed("grants", "bens_grant", "granted_by = '$account'") + ";"
         + "ALTER TABLE students DROP CONSTRAINT students_one_of_person_in_school;"
         + changed("students", "ben", "person_id = (SELECT person_id FROM students WHERE id = '$ana')")),
    Case("a claim attested by oneself", "claims_not_by_oneself",
         "INSERT INTO accounts (id, email, name, created_at, person_id)"
         " SELECT '$new', 'else@example.test', '', now(), person_id FROM students WHERE id = '$ben';"
         + changed("claims", "claim", "attested_by = '$new'")),
    Case("a live intake beside a completed one", "appointments_intake_over",
         "ALTER TABLE students DROP CONSTRAINT students_one_of_person_in_school;"
         + changed("students", "ana", "person_id = (SELECT person_id FROM students WHERE id = '$ben')")),
    Case("a session is marked as a double of before", "appointments_append_only",
         changed("appointments", "completed", "legacy_duplicate = true")),
    Case("a claim is marked as a double of before", "claims_append_only",
         changed("claims", "claim", "legacy_duplicate = true")),
    Case("a live session is a double of before", "appointments_legacy_duplicate",
         "ALTER TABLE appointments DISABLE TRIGGER appointments_no_new_duplicate;"
         + changed("appointments", "requested", "legacy_duplicate = true")),
    Case("a link is edited", "person_links_append_only", "UPDATE person_links SET at = now()"),
    Case("a link is deleted", "person_links_append_only", "DELETE FROM person_links"),
    Case("all links are removed", "person_links_append_only", "TRUNCATE person_links"),
    Case("a link of nothing", "person_links_one_row",
         "INSERT INTO person_links VALUES ('$new', '$ana', '$ben', NULL, NULL, '$account', now())"),
    Case("a link of somebody to themselves", "person_links_somebody_else",
         "INSERT INTO person_links VALUES ('$new', '$ana', '$ana', '$ana', NULL, '$account', now())"),
    Case("a conflict of nothing", "person_conflicts_one_row",
         "INSERT INTO person_conflicts (id, broken, at, reason) VALUES ('$new', 'x', now(), '')"),
    Case("a conflict about nothing", "person_conflicts_broken",
         "INSERT INTO person_conflicts (id, student_id, broken, at, reason) VALUES ('$new', '$ana', '', now(), '')"),
    Case("one conflict twice", "person_conflicts_one_open",
         ";".join("INSERT INTO person_conflicts (id, student_id, broken, at, reason)"
                  f" VALUES ('{new}', '$ana', 'x', now(), '')" for new in ("$new", "$newer"))),
    Case("a conflict is dismissed without a reason", "person_conflicts_resolved",
         "INSERT INTO person_conflicts (id, student_id, broken, at, resolved_at, resolved_by, outcome, reason)"
         " VALUES ('$new', '$ana', 'x', now(), now(), '$account', 'DISMISSED', '')"),
    Case("a conflict is settled by nobody", "person_conflicts_resolved",
         "INSERT INTO person_conflicts (id, student_id, broken, at, resolved_at, reason)"
         " VALUES ('$new', '$ana', 'x', now(), now(), '')"),
    Case("a conflict is settled in a way that is none", "person_conflicts_outcome",
         "INSERT INTO person_conflicts (id, student_id, broken, at, resolved_at, resolved_by, outcome, reason)"
         " VALUES ('$new', '$ana', 'x', now(), now(), '$account', 'LOST', 'x')"),
    Case("a conflict is deleted", "person_conflicts_append_only",
         "INSERT INTO person_conflicts (id, student_id, broken, at, reason) VALUES ('$new', '$ana', 'x', now(), '');"
         "DELETE FROM person_conflicts"),
    Case("two drafts of one thing", "approvals_one_of_subject",
         ";".join(f"INSERT INTO approvals VALUES ('{new}', 'x', '$ana', '$account', now(), NULL, NULL)"
                  for new in ("$new", "$newer"))),
    Case("an approval at no time", "approvals_approved",
         "ALTER TABLE approvals DISABLE TRIGGER approvals_second_person;"
         "INSERT INTO approvals VALUES ('$new', 'x', '$ana', '$account', now(), '$account', NULL)"),
    Case("a draft is approved by who drafted it", "approvals_second_person",
         "INSERT INTO approvals VALUES ('$new', 'x', '$ana', '$account', now(), '$account', now())"),
    Case("a draft becomes another's", "approvals_once",
         "INSERT INTO approvals VALUES ('$new', 'x', '$ana', '$account', now(), NULL, NULL);"
         "UPDATE approvals SET subject_id = '$ben'"),
    Case("an approval is deleted", "approvals_append_only",
         "INSERT INTO approvals VALUES ('$new', 'x', '$ana', '$account', now(), NULL, NULL); DELETE FROM approvals"),
]  # fmt: skip

CASES = [*PERSONS, *LEDGER, *APPOINTMENTS, *TERMS, *CLAIMS, *DIRECTORY, *ACCOUNTS]

COVERED_ELSEWHERE = {
    # Implied by a primary key, named only to be the target of a foreign key of two or three columns.
    "students_school",
    "licenses_of_provider_in_state",
    # Nothing but the ledger's trigger writes balances, in ways that keep these; its own tests hold it to that.
    "wallets_expired_check",
    "wallets_revoked_check",
    "wallets_forfeited_check",
    "wallets_sum",
    "wallets_is_of_student",
    "wallets_student_id_key",
}
