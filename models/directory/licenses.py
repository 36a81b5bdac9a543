"""Licenses: a state's permission to practise, verified with its board (PR-4), and the services it covers (EN-2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept, Personal
from models.base.scopes import Needed, Scope
from models.base.statements import Update, write
from models.base.words import Words
from models.directory.providers import Provider, Service, of_practice
from models.tasks.kinds import TaskKind, TaskName, waits_for
from models.tasks.work_claims import must_be_free

VERIFIED_WITHIN = timedelta(hours=48)
"""How long OPS takes at most to verify a license with the board, from its submission on (PR-4)."""

STATES = ("CA", "CT", "IA", "IL", "IN", "KY", "MA", "ME", "NC", "NH", "NJ", "NY", "PA", "RI", "TX", "VT")
"""Where Flexible Credits is offered today (EN-1)."""


class LicenseClass(Words):
    """Class of license, across the states' own titles (EN-2)."""

    CLINICAL_SOCIAL_WORKER = (
        "CLINICAL_SOCIAL_WORKER",
        "Licensed clinical social worker: LCSW, LICSW, LISW or equivalent.",
    )
    MARRIAGE_FAMILY_THERAPIST = (
        "MARRIAGE_FAMILY_THERAPIST",
        "Licensed marriage and family therapist: LMFT or equivalent.",
    )
    MENTAL_HEALTH_COUNSELOR = "MENTAL_HEALTH_COUNSELOR", "Licensed mental health counselor: LMHC, LCMHC or equivalent."
    PROFESSIONAL_COUNSELOR = "PROFESSIONAL_COUNSELOR", "Licensed professional counselor: LPC, LPCC, LCPC or equivalent."
    PSYCHOLOGIST = "PSYCHOLOGIST", "Licensed psychologist: PhD, PsyD or EdD."
    PSYCHIATRIST = "PSYCHIATRIST", "Psychiatrist: MD or DO; may prescribe."
    PSYCHIATRIC_NURSE_PRACTITIONER = (
        "PSYCHIATRIC_NURSE_PRACTITIONER",
        "Psychiatric-mental health nurse practitioner: PMHNP; may prescribe.",
    )
    ASSOCIATE = "ASSOCIATE", "Associate or pre-licensed clinician, supervised by a licensed one."


COVERED: dict[Service, frozenset[LicenseClass]] = {
    Service.THERAPY: frozenset(LicenseClass) - {LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER},
    Service.MEDICATION_MANAGEMENT: frozenset({LicenseClass.PSYCHIATRIST, LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER}),
}
"""Which license classes may give which service (EN-2)."""

COVERING = ", ".join(
    f"('{service.value}', '{license_class.value}')"
    for service, classes in COVERED.items()
    for license_class in sorted(classes)
)
"""The same as rows of SQL."""

LICENSES = (
    f"licenses JOIN (VALUES {COVERING}) AS covered (service, license_class)"
    " ON licenses.provider_id = providers.id AND licenses.verified_at IS NOT NULL"
    " AND covered.license_class = licenses.license_class"
)
"""The verified licenses of a row of `providers`, each once for every service that it covers (PR-4, EN-2)."""

VALID_UNTIL = "((licenses.expires_on + 1)::timestamp AT TIME ZONE providers.time_zone)"
"""The instant at which the last day of a license is over, in its provider's zone."""


def licenses_covering(*, state: str, service: str) -> str:
    """For each service and state the license of a row of `providers` that is valid the longest, and `until` when.

    Arguments are SQL expressions; a null one stands for each.
    """
    return f"""
SELECT DISTINCT ON (covered.service, licenses.state)
       licenses.id, licenses.license_class, covered.service, licenses.state, {VALID_UNTIL} AS until
  FROM {LICENSES}
 WHERE ({state}::text IS NULL OR licenses.state = {state}) AND ({service}::text IS NULL OR covered.service = {service})
 ORDER BY covered.service, licenses.state, licenses.expires_on DESC, licenses.id
"""


def is_licensed(*, state: str, service: str, at: str) -> str:
    """Whether a provider has a license in a state that is valid now and covers a service that they offer (AP-1)."""
    return f"""
EXISTS (SELECT 1 FROM {LICENSES}
         WHERE licenses.state = {state} AND {VALID_UNTIL} > {at} AND covered.service = ANY (providers.services)
           AND ({service}::text IS NULL OR covered.service = {service}))
"""


