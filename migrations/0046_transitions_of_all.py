"""The whole table of steps: the old rows are held to it too."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# No verb has reversed anything yet; one that was by hand names what it reversed, the only settlement of its session.
FILL = """
ALTER TABLE transfers DISABLE TRIGGER transfers_append_only;
UPDATE transfers r SET reverses_id = s.id
  FROM transfers s
 WHERE r.kind = 'REVERSE' AND r.reverses_id IS NULL AND s.appointment_id = r.appointment_id AND s.kind = 'SETTLE';
ALTER TABLE transfers ENABLE TRIGGER transfers_append_only;
"""

CHECKED = """
ALTER TABLE appointments
    VALIDATE CONSTRAINT appointments_status,
    VALIDATE CONSTRAINT appointments_confirmed,
    VALIDATE CONSTRAINT appointments_legacy_duplicate,
    VALIDATE CONSTRAINT appointments_lapsed;
ALTER TABLE transfers
    VALIDATE CONSTRAINT transfers_reverses_id_fkey,
    VALIDATE CONSTRAINT transfers_overrides_id_fkey,
    VALIDATE CONSTRAINT transfers_moves,
    VALIDATE CONSTRAINT transfers_one_credit_a_session,
    VALIDATE CONSTRAINT transfers_names_another;
"""


class Migration(migrations.Migration):
    """Reads and writes go on meanwhile."""

    dependencies = [("models", "0045_transitions")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in ("SET LOCAL lock_timeout = '5s'", FILL, "SET CONSTRAINTS ALL IMMEDIATE", CHECKED)
    ]
