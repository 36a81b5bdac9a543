"""Breaches of the keys of schools' machines."""

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
    breach("a key that follows itself", "partner_keys_not_itself", changed("partner_keys", "$key", "replaces_id = id")),
]  # fmt: skip
