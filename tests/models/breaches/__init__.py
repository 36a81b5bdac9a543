"""What raw SQL may not do, area by area: for each named rule of the database at least one breach, and its refusal."""

from tests.models.breaches import (
    accounts,
    appointments,
    base,
    campus,
    claims,
    credits,
    directory,
    files,
    imports,
    invitations,
    jobs,
    keys,
    notifications,
    payables,
    payouts,
    persons,
    practices,
    records,
    reserved_times,
    schools,
    tasks,
    vocabularies,
)

BREACHES = [
    found
    for area in (
        base,
        accounts,
        files,
        imports,
        jobs,
        schools,
        campus,
        directory,
        practices,
        invitations,
        keys,
        credits,
        appointments,
        reserved_times,
        claims,
        payouts,
        payables,
        persons,
        records,
        notifications,
        tasks,
        vocabularies,
    )
    for found in area.BREACHES
]

WITHOUT_BREACH = {
    # Implied by a primary key; named only to be the target of a foreign key of two or three columns.
    "students_school",
    "students_id_person",
    "providers_id_person",
    "licenses_of_provider_in_state",
    "school_policies_of_school",
    # The session's policy is chosen by a trigger and kept by another; its school is kept by the student's own key.
    "appointments_policy",
    "file_blobs_id_live",
    "consent_texts_of_purpose",
    # Only the ledger's trigger writes balances, in ways that keep these; the ledger's own tests hold it to that.
    "wallets_settled_check",
    "wallets_expired_check",
    "wallets_revoked_check",
    "wallets_forfeited_check",
    "wallets_sum",
    "wallets_is_of_student",
    "wallets_student_id_key",
    # Of the table in which Tortoise notes the migrations.
    "uid_tortoise_mi_app_3803a5",
}
"""Rules that no statement of ours can break, since another one comes before them."""
