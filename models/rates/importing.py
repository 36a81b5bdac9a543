"""Rates by file: a row for each kind of session, state and first day; those that are there change nothing (CL-5).

The rules are those of `announce`, for thousands of rows at once. What `csv_of_all` writes can be imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from documents.csv import csv_bytes
from models.base.access import Viewer
from models.base.amounts import Money
from models.base.dated import last_day
from models.base.errors import Code, Refusal
from models.base.statements import execute, fetch
from models.base.times import local_day
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service
from models.imports.kinds import (
    Column,
    ImportKind,
    ImportOf,
    fault_in,
    judged,
    one_of,
    read_day,
    read_money,
    read_state,
    register,
)
from models.rates.rates import ALREADY, AMOUNT_MAX, LATEST_ZONE, ONE_AT_A_TIME, WITHIN, VisitType

COLUMNS = (
    Column(
        name="visitType", called=("visit", "session type"), read=one_of(VisitType), about="intake or follow-up session."
    ),
    Column(
        name="service",
        read=one_of(Service, {"medication": Service.MEDICATION_MANAGEMENT, "psychotherapy": Service.THERAPY}),
        about="what the session is for.",
    ),
    Column(
        name="degreeLevel",
        called=("degree",),
        read=one_of(DegreeLevel, {"master": DegreeLevel.MASTERS, "doctoral": DegreeLevel.DOCTORATE}),
        about="the provider's degree.",
    ),
    Column(
        name="licenseClass",
        called=("license", "license type", "class"),
        read=one_of(
            LicenseClass,
            {
                "LCSW": LicenseClass.CLINICAL_SOCIAL_WORKER,
                "LICSW": LicenseClass.CLINICAL_SOCIAL_WORKER,
                "LMFT": LicenseClass.MARRIAGE_FAMILY_THERAPIST,
                "LMHC": LicenseClass.MENTAL_HEALTH_COUNSELOR,
                "LCMHC": LicenseClass.MENTAL_HEALTH_COUNSELOR,
                "LPC": LicenseClass.PROFESSIONAL_COUNSELOR,
                "LPCC": LicenseClass.PROFESSIONAL_COUNSELOR,
                "LCPC": LicenseClass.PROFESSIONAL_COUNSELOR,
                "PMHNP": LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER,
            },
        ),
        about="the class of the license that covers the session.",
    ),
    Column(
        name="state", read=read_state, needed=False, about="the state; empty for all that have no rate of their own."
    ),
    Column(
        name="amount",
        called=("rate", "amount usd", "price"),
        read=read_money,
        about="US dollars with two digits for the cents.",
    ),
    Column(
        name="effectiveFrom",
        called=("from", "start", "start date", "first day"),
        read=read_day,
        about="the first day of sessions that it applies to.",
    ),
    Column(
        name="effectiveUntil",
        called=("until", "to", "end", "end date", "last day"),
        read=read_day,
        needed=False,
        about="the last day of sessions that it applies to; empty for until another begins.",
    ),
)


def kind_of(table: str) -> str:
    """What rates share that follow each other, as the database's own index has it."""
    return f"rate_kind({table}.visit_type, {table}.service, {table}.degree_level, {table}.license_class, {table}.state)"


GIVEN = """
SELECT r.id, r.outcome, r.parsed ->> 'visitType' AS visit_type, r.parsed ->> 'service' AS service,
       r.parsed ->> 'degreeLevel' AS degree_level, r.parsed ->> 'licenseClass' AS license_class,
       r.parsed ->> 'state' AS state, (r.parsed ->> 'amount')::bigint AS amount_cents,
       (r.parsed ->> 'effectiveFrom')::date AS effective_from,
       nullif((r.parsed ->> 'effectiveUntil')::date, '9999-12-31') AS effective_until,
       r.parsed ? 'state' AS state_is_read
  FROM import_rows r WHERE r.import_id = $1 AND r.outcome <> 'LEFT_OUT'
"""
"""The rows of an import as rates; what could not be read is null."""

FOUND = f"""
SELECT given.*, there.id AS there_id, $2::date AS today,
       coalesce(there.amount_cents = given.amount_cents AND (given.effective_until IS NULL
                OR given.effective_until = upper(there.during) - 1), false) AS is_same,
       given.kind IS NOT NULL AND given.effective_from IS NOT NULL
       AND count(*) OVER (own RANGE CURRENT ROW) > 1 AS is_double,
       given.kind IS NOT NULL AND coalesce(min(given.effective_from)
           OVER (own GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) <= given.effective_until, false)
       OR CASE WHEN given.effective_until > given.effective_from THEN EXISTS (
           SELECT 1 FROM rates next WHERE {kind_of("next")} = given.kind
              AND next.during && daterange(given.effective_from + 1, given.effective_until + 1)
              AND next.effective_from > given.effective_from) ELSE false END AS is_overlapping
  FROM (SELECT given.*, CASE WHEN state_is_read THEN {kind_of("given")} END AS kind FROM ({GIVEN}) given) given
  LEFT JOIN rates there ON {kind_of("there")} = given.kind
   AND there.during @> given.effective_from AND there.effective_from = given.effective_from
WINDOW own AS (PARTITION BY given.kind ORDER BY given.effective_from)
"""
"""What is known of each row: of two of a kind and day, of others that begin within its days, and what is there."""


