"""Who may see and do what in directory, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from tests.areas.vocabulary import (
    ALL,
    EVERYBODY,
    NONE,
    OPS,
    OWN,
    PARTNER,
    PROVIDER,
    SCHOOL,
    STUDENT,
    Expected,
    Others,
    Seen,
    seen,
)

VERIFIED = frozenset({"own", "other", "left", "hidden"})
PROVIDERS_OWN = frozenset({"own", "own unverified"})

QUERY: Expected = {
    "provider": EVERYBODY,
    "providers": {STUDENT, SCHOOL, PARTNER, OPS},
}

MUTATION: Expected = {
    "joinProvider": {OPS},
    "enterLicense": {PROVIDER, OPS},
    "verifyLicense": {OPS},
    "attachLicenseEvidence": {PROVIDER, OPS},
}

NARROWED: dict[str, set[Role]] = {
    "License.evidence": {PROVIDER, OPS},
}

SEEN: dict[str, Seen] = {
    "prv": seen(
        student=frozenset({"own", "other", "left"}),
        provider=OWN,
        office=OWN,
        school=frozenset({"own", "other", "left"}),
        partner=frozenset({"own", "other", "left"}),
        ops=ALL,
        finance=ALL,
    ),
    "lic": seen(
        student=VERIFIED,
        provider=PROVIDERS_OWN,
        office=PROVIDERS_OWN,
        school=VERIFIED - {"hidden"},
        partner=VERIFIED - {"hidden"},
        ops=ALL,
        finance=NONE,
    ),
}

OTHERS: Others = {
    ("enterLicense", PROVIDER): lambda other: {
        "providerId": other.provider.type_id,
        "licenseClass": "ASSOCIATE",
        "title": "T",
        "number": "1",
        "state": "MA",
        "expiresOn": "2030-01-01",
    },
    ("attachLicenseEvidence", PROVIDER): lambda other: {
        "licenseId": other.license.type_id,
        "uploadId": other.upload.type_id,
    },
}
