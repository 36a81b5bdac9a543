"""Breaches of claims."""

from typing import Any

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied

VOIDED = changed("claims", "$claim", "status = 'VOID'")
"""Makes room for another claim of the same session."""

SECOND: dict[str, Any] = {"version": 2, "predecessor_id": "$claim"}
REPLACED = changed("claims", "$claim", "status = 'REPLACED'")

BREACHES = [
    breach("a second version of nothing", "claims_version", VOIDED, copied("claims", "$claim", version=2)),
    breach("a first version that follows another", "claims_version",
           VOIDED, copied("claims", "$claim", predecessor_id="$claim")),
    breach("a version is followed by two", "claims_one_successor", REPLACED, copied("claims", "$claim", **SECOND),
           changed("claims", "$new", "status = 'VOID'"), copied("claims", "$claim", id="$newer", **SECOND)),
    breach("a version beside the one that it follows", "claims_one_live",
           copied("claims", "$late_claim", version=2, predecessor_id="$late_claim")),
    breach("a version that follows a voided one", "claims_versions", VOIDED, copied("claims", "$claim", **SECOND)),
    breach("a version that follows the claim of another session", "claims_versions",
           changed("claims", "$late_claim", "status = 'VOID'"), REPLACED, copied("claims", "$late_claim", **SECOND)),
    breach("a claim is replaced by nothing", "claims_replaced", REPLACED),
    breach("a claim that was filed after it was submitted", "claims_filed",
           changed("claims", "$claim", "filed_at = submitted_at + interval '1 second'")),
    breach("a session that is not completed is claimed", "claims_of_completed_session",
           copied("claims", "$claim", visit_type="FOLLOW_UP", appointment_id="$confirmed", student_id="$ana",
                  provider_id="$other_provider")),
    breach("a claim in the name of another student", "claims_of_completed_session",
           VOIDED, copied("claims", "$claim", student_id="$ana")),
    breach("a second live claim of a session", "claims_one_live", copied("claims", "$late_claim")),
    breach("a second accepted intake of a pair", "claims_one_intake",
           copied("claims", "$claim", appointment_id="$requested")),
    breach("an accepted claim whose credit was released", "claims_credit_agrees",
           changed("claims", "$late_claim", "status = 'ACCEPTED', amount_cents = 100")),
    breach("a denied claim whose credit was settled", "claims_credit_agrees",
           changed("claims", "$claim", "status = 'DENIED', amount_cents = 0, reasons = '[1]'")),
    breach("an accepted claim of nothing", "claims_amount", changed("claims", "$claim", "amount_cents = 0")),
    breach("a claim of less than nothing", "claims_amount", changed("claims", "$claim", "amount_cents = -1")),
    breach("a denied claim that pays", "claims_denied_pays_nothing",
           changed("claims", "$late_claim", "amount_cents = 1")),
    breach("a denied claim without a reason", "claims_denied_pays_nothing",
           changed("claims", "$late_claim", "reasons = '[]'")),
    breach("a decision that is none", "claims_status", changed("claims", "$claim", "status = 'PERHAPS'")),
    breach("a claim before the session's end", "claims_after_session",
           VOIDED, copied("claims", "$claim", submitted_at="2020-01-01")),
    breach("a claim is moved before its session", "claims_after_session",
           changed("claims", "$claim", "submitted_at = '2020-01-01', filed_at = '2020-01-01'")),
    breach("an accepted claim that came late", "claims_in_time",
           VOIDED, copied("claims", "$claim", status="ACCEPTED", submitted_at="2099-01-01")),
    breach("an accepted claim at another amount than its rate", "claims_at_rate",
           VOIDED, copied("claims", "$claim", status="ACCEPTED", amount_cents=1)),
    breach("a claim is deleted", "claims_append_only", deleted("claims", "$claim")),
    breach("all claims are removed", "claims_append_only", emptied("claims")),
]  # fmt: skip
