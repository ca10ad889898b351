//! Views and materialized views.

use super::spelling::{DATASET, statement};
use super::{Body, Group, Hcl, Kind, Random, about, datasets_list};

const GROUND: &str = r#"
resource "headwater_bigquery_dataset" "ground" {
  dataset_id = "DATASET"
}

locals {
  columns = [
    { name = "id", type = "INT64" },
    { name = "name", type = "STRING" },
    { name = "day", type = "DATE" },
    { name = "made", type = "TIMESTAMP" },
    { name = "amount", type = "NUMERIC" },
    { name = "tags", type = "STRING", mode = "REPEATED" },
    { name = "place", type = "STRUCT", fields = [{ name = "city", type = "STRING" }, { name = "zip", type = "STRING" }] },
    { name = "items", type = "STRUCT", mode = "REPEATED", fields = [{ name = "sku", type = "STRING" }, { name = "n", type = "INT64" }] },
    { name = "note", type = "JSON" },
  ]
}

resource "headwater_bigquery_table" "rows" {
  dataset           = headwater_bigquery_dataset.ground.id
  table_id          = "rows"
  columns           = local.columns
  time_partitioning = { field = "day" }
}

resource "headwater_bigquery_table" "hours" {
  dataset           = headwater_bigquery_dataset.ground.id
  table_id          = "hours"
  columns           = local.columns
  time_partitioning = { field = "made", type = "HOUR" }
}

resource "headwater_bigquery_table" "months" {
  dataset           = headwater_bigquery_dataset.ground.id
  table_id          = "months"
  columns           = local.columns
  time_partitioning = { field = "day", type = "MONTH" }
}

resource "headwater_bigquery_table" "others" {
  dataset  = headwater_bigquery_dataset.ground.id
  table_id = "others"
  columns  = [{ name = "id", type = "INT64" }, { name = "label", type = "STRING" }]
}

resource "headwater_bigquery_view" "ground" {
  dataset  = headwater_bigquery_table.rows.dataset
  table_id = "seen"
  query    = "SELECT id, name FROM ${headwater_bigquery_table.rows.sql_name}"
}

resource "headwater_bigquery_routine" "twice" {
  dataset         = headwater_bigquery_dataset.ground.id
  routine_id      = "twice"
  definition_body = "2 * x"
  arguments       = [{ name = "x", type = "INT64" }]
}

resource "headwater_bigquery_routine" "above" {
  dataset         = headwater_bigquery_table.rows.dataset
  routine_id      = "above"
  routine_type    = "TABLE_VALUED_FUNCTION"
  definition_body = "SELECT id FROM ${headwater_bigquery_table.rows.sql_name} WHERE id > least"
  arguments       = [{ name = "least", type = "INT64" }]
}
"#;

/// What views are made of.
const NEEDED: &str = "[headwater_bigquery_table.rows, headwater_bigquery_table.hours, headwater_bigquery_table.months, \
    headwater_bigquery_table.others, headwater_bigquery_view.ground, headwater_bigquery_routine.twice, headwater_bigquery_routine.above]";

pub fn group() -> Group {
    Group {
        name: "bigquery_views",
        ground: GROUND.replace("DATASET", DATASET),
        kinds: vec![
            Kind::new("headwater_bigquery_view", view),
            Kind::new("headwater_bigquery_materialized_view", materialized_view),
        ],
        org: false,
        lists: vec![datasets_list()],
    }
}

