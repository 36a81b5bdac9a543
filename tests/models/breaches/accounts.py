"""Breaches of accounts, memberships, sessions, links, agreements, consents and second factors."""

from typing import Any

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied, inserted

OTHER_HASH = "\\x" + "11" * 32

WRONG_SUBJECTS: dict[str, dict[str, Any]] = {
    "a student without a student": {"student_id": None},
    "a student without a school": {"school_id": None},
    "a role that is none": {"role": "GUEST", "student_id": None, "school_id": None},
    "a provider that is a student": {"role": "PROVIDER"},
    "a school without a school": {"role": "SCHOOL", "student_id": None, "school_id": None},
    "staff that has a school": {"role": "OPS", "student_id": None},
    "a student that is an office too": {"practice_id": "$new"},
}


def session(*, id: str) -> str:
    """An INSERT of a session; two of them have one token."""
    return inserted(
        "sessions", id=id, account_id="$account", membership_id="$membership", access_hash="x", access_until="now",
        device="", created_at="now", seen_at="now", until="now", by_campus=False,
    )  # fmt: skip


def refresh_token(token: str, *, id: str, used_at: str | None = None) -> str:
    """An INSERT of a refresh token of the new session."""
    return inserted("refresh_tokens", id=id, session_id="$new", token_hash=token, created_at="now", used_at=used_at)


MEMBERSHIPS = [
    breach("two accounts of one address, in capitals", "accounts_email",
           inserted("accounts", email="SOMEBODY@EXAMPLE.TEST", name="", created_at="now")),
    *(breach(f"a membership of {about}", "memberships_subject", copied("memberships", "$membership", **subject))
      for about, subject in WRONG_SUBJECTS.items()),
    breach("a membership of a student in another school", "memberships_student_of_school",
           copied("memberships", "$membership", school_id="$other_school")),
    breach("one membership twice", "memberships_one", copied("memberships", "$membership")),
    breach("a membership of an erased student", "students_not_erased",
           copied("memberships", "$membership", student_id="$erased")),
]  # fmt: skip

SESSIONS = [
    breach("two sessions of one token", "sessions_access", session(id="$new"), session(id="$newer")),
    breach("two refresh tokens of one secret", "refresh_tokens_hash",
           session(id="$new"), refresh_token("x", id="$newer", used_at="now"),
           refresh_token("x", id="$newest", used_at="now")),
    breach("two unused refresh tokens of one session", "refresh_tokens_one_unused",
           session(id="$new"), refresh_token("x", id="$newer"), refresh_token("y", id="$newest")),
]  # fmt: skip

AGREEMENTS = [
    breach("a document that is none", "acceptances_document",
           copied("acceptances", "$acceptance", document="RECIPE")),
    breach("a document in no version", "acceptances_version",
           copied("acceptances", "$acceptance", version="")),
    breach("one version accepted twice", "acceptances_once", copied("acceptances", "$acceptance")),
    breach("an acceptance is edited", "acceptances_append_only",
           changed("acceptances", "$acceptance", "version = 'x'")),
    breach("an acceptance is deleted", "acceptances_append_only", deleted("acceptances", "$acceptance")),
    breach("all acceptances are removed", "acceptances_append_only", emptied("acceptances")),
]  # fmt: skip

TEXTS = [
    breach("a text about nothing known", "consent_texts_purpose", copied("consent_texts", "$text", purpose="LUNCH")),
    breach("a text in no version", "consent_texts_version", copied("consent_texts", "$text", version="new")),
    breach("a text in no known language", "consent_texts_language", copied("consent_texts", "$text", language="xx")),
    breach("a text without words", "consent_texts_said", copied("consent_texts", "$text", body="", version="2040-01")),
    breach("two texts of one version", "consent_texts_once", copied("consent_texts", "$text")),
    breach("a text is edited", "consent_texts_append_only", changed("consent_texts", "$text", "body = 'x'")),
    breach("a text is deleted", "consent_texts_append_only", deleted("consent_texts", "$text")),
    breach("all texts are removed", "consent_texts_append_only", emptied("consent_texts")),
]

