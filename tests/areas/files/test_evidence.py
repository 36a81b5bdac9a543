"""A license's evidence: uploaded by its provider, attached, read by OPS at an expiring address, and told (FI-1)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

import worker
from endpoints import files as endpoint
from models.base import clock
from models.base.ids import decode
from models.directory import license_evidence
from models.files.files import File, FileBlob, FileState
from models.records.audit import AuditEntry, AuditKind
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.uploads import PDF, expected, get, put, uploaded

EVIDENCE = "license { id evidence { id name mediaType bytes state download { address expiresAt } } }"
OWN = "{ viewer { provider { id licenses { id evidence { id } } } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def own_license(api: Api) -> str:
    """The id of the demo provider's license."""
    return str((await api.ask(OWN, role="PROVIDER"))["viewer"]["provider"]["licenses"][0]["id"])


async def attached(api: Api, role: str = "PROVIDER", **fields: Any) -> Any:
    """The payload of an attachment."""
    return await api.do("attachLicenseEvidence", role=role, selection=EVIDENCE, **fields)


def codes(answer: Any) -> list[tuple[str, str | None, str | None]]:
    """Code, rule and field of each user error."""
    return [(error["code"], error["rule"], ".".join(error["field"])) for error in answer["userErrors"]]


async def test_a_provider_attaches_evidence_and_ops_reads_it_while_nobody_else_does(api: Api) -> None:
    upload = await expected(api, "PROVIDER", "LICENSE_EVIDENCE", name="C:\\scans\\license.pdf")
    assert upload["accepts"] == ["application/pdf", "image/png", "image/jpeg"]
    sent = await put(api, upload["address"], PDF)
    assert sent.status_code == 201
    assert sent.json()["mediaType"] == "application/pdf"

    license_id = await own_license(api)
    answer = await attached(api, licenseId=license_id, uploadId=upload["id"])
    assert answer["userErrors"] == []
    (held,) = answer["license"]["evidence"]
    assert (held["id"], held["name"], held["bytes"], held["state"]) == (upload["id"], "license.pdf", len(PDF), "USED")

    asked = "query Review ($id: ID!) { node(id: $id) { ... on License { evidence { name download { address } } } } }"
    (seen,) = (await api.ask(asked, role="OPS", id=license_id))["node"]["evidence"]
    read = await get(api, seen["download"]["address"])
    assert (read.status_code, read.content) == (200, PDF)
    assert read.headers["content-disposition"] == "attachment; filename=\"license.pdf\"; filename*=UTF-8''license.pdf"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["cache-control"] == "no-store"
    assert "sandbox" in read.headers["content-security-policy"]
    assert read.headers["content-length"] == str(len(PDF))

    for role in ("STUDENT", "OFFICE", "SCHOOL", "PARTNER", "FINANCE"):
        assert (await api.ask("query ($id: ID!) { node(id: $id) { id } }", role=role, id=upload["id"]))["node"] is None
    for role in ("STUDENT", "SCHOOL"):
        (error, *_) = await api.fail(asked, role=role, id=license_id)
        assert error["extensions"]["code"] == "FORBIDDEN"

    asked = "query ($id: ID!) { auditTrail(filter: {fileId: $id}) { nodes { kind role operation account { email } } } }"
    told = (await api.ask(asked, role="OPS", id=upload["id"]))["auditTrail"]["nodes"]
    assert [(entry["kind"], entry["operation"].split()[1], entry["account"]["email"]) for entry in told] == [
        ("READ", "download", "ops@demo.test"),
        ("CHANGE", "upload", "provider@demo.test"),
    ]
    trail = await AuditEntry.filter(operation=f"file download {upload['id']}")
    assert [(entry.kind, entry.role) for entry in trail] == [(AuditKind.READ, "OPS")]
    assert [entry.role for entry in await AuditEntry.filter(operation=f"file upload {upload['id']}")] == ["PROVIDER"]


async def test_an_upload_is_used_once_and_for_its_purpose_alone(api: Api) -> None:
    license_id = await own_license(api)
    upload_id = await uploaded(api, "PROVIDER", "LICENSE_EVIDENCE")
    assert codes(await attached(api, licenseId=license_id, uploadId=upload_id)) == []
    assert codes(await attached(api, licenseId=license_id, uploadId=upload_id)) == [
        ("NOT_OPEN", "FI-1", "input.uploadId")
    ]
    other = await uploaded(api, "PROVIDER", "EVIDENCE")
    assert codes(await attached(api, licenseId=license_id, uploadId=other)) == [("INVALID", "FI-1", "input.uploadId")]
    unsent = await expected(api, "PROVIDER", "LICENSE_EVIDENCE")
    assert codes(await attached(api, licenseId=license_id, uploadId=unsent["id"])) == [
        ("NOT_OPEN", "FI-1", "input.uploadId")
    ]


