"""The main job, carried from the grant to the accepted claim in GraphiQL, as a newcomer would."""

from typing import Any

from tests.browser.visit import Visit

GRANT = """mutation Grant($input: GrantCreditsInput!) {
  grantCredits(input: $input) { grant { credits } userErrors { code message } }
}"""
STUDENTS = "query Students { students(first: 10) { nodes { id email } } }"
ME = "query Me { viewer { provider { id } } }"
SEARCH = """query Search {
  providers(first: 20, state: "MA") { nodes { id name openings(first: 1) { nodes { id startsAt } } } }
}"""
PREFLIGHT = """query Preflight($openingId: ID!) {
  bookingPreflight(openingId: $openingId, state: "MA", acceptsMissedAppointmentPolicy: true) {
    wouldSucceed visitType refusals { code message }
  }
}"""
REQUEST = """mutation Request($input: RequestAppointmentInput!) {
  requestAppointment(input: $input) { appointment { id status provider { name } } userErrors { code message } }
}"""
WALLET = "query MyWallet { wallet { available held settled } }"
CONFIRM = """mutation Confirm($input: ConfirmAppointmentInput!) {
  confirmAppointment(input: $input) {
    appointment { status expectedReimbursement { amount currency } } userErrors { code message }
  }
}"""
ATTEST = """mutation Attest($input: AttestSessionInput!) {
  attestSession(input: $input) { claim { status visitType amount { amount } } userErrors { code message } }
}"""
PROOF = "query Proof { ledgerProof { agrees } }"


async def _ask(visit: Visit, query: str, **variables: Any) -> Any:
    await visit.write(query, variables)
    answer = await visit.run()
    assert "errors" not in answer, answer
    return answer["data"]


async def _do(visit: Visit, mutation: str, **input: Any) -> Any:
    data = await _ask(visit, mutation, input=input)
    (payload,) = data.values()
    assert payload["userErrors"] == []
    return payload


async def test_one_credit_goes_from_the_grant_to_the_accepted_claim(visit: Visit) -> None:
    await visit.open_graphiql()

    await visit.sign_in("Provider")
    me = (await _ask(visit, ME))["viewer"]["provider"]

    await visit.sign_in("School")
    students = (await _ask(visit, STUDENTS))["students"]["nodes"]
    student = next(student for student in students if student["email"] == "student@demo.test")
    await _do(visit, GRANT, studentId=student["id"], credits=2)

    await visit.sign_in("Student")
    before = (await _ask(visit, WALLET))["wallet"]
    found = (await _ask(visit, SEARCH))["providers"]["nodes"]
    opening = next(provider for provider in found if provider["id"] == me["id"])["openings"]["nodes"][0]
    preflight = (await _ask(visit, PREFLIGHT, openingId=opening["id"]))["bookingPreflight"]
    assert preflight == {"wouldSucceed": True, "visitType": "INTAKE", "refusals": []}
    wanted = {"openingId": opening["id"], "state": "MA", "acceptsMissedAppointmentPolicy": True}
    appointment = (await _do(visit, REQUEST, **wanted))["appointment"]
    assert appointment["status"] == "REQUESTED"

    await visit.sign_in("Provider")
    confirmed = (await _do(visit, CONFIRM, appointmentId=appointment["id"]))["appointment"]
    assert confirmed["status"] == "CONFIRMED"

    await visit.sign_in("Operations")
    await visit.move_clock("+30 days")

    await visit.sign_in("Provider")
    claim = (await _do(visit, ATTEST, appointmentId=appointment["id"], presentingConcern="ANXIETY"))["claim"]
    assert (claim["status"], claim["visitType"]) == ("ACCEPTED", "INTAKE")
    assert claim["amount"]["amount"] == confirmed["expectedReimbursement"]["amount"]

    await visit.sign_in("Student")
    after = (await _ask(visit, WALLET))["wallet"]
    changes = {name: after[name] - before[name] for name in before}
    assert changes == {"available": -1, "held": 0, "settled": 1}

    await visit.sign_in("Operations")
    assert (await _ask(visit, PROOF))["ledgerProof"]["agrees"]
