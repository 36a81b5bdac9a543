"""Holidays of the federal government and of the Federal Reserve, and the working days between them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = """
CREATE TABLE holidays (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT holidays_kind CHECK (kind IN ('FEDERAL', 'BANK')),
    day DATE NOT NULL CONSTRAINT holidays_on_weekday CHECK (extract(isodow FROM day) < 6),
    name TEXT NOT NULL CONSTRAINT holidays_name CHECK (name <> ''),
    CONSTRAINT holidays_once UNIQUE (kind, day)
);
"""

# As observed, 2026 to 2035: one on a Sunday on Monday; one on a Saturday on Friday by the government (New Year's Day of
# 2028 and 2033 so in the year before), and not at all by the Federal Reserve. Other years come by other migrations.
LOADED = """
INSERT INTO holidays (id, kind, day, name)
SELECT gen_random_uuid(), kind, day::date, name
  FROM (VALUES
    ('FEDERAL', 'New Year''s Day',
      '2026-01-01 2027-01-01 2027-12-31 2029-01-01 2030-01-01 2031-01-01 2032-01-01 2032-12-31 2034-01-02 '
      '2035-01-01'),
    ('BANK', 'New Year''s Day',
      '2026-01-01 2027-01-01 2029-01-01 2030-01-01 2031-01-01 2032-01-01 2034-01-02 2035-01-01'),
    ('FEDERAL', 'Birthday of Martin Luther King, Jr.',
      '2026-01-19 2027-01-18 2028-01-17 2029-01-15 2030-01-21 2031-01-20 2032-01-19 2033-01-17 2034-01-16 '
      '2035-01-15'),
    ('BANK', 'Birthday of Martin Luther King, Jr.',
      '2026-01-19 2027-01-18 2028-01-17 2029-01-15 2030-01-21 2031-01-20 2032-01-19 2033-01-17 2034-01-16 '
      '2035-01-15'),
    ('FEDERAL', 'Washington''s Birthday',
      '2026-02-16 2027-02-15 2028-02-21 2029-02-19 2030-02-18 2031-02-17 2032-02-16 2033-02-21 2034-02-20 '
      '2035-02-19'),
    ('BANK', 'Washington''s Birthday',
      '2026-02-16 2027-02-15 2028-02-21 2029-02-19 2030-02-18 2031-02-17 2032-02-16 2033-02-21 2034-02-20 '
      '2035-02-19'),
    ('FEDERAL', 'Memorial Day',
      '2026-05-25 2027-05-31 2028-05-29 2029-05-28 2030-05-27 2031-05-26 2032-05-31 2033-05-30 2034-05-29 '
      '2035-05-28'),
    ('BANK', 'Memorial Day',
      '2026-05-25 2027-05-31 2028-05-29 2029-05-28 2030-05-27 2031-05-26 2032-05-31 2033-05-30 2034-05-29 '
      '2035-05-28'),
    ('FEDERAL', 'Juneteenth National Independence Day',
      '2026-06-19 2027-06-18 2028-06-19 2029-06-19 2030-06-19 2031-06-19 2032-06-18 2033-06-20 2034-06-19 '
      '2035-06-19'),
    ('BANK', 'Juneteenth National Independence Day',
      '2026-06-19 2028-06-19 2029-06-19 2030-06-19 2031-06-19 2033-06-20 2034-06-19 2035-06-19'),
    ('FEDERAL', 'Independence Day',
      '2026-07-03 2027-07-05 2028-07-04 2029-07-04 2030-07-04 2031-07-04 2032-07-05 2033-07-04 2034-07-04 '
      '2035-07-04'),
    ('FEDERAL', 'Labor Day',
      '2026-09-07 2027-09-06 2028-09-04 2029-09-03 2030-09-02 2031-09-01 2032-09-06 2033-09-05 2034-09-04 '
      '2035-09-03'),
    ('BANK', 'Labor Day',
      '2026-09-07 2027-09-06 2028-09-04 2029-09-03 2030-09-02 2031-09-01 2032-09-06 2033-09-05 2034-09-04 '
      '2035-09-03'),
    ('FEDERAL', 'Columbus Day',
      '2026-10-12 2027-10-11 2028-10-09 2029-10-08 2030-10-14 2031-10-13 2032-10-11 2033-10-10 2034-10-09 '
      '2035-10-08'),
    ('BANK', 'Columbus Day',
      '2026-10-12 2027-10-11 2028-10-09 2029-10-08 2030-10-14 2031-10-13 2032-10-11 2033-10-10 2034-10-09 '
      '2035-10-08'),
    ('FEDERAL', 'Veterans Day',
      '2026-11-11 2027-11-11 2028-11-10 2029-11-12 2030-11-11 2031-11-11 2032-11-11 2033-11-11 2034-11-10 '
      '2035-11-12'),
    ('BANK', 'Veterans Day',
      '2026-11-11 2027-11-11 2029-11-12 2030-11-11 2031-11-11 2032-11-11 2033-11-11 2035-11-12'),
    ('FEDERAL', 'Thanksgiving Day',
      '2026-11-26 2027-11-25 2028-11-23 2029-11-22 2030-11-28 2031-11-27 2032-11-25 2033-11-24 2034-11-23 '
      '2035-11-22'),
    ('BANK', 'Thanksgiving Day',
      '2026-11-26 2027-11-25 2028-11-23 2029-11-22 2030-11-28 2031-11-27 2032-11-25 2033-11-24 2034-11-23 '
      '2035-11-22'),
    ('FEDERAL', 'Christmas Day',
      '2026-12-25 2027-12-24 2028-12-25 2029-12-25 2030-12-25 2031-12-25 2032-12-24 2033-12-26 2034-12-25 '
      '2035-12-25'),
    ('BANK', 'Christmas Day',
      '2026-12-25 2028-12-25 2029-12-25 2030-12-25 2031-12-25 2033-12-26 2034-12-25 2035-12-25'),
    ('BANK', 'Independence Day',
      '2027-07-05 2028-07-04 2029-07-04 2030-07-04 2031-07-04 2032-07-05 2033-07-04 2034-07-04 2035-07-04')

  ) AS listed (kind, name, days), string_to_table(listed.days, ' ') AS day;
