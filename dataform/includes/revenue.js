// What is summed up over line items for a product: [column, SQL, description]. Nothing is rounded.

const sum = (status, value) => `SUM(IF(opportunity_status = '${status}', ${value}, NULL))`;

const COLUMNS = [
  ["number_of_line_items", "COUNT(*)", "How many line items the product has."],
  ["number_of_opportunities", "COUNT(DISTINCT opportunity_id)", "In how many opportunities it is."],
  ["won_quantity", sum("Won", "quantity"), "How many pieces won opportunities are for."],
  ["won_revenue", sum("Won", "total_price"), "The total price of the line items of won opportunities."],
  ["lost_quantity", sum("Lost", "quantity"), "How many pieces lost opportunities were for."],
  ["lost_revenue", sum("Lost", "total_price"), "The total price of the line items of lost opportunities."],
  ["pipeline_quantity", sum("Pipeline", "quantity"), "How many pieces the pipeline's opportunities are for."],
  ["pipeline_revenue", sum("Pipeline", "total_price"), "The total price of the line items of the pipeline's opportunities."],
  ["pipeline_forecast_revenue", sum("Pipeline", "forecast_revenue"), "The same, each by its opportunity's probability."],
];

module.exports = {
  columns: () => COLUMNS.map(([column]) => column),
  ofLineItems: () => COLUMNS.map(([column, sql]) => `${sql} AS ${column}`).join(",\n  "),
  docs: () => Object.fromEntries(COLUMNS.map(([column, , description]) => [column, description])),
};
