"""What the benchmark asks: for each operation a deck of questions, each told to the product and to the floor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import orjson

from benchmarks.dataset import Dataset, token_of
from models.base.ids import encode
from models.directory.licenses import STATES
from web.examples import FOLDER, read

READS_IN_A_DECK = 4_000
BOOKING_DAYS = (35, 42, 49)
"""Days ahead whose openings the data set leaves free; a week apart, so that a student's bookings do not overlap."""
ATTESTABLE_PLACE = 7
"""Which of a student's ten appointments waits to be attested, if the student has one that does."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request: who asks, with which variables, and the same as the floor is told it."""

    token: str
    variables: dict[str, Any]
    floor: dict[str, Any]

    def to_product(self, query: str) -> bytes:
        """The request to the product, as bytes."""
        body = orjson.dumps({"query": query, "variables": self.variables})
        return post("/graphql", body, f"authorization: Bearer {self.token}\r\n")

    def to_floor(self, name: str) -> bytes:
        """The request to the floor, as bytes; it takes the asker's word for who they are."""
        return post(f"/{name}", orjson.dumps(self.floor))


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nhost: benchmark\r\ncontent-type: application/json\r\n{headers}content-length: "
    return b"%s%d\r\n\r\n%s" % (head.encode(), len(body), body)


def greeting(token: str) -> bytes:
    """A request that asks for nothing but who is signed in."""
    return post("/graphql", orjson.dumps({"query": "{ __typename }"}), f"authorization: Bearer {token}\r\n")


@dataclass(frozen=True)
class Operation:
    """One line of the benchmark's table; what changes something asks each question once."""

    name: str
    title: str
    path: Path
    questions: Callable[[Dataset], Iterator[Question]]
    changes: bool = False

    @cached_property
    def query(self) -> str:
        """The document, as clients send it."""
        return read(self.path).query

    def deck(self, data: Dataset) -> list[Question]:
        """The questions, in their order."""
        return list(self.questions(data) if self.changes else islice(self.questions(data), READS_IN_A_DECK))


def student_id(data: Dataset, n: int) -> str:
    """A student's UUID, as text."""
    return str(data.id("student", n))


def mobile_home(data: Dataset) -> Iterator[Question]:
    """Students, spread over all of them."""
    for k in range(data.scale.students):
        n = 7 * k % data.scale.students
        yield Question(token_of("student", n), {}, {"student": student_id(data, n)})


def directory_page(data: Dataset) -> Iterator[Question]:
    """Students who look for providers, each in another state than the one before."""
    for k in range(data.scale.students):
        n, state = 11 * k % data.scale.students, STATES[k % len(STATES)]
        yield Question(token_of("student", n), {"state": state}, {"student": student_id(data, n), "state": state})


def providers_day(data: Dataset) -> Iterator[Question]:
    """Providers, one after another."""
    for n in range(data.scale.providers):
        yield Question(token_of("provider", n), {}, {"provider": str(data.id("provider", n))})


def partner_list(data: Dataset) -> Iterator[Question]:
    """Each school's staff, looking at what took place lately."""
    for k in range(READS_IN_A_DECK):
        n = k % data.scale.schools
        told = {"school": str(data.id("school", n)), "before": data.at, "year": data.at.year}
        yield Question(token_of("school", n), {"until": data.at, "year": data.at.year}, told)


def book(data: Dataset) -> Iterator[Question]:
    """Requests for free openings of providers who take new clients: fresh ones, up to three for each student."""
    numbers = [0, *accumulate(len(data.starts_of(n)) for n in range(data.scale.providers))]
    accepting = [n for n in range(data.scale.providers) if n % 9 != 0]
    for week, days in enumerate(BOOKING_DAYS):
        for n in range(data.scale.students):
            provider = accepting[(n + 1000 * week) % len(accepting)]
            if provider in (data.intake_with(n), data.seen_by(n)):
                continue
            place = data.place_after(provider, days) + n // len(accepting)
            opening, state = data.id("opening", numbers[provider] + place), data.state_of(provider)
            asked = {
                "openingId": encode("opn", opening),
                "state": state,
                "acceptsMissedAppointmentPolicy": True,
            }
            told = {"student": student_id(data, n), "account": str(data.id("account", n)), "opening": str(opening)}
            yield Question(token_of("student", n), {"input": asked}, told | {"state": state})


def attest(data: Dataset) -> Iterator[Question]:
    """The sessions that took place and wait for their provider's word."""
    for n in range(data.scale.students):
        if n % 5 < 3:
            booked = list(data.of_student(n))[ATTESTABLE_PLACE]
            appointment, provider = data.appointment_id(10 * n + ATTESTABLE_PLACE, booked), data.seen_by(n)
            asked = {"appointmentId": encode("apt", appointment), "presentingConcern": "ANXIETY"}
            account = str(data.id("account", data.scale.students + provider))
            told = {"appointment": str(appointment), "provider": str(data.id("provider", provider)), "account": account}
            yield Question(token_of("provider", provider), {"input": asked}, told)


STEPS = FOLDER / "main-job"
OPERATIONS = (
    Operation("mobile-home", "mobile home", FOLDER / "mobile-home.graphql", mobile_home),
    Operation("directory-page", "directory page", FOLDER / "directory-page.graphql", directory_page),
    Operation("providers-day", "provider's day", FOLDER / "providers-day.graphql", providers_day),
    Operation("partner-dashboard", "partner dashboard", FOLDER / "partner-dashboard.graphql", partner_list),
    Operation("partner-list", "its list alone", Path(__file__).with_name("partner-list.graphql"), partner_list),
    Operation("book", "book", STEPS / "11-request-appointment.graphql", book, changes=True),
    Operation("attest", "attest", STEPS / "15-attest-session.graphql", attest, changes=True),
)
