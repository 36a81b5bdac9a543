"""Budgets: what viewers and sources have taken of this minute, shared by all processes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# UNLOGGED: after a crash of the database everybody begins a fresh minute, and no lease waits for a disk.
TABLES = """
CREATE UNLOGGED TABLE budgets (
    id BYTEA PRIMARY KEY CONSTRAINT budgets_id_is_a_hash CHECK (length(id) = 16),
    until TIMESTAMPTZ NOT NULL,
    leased BIGINT NOT NULL CONSTRAINT budgets_leased CHECK (leased > 0)
) WITH (fillfactor = 50);
CREATE INDEX budgets_until ON budgets (until);
"""


class Migration(migrations.Migration):
    """One row for each viewer or source that spends noticeably in a minute."""

    dependencies = [("models", "0004_mail")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES) if sql]
