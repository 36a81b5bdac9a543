"""Accounts and sign-in: links, invitations, practices, second factors, partner keys, throttles, campus sign-in."""

from tortoise import migrations
from tortoise.migrations import operations as ops

PRACTICES = """
CREATE TABLE practices (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT practices_name CHECK (name <> ''),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX practices_name_key ON practices (lower(name));

ALTER TABLE providers ADD COLUMN practice_id UUID REFERENCES practices (id) ON DELETE RESTRICT;
CREATE INDEX providers_practice ON providers (practice_id) WHERE practice_id IS NOT NULL;

ALTER TABLE memberships
    ADD COLUMN title TEXT NOT NULL DEFAULT '',
    ADD COLUMN is_owner BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN validated_at TIMESTAMPTZ,
    ADD COLUMN revalidate_by TIMESTAMPTZ,
    ADD CONSTRAINT memberships_practice FOREIGN KEY (practice_id) REFERENCES practices (id) ON DELETE RESTRICT,
    ADD CONSTRAINT memberships_owner_of_practice CHECK (NOT is_owner OR role = 'OFFICE'),
    ADD CONSTRAINT memberships_revalidation CHECK (
        (role = 'OFFICE' AND NOT is_owner) = (revalidate_by IS NOT NULL)
        AND (validated_at IS NULL) = (revalidate_by IS NULL)
        AND (revalidate_by IS NULL OR revalidate_by <= validated_at + interval '2160 hours'));
CREATE INDEX memberships_of_practice ON memberships (practice_id) WHERE practice_id IS NOT NULL;
CREATE UNIQUE INDEX memberships_one_owner ON memberships (practice_id) WHERE is_owner AND ended_at IS NULL;
"""

