"""Who read a file can be asked of the audit trail, whoever it belongs to (FI-1, ID-6)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Of the entries few are about files: the others stay out of it.
INDEX = """
CREATE INDEX audit_entries_files ON audit_entries (operation, id) WHERE starts_with(operation, 'file ')
"""


class Migration(migrations.Migration):
    """One partial index."""

    dependencies = [("models", "0047_payment_ledger")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", INDEX)]
