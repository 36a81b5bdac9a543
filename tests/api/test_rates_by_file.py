"""A server without demo data: FINANCE uploads rates as a file, and a student books with one of them (CL-5, FI-1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest_asyncio

from tests.api.test_first_day import OPS, others_join_and_prepare
from tests.support.first_day import FirstDay, command, commands_of_guide, done, new_server

_, INVITE_FIRST, _ = commands_of_guide()
UPLOAD = """mutation U($input: CreateUploadInput!) { createUpload(input: $input) {
    upload { id address } userErrors { code message }
} }"""
PREVIEW = """mutation P($input: PreviewImportInput!) { previewImport(input: $input) {
    import { id digest created faulty separator } userErrors { code message }
} }"""
COMMIT = (
    "mutation C($input: CommitImportInput!) { commitImport(input: $input) { import { state } userErrors { code } } }"
)
EXPECTED = """query A($id: ID!) { node(id: $id) { ... on Appointment { status expectedReimbursement { amount } } } }"""
KINDS = (
    "Intake;Therapy;Masters;LMHC;;120.00",
    "Intake;Therapy;Masters;LMHC;MA;131.50",
    "Follow-up;Therapy;Masters;LMHC;MA;97.00",
)
RATES = "visit type;service;degree level;license class;state;amount;effective from\n{rows}"


@pytest_asyncio.fixture(loop_scope="session")
async def day(postgres: str, tmp_path: Path) -> AsyncIterator[FirstDay]:
    """A server that has been set up as the guide says, on an empty database."""
    async with new_server(postgres, tmp_path) as day:
        yield day


async def asked(day: FirstDay, query: str, role: str, **variables: Any) -> Any:
    """The result of the one field of a free document."""
    return done(await day.answer({"query": query, "variables": variables}, role))


async def test_a_student_books_with_a_rate_that_came_from_a_file(day: FirstDay) -> None:
    await command(INVITE_FIRST, day.data_dir, **day.settings)
    async with day.served():
        await everybody_but_rates(day)
        assert (await day.step("15-find-opening"))["nodes"][0]["openings"]["nodes"] == []

        today = day.now.date().isoformat()
        rows = "\n".join(f"{kind};{today}" for kind in KINDS)
        upload = (await asked(day, UPLOAD, "FINANCE", input={"purpose": "IMPORT", "name": "rates.csv"}))["upload"]
        content = RATES.format(rows=rows).encode("cp1252")
        assert (await day.http.put(urlsplit(upload["address"]).path, content=content)).status_code == 201
        preview = (await asked(day, PREVIEW, "FINANCE", input={"kind": "RATES", "uploadId": upload["id"]}))["import"]
        assert (preview["created"], preview["faulty"], preview["separator"]) == (3, 0, "SEMICOLON")
        commit = {"importId": preview["id"], "digest": preview["digest"]}
        assert (await asked(day, COMMIT, "FINANCE", input=commit))["import"]["state"] == "COMMITTED"

        assert len((await day.step("15-find-opening"))["nodes"][0]["openings"]["nodes"]) == 5
        await day.step("17-request-appointment")
        request = await day.follow(await day.letter("lena@practice.example", "New request"), "appointments")
        await day.page("ConfirmAppointment", "PROVIDER", input={"appointmentId": request})
        seen = await day.page("Appointment", "PROVIDER", id=request, paid=True)
        assert (seen["status"], seen["expectedReimbursement"]["amount"]) == ("CONFIRMED", "131.50")


async def everybody_but_rates(day: FirstDay) -> None:
    """Everything of the guide before a session can be found, apart from the rates."""
    await day.join(OPS, "OPS", "Ada")
    for name in (
        "01-open-school",
        "02-invite-school-staff",
        "03-join-provider",
        "04-enter-license",
        "05-verify-license",
    ):
        await day.step(name)
    for name in ("06-enroll-provider", "07-invite-provider", "08-invite-finance"):
        await day.step(name)
    await day.join("finance@credits.example", "FINANCE")
    await others_join_and_prepare(day)
