"""Rates: what a session is reimbursed with, by what it was, who gave it and when (CL-5)."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service


class Rate(Entity):
    """An amount for one kind of session from a day on; a state's own rate goes before the general one."""

    PREFIX: ClassVar[str] = "rat"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING, Role.FINANCE: EVERYTHING}

    visit_type = fields.CharField(max_length=10)
    service = fields.CharEnumField(Service, max_length=30)
    degree_level = fields.CharEnumField(DegreeLevel, max_length=10)
    license_class = fields.CharEnumField(LicenseClass, max_length=40)
    state = fields.CharField(max_length=2, null=True)
    amount_cents = fields.BigIntField()
    effective_from = fields.DateField()

    class Meta:
        """UNIQUE NULLS NOT DISTINCT: one amount for a kind of session, a state and a day."""

        table = "rates"


RATE_OF = """
SELECT rates.id, rates.amount_cents FROM rates
 WHERE rates.visit_type = {visit_type} AND rates.service = {service} AND rates.degree_level = {degree_level}
   AND rates.license_class = {license_class} AND (rates.state IS NULL OR rates.state = {state})
   AND rates.effective_from <= {day}
 ORDER BY rates.state NULLS LAST, rates.effective_from DESC LIMIT 1
"""
"""The one rate that is effective on a session's day, as a sub-select over the caller's columns (CL-5)."""


def rated_from(
    *, visit_type: str, service: str, degree_level: str, license_class: str, state: str, time_zone: str
) -> str:
    """The instant `since` which there is a rate for sessions of a kind; no row without one. Rates never end (CL-5)."""
    return f"""
SELECT (rates.effective_from::timestamp AT TIME ZONE {time_zone}) AS since FROM rates
 WHERE rates.visit_type = {visit_type} AND rates.service = {service} AND rates.degree_level = {degree_level}
   AND rates.license_class = {license_class} AND (rates.state IS NULL OR rates.state = {state})
 ORDER BY rates.effective_from LIMIT 1
"""
