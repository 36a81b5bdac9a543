"""Sessions that a process remembers: how a statement sees that nothing about one has changed (ID-2)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# In PL/pgSQL, whose statements are planned once a connection; written out in a read it would be planned with it.
# xmin is another one after any change to the row, so nobody has to remember which columns a viewer is made of.
STAMP = """
CREATE FUNCTION session_stamp(hash bytea) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT m.id::text || ' ' || m.xmin::text || ' ' || a.xmin::text || ' ' || (s.second_factor_at IS NULL)::text
          FROM sessions s
          JOIN memberships m ON m.id = s.membership_id AND m.ended_at IS NULL
          JOIN accounts a ON a.id = m.account_id AND a.disabled_at IS NULL
         WHERE s.access_hash = hash AND s.revoked_at IS NULL);
END $$
"""

PROVE = """
CREATE FUNCTION prove_session(hash bytea, stamp text) RETURNS void LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF session_stamp(hash) IS DISTINCT FROM stamp THEN
        RAISE EXCEPTION 'this session is not as it was' USING ERRCODE = 'FC001';
    END IF;
END $$
"""


class Migration(migrations.Migration):
    """Two functions; no table is locked."""

    dependencies = [("models", "0009_expiry")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", STAMP, PROVE)]
