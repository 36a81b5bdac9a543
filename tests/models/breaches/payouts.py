"""Breaches of payout details."""

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied

SUPERSEDED = "superseded_at = set_at + interval '1 day'"

BREACHES = [
    breach("details of nobody", "payout_details_legal_name", copied("payout_details", "$details", legal_name="")),
    breach("a tax number of another kind", "payout_details_tin_kind",
           copied("payout_details", "$details", tin_kind="PASSPORT")),
    breach("more of the tax number than its last four", "payout_details_tin_last4",
           copied("payout_details", "$details", tin_last4="123456789")),
    breach("a routing number that is none", "payout_details_routing_number",
           copied("payout_details", "$details", routing_number="12345678")),
    breach("more of the account than its last four", "payout_details_account_last4",
           copied("payout_details", "$details", account_last4="0001234567")),
    breach("an account of another kind", "payout_details_account_kind",
           copied("payout_details", "$details", account_kind="PIGGY_BANK")),
    breach("a tax number that is not sealed", "payout_details_sealed",
           copied("payout_details", "$details", sealed_tin="123456789")),
    breach("an account that is not sealed", "payout_details_sealed",
           copied("payout_details", "$details", sealed_account="0001234567")),
    breach("details that are replaced before they are set", "payout_details_order",
           changed("payout_details", "$details", "superseded_at = set_at - interval '1 day'")),
    breach("two current details of one provider", "payout_details_one_current",
           copied("payout_details", "$details")),
    breach("details are changed", "payout_details_keep_history",
           changed("payout_details", "$details", "routing_number = '011000015'")),
    breach("replaced details become the current ones again", "payout_details_keep_history",
           changed("payout_details", "$details", SUPERSEDED),
           changed("payout_details", "$details", "superseded_at = NULL")),
    breach("details are deleted", "payout_details_keep_history", deleted("payout_details", "$details")),
    breach("all details are removed", "payout_details_append_only", emptied("payout_details")),
]  # fmt: skip
