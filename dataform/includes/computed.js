// What the marts compute of an opportunity, said once: its SQL where more than one model needs it, and its documentation.

// Won, Lost, Pipeline or Other, and never NULL.
function status(alias) {
  return [
    "CASE",
    `    WHEN ${alias}.is_won THEN 'Won'`,
    `    WHEN NOT ${alias}.is_won AND ${alias}.is_closed THEN 'Lost'`,
    `    WHEN NOT ${alias}.is_closed AND LOWER(${alias}.forecast_category) IN ('pipeline', 'forecast', 'bestcase') THEN 'Pipeline'`,
    "    ELSE 'Other'",
    "  END",
  ].join("\n");
}

const STATUS =
  "Won if is_won; Lost if closed and not won; Pipeline if open and in the forecast category Pipeline, BestCase or Forecast; else Other.";

const ofOpportunities = {
  is_created_this_month: "Whether it was created in the month of the computation.",
  is_created_this_quarter: "Whether it was created in the quarter of the computation.",
  is_closed_this_month: "Whether its close date lies in the month of the computation, closed or not.",
  is_closed_this_quarter: "Whether its close date lies in the quarter of the computation, closed or not.",
  days_since_created: "Days from the day of its creation to that of the computation.",
  days_to_close: "Days from the day of its creation to its close date; negative if the close date is earlier.",
  days_open: "Days for which it was or has been open: days_to_close of a closed one, days_since_created of another.",
  status: STATUS,
  is_lost: "Whether it is closed and not won.",
  is_open: "Whether it is not closed.",
  forecast_amount: "Amount by probability: amount * probability / 100.",
  created_amount_this_month: "The amount if it was created in this month, else 0.",
  created_amount_this_quarter: "The amount if it was created in this quarter, else 0.",
  created_count_this_month: "1 if it was created in this month, else 0.",
  created_count_this_quarter: "1 if it was created in this quarter, else 0.",
  closed_amount_this_month: "The amount if its close date lies in this month, else 0.",
  closed_amount_this_quarter: "The amount if its close date lies in this quarter, else 0.",
  closed_count_this_month: "1 if its close date lies in this month, else 0.",
  closed_count_this_quarter: "1 if its close date lies in this quarter, else 0.",
};

// The part of it that depends on nothing but the opportunity and the clock.
function ofStaging() {
  return Object.fromEntries(Object.entries(ofOpportunities).slice(0, 6));
}

module.exports = { status, STATUS, ofOpportunities, ofStaging };
