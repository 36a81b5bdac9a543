"""Show that the tests would notice: break one guarantee at a time in a copy of the program, and see a test fail.

Each mutant takes away a lock, a constraint, an idempotency check, a condition of who sees a row, or an audience. The
working tree is never touched. Run it by `make mutants`, or with words that the names of mutants contain.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEST_SECONDS_MAX = 120
PASSED, FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guarantee taken away: where, what stands there, what takes its place, and which tests must notice."""

    about: str
    file: str
    old: str
    new: str
    tests: str


TABLES, RULES = "migrations/0001_tables.py", "migrations/0002_rules.py"
CONSTRAINTS = "tests/models/test_constraints.py"
ROWS, FIELDS = "tests/api/test_access_to_rows.py", "tests/api/test_access_to_fields.py"
IDEMPOTENCY, PAGES, RETRY = (f"tests/operations/test_{name}.py" for name in ("idempotency", "pages", "retry"))
SESSIONS, JOINING = "tests/areas/accounts/test_session_cache.py", "tests/operations/test_joining.py"
GARBAGE, TOGETHER = "tests/api/test_garbage.py", "tests/operations/test_rows.py"
LOCKS, RACES = "tests/operations/test_locks.py", "tests/api/test_races.py"

MUTANTS = (
    Mutant("lock: the wallet", "models/credits/ledger.py",
           '"SELECT 1 FROM wallets WHERE id = $1 FOR NO KEY UPDATE"', '"SELECT 1 FROM wallets WHERE id = $1"', LOCKS),
    Mutant("lock: the wallet of a grant", "models/credits/grants.py",
           "FOR NO KEY UPDATE OF wallets", "", LOCKS),
    Mutant("lock: the wallet of a request", "models/appointments/booking.py",
           "    await lock_wallet(student_id)\n", "", LOCKS),
    Mutant("lock: the appointment", "models/base/access.py",
           "    if not lock:\n", "    if True:\n", LOCKS),
    Mutant("lock: wallet before appointment", "models/base/access.py",
           'FOR NO KEY UPDATE OF {before.table}, {table}"', 'FOR NO KEY UPDATE OF {table}, {before.table}"', LOCKS),
    Mutant("lock: the provider whose week is set", "models/availability/openings.py",
           '    await execute("SELECT 1 FROM providers WHERE id = $1 FOR NO KEY UPDATE", provider.id)\n'
           "    await WeeklyHours", "    await WeeklyHours", f"{RACES} {LOCKS} -k week"),
    Mutant("constraint: a provider has one session at a time", TABLES,
           "provider_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('REQUESTED', 'CONFIRMED'))",
           "provider_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (false)", f"{RACES} -k 100"),
    Mutant("constraint: a student has one session at a time", TABLES,
           "student_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('REQUESTED', 'CONFIRMED'))",
           "student_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (false)", CONSTRAINTS),
    Mutant("constraint: no balance below zero", TABLES,
           "CHECK (available >= 0)", "CHECK (available > -99)", CONSTRAINTS),
    Mutant("constraint: one live claim a session", TABLES,
           "CREATE UNIQUE INDEX claims_one_live", "CREATE INDEX claims_one_live", CONSTRAINTS),
    Mutant("constraint: one hold a session", TABLES,
           "CREATE UNIQUE INDEX transfers_one_hold", "CREATE INDEX transfers_one_hold", CONSTRAINTS),
    Mutant("constraint: one accepted intake a pair", TABLES,
           "CREATE UNIQUE INDEX claims_one_intake", "CREATE INDEX claims_one_intake", CONSTRAINTS),
    Mutant("constraint: the ledger is append-only", RULES,
           "CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE",
           "CREATE TRIGGER transfers_append_only BEFORE DELETE", CONSTRAINTS),
    Mutant("constraint: history is append-only", RULES,
           "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE",
           "CREATE TRIGGER events_append_only BEFORE UPDATE", CONSTRAINTS),
    Mutant("constraint: balances are the ledger's alone", RULES,
           "IF pg_trigger_depth() < 2 THEN", "IF false THEN", CONSTRAINTS),
    Mutant("constraint: the credit agrees with its session", RULES,
           "    IF is_held IS NOT TRUE OR NOT (CASE", "    IF false AND NOT (CASE", CONSTRAINTS),
    Mutant("constraint: only lawful next steps", RULES,
           "('CONFIRMED', 'COMPLETED'), ", "('CONFIRMED', 'COMPLETED'), ('CONFIRMED', 'DECLINED'), ", CONSTRAINTS),
    Mutant("idempotency: what was kept is answered", "operations/idempotency.py",
           "    if kept is not None:\n", "    if False:\n", IDEMPOTENCY),
    Mutant("idempotency: a refusal is judged anew", "operations/idempotency.py",
           "    if not isinstance(outcome, Refused):\n", "    if True:\n", IDEMPOTENCY),
    Mutant("idempotency: a replay stays within the reach", "operations/idempotency.py",
           'await model.visible(context.viewer, UUID(kept["columns"]["id"]))',
           'await model.get_or_none(id=UUID(kept["columns"]["id"]))', IDEMPOTENCY),
    Mutant("idempotency: another input is a conflict", "models/base/idempotency.py",
           "if bytes(earlier.asked) != digest:", "if False:", IDEMPOTENCY),
    Mutant("idempotency: a key belongs to its account", "operations/idempotency.py",
           "    account = context.viewer.account_id\n    kept",
           '    account = context.viewer.school_id or UUID(int=0)\n    kept', IDEMPOTENCY),
    Mutant("idempotency: a key is kept for 24 hours", "models/base/idempotency.py",
           "timedelta(hours=24)", "timedelta(hours=23)", IDEMPOTENCY),
    Mutant("retry: after a deadlock", "operations/transactions.py",
           "AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)",
           "AGAIN = (asyncpg.SerializationError,)", RETRY),
    Mutant("reach: of what a verb is called on", "operations/reads/rows.py",
           "noted(context, model, await model.visible(context.viewer, id), path)",
           "noted(context, model, await model.get_or_none(id=id), path)", FIELDS),
    Mutant("reach: of what is locked for a verb", "models/base/access.py",
           'WHERE {table}.id = $1 AND ({condition})"', 'WHERE {table}.id = $1 AND (true OR ({condition}))"', ROWS),
    Mutant("reach: of what is read", "operations/reads/rows.py",
           'within = "" if template.reach == EVERYTHING else f" AND {template.reach}"', 'within = ""', ROWS),
    Mutant("reads: each gets its own rows", "operations/reads/rows.py",
           'parts[row["part"]].append(row)', "parts[0].append(row)", TOGETHER),
    Mutant("reach: of a row that is read with its parent", "operations/reads/joins.py",
           'within = "" if reach == EVERYTHING else f" AND {reach}"', 'within = ""', JOINING),
    Mutant("session: checked by what is read first", "operations/reads/rows.py",
           "WHERE session_stamp(${starts[-1] + 1}) = ${starts[-1] + 2}",
           "WHERE ${starts[-1] + 1}::bytea IS NOT NULL AND ${starts[-1] + 2}::text IS NOT NULL", SESSIONS),
    Mutant("session: checked before a change", "operations/transactions.py",
           'cached.check if cached else ""', '""', SESSIONS),
    Mutant("session: checked before an answer", "operations/engine.py",
           "        if context.unchecked_session is not None:\n            await context.check_session()\n", "",
           SESSIONS),
    Mutant("session: its stamp tells of its account", "migrations/0010_session_stamp.py",
           " || a.xmin::text ||", " ||", SESSIONS),
    Mutant("audit: a change and its entry are one", "operations/transactions.py",
           "                    await entry.write()\n", "", "tests/api/test_audit.py"),
    Mutant("memory: a run lets go of what it held", "execution/run.py",
           "        self.frames = []\n", "", GARBAGE),
    Mutant("memory: a context lets go of what holds it", "operations/engine.py",
           "        context.audit = None  # it holds the context that holds it\n", "", GARBAGE),
    Mutant("reach: a school's claims", "models/claims/claims.py",
           'Role.SCHOOL: "claims.school_id = {school}"', "Role.SCHOOL: EVERYTHING", ROWS),
    Mutant("reach: a student's wallet", "models/credits/ledger.py",
           'Role.STUDENT: "{table}.student_id = {student}"', "Role.STUDENT: EVERYTHING", ROWS),
    Mutant("reach: a provider's history", "models/base/events.py",
           "events.provider_id = {provider} AND events.appointment_id IS NOT NULL", "events.provider_id = {provider}",
           ROWS),
    Mutant("audience: of every field", "operations/admission.py",
           "    if context.signed_in.role not in allow:\n        raise forbidden()\n", "", FIELDS),
    Mutant("audience: sign-in", "operations/admission.py",
           "    if context.signed_in is None:\n        raise unauthenticated()\n    if context.signed_in.needs",
           "    if context.signed_in is None:\n        return\n    if context.signed_in.needs", FIELDS),
    Mutant("audience: what a session was about", "schema/claims/claims.py",
           "CLINICAL = [Role.PROVIDER, Role.OPS]", "CLINICAL = [Role.PROVIDER, Role.OPS, Role.SCHOOL]", FIELDS),
    Mutant("pages: a cursor's own row is not shown again", "operations/reads/relations.py",
           'sign = ">" if forward is not order.descending else "<"',
           'sign = ">=" if forward is not order.descending else "<="', PAGES),
    Mutant("pages: a cursor is bound to the filter", "operations/reads/cursors.py",
           "order.descending, where, asked,", "order.descending, where, None,", PAGES),
)  # fmt: skip


