"""OpenID Connect: what is said to a school's identity provider, and how its answer is checked."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from integrations.campus import CampusError, Client, Person, is_sound_address
from integrations.fetching import Bounds, Fetched, Fetcher, FetchError

SCOPE = "openid email"
ALGORITHMS = ["RS256", "PS256", "ES256"]
BOUNDS = Bounds(bytes_max=1_000_000, seconds=5, ports=None)
"""A provider may listen at any port: OPS enters it."""
LEEWAY_SECONDS = 60
KNOWN_FOR_SECONDS = 600
WANTED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Campuses:
    """Talks to identity providers; what they publish about themselves is remembered for ten minutes.

    OPS enters an issuer, and its metadata name further addresses: all of them are fetched as a stranger's are.
    """

    def __init__(self, *, loopback: bool, fetcher: Fetcher | None = None) -> None:
        self.loopback = loopback
        self.fetcher = fetcher or Fetcher(loopback=loopback)
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def address_to_sign_in(self, client: Client, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser: the code flow with PKCE, state and nonce."""
        metadata = await self.metadata(client.issuer)
        asked = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return str(add_params_to_uri(metadata["authorization_endpoint"], list(asked.items())))

    async def person(self, client: Client, *, code: str, verifier: str, nonce: str, at: datetime) -> Person:
        """Exchange the code that came back, and check the identity token at this instant. Raises CampusError."""
        metadata = await self.metadata(client.issuer)
        try:
            token = await self._token(client, metadata["token_endpoint"], code=code, verifier=verifier)
            keys = KeySet.import_key_set(await self._read(metadata["jwks_uri"]))  # type: ignore[arg-type]
            decoded = jwt.decode(str(token["id_token"]), keys, algorithms=ALGORITHMS)
            checked = registry(client, nonce, at)
            checked.validate(decoded.claims)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise CampusError(f"the sign-in at {client.issuer} failed: {type(error).__name__}") from error
        return person_of(decoded.claims, client)

    async def metadata(self, issuer: str) -> dict[str, Any]:
        """What the provider publishes about itself. Raises CampusError."""
        known = self._known.get(issuer)
        if known is not None and time.monotonic() - known[0] < KNOWN_FOR_SECONDS:
            return known[1]
        found = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise CampusError(f"{issuer} says that it is somebody else")
        for name in WANTED:
            if not is_sound_address(str(found.get(name, "")), loopback=self.loopback):
                raise CampusError(f"{issuer} names no sound {name}")
        self._known[issuer] = (time.monotonic(), found)
        return found

    async def _token(self, client: Client, address: str, *, code: str, verifier: str) -> dict[str, Any]:
        """What a provider gives for a code. Raises CampusError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }
        own = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
        headers = {
            "authorization": f"Basic {own}",
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        try:
            answer = await self.fetcher.post(address, body=urlencode(form).encode(), headers=headers, bounds=BOUNDS)
        except FetchError as error:
            raise CampusError(f"{address} does not answer: {error.fault}") from error
        if answer.status != 200:
            raise CampusError(f"the sign-in at {client.issuer} failed: its status is {answer.status}")
        return object_of(answer)

    async def _read(self, address: str) -> dict[str, Any]:
        """What a provider publishes. Raises CampusError."""
        try:
            return object_of(await self.fetcher.get(address, bounds=BOUNDS, headers={"accept": "application/json"}))
        except FetchError as error:
            raise CampusError(f"{address} does not answer: {error.fault}") from error


def object_of(answer: Fetched) -> dict[str, Any]:
    """The object that an answer holds. Raises CampusError."""
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CampusError(f"{answer.url} answers no object")
    return found


def registry(client: Client, nonce: str, at: datetime) -> jwt.JWTClaimsRegistry:
    """What an identity token must say: made by this provider, for us, for this very sign-in, and not over."""
    return jwt.JWTClaimsRegistry(
        now=int(at.timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": client.issuer},
        aud={"essential": True, "value": client.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )


def person_of(claims: Mapping[str, Any], client: Client) -> Person:
    """Who the checked claims are about. Raises CampusError for a token that was made for somebody else too."""
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client.client_id:
        raise CampusError(f"a token of {client.issuer} is for several, and not asked for by us")
    email = claims.get("email") if claims.get("email_verified") is True else None
    return Person(str(claims["sub"]), str(email) if email else None)
