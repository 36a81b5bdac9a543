"""Breaches of campus sign-in."""

from tests.models.breaches.statements import breach, changed, copied

BREACHES = [
    breach("two providers of one school", "campus_issuers_school_id_key", copied("campus_issuers", "$issuer")),
    breach("a provider without a way back", "campus_issuers_return_to",
           changed("campus_issuers", "$issuer", "return_to = '{}'")),
    breach("two people of one name", "campus_identities_subject",
           copied("campus_identities", "$identity", membership_id="$office_user")),
    breach("two names of one person", "campus_identities_membership",
           copied("campus_identities", "$identity", subject="other")),
    breach("a code of nobody", "campus_attempts_order",
           changed("campus_attempts", "$attempt", "answered_at = now(), code_hash = 'x'")),
    breach("a code before the answer", "campus_attempts_order",
           changed("campus_attempts", "$attempt", "membership_id = '$owner', code_hash = 'x'")),
    breach("an exchange without a code", "campus_attempts_order",
           changed("campus_attempts", "$attempt", "exchanged_at = now()")),
    breach("one state twice", "campus_attempts_state", copied("campus_attempts", "$attempt")),
    breach("one code twice", "campus_attempts_code",
           changed("campus_attempts", "$attempt", "answered_at = now(), membership_id = '$owner', code_hash = 'x'"),
           copied("campus_attempts", "$attempt", state_hash="\\x00")),
]  # fmt: skip
