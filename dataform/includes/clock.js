// What time it is. No other file of the project asks for it, so that the variable `as_of` can freeze all of them.

const settings = require("includes/settings.js");

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/;

function asOf() {
  const value = settings.variable("as_of", null);
  return value === null || TIMESTAMP.test(value)
    ? value
    : settings.refuse("as_of", value, "it must be a timestamp with a time zone, such as 2026-06-01T00:00:00Z");
}

function zone() {
  const value = settings.variable("time_zone", "UTC");
  return /^[A-Za-z0-9_+\/:-]+$/.test(value)
    ? value
    : settings.refuse("time_zone", value, "it must be the name of a time zone, such as Europe/Berlin");
}

// The moment of the computation, a TIMESTAMP.
function now() {
  return asOf() === null ? "CURRENT_TIMESTAMP()" : `TIMESTAMP '${asOf()}'`;
}

// The day, in the marts' time zone, of a TIMESTAMP.
function day(timestamp) {
  return `DATE(${timestamp}, '${zone()}')`;
}

// The day of the computation, a DATE.
function today() {
  return day(now());
}

// A condition: the record was there at the moment of the computation. Only a frozen clock can be before a record.
function existed(timestamp) {
  return asOf() === null ? "TRUE" : `COALESCE(${timestamp} <= ${now()}, TRUE)`;
}

// A condition: a DATE lies in the same month (or QUARTER, YEAR) as the computation; unknown dates do not.
function inThis(part, date) {
  return `COALESCE(DATE_TRUNC(${date}, ${part}) = DATE_TRUNC(${today()}, ${part}), FALSE)`;
}

module.exports = { now, day, today, existed, inThis };
