"""What is asked of keys from now on holds of those that are there (ID-5)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CHECKED = """
ALTER TABLE partner_keys VALIDATE CONSTRAINT partner_keys_practice;
ALTER TABLE partner_keys VALIDATE CONSTRAINT partner_keys_owner;
ALTER TABLE partner_keys VALIDATE CONSTRAINT partner_keys_scopes;
ALTER TABLE mails VALIDATE CONSTRAINT mails_recipient;
"""


class Migration(migrations.Migration):
    """Reads the tables while others write to them."""

    dependencies = [("models", "0039_scopes_of_keys")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", CHECKED)]