def refusal(code: Code, message: str, fix: str) -> Refusal:
    """What is wrong with a row, by the rule of rates."""
    return Refusal(code, message, rule="CL-5", fix=fix)


AMOUNT = refusal(
    Code.OUT_OF_BOUNDS,
    f"A rate is more than nothing and at most {AMOUNT_MAX} dollars.",
    "Give the amount in dollars and cents.",
)
PAST = refusal(Code.TOO_LATE, "A rate is announced before it applies.", "Choose today or a later day.")
TURNED = refusal(Code.OUT_OF_BOUNDS, "The last day is before the first one.", "Choose a later day, or leave it empty.")
DOUBLE = refusal(Code.CONFLICT, "Two rows are about the same kind of session, state and day.", "Leave one of them out.")

JUDGE = judged(
    FOUND,
    {
        f"amount_cents NOT BETWEEN 1 AND {AMOUNT_MAX.cents}": fault_in("amount", AMOUNT),
        "there_id IS NULL AND effective_from < today": fault_in("effectiveFrom", PAST),
        "there_id IS NOT NULL AND NOT is_same": fault_in("effectiveFrom", ALREADY),
        "effective_until < effective_from": fault_in("effectiveUntil", TURNED),
        "is_double": fault_in(None, DOUBLE),
        "is_overlapping AND NOT is_same": fault_in("effectiveUntil", WITHIN),
    },
    "CASE WHEN is_same THEN 'UNCHANGED' ELSE 'CREATED' END",
)

KEEP = f"""
WITH given AS MATERIALIZED (
    SELECT given.*, {kind_of("given")} AS kind FROM ({GIVEN}) given WHERE outcome = 'CREATED'
), begun AS (
    SELECT kind, effective_from FROM given UNION ALL
    SELECT {kind_of("rates")}, effective_from FROM rates WHERE effective_from > (SELECT min(effective_from) FROM given)
), ended AS (
    SELECT kind, effective_from, lead(effective_from) OVER (PARTITION BY kind ORDER BY effective_from) AS day FROM begun
)
INSERT INTO rates (id, visit_type, service, degree_level, license_class, state, amount_cents, effective_from, during)
SELECT id, visit_type, service, degree_level, license_class, state, amount_cents, effective_from,
       daterange(effective_from, coalesce(effective_until + 1, ended.day))
  FROM given JOIN ended USING (kind, effective_from) ORDER BY kind, effective_from DESC
"""
"""A rate has the id of the row that it came from. The last one first, so that none has to be ended by another.

Each comes with its end: to look for it row by row takes minutes where thousands are of one kind.
"""

COMPARED_WITH = """
SELECT $1::text || encode(sha256(convert_to(coalesce(string_agg(
           concat_ws(',', id, amount_cents, during), ';' ORDER BY id), ''), 'UTF8')), 'hex')
  FROM rates
"""
"""All rates and the day, as a rate is announced before it applies."""


def compared_with(at: datetime) -> tuple[str, Sequence[object]]:
    """What rows are compared with at this time."""
    return COMPARED_WITH, [local_day(at, LATEST_ZONE).isoformat()]


async def judge(import_id: UUID, *, at: datetime) -> None:
    """Say of each row whether its rate is there already, can be announced, or cannot."""
    await execute(JUDGE, import_id, local_day(at, LATEST_ZONE))


async def keep(import_id: UUID, *, by: Viewer, at: datetime) -> None:
    """Announce the rates of an import."""
    await execute(KEEP, import_id)


register(
    ImportOf(
        kind=ImportKind.RATES,
        columns=COLUMNS,
        lock=ONE_AT_A_TIME,
        compared_with=compared_with,
        judge=judge,
        keep=keep,
    )
)


async def csv_of_all() -> str:
    """All rates as CSV with the columns of an import: of none, a file to fill in."""
    rates = await fetch(ALL)
    return csv_bytes(
        [column.name for column in COLUMNS],
        [
            (
                row.visit_type, row.service, row.degree_level, row.license_class, row.state,
                str(Money(row.amount_cents)), row.effective_from, last_day(row.during),
            )
            for row in rates
        ],
    ).decode()  # fmt: skip


ALL = """
SELECT visit_type, service, degree_level, license_class, state, amount_cents, effective_from, during
  FROM rates ORDER BY visit_type, service, degree_level, license_class, state NULLS FIRST, effective_from
"""