OF_SHOWN = (
    "(licenses.verified_at IS NOT NULL AND EXISTS (SELECT 1 FROM providers WHERE providers.id = licenses.provider_id"
    " AND providers.searchable))"
)
"""A school sees the licenses of the providers that it sees."""


class License(Entity):
    """A state's permission to practise: class, the state's own title, number, state and expiry."""

    PREFIX: ClassVar[str] = "lic"
    SCOPE: ClassVar[Needed] = Scope.DIRECTORY_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.SCHOOL: OF_SHOWN,
        Role.PARTNER: OF_SHOWN,
        Role.STUDENT: "licenses.verified_at IS NOT NULL",
        Role.PROVIDER: "licenses.provider_id = {provider}",
        Role.OFFICE: of_practice("licenses"),
    }

    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField(
        "models.Provider", related_name="licenses", on_delete=fields.RESTRICT, db_index=True
    )
    provider_id: UUID
    license_class = fields.CharEnumField(LicenseClass, max_length=40)
    title = fields.CharField(max_length=60)
    number = fields.CharField(max_length=60)
    state = fields.CharField(max_length=2)
    expires_on = fields.DateField()
    entered_at = fields.DatetimeField()
    verified_at = fields.DatetimeField(null=True)
    verified_by = fields.UUIDField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"number": Personal("the number of a license")}
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"title", "state"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="under which permission sessions were held")

    class Meta:
        """One license for a number in a state."""

        table = "licenses"
        unique_together = (("state", "number"),)

    @classmethod
    async def enter(
        cls,
        provider: Provider,
        *,
        license_class: LicenseClass,
        title: str,
        number: str,
        state: str,
        expires_on: date,
        by: Viewer | None,
        at: datetime,
    ) -> License:
        """Enter a license of a provider; it counts once OPS verified it with the board (PR-4)."""
        refuse_if_any(license_refusals(number, state, expires_on, at))
        license = cls(
            provider_id=provider.id,
            license_class=license_class,
            title=title.strip(),
            number=number.strip(),
            state=state,
            expires_on=expires_on,
            entered_at=at,
        )
        await write(license, new_event(EventVerb.LICENSE_ENTERED, license, by=by, at=at))
        return license

    async def verify(self, *, by: Viewer | None, at: datetime) -> None:
        """OPS found the license active and in good standing with the board (PR-4); the caller has locked it.

        Refused while another has taken it, and to whose own license it is (NO-5, ID-9).
        """
        if self.verified_at is not None:
            raise Refusal(
                Code.NOT_OPEN,
                "This license is already verified.",
                rule="PR-4",
                path=["licenseId"],
                fix="Nothing to do.",
            )
        await must_be_free(TaskName.VERIFY_LICENSE, self.id, by=by, at=at, path="licenseId")
        await write(
            Update(self, verified_at=at, verified_by=by.account_id if by else None),
            new_event(EventVerb.LICENSE_VERIFIED, self, by=by, at=at),
        )


waits_for(
    TaskKind(
        name=TaskName.VERIFY_LICENSE,
        title="Verify a license",
        subject=License,
        waits="licenses.verified_at IS NULL",
        since="licenses.entered_at",
        due="licenses.entered_at + interval '48 hours'",
        mutations=("verifyLicense",),
        whose={Role.OPS: None},
        target=timedelta(hours=24),
        concerns="ARRAY(SELECT holder.person_id FROM providers holder WHERE holder.id = licenses.provider_id)",
    )
)


def license_refusals(number: str, state: str, expires_on: date, at: datetime) -> list[Refusal]:
    """Everything that is wrong with a license's data, at once."""
    found = []
    if not number.strip():
        found.append(
            Refusal(
                Code.INVALID,
                "A license number is required.",
                rule="PR-4",
                path=["number"],
                fix="Enter it as printed by the board.",
            )
        )
    if state not in STATES:
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"Flexible Credits is not offered in {state} yet.",
                rule="EN-1",
                path=["state"],
                fix="Offered in " + ", ".join(STATES) + ".",
            )
        )
    if expires_on < at.date():
        found.append(
            Refusal(
                Code.INVALID,
                "This license has expired.",
                rule="PR-4",
                path=["expiresOn"],
                fix="Enter the renewed license.",
            )
        )
    return found


CONSTRAINTS["licenses_state_number_key"] = Refusal(
    Code.CONFLICT, "This license number already exists.", rule="PR-4", path=["number"], fix="Look the provider up."
)
