"""Filled by its area."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = ""


class Migration(migrations.Migration):
    """See the text above."""

    dependencies = [("models", "0002_rules")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES) if sql]
