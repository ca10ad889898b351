// Days are counted forwards; of two versions the later one counts, and of one that is deleted, none.
// In JavaScript, because the raw table's dataset is a variable.

const created = "TIMESTAMP '2020-03-01 12:00:00+00'";
const closes = `DATE_ADD(${clock.day(created)}, INTERVAL 30 DAY)`;
const [earlier, later] = ["TIMESTAMP '2026-01-01 00:00:00+00'", "TIMESTAMP '2026-01-02 00:00:00+00'"];

const raw = [
  { Id: "'sold'", IsDeleted: "FALSE", CreatedDate: created, CloseDate: closes, SystemModstamp: later },
  { Id: "'sold'", IsDeleted: "FALSE", CloseDate: "DATE '1999-01-01'", SystemModstamp: earlier },
  { Id: "'deleted'", IsDeleted: "TRUE", SystemModstamp: later },
  { Id: "'deleted'", IsDeleted: "FALSE", SystemModstamp: earlier },
];

const expected = salesforce.sample("Opportunity", {
  opportunity_id: "'sold'",
  is_deleted: "FALSE",
  created_date: created,
  close_date: closes,
  system_modstamp: later,
});

test("opportunity_days")
  .dataset({ schema: settings.staging(), name: "stg_salesforce__opportunity" })
  .input(
    [settings.raw(), settings.table("Opportunity")],
    raw.map((values) => salesforce.rawSample("Opportunity", values)).join("\nUNION ALL\n")
  )
  .expect(`
SELECT
  expected.*,
  FALSE AS is_created_this_month,
  FALSE AS is_created_this_quarter,
  FALSE AS is_closed_this_month,
  FALSE AS is_closed_this_quarter,
  DATE_DIFF(${clock.today()}, ${clock.day("expected.created_date")}, DAY) AS days_since_created,
  30 AS days_to_close
FROM (${expected}) AS expected`);
