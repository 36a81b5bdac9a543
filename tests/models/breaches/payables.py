"""Breaches of the payment books: payees, entries, payables and transmissions."""

from typing import Any

from tests.models.breaches.statements import breach, changed, deleted, emptied, inserted

ENTRY = inserted("entries", id="$new", cause_kind="CLAIM", cause_id="$claim", at="$at")
RUN = inserted("payout_runs", id="$newest", opened_at="$at")


def posting(id: str, account: str, cents: int, *, entry: str = "$new", **more: Any) -> str:
    """A line of an entry."""
    columns: dict[str, Any] = {"payee_id": "$payee", "claim_id": "$claim"}
    return inserted("postings", id=id, entry_id=entry, account=account, cents=cents, **columns | more)


BOOKED = (ENTRY, posting("$new", "PAYABLE", 12_500), posting("$newer", "COST", -12_500))
"""An entry that balances."""
REVERSAL = inserted("entries", id="$newest", cause_kind="REVERSAL", cause_id="$new", reverses_id="$new", at="$at")


def payable(**changes: Any) -> str:
    """What the accepted claim comes to."""
    columns: dict[str, Any] = {
        "id": "$new", "claim_id": "$claim", "payee_id": "$payee", "sign": 1, "cents": 12_500, "held_reason": None,
        "run_id": None,
    }  # fmt: skip
    return inserted("payables", **columns | changes)


def transmission(**changes: Any) -> str:
    """The file of a run."""
    columns: dict[str, Any] = {
        "id": "$new", "run_id": "$newest", "file_sha256": "\\x" + "00" * 32, "trace_from": 1, "state": "WRITTEN",
        "written_at": "$at",
    }  # fmt: skip
    return inserted("transmissions", **columns | changes)


PAYEES = [
    breach("a payee that is nobody", "payees_one", inserted("payees", created_at="$at")),
    breach("a person is two payees", "payees_one_of_person",
           "INSERT INTO payees SELECT '$new', person_id, NULL, now() FROM payees WHERE id = '$payee'"),
    breach("a practice is two payees", "payees_one_of_practice",
           *(inserted("payees", id=id, practice_id="$practice", created_at="$at") for id in ("$new", "$newer"))),
    breach("a payee becomes somebody else", "payees_append_only", changed("payees", "$payee", "created_at = now()")),
    breach("a payee is deleted", "payees_append_only", deleted("payees", "$payee")),
]  # fmt: skip

ENTRIES = [
    breach("an entry that does not sum to zero", "entries_balance",
           ENTRY, posting("$new", "PAYABLE", 12_500), posting("$newer", "COST", -12_499)),
    breach("an entry without a posting", "entries_balance", ENTRY),
    breach("a posting is added to an entry that balances", "entries_balance",
           *BOOKED, "SET CONSTRAINTS ALL IMMEDIATE", posting("$newest", "PAYABLE", 1)),
    breach("an entry for a cause that is none", "entries_cause_kind",
           inserted("entries", cause_kind="GIFT", cause_id="$claim", at="$at")),
    breach("a claim is booked twice", "entries_one_of_cause", ENTRY,
           inserted("entries", id="$newer", cause_kind="CLAIM", cause_id="$claim", at="$at")),
    breach("a reversal of nothing", "entries_reversal",
           inserted("entries", cause_kind="REVERSAL", cause_id="$claim", at="$at")),
    breach("an entry is reversed twice", "entries_one_reversal", *BOOKED, REVERSAL,
           inserted("entries", id="$newer", cause_kind="REVERSAL", cause_id="$claim", reverses_id="$new", at="$at")),
    breach("an entry is reversed in part", "entries_reverse_whole", *BOOKED, REVERSAL,
           posting("$newest", "PAYABLE", -12_000, entry="$newest"),
           posting("$claim", "COST", 12_000, entry="$newest")),
    breach("a line is added to what was reversed", "entries_reverse_whole", *BOOKED, REVERSAL,
           posting("$newest", "PAYABLE", -12_500, entry="$newest"),
           posting("$claim", "COST", 12_500, entry="$newest"), "SET CONSTRAINTS ALL IMMEDIATE",
           "SET CONSTRAINTS ALL DEFERRED", posting("$ana", "PAYABLE", 1), posting("$ben", "COST", -1)),
    breach("an entry is edited", "entries_append_only", *BOOKED, changed("entries", "$new", "at = now()")),
    breach("a posting is edited", "postings_append_only", *BOOKED, changed("postings", "$new", "cents = 1")),
    breach("a posting is deleted", "postings_append_only", *BOOKED, deleted("postings", "$new")),
    breach("all postings are removed", "postings_append_only", emptied("postings")),
    breach("a posting of nothing", "postings_cents", ENTRY, posting("$new", "PAYABLE", 0)),
    breach("a posting to an account that is none", "postings_account", ENTRY, posting("$new", "POCKET", 1)),
    breach("a posting that is owed to nobody", "postings_of_payee",
           ENTRY, posting("$new", "PAYABLE", 1, payee_id=None)),
    breach("a run is deleted", "payout_runs_append_only", RUN, deleted("payout_runs", "$newest")),
]  # fmt: skip

