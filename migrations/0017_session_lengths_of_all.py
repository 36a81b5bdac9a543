"""Sessions have one of their lengths: the old ones too."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Validates one constraint; reads and writes go on meanwhile."""

    dependencies = [("models", "0016_session_lengths")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in (
            "SET LOCAL lock_timeout = '5s'",
            "ALTER TABLE appointments VALIDATE CONSTRAINT appointments_session_length",
        )
    ]
