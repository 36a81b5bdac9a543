"""Every session has a policy, the first one of its school, for there was none other; and the checks hold for all rows."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FILL = """
UPDATE appointments SET policy_id = p.id FROM school_policies p
 WHERE p.school_id = appointments.school_id AND lower_inf(p.during) AND appointments.policy_id IS NULL
"""

# A check that is valid spares SET NOT NULL its look at each row.
CHECKED = """
ALTER TABLE rates VALIDATE CONSTRAINT rates_during;
ALTER TABLE rates ALTER COLUMN during SET NOT NULL;
ALTER TABLE appointments VALIDATE CONSTRAINT appointments_policy;
ALTER TABLE appointments VALIDATE CONSTRAINT appointments_has_policy;
ALTER TABLE appointments ALTER COLUMN policy_id SET NOT NULL;
ALTER TABLE appointments DROP CONSTRAINT appointments_has_policy;
"""


class Migration(migrations.Migration):
    """One update; reads and writes of other rows go on meanwhile."""

    dependencies = [("models", "0035_terms")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in ("SET LOCAL lock_timeout = '5s'", FILL, "SET CONSTRAINTS ALL IMMEDIATE", CHECKED)
    ]
