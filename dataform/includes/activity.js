// What is counted on each day, by the object that it comes from: [object or null, column, description].

const COLUMNS = [
  ["Lead", "leads_created", "How many leads were created on the day."],
  ["Lead", "leads_converted", "How many leads were converted on the day."],
  ["Task", "tasks_completed", "How many tasks that are done were due on the day."],
  ["Event", "events_completed", "How many events were on the day."],
  [null, "opportunities_created", "How many opportunities were created on the day."],
  [null, "opportunities_created_amount", "The amount of the opportunities created on the day, in whole units."],
  [null, "opportunities_won", "How many won opportunities have the day as their close date."],
  [null, "opportunities_won_amount", "The amount of the won opportunities that have the day as their close date, in whole units."],
  [null, "opportunities_lost", "How many lost opportunities have the day as their close date."],
  [null, "opportunities_lost_amount", "The amount of the lost opportunities that have the day as their close date, in whole units."],
  [null, "pipeline_amount", "The amount of the pipeline's opportunities that have the day as their close date, in whole units."],
];

const here = (enabled) => COLUMNS.filter(([object]) => object === null || enabled(object));

module.exports = {
  columns: (enabled) => here(enabled).map(([, column]) => column),
  docs: (enabled) => Object.fromEntries(here(enabled).map(([, column, description]) => [column, description])),
};
