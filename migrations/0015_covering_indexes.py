"""What schools, providers and students look at every day is found in an index, and at best read there.

Rows of one school, or one provider, lie all over their tables: the list of a school, the figures of its year, and the
times of a provider that are taken read a page for each. What they need of it stands in the index as well.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Each is built beside the one that it replaces: writes wait a second for a million rows, reads do not.
APPOINTMENTS = """
CREATE INDEX appointments_school_covering ON appointments (school_id, starts_at, id)
    INCLUDE (student_id, provider_id, status, visit_type);
CREATE INDEX appointments_live ON appointments (provider_id, status, ends_at)
    INCLUDE (starts_at) WHERE ended_at IS NULL;
"""

CLAIMS = """
CREATE INDEX claims_school_covering ON claims (school_id, submitted_at)
    INCLUDE (appointment_id, status, amount_cents);
"""

IN_THEIR_PLACE = """
DROP INDEX appointments_school, appointments_to_attest, claims_school;
ALTER INDEX appointments_school_covering RENAME TO appointments_school;
ALTER INDEX claims_school_covering RENAME TO claims_school;
"""


class Migration(migrations.Migration):
    """Two indexes with more columns, and one of all live appointments instead of one of the confirmed ones."""

    dependencies = [("models", "0014_an_hour_of_all")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", APPOINTMENTS, CLAIMS, IN_THEIR_PLACE)]