CONSENTS = [
    breach("a consent without words", "consents_in_words",
           copied("consents", "$withdrawn_consent", consent_text_id="$new")),
    breach("a consent to half a subject", "consents_subject",
           copied("consents", "$withdrawn_consent", subject_id="$new")),
    breach("video with one provider alone", "consents_telehealth_of_all",
           copied("consents", "$withdrawn_consent", subject_type="prv", subject_id="$provider")),
    breach("a consent that ends before it begins", "consents_times",
           changed("consents", "$consent", "withdrawn_at = given_at - interval '1 day'")),
    breach("two live consents to one thing", "consents_one_live", copied("consents", "$consent")),
    breach("a consent is given earlier", "consents_only_end",
           changed("consents", "$consent", "given_at = given_at - interval '1 day'")),
    breach("a withdrawn consent lives again", "consents_only_end",
           changed("consents", "$withdrawn_consent", "withdrawn_at = NULL")),
    breach("a consent is deleted", "consents_append_only", deleted("consents", "$withdrawn_consent")),
    breach("all consents are removed", "consents_append_only", emptied("consents")),
]  # fmt: skip

LINKS = [
    breach("a purpose that is none", "secret_links_purpose", changed("secret_links", "$link", "purpose = 'FUN'")),
    breach("a token that is no hash", "secret_links_token_hash",
           changed("secret_links", "$link", "token_hash = 'fc_link_plain'")),
    breach("a reset of nobody", "secret_links_subject", changed("secret_links", "$link", "account_id = NULL")),
    breach("a reset of an invitation", "secret_links_subject",
           changed("secret_links", "$link", "invitation_id = '$invitation'")),
    breach("a link that ends before it begins", "secret_links_times",
           changed("secret_links", "$link", "expires_at = created_at")),
    breach("a link used after its end", "secret_links_times", changed("secret_links", "$link", "used_at = expires_at")),
    breach("a link with two ends", "secret_links_one_end",
           changed("secret_links", "$link", "used_at = created_at, withdrawn_at = created_at")),
    breach("two links of one token", "secret_links_token",
           changed("secret_links", "$link",
                   "token_hash = (SELECT token_hash FROM secret_links WHERE id = '$used')")),
    breach("two live links for the same", "secret_links_one_live",
           copied("secret_links", "$link", token_hash=OTHER_HASH)),
    breach("a live link that has replaced an address", "secret_links_replaced",
           changed("secret_links", "$link", "replaced_email = 'x@example.test'")),
    breach("a reset that has replaced an address", "secret_links_replaced",
           changed("secret_links", "$used", "replaced_email = 'x@example.test'")),
    breach("a used link works again", "secret_links_single_use", changed("secret_links", "$used", "used_at = NULL")),
    breach("a withdrawn link works again", "secret_links_single_use",
           changed("secret_links", "$withdrawn", "withdrawn_at = NULL")),
]  # fmt: skip

FACTORS = [
    breach("two authenticators of one account", "second_factors_account_id_key", copied("second_factors", "$factor")),
    breach("a code is taken twice", "second_factors_code_once", changed("second_factors", "$factor", "last_step = 7")),
    breach("a code of the past is taken", "second_factors_code_once",
           changed("second_factors", "$factor", "last_step = 6")),
    breach("what was taken is forgotten", "second_factors_code_once",
           changed("second_factors", "$factor", "last_step = NULL")),
    breach("a recovery code that is no hash", "recovery_codes_hash",
           changed("recovery_codes", "$code", "code_hash = 'ABCD'")),
    breach("one recovery code twice", "recovery_codes_account_code", copied("recovery_codes", "$code")),
]  # fmt: skip

BREACHES = [*MEMBERSHIPS, *SESSIONS, *AGREEMENTS, *TEXTS, *CONSENTS, *LINKS, *FACTORS]
