"""Breaches of the keys of machines."""

from tests.models.breaches.statements import breach, changed, copied

OTHER_HASH = "\\x" + "11" * 32

BREACHES = [
    breach("a key without a name", "partner_keys_name", changed("partner_keys", "$key", "name = ''")),
    breach("a key that is no hash", "partner_keys_hash", changed("partner_keys", "$key", "key_hash = 'fc_partner_x'")),
    breach("a key for ever", "partner_keys_expire",
           changed("partner_keys", "$key", "expires_at = created_at + interval '3 years'")),
    breach("a key that ends before it begins", "partner_keys_expire",
           changed("partner_keys", "$key", "expires_at = created_at - interval '1 second'")),
    breach("one key twice", "partner_keys_key", copied("partner_keys", "$key")),
    breach("a key with two that follow", "partner_keys_replaced_once",
           copied("partner_keys", "$following", key_hash=OTHER_HASH)),
    breach("a key of nobody", "partner_keys_owner", changed("partner_keys", "$key", "school_id = NULL")),
    breach("a key of a school and a practice", "partner_keys_owner",
           copied("partner_keys", "$practice_key", school_id="$school", key_hash=OTHER_HASH)),
    breach("a key for nothing", "partner_keys_scopes", changed("partner_keys", "$key", "scopes = '{}'")),
    breach("a school's key that changes something", "partner_keys_scopes",
           copied("partner_keys", "$key", scopes=["APPOINTMENTS_READ", "APPOINTMENTS_WRITE"], key_hash=OTHER_HASH)),
    breach("a practice's key for claims", "partner_keys_scopes",
           copied("partner_keys", "$practice_key", scopes=["CLAIMS_READ"], key_hash=OTHER_HASH)),
    breach("a key for changing what it may not read", "partner_keys_scopes",
           copied("partner_keys", "$practice_key", scopes=["SCHEDULE_WRITE"], key_hash=OTHER_HASH)),
    breach("a key of an unknown practice", "partner_keys_practice",
           copied("partner_keys", "$practice_key", practice_id="$school", key_hash=OTHER_HASH)),
    breach("a key that is widened", "partner_keys_fixed",
           changed("partner_keys", "$practice_key", "scopes = scopes || '{STUDENTS_READ}'")),
    breach("a key that changes hands", "partner_keys_fixed",
           changed("partner_keys", "$key", "school_id = '$other_school'")),
    breach("a key under another secret", "partner_keys_fixed",
           changed("partner_keys", "$key", f"key_hash = '{OTHER_HASH}'")),
    breach("a key that is lengthened", "partner_keys_fixed",
           changed("partner_keys", "$key", "expires_at = expires_at + interval '1 day'")),
    breach("a revoked key that is taken up again", "partner_keys_fixed",
           changed("partner_keys", "$key", "revoked_at = created_at"),
           changed("partner_keys", "$key", "revoked_at = NULL")),
    breach("a key that is for less than the one before it, which says that it keeps its scopes",
           "partner_keys_follows",
           copied("partner_keys", "$following", replaces_id="$practice_key", key_hash=OTHER_HASH)),
    breach("a key that follows itself", "partner_keys_not_itself", changed("partner_keys", "$key", "replaces_id = id")),
]  # fmt: skip
