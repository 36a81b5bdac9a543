"""The tables of the platform, with every rule that one table can state about itself."""

from tortoise import migrations
from tortoise.migrations import operations as ops

GROUND = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE events (
    id UUID PRIMARY KEY,
    verb TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor_id UUID,
    actor_role TEXT,
    request_id TEXT NOT NULL,
    appointment_id UUID,
    student_id UUID,
    provider_id UUID,
    school_id UUID,
    data JSONB NOT NULL
);
CREATE INDEX events_subject ON events (subject_id, id);
CREATE INDEX events_appointment ON events (appointment_id, id) WHERE appointment_id IS NOT NULL;
CREATE INDEX events_student ON events (student_id, id) WHERE student_id IS NOT NULL;

CREATE TABLE outbox (event_id UUID PRIMARY KEY REFERENCES events (id) ON DELETE RESTRICT);

CREATE TABLE idempotency_keys (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    key TEXT NOT NULL,
    asked BYTEA NOT NULL,
    answer JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT idempotency_keys_account_key UNIQUE (account_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE demo_clock (
    id INT PRIMARY KEY CONSTRAINT demo_clock_one_row CHECK (id = 1),
    ahead_seconds BIGINT NOT NULL CONSTRAINT demo_clock_forward CHECK (ahead_seconds >= 0)
);
"""

DIRECTORY = """
CREATE TABLE schools (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT schools_name_key UNIQUE,
    time_zone TEXT NOT NULL,
    credits_min INT NOT NULL,
    credits_max INT NOT NULL,
    missed_session_policy TEXT NOT NULL
        CONSTRAINT schools_missed_session_policy CHECK (missed_session_policy IN ('RELEASE', 'FORFEIT')),
    crisis_line TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT schools_limits CHECK (credits_min >= 1 AND credits_min <= credits_max)
);

CREATE TABLE students (
    id UUID PRIMARY KEY,
    school_id UUID NOT NULL REFERENCES schools (id) ON DELETE RESTRICT,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT,
    state TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT students_school UNIQUE (id, school_id)
);
CREATE UNIQUE INDEX students_email_in_school ON students (school_id, lower(email));

CREATE TABLE providers (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    email TEXT NOT NULL,
    bio TEXT NOT NULL,
    specialties TEXT[] NOT NULL,
    services TEXT[] NOT NULL
        CONSTRAINT providers_services CHECK (services <@ ARRAY['THERAPY', 'MEDICATION_MANAGEMENT']),
    degree_level TEXT NOT NULL
        CONSTRAINT providers_degree_level CHECK (degree_level IN ('ASSOCIATE', 'MASTERS', 'DOCTORATE')),
    time_zone TEXT NOT NULL,
    telehealth_link TEXT NOT NULL,
    missed_appointment_policy TEXT NOT NULL,
    accepting_new_clients BOOLEAN NOT NULL,
    searchable BOOLEAN NOT NULL,
    openings_until DATE,
    confirmed_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX providers_name ON providers (name, id) WHERE searchable;
CREATE INDEX providers_openings_until ON providers (openings_until) WHERE openings_until IS NOT NULL;

CREATE TABLE licenses (
    id UUID PRIMARY KEY,
    provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    license_class TEXT NOT NULL,
    title TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_on DATE NOT NULL,
    verified_at TIMESTAMPTZ,
    CONSTRAINT licenses_state_number_key UNIQUE (state, number),
    CONSTRAINT licenses_of_provider_in_state UNIQUE (id, provider_id, state)
);
CREATE INDEX licenses_provider ON licenses (provider_id);
CREATE INDEX licenses_in_state ON licenses (state, provider_id) INCLUDE (expires_on) WHERE verified_at IS NOT NULL;

CREATE TABLE enrollments (
    id UUID PRIMARY KEY,
    provider_id UUID NOT NULL CONSTRAINT enrollments_provider_id_key UNIQUE
        REFERENCES providers (id) ON DELETE RESTRICT,
    status TEXT NOT NULL CONSTRAINT enrollments_status
        CHECK (status IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'ACTIVE', 'SUSPENDED', 'ENDED')),
    activated_at TIMESTAMPTZ
);

CREATE TABLE weekly_hours (
    id UUID PRIMARY KEY,
    provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    weekday SMALLINT NOT NULL CONSTRAINT weekly_hours_weekday CHECK (weekday BETWEEN 1 AND 7),
    starts TIME NOT NULL,
    ends TIME NOT NULL,
    time_zone TEXT NOT NULL,
    CONSTRAINT weekly_hours_order CHECK (starts < ends),
    CONSTRAINT weekly_hours_no_overlap EXCLUDE USING gist (
        provider_id WITH =, weekday WITH =,
        int4range(extract(epoch FROM starts)::int, extract(epoch FROM ends)::int) WITH &&)
);

CREATE TABLE openings (
    id UUID PRIMARY KEY,
    provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT openings_order CHECK (starts_at < ends_at),
    CONSTRAINT openings_provider_start UNIQUE (provider_id, starts_at)
);

CREATE TABLE rates (
    id UUID PRIMARY KEY,
    visit_type TEXT NOT NULL CONSTRAINT rates_visit_type CHECK (visit_type IN ('INTAKE', 'FOLLOW_UP')),
    service TEXT NOT NULL,
    degree_level TEXT NOT NULL,
    license_class TEXT NOT NULL,
    state TEXT,
    amount_cents BIGINT NOT NULL CONSTRAINT rates_amount CHECK (amount_cents > 0),
    effective_from DATE NOT NULL,
    CONSTRAINT rates_one_for_a_day UNIQUE NULLS NOT DISTINCT
        (visit_type, service, degree_level, license_class, state, effective_from)
);
"""

ACCOUNTS = """
CREATE TABLE accounts (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT,
    email_verified_at TIMESTAMPTZ,
    disabled_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

CREATE TABLE memberships (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    role TEXT NOT NULL,
    student_id UUID REFERENCES students (id) ON DELETE RESTRICT,
    provider_id UUID REFERENCES providers (id) ON DELETE RESTRICT,
    practice_id UUID,
    school_id UUID REFERENCES schools (id) ON DELETE RESTRICT,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CONSTRAINT memberships_subject CHECK (
        (role = 'STUDENT') = (student_id IS NOT NULL)
        AND (role = 'PROVIDER') = (provider_id IS NOT NULL)
        AND (role = 'OFFICE') = (practice_id IS NOT NULL)
        AND (role IN ('STUDENT', 'SCHOOL', 'PARTNER')) = (school_id IS NOT NULL)
        AND role IN ('STUDENT', 'PROVIDER', 'OFFICE', 'SCHOOL', 'PARTNER', 'OPS', 'FINANCE')),
    CONSTRAINT memberships_student_of_school FOREIGN KEY (student_id, school_id) REFERENCES students (id, school_id)
        ON DELETE RESTRICT
);
CREATE INDEX memberships_account ON memberships (account_id);
CREATE INDEX memberships_student ON memberships (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX memberships_provider ON memberships (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX memberships_school ON memberships (school_id) WHERE school_id IS NOT NULL;
CREATE UNIQUE INDEX memberships_one ON memberships (account_id, role, student_id, provider_id, practice_id, school_id)
    NULLS NOT DISTINCT WHERE ended_at IS NULL;

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    membership_id UUID NOT NULL REFERENCES memberships (id) ON DELETE RESTRICT,
    access_hash BYTEA NOT NULL,
    access_until TIMESTAMPTZ NOT NULL,
    device TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX sessions_access ON sessions (access_hash);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_membership ON sessions (membership_id);

CREATE TABLE refresh_tokens (
    id UUID PRIMARY KEY,
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX refresh_tokens_hash ON refresh_tokens (token_hash);
CREATE UNIQUE INDEX refresh_tokens_one_unused ON refresh_tokens (session_id) WHERE used_at IS NULL;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE invitations (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    student_id UUID REFERENCES students (id) ON DELETE RESTRICT,
    provider_id UUID REFERENCES providers (id) ON DELETE RESTRICT,
    practice_id UUID,
    school_id UUID REFERENCES schools (id) ON DELETE RESTRICT,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    accepted_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE INDEX invitations_email ON invitations (lower(email));
"""

CREDITS = """
CREATE TABLE wallets (
    id UUID PRIMARY KEY,
    student_id UUID NOT NULL CONSTRAINT wallets_student_id_key UNIQUE,
    school_id UUID NOT NULL,
    granted INT NOT NULL,
    available INT NOT NULL CONSTRAINT wallets_available_check CHECK (available >= 0),
    held INT NOT NULL CONSTRAINT wallets_held_check CHECK (held >= 0),
    settled INT NOT NULL CONSTRAINT wallets_settled_check CHECK (settled >= 0),
    expired INT NOT NULL CONSTRAINT wallets_expired_check CHECK (expired >= 0),
    revoked INT NOT NULL CONSTRAINT wallets_revoked_check CHECK (revoked >= 0),
    forfeited INT NOT NULL CONSTRAINT wallets_forfeited_check CHECK (forfeited >= 0),
    CONSTRAINT wallets_is_of_student CHECK (id = student_id),
    CONSTRAINT wallets_sum CHECK (granted = available + held + settled + expired + revoked + forfeited),
    CONSTRAINT wallets_student_of_school FOREIGN KEY (student_id, school_id) REFERENCES students (id, school_id)
        ON DELETE RESTRICT
);
CREATE INDEX wallets_school ON wallets (school_id);

CREATE TABLE grants (
    id UUID PRIMARY KEY,
    wallet_id UUID NOT NULL REFERENCES wallets (id) ON DELETE RESTRICT,
    student_id UUID NOT NULL,
    school_id UUID NOT NULL,
    credits INT NOT NULL CONSTRAINT grants_credits_check CHECK (credits > 0),
    unused INT NOT NULL,
    expires_at TIMESTAMPTZ,
    note TEXT NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT grants_unused_check CHECK (unused >= 0 AND unused <= credits),
    CONSTRAINT grants_wallet_of_student CHECK (wallet_id = student_id),
    CONSTRAINT grants_student_of_school FOREIGN KEY (student_id, school_id) REFERENCES students (id, school_id)
        ON DELETE RESTRICT
);
CREATE INDEX grants_wallet ON grants (wallet_id, expires_at, id);
CREATE INDEX grants_school ON grants (school_id, granted_at);
"""

APPOINTMENTS = """
CREATE TABLE appointments (
    id UUID PRIMARY KEY,
    student_id UUID NOT NULL,
    provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    school_id UUID NOT NULL,
    license_id UUID NOT NULL,
    status TEXT NOT NULL CONSTRAINT appointments_status CHECK (status IN (
        'REQUESTED', 'CONFIRMED', 'COMPLETED', 'DECLINED', 'EXPIRED', 'WITHDRAWN', 'CANCELLED', 'NO_SHOW')),
    visit_type TEXT NOT NULL CONSTRAINT appointments_visit_type CHECK (visit_type IN ('INTAKE', 'FOLLOW_UP')),
    service TEXT NOT NULL,
    state TEXT NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    confirm_by TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    attest_by TIMESTAMPTZ NOT NULL,
    expected_cents BIGINT,
    telehealth_link TEXT NOT NULL,
    missed_appointment_policy TEXT NOT NULL,
    CONSTRAINT appointments_order CHECK (starts_at < ends_at),
    CONSTRAINT appointments_answer_in_time CHECK (
        confirm_by <= starts_at AND confirm_by <= requested_at + interval '72 hours'
        AND (confirmed_at IS NULL OR confirmed_at < confirm_by)),
    CONSTRAINT appointments_attest_after CHECK (attest_by > ends_at),
    CONSTRAINT appointments_end CHECK ((status IN ('REQUESTED', 'CONFIRMED')) = (ended_at IS NULL)),
    CONSTRAINT appointments_confirmed CHECK (
        status NOT IN ('CONFIRMED', 'COMPLETED', 'CANCELLED', 'NO_SHOW') OR confirmed_at IS NOT NULL),
    CONSTRAINT appointments_student_of_school FOREIGN KEY (student_id, school_id) REFERENCES students (id, school_id)
        ON DELETE RESTRICT,
    CONSTRAINT appointments_license FOREIGN KEY (license_id, provider_id, state)
        REFERENCES licenses (id, provider_id, state) ON DELETE RESTRICT,
    CONSTRAINT appointments_provider_free EXCLUDE USING gist (
        provider_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('REQUESTED', 'CONFIRMED')),
    CONSTRAINT appointments_student_free EXCLUDE USING gist (
        student_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('REQUESTED', 'CONFIRMED'))
);
CREATE UNIQUE INDEX appointments_one_live_intake ON appointments (student_id, provider_id)
    WHERE visit_type = 'INTAKE' AND status IN ('REQUESTED', 'CONFIRMED');
CREATE UNIQUE INDEX appointments_one_completed_intake ON appointments (student_id, provider_id)
    WHERE visit_type = 'INTAKE' AND status = 'COMPLETED';
CREATE INDEX appointments_student ON appointments (student_id, starts_at, id);
CREATE INDEX appointments_provider ON appointments (provider_id, starts_at, id);
CREATE INDEX appointments_pair ON appointments (provider_id, student_id);
CREATE INDEX appointments_school ON appointments (school_id, starts_at, id);
CREATE INDEX appointments_to_attest ON appointments (provider_id, ends_at) WHERE status = 'CONFIRMED';
CREATE INDEX appointments_unanswered ON appointments (confirm_by) WHERE status = 'REQUESTED';

CREATE TABLE transfers (
    id UUID PRIMARY KEY,
    wallet_id UUID NOT NULL REFERENCES wallets (id) ON DELETE RESTRICT,
    student_id UUID NOT NULL,
    school_id UUID NOT NULL,
    grant_id UUID NOT NULL REFERENCES grants (id) ON DELETE RESTRICT,
    appointment_id UUID REFERENCES appointments (id) ON DELETE RESTRICT,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    credits INT NOT NULL CONSTRAINT transfers_credits CHECK (credits > 0),
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT transfers_moves CHECK ((kind, source, target) IN (
        ('GRANT', 'SCHOOL', 'AVAILABLE'), ('HOLD', 'AVAILABLE', 'HELD'), ('SETTLE', 'HELD', 'SETTLED'),
        ('RELEASE', 'HELD', 'AVAILABLE'), ('FORFEIT', 'HELD', 'FORFEITED'), ('EXPIRE', 'AVAILABLE', 'EXPIRED'),
        ('REVOKE', 'AVAILABLE', 'REVOKED'), ('REVERSE', 'SETTLED', 'AVAILABLE'))),
    CONSTRAINT transfers_one_credit_a_session CHECK (
        (kind IN ('HOLD', 'SETTLE', 'RELEASE', 'FORFEIT', 'REVERSE')) = (appointment_id IS NOT NULL)
        AND (appointment_id IS NULL OR credits = 1)),
    CONSTRAINT transfers_wallet_of_student CHECK (wallet_id = student_id)
);
CREATE INDEX transfers_wallet ON transfers (wallet_id, id);
CREATE INDEX transfers_grant ON transfers (grant_id);
CREATE INDEX transfers_appointment ON transfers (appointment_id) WHERE appointment_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_one_hold ON transfers (appointment_id) WHERE kind = 'HOLD';
CREATE UNIQUE INDEX transfers_one_end ON transfers (appointment_id) WHERE kind IN ('SETTLE', 'RELEASE', 'FORFEIT');
CREATE UNIQUE INDEX transfers_one_reversal ON transfers (appointment_id) WHERE kind = 'REVERSE';
CREATE UNIQUE INDEX transfers_one_grant ON transfers (grant_id) WHERE kind = 'GRANT';

CREATE TABLE claims (
    id UUID PRIMARY KEY,
    appointment_id UUID NOT NULL REFERENCES appointments (id) ON DELETE RESTRICT,
    student_id UUID NOT NULL REFERENCES students (id) ON DELETE RESTRICT,
    provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    school_id UUID NOT NULL REFERENCES schools (id) ON DELETE RESTRICT,
    visit_type TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT claims_status CHECK (status IN ('ACCEPTED', 'DENIED', 'VOID')),
    presenting_concern TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    rate_id UUID REFERENCES rates (id) ON DELETE RESTRICT,
    reasons JSONB NOT NULL,
    attested_by UUID NOT NULL,
    submitted_at TIMESTAMPTZ NOT NULL,
    adjudicated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT claims_amount CHECK (amount_cents >= 0 AND (status <> 'ACCEPTED' OR amount_cents > 0)),
    CONSTRAINT claims_denied_pays_nothing CHECK (status <> 'DENIED' OR (amount_cents = 0 AND reasons <> '[]'))
);
CREATE UNIQUE INDEX claims_one_live ON claims (appointment_id) WHERE status <> 'VOID';
CREATE UNIQUE INDEX claims_one_intake ON claims (student_id, provider_id)
    WHERE visit_type = 'INTAKE' AND status = 'ACCEPTED';
CREATE INDEX claims_provider ON claims (provider_id, submitted_at, id);
CREATE INDEX claims_school ON claims (school_id, submitted_at);
CREATE INDEX claims_student ON claims (student_id);
CREATE INDEX claims_appointment ON claims (appointment_id);
CREATE INDEX claims_rate ON claims (rate_id) WHERE rate_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    """Tables first, rules across tables in the next migration."""

    initial = True
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", GROUND, DIRECTORY, ACCOUNTS, CREDITS, APPOINTMENTS)
    ]
