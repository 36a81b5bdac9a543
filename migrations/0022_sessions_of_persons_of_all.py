"""Sessions and claims name the person: the old ones too. What is live goes to the practice that its provider is in."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# With whom an ended session was made is not known any more: providers have left practices.
FILL = """
UPDATE appointments a SET person_id = s.person_id, practice_id = CASE WHEN a.ended_at IS NULL THEN p.practice_id END
  FROM students s, providers p
 WHERE s.id = a.student_id AND p.id = a.provider_id AND a.person_id IS NULL;
UPDATE claims c SET person_id = s.person_id FROM students s WHERE s.id = c.student_id AND c.person_id IS NULL;
"""


class Migration(migrations.Migration):
    """Two updates; reads and writes of other rows go on meanwhile."""

    dependencies = [("models", "0021_sessions_of_persons")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", FILL)]
