"""Reasons of reversals: the old rows are held to the rule too."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# No verb has reversed anything before; one that was made by hand undid a mistake, which is what reversals are for.
FILL = """
ALTER TABLE transfers DISABLE TRIGGER transfers_append_only;
UPDATE transfers SET reason = 'ENTERED_BY_MISTAKE' WHERE kind = 'REVERSE' AND reason IS NULL;
ALTER TABLE transfers ENABLE TRIGGER transfers_append_only;
"""
CHECKED = "ALTER TABLE transfers VALIDATE CONSTRAINT transfers_reversal_reason"


class Migration(migrations.Migration):
    """Writes to the ledger wait while the few rows change; reads go on."""

    dependencies = [("models", "0051_reversals")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in ("SET LOCAL lock_timeout = '5s'", FILL, "SET CONSTRAINTS ALL IMMEDIATE", CHECKED)
    ]
