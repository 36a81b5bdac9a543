"""Revalidation of office users: each turn of 90 days is announced once, whoever announces it (ID-4)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Events are never changed, so those that were written before without `since` stay outside of the index; NOT VALID
# lets them stand, and holds every new one to it.
SINCE = """
ALTER TABLE events ADD CONSTRAINT events_revalidation_since
    CHECK (verb <> 'office_user.revalidation_due' OR data ->> 'since' IS NOT NULL) NOT VALID
"""

ONCE = """
CREATE UNIQUE INDEX events_revalidation_once ON events (subject_id, (data ->> 'since'))
    WHERE verb = 'office_user.revalidation_due' AND data ->> 'since' IS NOT NULL
"""


class Migration(migrations.Migration):
    """One index, and the word that it goes by."""

    dependencies = [("models", "0010_session_stamp")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", SINCE, ONCE)]
