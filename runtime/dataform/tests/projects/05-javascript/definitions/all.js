declare({ schema: "raw", name: "events" });

publish("events_by_day", {
  type: "table",
  description: "a day a row",
  bigquery: { partitionBy: "day" },
  tags: ["daily"]
}).query(ctx => `select day, count(*) as n from ${ctx.ref("events")} group by day`)
  .preOps(ctx => `delete from ${ctx.self()} where day is null`)
  .postOps(["select 1", "select 2"]);

publish("shorthand", "select 1 as x");
publish("of_context", ctx => `select * from ${ctx.ref("shorthand")}`).type("view");

operate("vacuum").queries(ctx => ["select 1", `select * from ${ctx.ref("events_by_day")}`]);
operate("one", "create or replace table marts.one as select 1 as x").hasOutput(true);

assert("positive").query(ctx => `select * from ${ctx.ref("events_by_day")} where n <= 0`);
assert("tagged", { tags: ["daily"], description: "d" }).query(ctx => "select 1 where false");

["a", "b", "c"].forEach(name =>
  publish(`copy_of_${name}`, { type: "incremental", uniqueKey: ["id"] })
    .query(ctx => `select "${name}" as id ${ctx.when(ctx.incremental(), `from ${ctx.self()}`)}`)
    .tags([name])
    .dependencies(["events_by_day"])
);
