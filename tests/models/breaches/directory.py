"""Breaches of what a provider is: profile, licenses, enrollment, hours, openings and rates."""

from tests.models.breaches.statements import breach, changed, copied

BREACHES = [
    breach("a service that is none", "providers_services",
           changed("providers", "$provider", "services = ARRAY['ASTROLOGY']")),
    breach("a degree that is none", "providers_degree_level",
           changed("providers", "$provider", "degree_level = 'NONE'")),
    breach("one license twice", "licenses_state_number_key", copied("licenses", "$license")),
    breach("two contracts of one provider", "enrollments_provider_id_key", copied("enrollments", "$enrollment")),
    breach("a contract in no known state", "enrollments_status",
           changed("enrollments", "$enrollment", "status = 'LOST'")),
    breach("a weekday that is none", "weekly_hours_weekday", copied("weekly_hours", "$hours", weekday=8)),
    breach("hours that end before they start", "weekly_hours_order",
           copied("weekly_hours", "$hours", weekday=7, starts="12:00", ends="11:00")),
    breach("hours that overlap", "weekly_hours_no_overlap",
           copied("weekly_hours", "$hours", starts="12:59", ends="14:00")),
    breach("one opening twice", "openings_provider_start", copied("openings", "$opening")),
    breach("an opening that ends before it starts", "openings_order",
           changed("openings", "$opening", "ends_at = starts_at")),
    breach("two rates for one kind of session and day", "rates_one_for_a_day", copied("rates", "$rate")),
    breach("two rates for one kind of session on some days", "rates_no_overlap",
           copied("rates", "$rate", effective_from="1999-01-01", during="[1999-01-01,2090-01-01)")),
    breach("a rate whose days begin another day", "rates_during",
           changed("rates", "$rate", "during = daterange('1999-01-01', NULL)")),
    breach("a rate of nothing", "rates_amount", changed("rates", "$rate", "amount_cents = 0")),
    breach("a rate for another kind of visit", "rates_visit_type",
           changed("rates", "$rate", "visit_type = 'CHAT'")),
]  # fmt: skip