INVITATIONS = """
ALTER TABLE invitations
    DROP COLUMN token_hash,
    ADD COLUMN name TEXT NOT NULL DEFAULT '',
    ADD COLUMN title TEXT NOT NULL DEFAULT '',
    ADD COLUMN is_owner BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN withdrawn_at TIMESTAMPTZ,
    ADD CONSTRAINT invitations_practice FOREIGN KEY (practice_id) REFERENCES practices (id) ON DELETE RESTRICT,
    ADD CONSTRAINT invitations_subject CHECK (
        (role = 'STUDENT') = (student_id IS NOT NULL)
        AND (role = 'PROVIDER') = (provider_id IS NOT NULL)
        AND (role = 'OFFICE') = (practice_id IS NOT NULL)
        AND (role IN ('STUDENT', 'SCHOOL')) = (school_id IS NOT NULL)
        AND role IN ('STUDENT', 'PROVIDER', 'OFFICE', 'SCHOOL', 'OPS', 'FINANCE')
        AND (NOT is_owner OR role = 'OFFICE')),
    ADD CONSTRAINT invitations_one_end CHECK (accepted_at IS NULL OR withdrawn_at IS NULL),
    ADD CONSTRAINT invitations_expire CHECK (expires_at > created_at AND expires_at <= created_at + interval '720 hours');
CREATE UNIQUE INDEX invitations_one_open ON invitations
    (lower(email), role, student_id, provider_id, practice_id, school_id)
    NULLS NOT DISTINCT WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX invitations_school ON invitations (school_id) WHERE school_id IS NOT NULL;
CREATE INDEX invitations_practice ON invitations (practice_id) WHERE practice_id IS NOT NULL;
CREATE INDEX invitations_student ON invitations (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX invitations_provider ON invitations (provider_id) WHERE provider_id IS NOT NULL;

CREATE TABLE acceptances (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    document TEXT NOT NULL CONSTRAINT acceptances_document
        CHECK (document IN ('TERMS_OF_SERVICE', 'PRIVACY_POLICY', 'BUSINESS_ASSOCIATE_AGREEMENT')),
    version TEXT NOT NULL CONSTRAINT acceptances_version CHECK (version <> ''),
    accepted_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT acceptances_once UNIQUE (account_id, document, version)
);
CREATE TRIGGER acceptances_append_only BEFORE UPDATE OR DELETE ON acceptances
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER acceptances_no_truncate BEFORE TRUNCATE ON acceptances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

LINKS = """
CREATE TABLE secret_links (
    id UUID PRIMARY KEY,
    purpose TEXT NOT NULL CONSTRAINT secret_links_purpose
        CHECK (purpose IN ('INVITATION', 'EMAIL_VERIFICATION', 'PASSWORD_RESET')),
    email TEXT NOT NULL,
    account_id UUID REFERENCES accounts (id) ON DELETE RESTRICT,
    invitation_id UUID REFERENCES invitations (id) ON DELETE RESTRICT,
    token_hash BYTEA NOT NULL CONSTRAINT secret_links_token_hash CHECK (octet_length(token_hash) = 32),
    sealed_token TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    withdrawn_at TIMESTAMPTZ,
    CONSTRAINT secret_links_subject CHECK (
        (purpose = 'INVITATION') = (invitation_id IS NOT NULL)
        AND (purpose = 'INVITATION') = (account_id IS NULL)),
    CONSTRAINT secret_links_times CHECK (expires_at > created_at AND (used_at IS NULL OR used_at < expires_at)),
    CONSTRAINT secret_links_one_end CHECK (used_at IS NULL OR withdrawn_at IS NULL)
);
CREATE UNIQUE INDEX secret_links_token ON secret_links (token_hash);
CREATE UNIQUE INDEX secret_links_one_live ON secret_links (purpose, account_id, invitation_id)
    NULLS NOT DISTINCT WHERE used_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX secret_links_account ON secret_links (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX secret_links_invitation ON secret_links (invitation_id) WHERE invitation_id IS NOT NULL;
CREATE INDEX secret_links_sealed ON secret_links (expires_at) WHERE sealed_token IS NOT NULL;

CREATE TABLE reset_requests (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL
);

CREATE FUNCTION secret_links_single_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at
       OR OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at THEN
        RAISE EXCEPTION 'a link works once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'secret_links_single_use';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER secret_links_single_use BEFORE UPDATE ON secret_links
    FOR EACH ROW EXECUTE FUNCTION secret_links_single_use();
"""

SESSIONS = """
ALTER TABLE sessions
    ADD COLUMN second_factor_at TIMESTAMPTZ,
    ADD COLUMN by_campus BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX sessions_live ON sessions (account_id, id) WHERE revoked_at IS NULL;

CREATE TABLE second_factors (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL CONSTRAINT second_factors_account_id_key UNIQUE
        REFERENCES accounts (id) ON DELETE RESTRICT,
    sealed_secret TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    last_step BIGINT
);
CREATE FUNCTION second_factors_code_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_secret = OLD.sealed_secret AND OLD.last_step IS NOT NULL
       AND (NEW.last_step IS NULL OR NEW.last_step <= OLD.last_step) THEN
        RAISE EXCEPTION 'a code is taken once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'second_factors_code_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_factors_code_once BEFORE UPDATE OF last_step ON second_factors
    FOR EACH ROW EXECUTE FUNCTION second_factors_code_once();

CREATE TABLE recovery_codes (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    code_hash BYTEA NOT NULL CONSTRAINT recovery_codes_hash CHECK (octet_length(code_hash) = 32),
    created_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    CONSTRAINT recovery_codes_account_code UNIQUE (account_id, code_hash)
);
"""

THROTTLES = """
CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    began_at TIMESTAMPTZ NOT NULL,
    tries INT NOT NULL CONSTRAINT throttles_tries CHECK (tries >= 0),
    blocked_until TIMESTAMPTZ,
    succeeded_at TIMESTAMPTZ,
    forget_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttles_forget ON throttles (forget_at);
"""

PARTNERS = """
CREATE TABLE partner_keys (
    id UUID PRIMARY KEY,
    school_id UUID NOT NULL REFERENCES schools (id) ON DELETE RESTRICT,
    name TEXT NOT NULL CONSTRAINT partner_keys_name CHECK (name <> ''),
    key_hash BYTEA NOT NULL CONSTRAINT partner_keys_hash CHECK (octet_length(key_hash) = 32),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ,
    replaces_id UUID CONSTRAINT partner_keys_replaced_once UNIQUE REFERENCES partner_keys (id) ON DELETE RESTRICT,
    CONSTRAINT partner_keys_expire CHECK (expires_at >= created_at AND expires_at <= created_at + interval '8784 hours'),
    CONSTRAINT partner_keys_not_itself CHECK (replaces_id <> id)
);
CREATE UNIQUE INDEX partner_keys_key ON partner_keys (key_hash);
CREATE INDEX partner_keys_school ON partner_keys (school_id, created_at, id);
"""

CAMPUS = """
CREATE TABLE campus_issuers (
    id UUID PRIMARY KEY,
    school_id UUID NOT NULL CONSTRAINT campus_issuers_school_id_key UNIQUE REFERENCES schools (id) ON DELETE RESTRICT,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    sealed_client_secret TEXT NOT NULL,
    return_to TEXT[] NOT NULL CONSTRAINT campus_issuers_return_to CHECK (cardinality(return_to) BETWEEN 1 AND 10),
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

CREATE TABLE campus_identities (
    id UUID PRIMARY KEY,
    issuer_id UUID NOT NULL REFERENCES campus_issuers (id) ON DELETE RESTRICT,
    subject TEXT NOT NULL,
    membership_id UUID NOT NULL REFERENCES memberships (id) ON DELETE RESTRICT,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT campus_identities_subject UNIQUE (issuer_id, subject),
    CONSTRAINT campus_identities_membership UNIQUE (membership_id)
);

CREATE TABLE campus_attempts (
    id UUID PRIMARY KEY,
    issuer_id UUID NOT NULL REFERENCES campus_issuers (id) ON DELETE RESTRICT,
    state_hash BYTEA NOT NULL,
    browser_hash BYTEA NOT NULL,
    sealed_nonce TEXT NOT NULL,
    sealed_verifier TEXT NOT NULL,
    challenge TEXT NOT NULL,
    return_to TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ,
    membership_id UUID REFERENCES memberships (id) ON DELETE RESTRICT,
    code_hash BYTEA,
    exchanged_at TIMESTAMPTZ,
    CONSTRAINT campus_attempts_order CHECK (
        (membership_id IS NULL) = (code_hash IS NULL)
        AND (code_hash IS NULL OR answered_at IS NOT NULL)
        AND (exchanged_at IS NULL OR code_hash IS NOT NULL))
);
CREATE UNIQUE INDEX campus_attempts_state ON campus_attempts (state_hash);
CREATE UNIQUE INDEX campus_attempts_code ON campus_attempts (code_hash) WHERE code_hash IS NOT NULL;
CREATE INDEX campus_attempts_issuer ON campus_attempts (issuer_id);
CREATE INDEX campus_attempts_membership ON campus_attempts (membership_id) WHERE membership_id IS NOT NULL;
CREATE INDEX campus_attempts_expire ON campus_attempts (expires_at);
"""


class Migration(migrations.Migration):
    """Tables and rules; the constraint on single use is a trigger, as is that of a code which is taken once."""

    dependencies = [("models", "0002_rules")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in (
            "SET LOCAL lock_timeout = '5s'",
            PRACTICES,
            INVITATIONS,
            LINKS,
            SESSIONS,
            THROTTLES,
            PARTNERS,
            CAMPUS,
        )
    ]
