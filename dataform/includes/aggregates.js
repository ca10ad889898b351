// What is summed up over opportunities: for the company (sales snapshot), for each owner, and from owners for managers.
// Sums and counts of nothing are 0, averages and maxima of nothing are NULL. Amounts are rounded to whole units, half away
// from zero; `largest` and the percentages are not.

const WON = "status = 'Won'";
const LOST = "status = 'Lost'";
const PIPELINE = "status = 'Pipeline'";

const sum = (of, value) => `COALESCE(ROUND(SUM(IF(${of}, ${value}, NULL))), 0)`;
const total = (of, value) => `COALESCE(SUM(IF(${of}, ${value}, NULL)), 0)`;
// Probability is a percentage.
const forecast = (amount) => `${amount} * probability / 100`;

// [column, SQL over opportunities, how it is summed up again over owners or null, description]
const COLUMNS = [
  ["bookings_amount_closed_this_month", sum(WON, "closed_amount_this_month"), "SUM", "Amount of the won opportunities whose close date lies in this month."],
  ["bookings_amount_closed_this_quarter", sum(WON, "closed_amount_this_quarter"), "SUM", "Amount of the won opportunities whose close date lies in this quarter."],
  ["total_number_bookings", `COUNTIF(${WON})`, "SUM", "How many opportunities are won."],
  ["total_bookings_amount", sum(WON, "amount"), "SUM", "Amount of the won opportunities."],
  ["bookings_count_closed_this_month", total(WON, "closed_count_this_month"), "SUM", "How many of the won opportunities have their close date in this month."],
  ["bookings_count_closed_this_quarter", total(WON, "closed_count_this_quarter"), "SUM", "How many of the won opportunities have their close date in this quarter."],
  ["avg_bookings_amount", `ROUND(AVG(IF(${WON}, amount, NULL)))`, null, "Mean amount of the won opportunities that have one."],
  ["largest_booking", `MAX(IF(${WON}, amount, NULL))`, "MAX", "The largest amount of a won opportunity."],
  ["avg_days_to_close", `AVG(IF(${WON}, days_to_close, NULL))`, null, "Mean of the days from creation to close date of the won opportunities."],
  ["lost_amount_this_month", sum(LOST, "closed_amount_this_month"), "SUM", "Amount of the lost opportunities whose close date lies in this month."],
  ["lost_amount_this_quarter", sum(LOST, "closed_amount_this_quarter"), "SUM", "Amount of the lost opportunities whose close date lies in this quarter."],
  ["total_number_lost", `COUNTIF(${LOST})`, "SUM", "How many opportunities are lost."],
  ["total_lost_amount", sum(LOST, "amount"), "SUM", "Amount of the lost opportunities."],
  ["lost_count_this_month", total(LOST, "closed_count_this_month"), "SUM", "How many of the lost opportunities have their close date in this month."],
  ["lost_count_this_quarter", total(LOST, "closed_count_this_quarter"), "SUM", "How many of the lost opportunities have their close date in this quarter."],
  ["pipeline_created_amount_this_month", sum(PIPELINE, "created_amount_this_month"), "SUM", "Amount of the pipeline's opportunities that were created in this month."],
  ["pipeline_created_amount_this_quarter", sum(PIPELINE, "created_amount_this_quarter"), "SUM", "Amount of the pipeline's opportunities that were created in this quarter."],
  ["pipeline_created_forecast_amount_this_month", sum(PIPELINE, forecast("created_amount_this_month")), "SUM", "The same of this month, each amount by its probability."],
  ["pipeline_created_forecast_amount_this_quarter", sum(PIPELINE, forecast("created_amount_this_quarter")), "SUM", "The same of this quarter, each amount by its probability."],
  ["pipeline_count_created_this_month", total(PIPELINE, "created_count_this_month"), "SUM", "How many of the pipeline's opportunities were created in this month."],
  ["pipeline_count_created_this_quarter", total(PIPELINE, "created_count_this_quarter"), "SUM", "How many of the pipeline's opportunities were created in this quarter."],
  ["total_number_pipeline", `COUNTIF(${PIPELINE})`, "SUM", "How many opportunities are in the pipeline."],
  ["total_pipeline_amount", sum(PIPELINE, "amount"), "SUM", "Amount of the pipeline's opportunities."],
  ["total_pipeline_forecast_amount", sum(PIPELINE, forecast("amount")), "SUM", "The same, each amount by its probability."],
  ["avg_pipeline_opp_amount", `ROUND(AVG(IF(${PIPELINE}, amount, NULL)))`, null, "Mean amount of the pipeline's opportunities that have one."],
  ["largest_deal_in_pipeline", `MAX(IF(${PIPELINE}, amount, NULL))`, "MAX", "The largest amount of an opportunity in the pipeline."],
  ["avg_days_open", `AVG(IF(${PIPELINE}, days_since_created, NULL))`, null, "Mean of the days since creation of the pipeline's opportunities."],
];

