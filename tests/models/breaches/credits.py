"""Breaches of the ledger: wallets, grants and transfers."""

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied, transferred

FOLLOW_UP = {
    "starts_at": "$later", "ends_at": "$later_short", "attest_by": "$much_later", "visit_type": "FOLLOW_UP",
}  # fmt: skip
DECLINED = changed("appointments", "$requested", "status = 'DECLINED', ended_at = now()")

WALLETS = [
    breach("a credit that is not there is held", "wallets_available_check",
           transferred("EXPIRE", credits=50, grant="$big_grant")),
    breach("a hold is ended that is not there", "wallets_held_check",
           transferred("RELEASE", wallet="$cleo", session="$requested", grant="$big_grant")),
    *(breach(f"the balance {name} is set by hand", "wallets_by_ledger_only",
             changed("wallets", "$ana", f"{name} = {name} + 1"))
      for name in ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")),
    breach("a wallet is deleted", "wallets_by_ledger_only", deleted("wallets", "$cleo")),
    breach("a second wallet is opened by hand", "wallets_by_ledger_only", copied("wallets", "$ana")),
    breach("a student with credits changes school", "wallets_student_of_school",
           changed("students", "$cleo", "school_id = '$other_school'")),
]  # fmt: skip

GRANTS = [
    breach("more is used of a grant than it has", "grants_unused_check",
           transferred("EXPIRE", credits=4, grant="$small_grant")),
    breach("the unused credits of a grant are set by hand", "grants_by_ledger_only",
           changed("grants", "$grant", "unused = 0")),
    breach("a grant is made larger", "grants_by_ledger_only", changed("grants", "$grant", "credits = 12")),
    breach("a grant begins with unused credits", "grants_by_ledger_only", copied("grants", "$grant", unused=3)),
    breach("a grant is deleted", "grants_append_only", deleted("grants", "$grant")),
    breach("a grant of nothing", "grants_credits_check", copied("grants", "$grant", credits=0, unused=0)),
    breach("a grant for the wallet of somebody else", "grants_wallet_of_student",
           copied("grants", "$grant", wallet_id="$ben", unused=0)),
    breach("a grant by a school that is not the student's", "grants_student_of_school",
           copied("grants", "$grant", school_id="$other_school", unused=0)),
    breach("a grant for an erased student", "students_not_erased",
           copied("grants", "$grant", wallet_id="$erased", student_id="$erased", unused=0)),
]  # fmt: skip

TRANSFERS = [
    breach("a grant is granted twice", "transfers_one_grant", transferred("GRANT", credits=6)),
    breach("a grant moves another number of credits than it says", "transfers_grant_of_wallet",
           copied("grants", "$grant", unused=0), transferred("GRANT", id="$newer", grant="$new", credits=2)),
    breach("a transfer is edited", "transfers_append_only", changed("transfers", "$transfer", "credits = 2")),
    breach("a transfer is deleted", "transfers_append_only", deleted("transfers", "$transfer")),
    breach("the ledger is emptied", "transfers_append_only", emptied("transfers")),
    breach("the ledger is emptied by way of the wallets", "transfers_append_only", emptied("wallets")),
    breach("a transfer of nothing", "transfers_credits", transferred("EXPIRE", credits=0)),
    breach("a transfer of less than nothing", "transfers_credits", transferred("EXPIRE", credits=-1)),
    breach("a transfer of a kind that moves otherwise", "transfers_moves", transferred("EXPIRE", source="HELD")),
    breach("two credits for one session", "transfers_one_credit_a_session",
           transferred("HOLD", credits=2, session="$requested")),
    breach("a hold for no session", "transfers_one_credit_a_session", transferred("HOLD")),
    breach("a transfer of one student's wallet in another's name", "transfers_wallet_of_student",
           transferred("EXPIRE", student="$ben")),
    breach("a transfer in the name of another school", "transfers_of_wallet",
           transferred("EXPIRE", school="$other_school")),
    breach("a transfer of a grant of another wallet", "transfers_grant_of_wallet",
           transferred("EXPIRE", grant="$bens_grant")),
    breach("one session holds two credits", "transfers_one_hold", transferred("HOLD", session="$requested")),
    breach("a hold is ended twice", "transfers_one_end", transferred("RELEASE", session="$declined")),
    breach("a credit is given back twice", "transfers_one_reversal",
           *(transferred("REVERSE", id=id, wallet="$ben", session="$completed", grant="$bens_grant",
                         reverses_id="$settlement") for id in ("$new", "$newer"))),
    breach("a session is settled late twice", "transfers_one_override",
           *(transferred("SETTLE_LATE", id=id, wallet="$ben", session="$late", grant="$bens_grant",
                         overrides_id="$late_release") for id in ("$new", "$newer"))),
    breach("a reversal that names nothing", "transfers_names_another",
           "ALTER TABLE transfers DISABLE TRIGGER transfers_of_another",
           transferred("REVERSE", wallet="$ben", session="$completed", grant="$bens_grant")),
    breach("a reversal of another session's transfer", "transfers_of_another",
           transferred("REVERSE", wallet="$ben", session="$late", grant="$bens_grant", reverses_id="$settlement")),
    breach("a release is reversed", "transfers_reverse_another",
           transferred("REVERSE", wallet="$ben", session="$late", grant="$bens_grant", reverses_id="$late_release")),
    breach("a settlement is reversed into a grant that is not its own", "transfers_reverse_another",
           transferred("REVERSE", wallet="$ben", session="$completed", grant="$grant", reverses_id="$settlement")),
    breach("a settlement goes to expired while its grant lives", "transfers_reverse_another",
           transferred("REVERSE", wallet="$ben", session="$completed", grant="$bens_grant", target="EXPIRED",
                       reverses_id="$settlement")),
    breach("a settlement is settled late", "transfers_override_return",
           transferred("SETTLE_LATE", wallet="$ben", session="$completed", grant="$bens_grant",
                       overrides_id="$settlement")),
]  # fmt: skip

HOLDS = [
    breach("a hold is ended while the appointment is live", "credit_agrees_with_appointment",
           transferred("RELEASE", session="$requested")),
    breach("a hold is given back to another grant", "credit_agrees_with_appointment",
           transferred("EXPIRE", id="$newer", grant="$small_grant"), DECLINED,
           transferred("RELEASE", session="$requested", grant="$small_grant")),
    breach("one student's session is held by another's credit", "credit_agrees_with_appointment",
           copied("appointments", "$requested", **FOLLOW_UP),
           transferred("HOLD", id="$newer", wallet="$ben", session="$new", grant="$bens_grant")),
    breach("a live appointment without a hold", "credit_agrees_with_appointment",
           copied("appointments", "$requested", **FOLLOW_UP)),
    breach("an appointment ends and keeps its hold", "credit_agrees_with_appointment", DECLINED),
    breach("a session is completed and keeps its hold", "credit_agrees_with_appointment",
           changed("appointments", "$confirmed", "status = 'COMPLETED', ended_at = now()")),
    breach("a settled session gives its credit back under an accepted claim", "claims_credit_agrees",
           transferred("REVERSE", wallet="$ben", session="$completed", grant="$bens_grant",
                       reverses_id="$settlement")),
    breach("a declined request forfeits its credit", "credit_agrees_with_appointment",
           DECLINED, transferred("FORFEIT", session="$requested")),
]  # fmt: skip

BREACHES = [*WALLETS, *GRANTS, *TRANSFERS, *HOLDS]
