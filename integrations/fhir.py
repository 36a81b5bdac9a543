"""A student's record as a FHIR R4 bundle: a pure translation, from the record's own form, of what FHIR has words for.

Each resource gets a stable urn:uuid made of the TypeID that it stands for, so that two exports of one record name the
same things alike, and every reference resolves inside the bundle. Balances and the ledger have no counterpart in
FHIR; they are in the record's own form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Resource = dict[str, Any]
Entry = Mapping[str, Any]

IDENTIFIERS = "urn:flexible-credits:id"
"""The system of our own identifiers, TypeIDs."""
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
CARC = "https://x12.org/codes/claim-adjustment-reason-codes"
TIME_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"

STATUS = {
    "REQUESTED": "pending",
    "CONFIRMED": "booked",
    "COMPLETED": "fulfilled",
    "DECLINED": "cancelled",
    "EXPIRED": "cancelled",
    "WITHDRAWN": "cancelled",
    "CANCELLED": "cancelled",
    "NO_SHOW": "noshow",
    "LAPSED": "cancelled",
    "VOIDED": "entered-in-error",
}
"""Appointment.status for each status of ours."""

ENDED_BECAUSE = {
    "DECLINED": "The provider declined the request.",
    "EXPIRED": "The request was not answered in time.",
    "WITHDRAWN": "The student took the request back.",
    "CANCELLED": "The session was called off before it began.",
    "NO_SHOW": "The student did not come.",
    "LAPSED": "Nobody reported whether the session took place.",
}
ANSWERED = {"REQUESTED": "needs-action", "EXPIRED": "needs-action", "WITHDRAWN": "needs-action", "DECLINED": "declined"}
"""The provider's part in an appointment; in all other statuses it was accepted."""

SERVICES = {"THERAPY": "Therapy", "MEDICATION_MANAGEMENT": "Medication management"}
VISITS = {"INTAKE": "Intake session", "FOLLOW_UP": "Follow-up session"}


def bundle(record: Mapping[str, Any]) -> Resource:
    """The bundle of a record, of type collection."""
    appointments = {appointment["id"]: appointment for appointment in record["appointments"]}
    resources: list[Resource] = [patient(record["student"], record["school"])]
    if record["school"] is not None:
        resources.append(organization(record["school"]))
    if is_covered(record):
        resources.append(coverage(record))
    resources += [practitioner(provider) for provider in record["providers"]]
    known = {provider["id"] for provider in record["providers"]}
    for entry in appointments.values():
        resources.append(appointment(entry, record["student"], known))
        if entry["status"] == "COMPLETED":
            resources.append(encounter(entry, record, known))
    for entry in claims_that_resolve(record, known):
        resources += [claim(entry, appointments.get(entry["appointmentId"]), record), claim_response(entry, record)]
    return {
        "resourceType": "Bundle",
        "identifier": {"system": IDENTIFIERS, "value": f"{record['student']['id']}/{record['madeAt']}"},
        "type": "collection",
        "timestamp": record["madeAt"],
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }


def is_covered(record: Mapping[str, Any]) -> bool:
    """Whether the record holds both the wallet and the school that pays, which FHIR demands of a Coverage."""
    return record["school"] is not None and record["wallet"] is not None


def claims_that_resolve(record: Mapping[str, Any], known: Iterable[str]) -> list[Entry]:
    """The claims whose provider and payer are in the record, as a Claim without them says nothing in FHIR."""
    return [entry for entry in record["claims"] if entry["providerId"] in known] if is_covered(record) else []


def resource(kind: str, type_id: str, **content: Any) -> Resource:
    """A resource with its id and our own identifier; what is None is left out."""
    head = {
        "resourceType": kind,
        "id": uuid_of(kind, type_id),
        "identifier": [{"system": IDENTIFIERS, "value": type_id}],
    }
    return head | {name: value for name, value in content.items() if value is not None}


def uuid_of(kind: str, type_id: str) -> str:
    """The stable UUID of the resource of this kind that stands for an object of ours."""
    return str(uuid5(NAMESPACE_URL, f"{IDENTIFIERS}:{kind}/{type_id}"))


def reference(kind: str, type_id: str, display: str | None = None) -> Resource:
    """A reference that resolves inside the bundle."""
    found = {"reference": f"urn:uuid:{uuid_of(kind, type_id)}", "type": kind}
    return found | ({"display": display} if display else {})


def coded(system: str, code: str, text: str | None = None) -> Resource:
    """A concept with one code, and its words."""
    return {"coding": [{"system": f"{TERMINOLOGY}/{system}", "code": code}]} | ({"text": text} if text else {})


def patient(student: Entry, school: Entry | None) -> Resource:
    """The student."""
    telecom = [("email", student["email"]), ("phone", student["phone"])]
    return resource(
        "Patient",
        student["id"],
        extension=[{"url": TIME_ZONE, "valueCode": student["timeZone"]}],
        active=student["erasedAt"] is None,
        name=[{"text": student["name"]}],
        telecom=[{"system": system, "value": value} for system, value in telecom if value],
        address=[{"state": student["state"], "country": "US"}],
        managingOrganization=None if school is None else reference("Organization", school["id"], school["name"]),
    )