/// Queries of every shape, to be spelled: see [`statement`].
const QUERIES: &[&str] = &[
    "SELECT 1 AS one",
    "SELECT id, name FROM @rows",
    "SELECT * FROM @rows",
    "SELECT * EXCEPT (items, note) FROM @rows WHERE amount > 0 AND name IS NOT NULL",
    "SELECT * REPLACE (UPPER(name) AS name) FROM @rows",
    "SELECT day, COUNT(*) AS n, SUM(amount) AS total FROM @rows GROUP BY day HAVING COUNT(*) > 1 ORDER BY total DESC LIMIT 10",
    "WITH recent AS ( SELECT * FROM @rows WHERE day > DATE '2020-01-01' ) SELECT r.id, o.label FROM recent AS r LEFT JOIN @others AS o USING (id)",
    "SELECT r.id, item.sku, item.n FROM @rows AS r, UNNEST(r.items) AS item",
    "SELECT r.id, tag, nth FROM @rows AS r CROSS JOIN UNNEST(r.tags) AS tag WITH OFFSET AS nth",
    "SELECT STRUCT(id AS id, name AS name) AS pair, [1, 2, 3] AS numbers, ARRAY(SELECT AS STRUCT sku FROM UNNEST(items)) AS skus FROM @rows",
    "SELECT id, ROW_NUMBER() OVER (PARTITION BY day ORDER BY amount DESC) AS nth FROM @rows WHERE TRUE QUALIFY nth = 1",
    "SELECT id FROM @rows UNION ALL SELECT id FROM @others",
    "SELECT id FROM @rows EXCEPT DISTINCT SELECT id FROM @others",
    "SELECT DISTINCT name FROM @rows WHERE name LIKE 'a%' OR name IN ('b','c') OR name NOT LIKE '%z'",
    "SELECT CASE WHEN amount > 0 THEN 'in' ELSE 'out' END AS direction, CAST(amount AS FLOAT64) AS f, SAFE_CAST(name AS INT64) AS i FROM @rows",
    "SELECT EXTRACT(YEAR FROM day) AS year, IF(amount > 1, 1, 0) AS one, COALESCE(name,'none') AS name FROM @rows",
    "SELECT place.city, JSON_VALUE(note,'$.a.b') AS b, items[SAFE_OFFSET(0)].sku AS first FROM @rows",
    "SELECT s.id FROM @seen AS s JOIN @others AS o ON s.id = o.id WHERE o.label BETWEEN 'a' AND 'b'",
    "SELECT @twice(id) AS twice, @twice( @twice(id) ) AS more FROM @rows",
    "SELECT id FROM @above(3)",
    "SELECT id, (SELECT MAX(o.id) FROM @others AS o) AS biggest FROM @rows AS r WHERE EXISTS (SELECT 1 FROM @others AS o WHERE o.id = r.id)",
    "SELECT DATE_TRUNC(day, MONTH) AS month, APPROX_COUNT_DISTINCT(id) AS n, STRING_AGG(name,',' ORDER BY name) AS names FROM @rows GROUP BY 1",
    "SELECT id, SUM(amount) OVER (ORDER BY made ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM @rows",
    "SELECT FORMAT_DATE('%Y-%m',day) AS month, name AS `select`, id AS `größe` FROM @rows WHERE amount >= 1.5e-3 AND id != 0x1F",
];

/// Queries as they stand: whose literals hold what looks like something else.
const LITERALS: &[&str] = &[
    "SELECT 'don\\'t' AS a, \"say \\\"so\\\"\" AS b, '''three\n'lines'\n''' AS c, r'\\d+' AS d, b'\\x00\\xff' AS e",
    "SELECT '顧客 🚰' AS f, '${not} %{this}' AS g, '-- no comment' AS h, '/* nor */' AS i, '# nor;' AS j",
    "SELECT \"\"\"a \"quoted\" word\"\"\" AS k, R\"raw\\n\" AS l, rb'\\a' AS m, '\\u00e9\\U0001F6B0\\t' AS n",
    "SELECT TIMESTAMP '2020-01-01 00:00:00+02' AS o, DATE '2020-02-29' AS p, NUMERIC '1.50' AS q, JSON '{\"a\": [1, null]}' AS r, .5 AS s, 1. AS t, 1e3 AS u",
];

fn view(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.raw("depends_on", NEEDED);
    body.raw("dataset", "headwater_bigquery_dataset.ground.id");
    body.text(
        "table_id",
        match random.number(0, 5) {
            0 => format!("_{index}"),
            1 => format!("{index}_{}", random.word()),
            2 => format!("v{index:_<299}"),
            _ => format!("V{index}_{}", random.word()),
        },
    );
    let query = if random.once_in(5) {
        random.pick(LITERALS).to_owned()
    } else {
        let query = random.pick(QUERIES);
        statement(random, query)
    };
    body.text("query", query);
    about(random, &mut body);
    body
}

