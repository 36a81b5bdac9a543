"""OpenID Connect: what is said to a school's identity provider, and how its answer is checked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from integrations.campus import CampusError, Client, Person, is_sound_address

SCOPE = "openid email"
ALGORITHMS = ["RS256", "PS256", "ES256"]
SECONDS_MAX = 5
LEEWAY_SECONDS = 60
KNOWN_FOR_SECONDS = 600
ANSWER_BYTES_MAX = 1_000_000
WANTED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Campuses:
    """Talks to identity providers; what they publish about themselves is remembered for ten minutes."""

    def __init__(self, *, loopback: bool) -> None:
        self.loopback = loopback
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def address_to_sign_in(self, client: Client, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser: the code flow with PKCE, state and nonce."""
        metadata = await self.metadata(client.issuer)
        async with self._oauth(client) as oauth:
            address, _ = oauth.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return str(address)

    async def person(self, client: Client, *, code: str, verifier: str, nonce: str, at: datetime) -> Person:
        """Exchange the code that came back, and check the identity token at this instant. Raises CampusError."""
        metadata = await self.metadata(client.issuer)
        try:
            async with self._oauth(client) as oauth:
                token = await oauth.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
            keys = KeySet.import_key_set(await self._read(metadata["jwks_uri"]))  # type: ignore[arg-type]
            decoded = jwt.decode(str(token["id_token"]), keys, algorithms=ALGORITHMS)
            checked = registry(client, nonce, at)
            checked.validate(decoded.claims)
        except (AuthlibBaseError, JoseError, httpx2.HTTPError, KeyError, TypeError, ValueError) as error:
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

    async def _read(self, address: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=SECONDS_MAX) as http:
                answer = await http.get(address)
            answer.raise_for_status()
            if len(answer.content) > ANSWER_BYTES_MAX:
                raise CampusError(f"{address} answers too much")
            found = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise CampusError(f"{address} does not answer: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise CampusError(f"{address} answers no object")
        return found

    def _oauth(self, client: Client) -> Any:
        return AsyncOAuth2Client(
            client.client_id,
            client.client_secret,
            scope=SCOPE,
            redirect_uri=client.redirect_uri,
            code_challenge_method="S256",
            timeout=SECONDS_MAX,
        )


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