async def test_of_many_who_use_one_upload_at_once_one_does(api: Api) -> None:
    license_id, upload_id = await own_license(api), await uploaded(api, "PROVIDER", "LICENSE_EVIDENCE")
    answers = await asyncio.gather(*(attached(api, licenseId=license_id, uploadId=upload_id) for _ in range(8)))
    assert Counter(len(answer["userErrors"]) for answer in answers) == {0: 1, 1: 7}
    asked = "query ($id: ID!) { node(id: $id) { ... on License { evidence { id } } } }"
    held = (await api.ask(asked, role="OPS", id=license_id))["node"]["evidence"]
    assert [file["id"] for file in held].count(upload_id) == 1


async def test_a_license_has_a_bound_of_evidence(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(license_evidence, "EVIDENCE_MAX", 0)
    upload_id = await uploaded(api, "PROVIDER", "LICENSE_EVIDENCE")
    answer = await attached(api, licenseId=await own_license(api), uploadId=upload_id)
    assert codes(answer) == [("OUT_OF_BOUNDS", "FI-1", "input.licenseId")]


async def test_what_a_student_uploaded_goes_with_the_students_identity(api: Api) -> None:
    upload_id = await uploaded(api, "STUDENT", "ATTACHMENT", name="my-story.pdf")
    student = (await api.ask("{ viewer { student { id } } }", role="STUDENT"))["viewer"]["student"]["id"]
    done = await api.do(
        "eraseStudent", role="OPS", selection="student { id }", studentId=student, reason="STUDENT_ASKED"
    )
    assert done["userErrors"] == []
    file = await File.get(id=decode(File.PREFIX, upload_id))
    assert (file.state, file.name, file.blob_id) == (FileState.REMOVED, "", None)
    await worker.remove_files(await clock.demo_now())
    assert await FileBlob.filter(file_id=file.id).count() == 0


async def test_ops_attaches_for_a_provider_who_then_sees_it(api: Api) -> None:
    license_id = await own_license(api)
    upload_id = await uploaded(api, "OPS", "LICENSE_EVIDENCE", name="board.pdf")
    assert (await api.ask("query ($id: ID!) { node(id: $id) { id } }", role="PROVIDER", id=upload_id))["node"] is None
    assert codes(await attached(api, "OPS", licenseId=license_id, uploadId=upload_id)) == []
    asked = "query ($id: ID!) { node(id: $id) { ... on File { name download { address } } } }"
    seen = (await api.ask(asked, role="PROVIDER", id=upload_id))["node"]
    assert seen["name"] == "board.pdf"
    assert (await get(api, seen["download"]["address"])).content == PDF


async def test_nobody_attaches_the_upload_of_somebody_else_or_to_somebody_elses_license(api: Api) -> None:
    upload_id = await uploaded(api, "OPS", "LICENSE_EVIDENCE")
    assert codes(await attached(api, licenseId=await own_license(api), uploadId=upload_id)) == [
        ("NOT_FOUND", None, "input.uploadId")
    ]
    asked = '{ providers(first: 50, filter: {state: "CA"}) { nodes { licenses { id } } } }'
    (other,) = (await api.ask(asked, role="OPS"))["providers"]["nodes"]
    theirs = other["licenses"][0]["id"]
    own = await uploaded(api, "PROVIDER", "LICENSE_EVIDENCE")
    assert codes(await attached(api, licenseId=theirs, uploadId=own)) == [("NOT_FOUND", None, "input.licenseId")]


async def test_a_session_that_has_ended_reads_no_more(api: Api) -> None:
    upload_id = await uploaded(api, "PROVIDER", "LICENSE_EVIDENCE")
    token = await api.sign_in("provider@demo.test")
    asked = "query ($id: ID!) { node(id: $id) { ... on File { download { address } } } }"

    async def send(query: str, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        return (await api.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)).json()

    address = (await send(asked, id=upload_id))["data"]["node"]["download"]["address"]
    assert (await get(api, address)).status_code == 200
    ended = await send("mutation { signOut { userErrors { code } } }")
    assert "errors" not in ended, ended
    refused = await get(api, address)
    assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")


async def test_readings_are_paid_for_by_who_reads(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = await uploaded(api, "FINANCE", "ATTACHMENT")
    asked = "query ($id: ID!) { node(id: $id) { ... on File { download { address } } } }"
    address = (await api.ask(asked, role="FINANCE", id=upload_id))["node"]["download"]["address"]
    assert (await get(api, address)).status_code == 200
    monkeypatch.setattr(endpoint, "READ_COST", 1_000_000)  # more than a minute holds
    refused = await get(api, address)
    assert (refused.status_code, refused.json()["code"]) == (429, "THROTTLED")
    assert int(refused.headers["retry-after"]) > 0


async def test_an_address_that_was_changed_opens_nothing(api: Api) -> None:
    upload_id = await uploaded(api, "PROVIDER", "LICENSE_EVIDENCE")
    asked = "query ($id: ID!) { node(id: $id) { ... on File { download { address } } } }"
    path = urlsplit((await api.ask(asked, role="PROVIDER", id=upload_id))["node"]["download"]["address"]).path
    for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), path + "A", "/files/x", "/files/" + "A" * 75):
        answer = await get(api, wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), wrong
        assert answer.headers["content-type"] == "application/problem+json"