/// What a materialized view can be of: the query, the columns that it can be clustered by, and the partitions of its
/// table with their length.
struct Materialized {
    query: &'static str,
    clusters: &'static [&'static str],
    partitions: Option<(&'static str, &'static str)>,
    incremental: bool,
}

const MATERIALIZED: &[Materialized] = &[
    Materialized {
        query: "SELECT name, COUNT(*) AS n, SUM(amount) AS total FROM @rows GROUP BY name",
        clusters: &["name"],
        partitions: None,
        incremental: true,
    },
    Materialized {
        query: "SELECT day, name, MIN(id) AS least, MAX(made) AS latest FROM @rows WHERE amount > 0 GROUP BY day, name",
        clusters: &["name", "least", "latest", "day"],
        partitions: Some(("day", "DAY")),
        incremental: true,
    },
    Materialized {
        query: "SELECT id, name, made FROM @hours WHERE name IS NOT NULL",
        clusters: &["id", "name"],
        partitions: Some(("made", "HOUR")),
        incremental: true,
    },
    Materialized {
        query: "SELECT day, AVG(amount) AS mean FROM @months GROUP BY day",
        clusters: &["mean"],
        partitions: Some(("day", "MONTH")),
        incremental: true,
    },
    Materialized {
        query: "SELECT r.name, o.label, COUNT(*) AS n FROM @rows AS r JOIN @others AS o ON r.id = o.id GROUP BY r.name, o.label",
        clusters: &["label", "name"],
        partitions: None,
        incremental: true,
    },
    Materialized {
        query: "SELECT r.id, tag FROM @rows AS r, UNNEST(r.tags) AS tag",
        clusters: &["tag"],
        partitions: None,
        incremental: true,
    },
    Materialized {
        query: "SELECT id, RANK() OVER (PARTITION BY day ORDER BY amount) AS nth FROM @rows",
        clusters: &["nth"],
        partitions: None,
        incremental: false,
    },
    Materialized {
        query: "SELECT id FROM @rows UNION ALL SELECT id FROM @others ORDER BY id LIMIT 100",
        clusters: &["id"],
        partitions: None,
        incremental: false,
    },
];

fn materialized_view(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.raw("depends_on", NEEDED);
    body.raw("dataset", "headwater_bigquery_dataset.ground.id");
    body.text(
        "table_id",
        format!("{}{index}_{}", random.pick(&["m", "M", "_m"]), random.word()),
    );
    let made = &MATERIALIZED[usize::try_from(random.number(0, MATERIALIZED.len() as u64 - 1)).unwrap()];
    body.text("query", statement(random, made.query));
    if random.coin() {
        body.raw("enable_refresh", random.coin());
    }
    if random.coin() {
        body.raw(
            "refresh_interval_minutes",
            random.pick(&["1", "30", "60", "1e2", "10080"]),
        );
    }
    if !made.incremental || random.coin() {
        body.text(
            "max_staleness",
            random.pick(&["0-0 0 4:0:0", "0-0 0 04:00:00", "0-0 1 0:0:0"]),
        );
        if !made.incremental {
            body.raw("allow_non_incremental_definition", true);
        } else if random.coin() {
            body.raw("allow_non_incremental_definition", random.coin());
        }
    } else if random.once_in(4) {
        body.raw("allow_non_incremental_definition", false);
    }
    if let Some((field, length)) = made.partitions
        && random.coin()
    {
        body.text("partition_by", field);
        if length != "DAY" || random.coin() {
            body.text("partition_type", length);
        }
    }
    if random.coin() {
        let mut columns = random.some(made.clusters);
        columns.reverse();
        body.set("clustering", Hcl::texts(columns));
    }
    about(random, &mut body);
    body
}
