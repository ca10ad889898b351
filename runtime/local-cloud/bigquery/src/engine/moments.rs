//! Macros for dates, times and intervals.

pub(super) const MACROS: &[(&str, &str)] = &[
    (
        "zone_seconds(z)",
        "(CASE WHEN z[1] = '-' THEN -1 ELSE 1 END) * (CAST(split_part(z[2:], ':', 1) AS BIGINT) * 3600 \
         + CAST('0' || split_part(z[2:], ':', 2) AS BIGINT) * 60)",
    ),
    // A zone is a name or an offset, which DuckDB does not know as a zone.
    (
        "civil(t, z)",
        "CASE WHEN z IS NULL THEN NULL WHEN z[1] IN ('+', '-') THEN timezone('UTC', t) + to_seconds(_headwater.zone_seconds(z)) \
         ELSE timezone(z, t) END",
    ),
    (
        "moment(t, z)",
        "CASE WHEN z IS NULL THEN NULL WHEN z[1] IN ('+', '-') THEN timezone('UTC', t - to_seconds(_headwater.zone_seconds(z))) \
         ELSE timezone(z, t) END",
    ),
    (
        "calendar_date(d)",
        "CASE WHEN d < DATE '0001-01-01' OR d > DATE '9999-12-31' THEN \
         _hw_error('DATE value is out of allowed range: from 0001-01-01 to 9999-12-31.') ELSE d END",
    ),
    (
        "clock_time(h, m, s)",
        "CASE WHEN h NOT BETWEEN 0 AND 23 OR m NOT BETWEEN 0 AND 59 OR s NOT BETWEEN 0 AND 59 THEN \
         _hw_error('Input calculates to invalid time: ' || h || ':' || m || ':' || s) ELSE make_time(h, m, s) END",
    ),
    ("floor_div(a, b)", "(a - ((a % b) + b) % b) // b"),
    (
        "interval_months(i)",
        "(datepart('year', i) * 12 + datepart('month', i))",
    ),
    (
        "interval_micros(i)",
        "(datepart('hour', i) * 3600000000 + datepart('minute', i) * 60000000 + datepart('microsecond', i))",
    ),
    (
        "interval_of(months, days, micros)",
        "(to_months(CAST(months AS INTEGER)) + to_days(CAST(days AS INTEGER)) + to_microseconds(CAST(micros AS BIGINT)))",
    ),
    (
        "justify_hours(i)",
        "_headwater.interval_of(_headwater.interval_months(i), \
         (datepart('day', i) * 86400000000 + _headwater.interval_micros(i)) // 86400000000, \
         (datepart('day', i) * 86400000000 + _headwater.interval_micros(i)) % 86400000000)",
    ),
    (
        "justify_days(i)",
        "_headwater.interval_of((_headwater.interval_months(i) * 30 + datepart('day', i)) // 30, \
         (_headwater.interval_months(i) * 30 + datepart('day', i)) % 30, _headwater.interval_micros(i))",
    ),
    (
        "spread(micros)",
        "_headwater.interval_of(micros // 2592000000000, micros % 2592000000000 // 86400000000, micros % 86400000000)",
    ),
    (
        "justify_interval(i)",
        "_headwater.spread((_headwater.interval_months(i) * 30 + datepart('day', i)) * 86400000000 + _headwater.interval_micros(i))",
    ),
    // Months that do not divide become days of 30 to a month, days become hours.
    (
        "interval_part(i, n)",
        "CASE WHEN n = 0 THEN _hw_error('division by zero: INTERVAL / 0') ELSE _headwater.interval_of(\
         _headwater.interval_months(i) // n, \
         (_headwater.interval_months(i) % n * 30 + datepart('day', i)) // n, \
         ((_headwater.interval_months(i) % n * 30 + datepart('day', i)) % n * 86400000000 + _headwater.interval_micros(i)) // n) END",
    ),
    // Months are counted from the first date: the 31st comes back after a shorter month.
    (
        "month_series(f, t, m)",
        "list_filter(list_transform(range(0, abs(date_diff('month', f, t)) // abs(m) + 2), \
         lambda i: CAST(f + to_months(CAST(i * m AS INTEGER)) AS DATE)), lambda d: CASE WHEN m > 0 THEN d <= t ELSE d >= t END)",
    ),
    (
        "date_series(f, t, s)",
        "CASE WHEN f IS NULL OR t IS NULL OR s IS NULL THEN NULL \
         WHEN _headwater.interval_months(s) <> 0 THEN _headwater.month_series(f, t, _headwater.interval_months(s)) \
         WHEN datepart('day', s) = 0 THEN _hw_error('Sequence step cannot be 0.') \
         ELSE CAST(generate_series(CAST(f AS TIMESTAMP), CAST(t AS TIMESTAMP), s) AS DATE[]) END",
    ),
    (
        "timestamp_series(f, t, s)",
        "CASE WHEN f IS NULL OR t IS NULL OR s IS NULL THEN NULL \
         WHEN datepart('day', s) = 0 AND _headwater.interval_micros(s) = 0 THEN _hw_error('Sequence step cannot be 0.') \
         ELSE generate_series(f, t, s) END",
    ),
];
