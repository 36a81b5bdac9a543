"""A record as a FHIR R4 bundle: every resource is valid, every reference resolves, nothing is in it that is not told.

The validator has FHIR 4.3 (R4B), which differs from 4.0 (R4) in none of the resources that are used here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from integrations import fhir
from models.appointments.appointments import AppointmentStatus
from models.claims.claims import FILED_LATE, ClaimStatus
from models.directory.providers import Service
from models.rates.rates import VisitType

STUDENT = {
    "id": "stu_1", "name": "Ana Reyes", "email": "ana@example.test", "phone": "+16175550123", "state": "MA",
    "timeZone": "America/New_York", "schoolId": "sch_1", "createdAt": "2026-01-05T15:00:00Z", "erasedAt": None,
}  # fmt: skip
LATE = {"group": "CO", "carc": "29", "text": FILED_LATE.text, "nextStep": FILED_LATE.next_step}


def appointment(number: int, status: str, **changes: Any) -> dict[str, Any]:
    """One appointment of a record."""
    return {
        "id": f"apt_{number}", "providerId": "prv_1", "schoolId": "sch_1", "status": status, "visitType": "INTAKE",
        "service": "THERAPY", "state": "MA", "startsAt": "2026-03-05T15:00:00Z", "endsAt": "2026-03-05T16:00:00Z",
        "requestedAt": "2026-03-02T15:00:00Z", "telehealthLink": "https://room.test/1", **changes,
    }  # fmt: skip


def claim(number: int, status: str) -> dict[str, Any]:
    """The claim of the appointment of this number."""
    return {
        "id": f"clm_{number}", "appointmentId": f"apt_{number}", "providerId": "prv_1", "visitType": "INTAKE",
        "status": status, "reasons": [LATE] if status == "DENIED" else [],
        "submittedAt": "2026-03-05T16:10:00Z", "adjudicatedAt": "2026-03-05T16:10:01Z",
    }  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    """A record with an appointment of each status and a claim of each decision."""
    appointments = [appointment(number, status.value) for number, status in enumerate(AppointmentStatus)]
    claims = [claim(100 + number, status.value) for number, status in enumerate(ClaimStatus)]
    appointments += [appointment(100 + number, "COMPLETED") for number in range(len(claims))]
    return {
        "format": "flexible-credits.student-record/1",
        "madeAt": "2026-03-09T15:00:00Z",
        "student": STUDENT,
        "school": {"id": "sch_1", "name": "Lakeview University", "timeZone": "America/New_York", "crisisLine": "988"},
        "wallet": {"id": "wal_1", "granted": 6, "available": 4},
        "providers": [{"id": "prv_1", "name": "Noor Haddad", "title": "LICSW"}],
        "appointments": appointments,
        "claims": claims,
        **changes,
    }


def resources(bundle: dict[str, Any], kind: str) -> list[Any]:
    """The resources of one kind."""
    found = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def references(value: Any) -> Iterator[dict[str, Any]]:
    """Every reference anywhere in a value."""
    if isinstance(value, dict):
        if "reference" in value:
            yield value
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


RECORDS = {
    "full": record(),
    "empty": record(appointments=[], claims=[], providers=[]),
    "erased": record(
        student={**STUDENT, "name": "Erased student", "phone": None, "erasedAt": "2026-03-08T15:00:00Z"}
    ),
    "without school": record(school=None),
    "without wallet": record(wallet=None),
    "without provider": record(providers=[]),
    "in person, untitled, medication": record(
        providers=[{"id": "prv_1", "name": "Noor Haddad", "title": ""}],
        appointments=[
            appointment(100, "COMPLETED", telehealthLink="", visitType=VisitType.FOLLOW_UP.value,
                        service=Service.MEDICATION_MANAGEMENT.value)
        ],
        claims=[claim(100, "ACCEPTED")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_a_bundle_is_valid_fhir(name: str) -> None:
    Bundle.model_validate(fhir.bundle(RECORDS[name]))


@pytest.mark.parametrize("name", RECORDS)
def test_every_reference_resolves_inside_the_bundle_to_a_resource_of_its_type(name: str) -> None:
    bundle = fhir.bundle(RECORDS[name])
    kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert len(kinds) == len(bundle["entry"]), "a fullUrl is used once"
    for entry in bundle["entry"]:
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"
    found = list(references(bundle))
    assert all(kinds[reference["reference"]] == reference["type"] for reference in found)
    assert found or name == "empty"


def test_each_thing_has_its_resource_and_the_same_name_in_every_export() -> None:
    bundle = fhir.bundle(record())
    numbers = {kind: len(resources(bundle, kind)) for kind in KINDS}
    assert numbers == {
        "Patient": 1, "Organization": 1, "Coverage": 1, "Practitioner": 1, "Appointment": 14, "Encounter": 5,
        "Claim": 4, "ClaimResponse": 4,
    }  # fmt: skip
    later = fhir.bundle(record(madeAt="2027-01-01T00:00:00Z"))
    assert [entry["fullUrl"] for entry in later["entry"]] == [entry["fullUrl"] for entry in bundle["entry"]]


KINDS = ("Patient", "Organization", "Coverage", "Practitioner", "Appointment", "Encounter", "Claim", "ClaimResponse")


def test_each_status_has_its_word_and_only_what_came_to_nothing_a_reason() -> None:
    assert set(fhir.STATUS) == set(AppointmentStatus)
    assert set(fhir.SERVICES) == set(Service)
    assert set(fhir.VISITS) == set(VisitType)
    assert set(fhir.DISPOSITION) == set(ClaimStatus)
    for found in resources(fhir.bundle(record()), "Appointment"):
        # FHIR's own rule app-4.
        assert ("cancelationReason" in found) is (found["status"] in ("cancelled", "noshow"))


def test_only_a_completed_session_is_an_encounter_and_it_says_nothing_clinical() -> None:
    completed = [entry["id"] for entry in record()["appointments"] if entry["status"] == "COMPLETED"]
    found = resources(fhir.bundle(record()), "Encounter")
    assert [encounter["identifier"][0]["value"] for encounter in found] == completed
    assert not {"reasonCode", "reasonReference", "diagnosis"} & {name for encounter in found for name in encounter}


def test_a_denial_gives_its_reason_by_code_and_in_words() -> None:
    denied = resources(fhir.bundle(record(claims=[claim(0, "DENIED")])), "ClaimResponse")[0]
    reason = denied["item"][0]["adjudication"][0]["reason"]
    assert reason == {"coding": [{"system": fhir.CARC, "code": "29"}], "text": FILED_LATE.text}
    assert denied["disposition"] == "Denied: the credit was given back."


def test_a_claim_holds_neither_amount_nor_diagnosis() -> None:
    for found in resources(fhir.bundle(record()), "Claim"):
        assert not {"total", "diagnosis"} & set(found)
        assert not {"unitPrice", "net"} & set(found["item"][0])


def test_the_validator_refuses_what_is_no_fhir() -> None:
    bundle = fhir.bundle(record())
    del resources(bundle, "Coverage")[0]["payor"]
    with pytest.raises(ValidationError):
        Bundle.model_validate(bundle)
