"""Time that is taken stands in a table of its own: that of the sessions before it too, whose own rules are let go."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# FOR SHARE waits for whoever is just ending a session, and then leaves it out. NOT IN is looked up in a hash; a join
# would read the growing table again for each session.
FILL = """
INSERT INTO reserved_times
    (id, appointment_id, kind, provider_id, person_id, starts_at, ends_at, blocked_from, blocked_until)
SELECT a.id, a.id, 'CURRENT', a.provider_id, a.person_id, a.starts_at, a.ends_at, a.starts_at, a.ends_at
  FROM appointments a
 WHERE a.ended_at IS NULL
   AND a.id NOT IN (SELECT r.appointment_id FROM reserved_times r)
   FOR SHARE OF a;
"""

# The names go over to the rules that do the same from here on: what a refusal says of them stays, in the version before
# as well.
IN_THEIR_PLACE = """
ALTER TABLE appointments VALIDATE CONSTRAINT appointments_answer_in_time;
ALTER TABLE appointments
    DROP CONSTRAINT appointments_provider_free,
    DROP CONSTRAINT appointments_student_free;
ALTER TABLE reserved_times RENAME CONSTRAINT reserved_times_provider_free TO appointments_provider_free;
ALTER TABLE reserved_times RENAME CONSTRAINT reserved_times_person_free TO appointments_student_free;
"""

# What the triggers of sessions write needs no second look (depth); what comes from anywhere else does.
AGREE = """
CREATE CONSTRAINT TRIGGER reserved_times_agree AFTER INSERT OR UPDATE OR DELETE ON reserved_times
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION reserved_times_agree();
"""


class Migration(migrations.Migration):
    """Nobody's time is free in between: both rules hold until the old one goes."""

    dependencies = [("models", "0041_reserved_times")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in ("SET LOCAL lock_timeout = '5s'", FILL, "SET CONSTRAINTS ALL IMMEDIATE", IN_THEIR_PLACE, AGREE)
    ]