def main(words: list[str]) -> int:
    """Try the mutants whose names contain one of the words, or all; the exit code tells whether each was noticed."""
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.about for word in words)]
    with tempfile.TemporaryDirectory(prefix="fc-mutants-") as folder:
        copy = Path(folder)
        copy_program(copy)
        if fault := sound(chosen, copy):
            return fail([fault])
        faults = [fault for mutant in chosen if (fault := tried(mutant, copy))]
    print(f"\n{len(chosen) - len(faults)} of {len(chosen)} mutants were noticed by a test.")
    return fail(faults)


def fail(faults: list[str]) -> int:
    """Tell the faults; the exit code."""
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    return 1 if faults else 0


def sound(mutants: list[Mutant], copy: Path) -> str:
    """What is wrong before anything is taken away: a test that fails anyway notices nothing."""
    files = dict.fromkeys(word for mutant in mutants for word in mutant.tests.split() if word.endswith(".py"))
    ended = run(" ".join(files), copy, seconds_max=len(files) * TEST_SECONDS_MAX)
    return "" if ended == PASSED else f"the tests fail without any mutant: {ended}"


def copy_program(to: Path) -> None:
    """Copy what is needed to run the tests; nothing that is built."""
    skip = shutil.ignore_patterns(".git", ".venv", ".data", "build", "node_modules", "dist", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, to, ignore=skip, dirs_exist_ok=True, symlinks=True)


def tried(mutant: Mutant, copy: Path) -> str:
    """What is wrong with one mutant: nothing if its tests noticed it."""
    began, path = time.monotonic(), copy / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return said(mutant, "stale: its text is not there exactly once", began)
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        ended = run(mutant.tests, copy)
    finally:
        path.write_text(text)
    if ended == FAILED:
        return said(mutant, "", began)
    return said(mutant, "survived" if ended == PASSED else f"its tests did not run: {ended}", began)


def said(mutant: Mutant, fault: str, began: float) -> str:
    """Print the line of one mutant, and answer its fault."""
    print(f"{fault or 'noticed':<10}  {time.monotonic() - began:5.1f} s  {mutant.about}", flush=True)
    return f"{mutant.about}: {fault}" if fault else ""


def run(tests: str, copy: Path, *, seconds_max: int = TEST_SECONDS_MAX) -> int:
    """Run tests in the copy until the first that fails; the exit code."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests.split()]
    try:
        return subprocess.run(command, cwd=copy, capture_output=True, timeout=seconds_max, check=False).returncode
    except subprocess.TimeoutExpired:
        return FAILED  # who never comes to an end has been noticed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
