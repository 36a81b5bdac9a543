"""An intake lasts 60 minutes, a follow-up 50, or 45 if the provider says so (AV-2, AP-2)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Checked for new rows from here on; the next migration looks at the old ones, without a lock that stops anybody.
LENGTH = """
ALTER TABLE appointments
    ADD CONSTRAINT appointments_session_length CHECK (
        CASE visit_type
            WHEN 'INTAKE' THEN ends_at - starts_at = interval '60 minutes'
            WHEN 'FOLLOW_UP' THEN ends_at - starts_at IN (interval '50 minutes', interval '45 minutes')
        END) NOT VALID
"""


class Migration(migrations.Migration):
    """One constraint."""

    dependencies = [("models", "0015_covering_indexes")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", LENGTH)]
