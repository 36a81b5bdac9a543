"""A claim is as old as its first version: those before it too, each the first of its own."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FILL = "UPDATE claims SET filed_at = submitted_at WHERE filed_at IS NULL"

CHECKED = """
ALTER TABLE appointments
    VALIDATE CONSTRAINT appointments_rate_id_fkey,
    VALIDATE CONSTRAINT appointments_payee_id_fkey;
ALTER TABLE claims
    VALIDATE CONSTRAINT claims_predecessor_id_fkey,
    VALIDATE CONSTRAINT claims_version,
    VALIDATE CONSTRAINT claims_filed,
    VALIDATE CONSTRAINT claims_status;
ALTER TABLE claims ALTER COLUMN filed_at SET NOT NULL;
"""


class Migration(migrations.Migration):
    """One update; reads and writes of other rows go on meanwhile."""

    dependencies = [("models", "0047_agreed_rates_and_payees")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in ("SET LOCAL lock_timeout = '5s'", FILL, "SET CONSTRAINTS ALL IMMEDIATE", CHECKED)
    ]
