"""The floor's statements, written by hand for exactly what each screen shows."""

WALLET = "SELECT available, held, settled FROM wallets WHERE id = $1"

UPCOMING = """
SELECT a.id, a.status, a.visit_type, a.starts_at, a.ends_at, a.confirm_by, a.telehealth_link, p.id, p.name, p.title
  FROM appointments a JOIN providers p ON p.id = a.provider_id
 WHERE a.student_id = $1 AND a.ended_at IS NULL AND a.ends_at > $2
   AND a.starts_at > $2::timestamptz - interval '1 hour'
 ORDER BY a.starts_at, a.id LIMIT 5
"""

DIRECTORY = """
SELECT p.id, p.name, p.title, p.specialties, p.accepting_new_clients, p.missed_appointment_policy
  FROM providers p
 WHERE p.searchable AND EXISTS (SELECT 1 FROM licenses l WHERE l.provider_id = p.id AND l.state = $1
                                   AND l.verified_at IS NOT NULL AND l.expires_on >= $2)
 ORDER BY p.name, p.id LIMIT 21
"""

LICENSES = """
SELECT provider_id, title, state FROM licenses
 WHERE provider_id = ANY ($1) AND verified_at IS NOT NULL ORDER BY state, id
"""

OPENINGS = """
SELECT parent.id, o.id, o.starts_at FROM unnest($1::uuid[]) AS parent (id) CROSS JOIN LATERAL (
    SELECT (r.effective_from::timestamp AT TIME ZONE p.time_zone) AS since,
           ((l.expires_on + 1)::timestamp AT TIME ZONE p.time_zone) AS until
      FROM providers p JOIN licenses l ON l.provider_id = p.id
      JOIN rates r ON r.service = 'THERAPY' AND r.degree_level = p.degree_level AND r.license_class = l.license_class
       AND (r.state IS NULL OR r.state = l.state)
       AND r.visit_type = CASE WHEN EXISTS (
               SELECT 1 FROM appointments d WHERE d.student_id = $4 AND d.provider_id = p.id
                  AND d.visit_type = 'INTAKE' AND d.status = 'COMPLETED') THEN 'FOLLOW_UP' ELSE 'INTAKE' END
     WHERE p.id = parent.id AND p.searchable AND 'THERAPY' = ANY (p.services) AND l.state = $5
       AND l.verified_at IS NOT NULL AND l.license_class <> 'PSYCHIATRIC_NURSE_PRACTITIONER'
     ORDER BY l.expires_on DESC, r.effective_from LIMIT 1) terms CROSS JOIN LATERAL (
    SELECT o.id, o.starts_at FROM openings o
     WHERE o.provider_id = parent.id AND o.starts_at >= greatest($2, terms.since)
       AND o.starts_at < least($3, terms.until, (
           SELECT max(COALESCE(g.expires_at, 'infinity')) FROM grants g WHERE g.wallet_id = $4 AND g.unused > 0))
       AND NOT EXISTS (SELECT 1 FROM appointments t WHERE t.provider_id = o.provider_id
                          AND t.ended_at IS NULL
                          AND t.starts_at < o.ends_at AND t.ends_at > o.starts_at
                          AND t.starts_at > o.starts_at - interval '1 hour')
       AND NOT EXISTS (SELECT 1 FROM appointments b WHERE b.student_id = $4
                          AND b.ended_at IS NULL
                          AND b.starts_at < o.ends_at AND b.ends_at > o.starts_at
                          AND b.starts_at > o.starts_at - interval '1 hour')
     ORDER BY o.starts_at, o.id LIMIT 3) o
"""

REQUESTS = """
SELECT a.id, a.visit_type, a.starts_at, a.confirm_by, a.expected_cents, s.id, s.name
  FROM appointments a JOIN students s ON s.id = a.student_id
 WHERE a.provider_id = $1 AND a.status = 'REQUESTED' AND a.ended_at IS NULL ORDER BY a.confirm_by, a.id LIMIT 20
"""

SESSIONS = """
SELECT a.id, a.visit_type, a.starts_at, a.ends_at, s.id, s.name
  FROM appointments a JOIN students s ON s.id = a.student_id
 WHERE a.provider_id = $1 AND a.status = 'CONFIRMED' AND a.ended_at IS NULL AND a.ends_at > $2
   AND a.starts_at > $2::timestamptz - interval '1 hour'
 ORDER BY a.starts_at, a.id LIMIT 20
"""