def organization(school: Entry) -> Resource:
    """The school, who sponsors the sessions."""
    return resource(
        "Organization", school["id"], active=True, type=[coded("organization-type", "edu")], name=school["name"]
    )


def practitioner(provider: Entry) -> Resource:
    """One clinician whom the student met, by name and title."""
    suffix = {"suffix": [provider["title"]]} if provider["title"] else {}
    return resource("Practitioner", provider["id"], name=[{"text": provider["name"], **suffix}])


def coverage(record: Mapping[str, Any]) -> Resource:
    """The student's wallet: sessions that the school pays for."""
    return resource(
        "Coverage",
        record["wallet"]["id"],
        status="active" if record["student"]["erasedAt"] is None else "cancelled",
        type=coded("v3-ActCode", "SUBSIDIZ", "School-sponsored sessions"),
        beneficiary=reference("Patient", record["student"]["id"]),
        payor=[reference("Organization", record["student"]["schoolId"])],
    )


def appointment(entry: Entry, student: Entry, known: Iterable[str]) -> Resource:
    """One appointment, from request to outcome."""
    status = entry["status"]
    participants = [{"actor": reference("Patient", student["id"]), "status": "accepted"}]
    if entry["providerId"] in known:
        participants.append(
            {"actor": reference("Practitioner", entry["providerId"]), "status": ANSWERED.get(status, "accepted")}
        )
    why = ENDED_BECAUSE.get(status)
    return resource(
        "Appointment",
        entry["id"],
        status=STATUS[status],
        cancelationReason=None if why is None else {"text": why},
        serviceType=[{"text": SERVICES.get(entry["service"], entry["service"])}],
        appointmentType={"text": VISITS[entry["visitType"]]},
        start=entry["startsAt"],
        end=entry["endsAt"],
        created=entry["requestedAt"],
        participant=participants,
    )


def encounter(entry: Entry, record: Mapping[str, Any], known: Iterable[str]) -> Resource:
    """The session that took place; nothing of what it was about."""
    clinician = reference("Practitioner", entry["providerId"])
    virtual = bool(entry["telehealthLink"])
    return resource(
        "Encounter",
        entry["id"],
        status="finished",
        **{"class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "VR" if virtual else "AMB"}},
        type=[{"text": VISITS[entry["visitType"]]}],
        serviceType={"text": SERVICES.get(entry["service"], entry["service"])},
        subject=reference("Patient", record["student"]["id"]),
        participant=[{"individual": clinician}] if entry["providerId"] in known else None,
        appointment=[reference("Appointment", entry["id"])],
        period={"start": entry["startsAt"], "end": entry["endsAt"]},
    )


def claim(entry: Entry, session: Entry | None, record: Mapping[str, Any]) -> Resource:
    """The provider's claim for one session: its kind and its time, neither amount nor diagnosis."""
    item: Resource = {"sequence": 1, "productOrService": {"text": VISITS[entry["visitType"]]}}
    if session is not None:
        item["servicedPeriod"] = {"start": session["startsAt"], "end": session["endsAt"]}
    if session is not None and session["status"] == "COMPLETED":
        item["encounter"] = [reference("Encounter", session["id"])]
    return resource(
        "Claim",
        entry["id"],
        **about(entry, record),
        priority=coded("processpriority", "normal"),
        provider=reference("Practitioner", entry["providerId"]),
        insurance=[{"sequence": 1, "focal": True, "coverage": reference("Coverage", record["wallet"]["id"])}],
        item=[item],
    )


def claim_response(entry: Entry, record: Mapping[str, Any]) -> Resource:
    """The decision on it: whether the credit was used up, and the reasons if not."""
    accepted = entry["status"] == "ACCEPTED"
    benefit: Resource = {"category": coded("adjudication", "benefit"), "value": int(accepted)}
    reasons: list[Resource] = [
        {
            "category": coded("adjudication", "benefit"),
            "reason": {"coding": [{"system": CARC, "code": reason["carc"]}], "text": reason["text"]},
            "value": 0,
        }
        for reason in entry["reasons"]
    ]
    head = about(entry, record)
    return resource(
        "ClaimResponse",
        entry["id"],
        **head | {"created": entry["adjudicatedAt"]},
        requestor=reference("Practitioner", entry["providerId"]),
        request=reference("Claim", entry["id"]),
        outcome="complete",
        disposition=DISPOSITION[entry["status"]],
        item=[{"itemSequence": 1, "adjudication": reasons or [benefit]}],
    )


DISPOSITION = {
    "ACCEPTED": "Accepted: one credit was used for this session.",
    "DENIED": "Denied: the credit was given back.",
    "VOID": "Void: this claim no longer counts.",
    "REPLACED": "Replaced: a later version of this claim stands in its place.",
}


def about(entry: Entry, record: Mapping[str, Any]) -> Resource:
    """What a claim and its response say alike."""
    return {
        "status": "cancelled" if entry["status"] in ("VOID", "REPLACED") else "active",
        "type": coded("claim-type", "professional"),
        "use": "claim",
        "patient": reference("Patient", record["student"]["id"]),
        "created": entry["submittedAt"],
        "insurer": reference("Organization", record["student"]["schoolId"]),
    }
