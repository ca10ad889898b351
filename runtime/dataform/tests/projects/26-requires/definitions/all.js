const path = require("path");
const list = require("./data/list.json");
const more = require("./data/more.yaml").asJson;
const sql = require("definitions/data/q.sql").query;
const shared = require("lib/shared");
const lib = require("../lib");
[...list.tables, ...more.tables].forEach((name, i) =>
  publish(name, sql.trim() + ` -- ${path.join("a", "..", "b", String(i + shared.three))} ${path.basename("x/y.sqlx", ".sqlx")} ${lib.index}`)
);