TO_ATTEST = """
SELECT a.id, a.starts_at, a.attest_by, s.id, s.name FROM appointments a JOIN students s ON s.id = a.student_id
 WHERE a.provider_id = $1 AND a.status = 'CONFIRMED' AND a.ended_at IS NULL AND a.ends_at <= $2
 ORDER BY a.starts_at, a.id LIMIT 20
"""

SCHOOL = "SELECT name FROM schools WHERE id = $1"

FIGURES = """
SELECT date_trunc('month', a.starts_at AT TIME ZONE s.time_zone)::date AS month,
       count(DISTINCT a.student_id), count(*), count(*) FILTER (WHERE a.status = 'COMPLETED'),
       count(*) FILTER (WHERE a.status = 'NO_SHOW'), count(*) FILTER (WHERE c.status = 'ACCEPTED'),
       coalesce(sum(c.amount_cents) FILTER (WHERE c.status = 'ACCEPTED'), 0)::bigint
  FROM appointments a JOIN schools s ON s.id = a.school_id
  LEFT JOIN claims c ON c.appointment_id = a.id AND c.status NOT IN ('VOID', 'REPLACED') AND c.school_id = $1
       AND c.submitted_at >= make_timestamptz($2, 1, 1, 0, 0, 0, 'UTC') - interval '1 day'
 WHERE a.school_id = $1
   AND a.starts_at >= make_timestamptz($2, 1, 1, 0, 0, 0, s.time_zone)
   AND a.starts_at < make_timestamptz($2 + 1, 1, 1, 0, 0, 0, s.time_zone)
 GROUP BY 1 ORDER BY 1
"""

HUNDRED = """
SELECT a.id, a.starts_at, a.status, a.visit_type, s.id, s.name, s.state, p.id, p.name, p.title, c.id, c.status,
       c.amount_cents
  FROM appointments a JOIN students s ON s.id = a.student_id JOIN providers p ON p.id = a.provider_id
  LEFT JOIN claims c ON c.appointment_id = a.id AND c.status NOT IN ('VOID', 'REPLACED')
 WHERE a.school_id = $1 AND (a.starts_at, a.id) < ($2, $3::uuid)
 ORDER BY a.starts_at DESC, a.id DESC LIMIT 101
"""

LOCK = "SELECT 1 FROM wallets WHERE id = $1 FOR NO KEY UPDATE"

FACTS = """
SELECT o.provider_id, o.starts_at, s.school_id, l.id, g.id, r.amount_cents,
       p.searchable AND (p.accepting_new_clients OR EXISTS (SELECT 1 FROM appointments m
                              WHERE m.provider_id = p.id AND m.student_id = s.id))
       AND NOT EXISTS (SELECT 1 FROM appointments t WHERE t.provider_id = o.provider_id
                          AND t.ended_at IS NULL
                          AND t.starts_at < o.ends_at AND t.ends_at > o.starts_at
                          AND t.starts_at > o.starts_at - interval '1 hour')
       AND NOT EXISTS (SELECT 1 FROM appointments b WHERE b.student_id = s.id
                          AND b.ended_at IS NULL
                          AND b.starts_at < o.ends_at AND b.ends_at > o.starts_at
                          AND b.starts_at > o.starts_at - interval '1 hour')
       AND NOT EXISTS (SELECT 1 FROM appointments i WHERE i.student_id = s.id AND i.provider_id = p.id
                          AND i.visit_type = 'INTAKE' AND i.status IN ('REQUESTED', 'CONFIRMED')),
       v.visit_type, p.missed_appointment_policy, p.time_zone
  FROM openings o JOIN providers p ON p.id = o.provider_id JOIN students s ON s.id = $2
 CROSS JOIN LATERAL (
       SELECT CASE WHEN EXISTS (SELECT 1 FROM appointments d WHERE d.student_id = s.id AND d.provider_id = p.id
                                   AND d.visit_type = 'INTAKE' AND d.status = 'COMPLETED')
                   THEN 'FOLLOW_UP' ELSE 'INTAKE' END AS visit_type) v
  LEFT JOIN LATERAL (
       SELECT id, license_class FROM licenses WHERE provider_id = p.id AND state = $3 AND verified_at IS NOT NULL
          AND expires_on >= (o.starts_at AT TIME ZONE p.time_zone)::date
          AND license_class <> 'PSYCHIATRIC_NURSE_PRACTITIONER' ORDER BY expires_on DESC LIMIT 1) l ON true
  LEFT JOIN LATERAL (
       SELECT id FROM grants WHERE wallet_id = s.id AND unused > 0 AND (expires_at IS NULL OR expires_at > o.starts_at)
        ORDER BY expires_at NULLS LAST, id LIMIT 1) g ON true
  LEFT JOIN LATERAL (
       SELECT amount_cents FROM rates WHERE visit_type = v.visit_type AND service = 'THERAPY'
          AND degree_level = p.degree_level AND license_class = l.license_class AND (state IS NULL OR state = $3)
          AND effective_from <= (o.starts_at AT TIME ZONE p.time_zone)::date
        ORDER BY state NULLS LAST, effective_from DESC LIMIT 1) r ON true
 WHERE o.id = $1
"""