const OF_OWNERS = COLUMNS.filter(([, , again]) => again);

// [column, what is won, what is lost, description]
const PERCENTAGES = [
  ["win_percent_this_month", "bookings_amount_closed_this_month", "lost_amount_this_month", "won and lost with a close date in this month"],
  ["win_percent_this_quarter", "bookings_amount_closed_this_quarter", "lost_amount_this_quarter", "won and lost with a close date in this quarter"],
  ["total_win_percent", "total_bookings_amount", "total_lost_amount", "won and lost"],
];

// The share of the won amount in the won and lost one, 0 to 100; `nothing` if the two together are not above 0.
function winPercent(won, lost, nothing) {
  return `IF(${won} + ${lost} > 0, 100 * ${won} / (${won} + ${lost}), ${nothing})`;
}

// Lists of selects.
const ofOpportunities = () => COLUMNS.map(([name, sql]) => `${sql} AS ${name}`).join(",\n  ");
const named = (columns, alias) => columns.map(([name]) => `${alias}.${name}`).join(",\n  ");
const names = (alias) => named(COLUMNS, alias);
const namesOfOwners = (alias) => named(OF_OWNERS, alias);
// The same of a row that may be absent.
const zeroed = (alias) =>
  COLUMNS.map(([name, sql]) => (/^(COALESCE|COUNTIF)/.test(sql) ? `COALESCE(${alias}.${name}, 0) AS ${name}` : `${alias}.${name}`))
    .join(",\n  ");
const ofOwners = (alias) =>
  OF_OWNERS.map(([name, , again]) => `COALESCE(${again}(${alias}.${name}), 0) AS ${name}`).join(",\n  ");
const percentages = (alias, nothing, digits) =>
  PERCENTAGES.map(([name, won, lost]) => {
    const sql = winPercent(`${alias}.${won}`, `${alias}.${lost}`, nothing);
    return `${digits === undefined ? sql : `ROUND(${sql}, ${digits})`} AS ${name}`;
  }).join(",\n  ");

const documented = (columns) => Object.fromEntries(columns.map(([name, , , description]) => [name, description]));
const docsOfOpportunities = () => documented(COLUMNS);
const docsOfOwners = () => documented(OF_OWNERS);
const docsOfPercentages = () =>
  Object.fromEntries(
    PERCENTAGES.map(([name, , , of]) => [name, `Percentage of the won amount in the amount of the opportunities ${of}.`])
  );

// For unit tests: a list of a select in which these have the given SQL, and the others are 0, or NULL if they are of nothing.
function sample(values) {
  const type = (name) => (/count|number/.test(name) ? "INT64" : name.startsWith("avg_days") ? "FLOAT64" : "NUMERIC");
  return COLUMNS.map(([name]) => {
    const otherwise = /^(avg|largest)/.test(name) ? "NULL" : "0";
    return `CAST(${values[name] ?? otherwise} AS ${type(name)}) AS ${name}`;
  }).join(",\n  ");
}

// Amounts below 0 are possible, and with them any percentage.
const percentConditions = () =>
  PERCENTAGES.map(([name, won, lost]) => `${name} IS NULL OR ${won} < 0 OR ${lost} < 0 OR ${name} BETWEEN 0 AND 100`);

module.exports = {
  winPercent,
  ofOpportunities,
  names,
  namesOfOwners,
  zeroed,
  ofOwners,
  percentages,
  docsOfOpportunities,
  docsOfOwners,
  docsOfPercentages,
  percentConditions,
  sample,
};
