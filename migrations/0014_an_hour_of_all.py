"""Sessions last an hour at the most: the old ones too."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Validates one constraint; reads and writes go on meanwhile."""

    dependencies = [("models", "0013_an_hour_at_most")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in ("SET LOCAL lock_timeout = '5s'", "ALTER TABLE appointments VALIDATE CONSTRAINT appointments_hour")
    ]
