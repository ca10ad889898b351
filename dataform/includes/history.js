// The fields of an opportunity whose past is told day by day: [field in Salesforce's history, column, type, description].
// Salesforce tells values as text, and of an owner first the names and then the ids: only the ids are used.

const settings = require("includes/settings.js");

const FIELDS = [
  ["StageName", "stage_name", "STRING", "The stage at the end of the day."],
  ["Amount", "amount", "NUMERIC", "The amount at the end of the day."],
  ["Probability", "probability", "NUMERIC", "The probability at the end of the day, in percent."],
  ["CloseDate", "close_date", "DATE", "The close date at the end of the day."],
  ["ForecastCategoryName", "forecast_category_name", "STRING", "The forecast category, as users see it, at the end of the day."],
  ["NextStep", "next_step", "STRING", "What was to be done next at the end of the day."],
  ["Owner", "owner_id", "STRING", "The owner at the end of the day."],
];

const ID = "r'^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$'";

// A condition: a change tells the values of a field whose past is told.
const TOLD = [
  `change.field IN (${FIELDS.map(([field]) => `'${field}'`).join(", ")})`,
  `(change.field != 'Owner' OR REGEXP_CONTAINS(COALESCE(change.new_value, change.old_value), ${ID}))`,
].join(" AND ");

const list = (make) => FIELDS.map(make).join(",\n  ");

// A value of now as the history would tell it. Nothing is '', because NULL says that there is no change.
const asText = (alias, column) => `COALESCE(CAST(${alias}.${column} AS STRING), '')`;

// The reverse. Only the day of a date counts.
function typed(sql, type) {
  const text = `NULLIF(${sql}, '')`;
  return { STRING: text, NUMERIC: `SAFE_CAST(${text} AS NUMERIC)`, DATE: `SAFE_CAST(SUBSTR(${text}, 1, 10) AS DATE)` }[type];
}

module.exports = {
  TOLD,
  list,
  asText,
  typed,
  docs: () => Object.fromEntries(FIELDS.map(([, column, , text]) => [column, text])),
  start: () => settings.date("opportunity_history_start_date", "2020-01-01"),
  lookback: () => settings.whole("opportunity_history_lookback_days", "3"),
};
