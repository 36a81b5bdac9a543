"""Expiry of credits: how grants whose time is over are found (CR-3)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Without `unused` in it, so that a hold or a release still writes to no index.
INDEX = "CREATE INDEX grants_expire ON grants (expires_at) WHERE expires_at IS NOT NULL"


class Migration(migrations.Migration):
    """One index."""

    dependencies = [("models", "0008_erasure")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", INDEX)]