PAYABLES = [
    breach("a claim is payable twice", "payables_once", payable(), payable(id="$newer")),
    breach("a payable of neither sign", "payables_sign", payable(sign=0)),
    breach("a payable of nothing", "payables_cents", payable(cents=0)),
    breach("a payable is held for no known reason", "payables_held_reason", payable(held_reason="MOOD")),
    breach("a held payable is paid", "payables_held_not_paid",
           RUN, payable(held_reason="DISPUTED", run_id="$newest")),
    breach("a denied claim is payable", "payables_of_accepted", payable(claim_id="$late_claim")),
    breach("more is payable than was accepted", "payables_of_accepted", payable(cents=12_501)),
    breach("somebody else is paid than was agreed on", "payables_to_payee",
           inserted("payees", id="$newer", practice_id="$practice", created_at="$at"), payable(payee_id="$newer")),
    breach("what was not paid is taken back", "payables_take_back_paid",
           payable(), payable(id="$newer", sign=-1)),
    breach("a payable is made larger", "payables_append_only", payable(), changed("payables", "$new", "cents = 13000")),
    breach("a payable goes from one run to another", "payables_append_only",
           RUN, inserted("payout_runs", id="$newer", opened_at="$at"), payable(run_id="$newest"),
           changed("payables", "$new", "run_id = '$newer'")),
    breach("a payable is deleted", "payables_append_only", payable(), deleted("payables", "$new")),
]  # fmt: skip

TRANSMISSIONS = [
    breach("a second file of a run", "transmissions_one_of_run", RUN, transmission(), transmission(id="$newer")),
    breach("a digest that is none", "transmissions_digest", RUN, transmission(file_sha256="\\x00")),
    breach("a trace number of nothing", "transmissions_trace", RUN, transmission(trace_from=0)),
    breach("a file in a state that is none", "transmissions_state",
           RUN, "ALTER TABLE transmissions DISABLE TRIGGER transmissions_begin", transmission(state="LOST")),
    breach("a file begins as sent", "transmissions_append_only", RUN, transmission(state="RENAMED")),
    breach("a file is sent again", "transmissions_append_only", RUN, transmission(),
           changed("transmissions", "$new", "state = 'RENAMED'"),
           changed("transmissions", "$new", "state = 'WRITTEN'")),
    breach("another file is sent in its name", "transmissions_append_only", RUN, transmission(),
           changed("transmissions", "$new", "file_sha256 = sha256('other')")),
    breach("a file is deleted", "transmissions_append_only", RUN, transmission(), deleted("transmissions", "$new")),
]  # fmt: skip

BREACHES = [*PAYEES, *ENTRIES, *PAYABLES, *TRANSMISSIONS]
