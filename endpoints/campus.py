"""Where a browser begins campus sign-in and comes back to; both only redirect, and no token is in any address."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from endpoints.doors import Doors, Rules, Visit
from endpoints.problems import Problem
from integrations.campus import CampusError, Client, Person
from models.base import clock, throttling
from models.base.errors import Code as Reason
from models.base.errors import Refusal
from models.base.ids import MalformedIdError, decode
from models.base.scopes import OPEN
from models.base.statements import transaction
from models.campus import campus
from models.campus.campus import CampusAttempt, CampusIssuer
from models.schools.schools import School
from operations.fields import ANYONE
from transport import Code

if TYPE_CHECKING:
    from integrations.openid import Campuses

log = structlog.get_logger()

COOKIE = "fc_campus"
CALLBACK = "/campus/callback"
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


BEGINS = Rules(name="GET /campus/{school}/sign-in", allow=ANYONE, scope=OPEN, from_other_sites=True)
COMES_BACK = Rules(name=f"GET {CALLBACK}", allow=ANYONE, scope=OPEN, from_other_sites=True, changes=True)


class CampusPages:
    """The two addresses of campus sign-in. The provider is asked outside of any transaction."""

    def __init__(self, *, address: str, loopback: bool) -> None:
        self.address = address
        self.loopback = loopback

    @cached_property
    def campuses(self) -> Campuses:
        """The providers, asked through libraries that take long to load and that few requests need."""
        from integrations.openid import Campuses

        return Campuses(loopback=self.loopback)

    def routes(self, doors: Doors) -> list[Route]:
        """For the application."""
        return [
            doors.route(CALLBACK, self.come_back, COMES_BACK),
            doors.route("/campus/{school_id}/sign-in", self.begin, BEGINS),
        ]

    async def begin(self, visit: Visit) -> Response:
        """Send the browser to its school's identity provider."""
        now, request = visit.context.now, visit.request
        source = throttling.source_of(visit.context.source)
        if not await throttling.take(throttling.BY_CAMPUS, source, at=now):
            raise Problem(code=Code.THROTTLED.value, message="There were too many tries. Wait a while.")
        try:
            begun = await campus.begin(
                school_of(request.path_params["school_id"]),
                challenge=request.query_params.get("challenge", ""),
                return_to=request.query_params.get("return_to", ""),
                at=now,
            )
            address = await self.campuses.address_to_sign_in(
                self.client_of(begun.issuer), state=begun.state, nonce=begun.nonce, verifier=begun.verifier
            )
        except (Refusal, MalformedIdError):
            raise Problem(code=Reason.NOT_FOUND.value, message="There is no campus sign-in here.") from None
        except CampusError as error:
            log.warning("campus.failed", reason=str(error))
            words = "The campus does not answer. Try again later."
            raise Problem(code=Code.UNAVAILABLE.value, message=words, status=502) from None
        answer = RedirectResponse(address, 303, headers=HEADERS)
        answer.set_cookie(
            COOKIE,
            begun.browser,
            max_age=int(campus.ATTEMPT_LASTS.total_seconds()),
            path="/campus",
            secure=self.address.startswith("https://"),
            httponly=True,
            samesite="lax",
        )
        return answer

    async def come_back(self, visit: Visit) -> Response:
        """Take what the provider sent the browser back with, and send it on to the client with a one-time code."""
        now, request = visit.context.now, visit.request
        state, browser = request.query_params.get("state", ""), request.cookies.get(COOKIE, "")
        found = await campus.answered(state, browser, at=now)
        if found is None:
            raise Problem(code=Code.BAD_REQUEST.value, message="This sign-in has ended. Begin again.")
        attempt, issuer = found
        try:
            person = await self.person(request, attempt, issuer)
        except CampusError as error:
            log.warning("campus.failed", reason=str(error))
            return self.sent_on(attempt, error="campus_failed")
        async with transaction():
            code = await campus.admit(attempt, issuer, subject=person.subject, email=person.email, at=now)
        return self.sent_on(attempt, code=code) if code else self.sent_on(attempt, error="not_a_student_here")

    async def person(self, request: Request, attempt: CampusAttempt, issuer: CampusIssuer) -> Person:
        """Who has signed in at the provider. An identity token is of the world outside: real time counts for it."""
        code = request.query_params.get("code")
        if not code:
            raise CampusError(f"{issuer.issuer} sent no code back")
        return await self.campuses.person(
            self.client_of(issuer), code=code, verifier=attempt.verifier, nonce=attempt.nonce, at=clock.real_now()
        )

    def client_of(self, issuer: CampusIssuer) -> Client:
        """Who we are to a provider."""
        return Client(
            issuer=issuer.issuer,
            client_id=issuer.client_id,
            client_secret=issuer.client_secret,
            redirect_uri=self.address + CALLBACK,
        )

    def sent_on(self, attempt: CampusAttempt, **told: str) -> Response:
        """A redirect to the client that began."""
        sign = "&" if "?" in attempt.return_to else "?"
        answer = RedirectResponse(attempt.return_to + sign + urlencode(told), 303, headers=HEADERS)
        answer.delete_cookie(COOKIE, path="/campus")
        return answer


def school_of(text: str) -> UUID:
    """The school of an address. Raises MalformedIdError."""
    return decode(School.PREFIX, text)
