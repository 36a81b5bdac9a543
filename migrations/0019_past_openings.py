"""Past openings are removed a day after their start; by this index the worker finds them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Openings are inserted in batches of a provider's days: another index costs them little.
PAST = "CREATE INDEX openings_starts_at ON openings (starts_at)"


class Migration(migrations.Migration):
    """One index."""

    dependencies = [("models", "0018_claims_stay_in_time")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", PAST)]
