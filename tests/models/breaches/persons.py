"""Breaches of persons: one human being, one calendar, nobody on both sides (ID-7, ID-9)."""

from typing import Any

from tests.models.breaches.statements import breach, changed, deleted, emptied, inserted

OF_ANA = "person_id = (SELECT person_id FROM students WHERE id = '$ana')"
OF_BEN = "person_id = (SELECT person_id FROM students WHERE id = '$ben')"
TWO_OF_ONE_SCHOOL = "ALTER TABLE students DROP CONSTRAINT students_one_of_person_in_school"
"""Lets a test reach the rules that stand behind this one."""

SOMEBODY_ELSE = (
    "INSERT INTO accounts (id, email, name, created_at, person_id) SELECT '$new', 'else@example.test', '', now(),"
)


def conflict(*, id: str = "$new", **columns: Any) -> str:
    """An INSERT of a conflict about Ana."""
    row: dict[str, Any] = {"student_id": "$ana", "broken": "x", "at": "now", "reason": ""} | columns
    return inserted("person_conflicts", id=id, **row)


def link(*, from_person: str = "$ana", to_person: str = "$ben", student_id: str | None = None) -> str:
    """An INSERT of a link."""
    return inserted(
        "person_links", from_person=from_person, to_person=to_person, student_id=student_id, by_account="$account",
        at="now",
    )  # fmt: skip


def draft(*, id: str = "$new", approved_by: str | None = None, approved_at: str | None = None) -> str:
    """An INSERT of something that waits for a second person."""
    return inserted(
        "approvals", id=id, subject_type="x", subject_id="$ana", drafted_by="$account", drafted_at="now",
        approved_by=approved_by, approved_at=approved_at,
    )  # fmt: skip


PERSONS = [
    breach("two accounts of one person", "accounts_one_of_person",
           f"{SOMEBODY_ELSE} person_id FROM accounts WHERE id = '$account'"),
    breach("an account becomes somebody else", "accounts_keep_person",
           changed("accounts", "$account", "person_id = '$ben'")),
    breach("one person is two students of a school", "students_one_of_person_in_school",
           changed("students", "$ben", OF_ANA)),
    breach("a student is nobody", "students_person", changed("students", "$cleo", "person_id = '$new'")),
    breach("a provider is nobody", "providers_person", changed("providers", "$provider", "person_id = '$new'")),
    breach("an account is nobody", "accounts_person", f"{SOMEBODY_ELSE} '$newer'"),
    breach("a session in another person's name", "appointments_student_is_person",
           changed("appointments", "$requested", "person_id = '$cleo'")),
    breach("a claim in another person's name", "claims_student_is_person",
           changed("claims", "$claim", "person_id = '$cleo'")),
    breach("a session with a practice that is none", "appointments_practice",
           changed("appointments", "$requested", "practice_id = '$new'")),
    breach("a live intake beside a completed one", "appointments_intake_over", TWO_OF_ONE_SCHOOL,
           changed("students", "$ana", OF_BEN)),
    breach("a session is marked as a double of before", "appointments_append_only",
           changed("appointments", "$completed", "legacy_duplicate = true")),
    breach("a claim is marked as a double of before", "claims_append_only",
           changed("claims", "$claim", "legacy_duplicate = true")),
    breach("a live session is a double of before", "appointments_legacy_duplicate",
           "ALTER TABLE appointments DISABLE TRIGGER appointments_no_new_duplicate",
           changed("appointments", "$requested", "legacy_duplicate = true")),
]  # fmt: skip

BOTH_SIDES = [
    breach("a provider becomes their own client", "appointments_not_with_oneself",
           changed("providers", "$provider", OF_ANA)),
    breach("a client becomes their own provider", "appointments_not_with_oneself",
           changed("students", "$ben", "person_id = (SELECT person_id FROM providers WHERE id = '$provider')")),
    breach("a grant to oneself", "grants_not_to_oneself", changed("grants", "$grant", "granted_by = '$account'")),
    breach("whoever granted becomes who was granted", "grants_not_to_oneself",
           changed("grants", "$bens_grant", "granted_by = '$account'"), TWO_OF_ONE_SCHOOL,
           changed("students", "$ben", OF_ANA)),
    breach("a claim attested by oneself", "claims_not_by_oneself",
           f"{SOMEBODY_ELSE} person_id FROM students WHERE id = '$ben'",
           changed("claims", "$claim", "attested_by = '$new'")),
]  # fmt: skip

LINKS = [
    breach("a link is edited", "person_links_append_only", "UPDATE person_links SET at = now()"),
    breach("a link is deleted", "person_links_append_only", "DELETE FROM person_links"),
    breach("all links are removed", "person_links_append_only", emptied("person_links")),
    breach("a link of nothing", "person_links_one_row", link()),
    breach("a link of somebody to themselves", "person_links_somebody_else",
           link(to_person="$ana", student_id="$ana")),
]  # fmt: skip

CONFLICTS = [
    breach("a conflict of nothing", "person_conflicts_one_row", conflict(student_id=None)),
    breach("a conflict about nothing", "person_conflicts_broken", conflict(broken="")),
    breach("one conflict twice", "person_conflicts_one_open", conflict(), conflict(id="$newer")),
    breach("a conflict is dismissed without a reason", "person_conflicts_resolved",
           conflict(resolved_at="now", resolved_by="$account", outcome="DISMISSED")),
    breach("a conflict is settled by nobody", "person_conflicts_resolved", conflict(resolved_at="now")),
    breach("a conflict is settled in a way that is none", "person_conflicts_outcome",
           conflict(resolved_at="now", resolved_by="$account", outcome="LOST", reason="x")),
    breach("a conflict is deleted", "person_conflicts_append_only", conflict(), deleted("person_conflicts", "$new")),
]  # fmt: skip

APPROVALS = [
    breach("two drafts of one thing", "approvals_one_of_subject", draft(), draft(id="$newer")),
    breach("an approval at no time", "approvals_approved",
           "ALTER TABLE approvals DISABLE TRIGGER approvals_second_person", draft(approved_by="$account")),
    breach("a draft is approved by who drafted it", "approvals_second_person",
           draft(approved_by="$account", approved_at="now")),
    breach("a draft becomes another's", "approvals_once", draft(), changed("approvals", "$new", "subject_id = '$ben'")),
    breach("an approval is deleted", "approvals_append_only", draft(), deleted("approvals", "$new")),
]  # fmt: skip

BREACHES = [*PERSONS, *BOTH_SIDES, *LINKS, *CONFLICTS, *APPROVALS]
