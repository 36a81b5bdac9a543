"""A claim is submitted behind its session (CL-1), and stays so: the figures of a year look for it from then on."""

from tortoise import migrations
from tortoise.migrations import operations as ops

KEPT = """
CREATE CONSTRAINT TRIGGER claims_stay_within_terms AFTER UPDATE OF submitted_at, appointment_id ON claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claims_within_terms()
"""


class Migration(migrations.Migration):
    """The check of new claims, for those whose time or session is changed."""

    dependencies = [("models", "0017_session_lengths_of_all")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", KEPT)]