BOOK = """
WITH booked AS (
    INSERT INTO appointments (id, student_id, provider_id, school_id, license_id, status, visit_type, service, state,
        starts_at, ends_at, requested_at, confirm_by, attest_by, expected_cents, telehealth_link,
        missed_appointment_policy)
    VALUES ($1, $2, $3, $4, $5, 'REQUESTED', $6, 'THERAPY', $7, $8, $9, $10, $11, $12, $13, '', $14)
), held AS (
    INSERT INTO transfers (id, wallet_id, student_id, school_id, grant_id, appointment_id, kind, source, target,
        credits, at)
    VALUES ($15, $2, $2, $4, $16, $1, 'HOLD', 'AVAILABLE', 'HELD', 1, $10)
)
INSERT INTO events (id, verb, subject_type, subject_id, at, actor_id, actor_role, request_id, appointment_id,
    student_id, provider_id, school_id, data)
VALUES ($17, 'appointment.requested', 'apt', $1, $10, $18, 'STUDENT', '', $1, $2, $3, $4, '{}')
"""

STUDENT_OF = "SELECT student_id FROM appointments WHERE id = $1 AND provider_id = $2"

TO_BE_ATTESTED = """
SELECT a.provider_id, a.school_id, a.visit_type, a.status, a.ends_at, a.attest_by, r.amount_cents, r.id, t.grant_id
  FROM appointments a JOIN providers p ON p.id = a.provider_id JOIN licenses l ON l.id = a.license_id
  JOIN transfers t ON t.appointment_id = a.id AND t.kind = 'HOLD'
  LEFT JOIN LATERAL (
       SELECT id, amount_cents FROM rates WHERE visit_type = a.visit_type AND service = a.service
          AND degree_level = p.degree_level AND license_class = l.license_class
          AND (state IS NULL OR state = a.state)
          AND effective_from <= (a.starts_at AT TIME ZONE p.time_zone)::date
        ORDER BY state NULLS LAST, effective_from DESC LIMIT 1) r ON true
 WHERE a.id = $1 FOR NO KEY UPDATE OF a
"""

ATTEST = """
WITH completed AS (
    UPDATE appointments SET status = 'COMPLETED', ended_at = $2 WHERE id = $1
), claimed AS (
    INSERT INTO claims (id, appointment_id, student_id, provider_id, school_id, visit_type, status,
        presenting_concern, amount_cents, rate_id, reasons, attested_by, submitted_at, adjudicated_at)
    VALUES ($3, $1, $4, $5, $6, $7, 'ACCEPTED', 'ANXIETY', $8, $9, '[]', $10, $2, $2)
), settled AS (
    INSERT INTO transfers (id, wallet_id, student_id, school_id, grant_id, appointment_id, kind, source, target,
        credits, at)
    VALUES ($11, $4, $4, $6, $12, $1, 'SETTLE', 'HELD', 'SETTLED', 1, $2)
)
INSERT INTO events (id, verb, subject_type, subject_id, at, actor_id, actor_role, request_id, appointment_id,
    student_id, provider_id, school_id, data)
VALUES ($13, 'appointment.completed', 'apt', $1, $2, $10, 'PROVIDER', '', $1, $4, $5, $6, '{"credit": "SETTLE"}'),
       ($14, 'claim.accepted', 'clm', $3, $2, $10, 'PROVIDER', '', $1, $4, $5, $6, '{}')
"""
