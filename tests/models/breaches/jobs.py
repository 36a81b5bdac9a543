"""Breaches of background jobs."""

from tests.models.breaches.statements import breach, changed, copied

LEASED = "lease = id, lease_until = now()"

BREACHES = [
    breach("a job of no kind", "jobs_kind", copied("jobs", "$job", kind="Export it", place=2)),
    breach("a job in a state of its own", "jobs_state", changed("jobs", "$job", "state = 'PAUSED'")),
    breach("a job about a person's own words", "jobs_args",
           copied("jobs", "$job", args={"name": "Ana Lee"}, place=2)),
    breach("a job about an address", "jobs_args", copied("jobs", "$job", args={"to": "ana@example.test"}, place=2)),
    breach("a job about a list", "jobs_args", copied("jobs", "$job", args={"of": [1]}, place=2)),
    breach("two live jobs in one place", "jobs_places", copied("jobs", "$job")),
    breach("a live job too many", "jobs_place", copied("jobs", "$job", place=4)),
    breach("an attempt too many", "jobs_attempts", changed("jobs", "$job", "attempts = 6")),
    breach("more done than there is", "jobs_progress", changed("jobs", "$job", "done = 3, total = 2")),
    breach("a job that runs under no lease", "jobs_leased",
           changed("jobs", "$job", "state = 'RUNNING', started_at = created_at, attempts = 1")),
    breach("a lease on a job that waits", "jobs_leased", changed("jobs", "$job", LEASED)),
    breach("a job that runs without an attempt", "jobs_started",
           changed("jobs", "$job", f"state = 'RUNNING', started_at = created_at, {LEASED}")),
    breach("a job that is done at no time", "jobs_ended", changed("jobs", "$job", "state = 'DONE'")),
    breach("a job that failed for no reason", "jobs_fault",
           changed("jobs", "$job", "state = 'FAILED', ended_at = created_at")),
    breach("a result before the end", "jobs_result", changed("jobs", "$job", "result_file_id = '$new'")),
    breach("a job that ended before it was asked for", "jobs_order",
           changed("jobs", "$job", "state = 'DONE', ended_at = created_at - interval '1 second'")),
    breach("a job that ends again", "jobs_end_once",
           changed("jobs", "$other_job", "state = 'DONE', fault = NULL")),
    breach("a job that begins anew", "jobs_end_once",
           changed("jobs", "$other_job", "state = 'WAITING', fault = NULL, ended_at = NULL")),
    breach("a job that becomes another's", "jobs_stay_the_same",
           changed("jobs", "$job", "membership_id = '$office_user'")),
    breach("a job about something else", "jobs_stay_the_same", changed("jobs", "$job", "args = '{\"a\": 1}'")),
]  # fmt: skip
