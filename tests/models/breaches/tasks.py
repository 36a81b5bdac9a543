"""Breaches of tasks: one reviewer at a time, for a while, and never about themselves (NO-5, ID-9)."""

from typing import Any

from tests.models.breaches.statements import breach, changed, inserted

OWN_LICENSE = changed("providers", "$provider", "person_id = (SELECT person_id FROM accounts WHERE id = '$user')")
UNVERIFIED = changed("licenses", "$license", "verified_at = NULL")
END = "2026-03-02T15:30:00Z"


def claim(**columns: Any) -> str:
    """An INSERT: the office user has taken the license."""
    row: dict[str, Any] = {
        "kind": "VERIFY_LICENSE", "subject_id": "$license", "account_id": "$user", "membership_id": "$office_user",
        "concerns": [], "taken_at": "2026-03-02T15:00:00Z", "until": END,
    } | columns  # fmt: skip
    return inserted("work_claims", **row)


def verified(by: str, at: str = "2026-03-02T15:10:00Z") -> str:
    """An UPDATE: the license is verified by this account."""
    return changed("licenses", "$license", f"verified_at = '{at}', verified_by = '{by}'")


def settled(by: str) -> str:
    """An UPDATE: the conflict is settled by this account."""
    change = f"resolved_at = '2026-03-02T15:10:00Z', resolved_by = '{by}', outcome = 'DISMISSED', reason = 'x'"
    return changed("person_conflicts", "$newest", change)


CONFLICT = inserted(
    "person_conflicts", id="$newest", account_id="$user", student_id="$ana", broken="x", at="now", reason=""
)
BREACHES = [
    breach("a task of no kind is taken", "work_claims_kind", claim(kind="")),
    breach("one task is taken twice", "work_claims_one_of_task", claim(), claim(id="$newer")),
    breach("a task is taken for longer than half an hour", "work_claims_ends", claim(until="2026-03-02T15:30:01Z")),
    breach("a task is given back before it is taken", "work_claims_ends", claim(until="2026-03-02T15:00:00Z")),
    breach("a task is taken under another's membership", "work_claims_by_member", claim(account_id="$account")),
    breach("a task is taken under a membership that has ended", "work_claims_by_member",
           changed("memberships", "$office_user", "ended_at = now()"), claim()),
    breach("a task is taken by a shut account", "work_claims_by_member",
           changed("accounts", "$user", "disabled_at = now()"), claim()),
    breach("a task about oneself is taken", "tasks_not_about_oneself",
           claim(concerns=["$user"])),
    breach("a task is taken from who has it", "tasks_taken", claim(),
           "UPDATE work_claims SET account_id = '$account', membership_id = '$owner',"
           " taken_at = '2026-03-02T15:29:59Z', until = '2026-03-02T15:40:00Z'"),
    breach("a license is verified that another has taken", "tasks_taken", UNVERIFIED, claim(), verified("$account")),
    breach("a license is verified by its provider", "tasks_not_about_oneself", UNVERIFIED,
           OWN_LICENSE, verified("$user")),
    breach("a conflict is settled that another has taken", "tasks_taken", CONFLICT,
           claim(kind="SETTLE_PERSON_CONFLICT", subject_id="$newest", account_id="$account", membership_id="$owner"),
           settled("$provider")),
    breach("a conflict is settled by who is in it", "tasks_not_about_oneself", CONFLICT, settled("$user")),
]  # fmt: skip
