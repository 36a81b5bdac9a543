"""Sessions last an hour at the most (AP-2): what searches by their start alone relies on it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Checked for new rows from here on; the next migration looks at the old ones, without a lock that stops anybody.
HOUR = """
ALTER TABLE appointments
    ADD CONSTRAINT appointments_hour CHECK (ends_at <= starts_at + interval '1 hour') NOT VALID
"""


class Migration(migrations.Migration):
    """One constraint."""

    dependencies = [("models", "0012_former_address")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", HOUR)]