"""

# Steps day by day: promises are days ahead, not years. A year is known if a holiday of it is.
FUNCTIONS = """
CREATE FUNCTION is_working_day(of_kind text, on_day date) RETURNS boolean LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM holidays h WHERE h.kind = of_kind
                      AND h.day >= date_trunc('year', on_day::timestamp)::date
                      AND h.day < (date_trunc('year', on_day::timestamp) + interval '1 year')::date) THEN
        RAISE EXCEPTION 'the holidays of % in % are not loaded', of_kind, extract(year FROM on_day)
            USING ERRCODE = 'data_exception';
    END IF;
    RETURN extract(isodow FROM on_day) < 6
       AND NOT EXISTS (SELECT 1 FROM holidays h WHERE h.kind = of_kind AND h.day = on_day);
END $$;
COMMENT ON FUNCTION is_working_day IS 'Whether the government (FEDERAL) or the Federal Reserve (BANK) works on a day.';

CREATE FUNCTION add_working_days(of_kind text, from_day date, days int) RETURNS date LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    found date := CASE days WHEN 0 THEN from_day - 1 ELSE from_day END;
    left_over int := greatest(days, 1);
BEGIN
    IF days < 0 THEN
        RAISE EXCEPTION 'days are added, not taken away' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WHILE left_over > 0 LOOP
        found := found + 1;
        left_over := left_over - is_working_day(of_kind, found)::int;
    END LOOP;
    RETURN found;
END $$;
COMMENT ON FUNCTION add_working_days IS 'The working day so many after a day; of 0 the day itself, or the next.';

CREATE FUNCTION working_days_between(of_kind text, from_day date, until_day date)
    RETURNS int LANGUAGE sql STABLE STRICT AS $$
SELECT count(*)::int FROM generate_series(from_day + 1, until_day, interval '1 day') AS each_day
 WHERE is_working_day(of_kind, each_day::date)
$$;
COMMENT ON FUNCTION working_days_between IS 'How many working days there are after a day, up to and with another.';
"""


class Migration(migrations.Migration):
    """A table, ten years of holidays, and three functions that look at them."""

    dependencies = [("models", "0030_consents")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLE, LOADED, FUNCTIONS)]
