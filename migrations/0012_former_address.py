"""Former addresses: a link that changed an account's address keeps the one until then, which is told of it (ID-2)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FORMER = """
ALTER TABLE secret_links
    ADD COLUMN replaced_email TEXT,
    ADD CONSTRAINT secret_links_replaced CHECK (
        replaced_email IS NULL OR purpose = 'EMAIL_VERIFICATION' AND used_at IS NOT NULL)
"""

TOLD = """
ALTER TABLE mails
    DROP CONSTRAINT mails_recipient,
    ADD CONSTRAINT mails_recipient
        CHECK (recipient IN ('STUDENT', 'PROVIDER', 'ACCOUNT', 'LINK', 'OWNER', 'FORMER'))
"""


class Migration(migrations.Migration):
    """One column, and one more kind of recipient."""

    dependencies = [("models", "0011_revalidation")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", FORMER, TOLD)]
