//! The kinds of expectations that look beyond the rows of one table: at other tables, the clock, the runs before, and SQL.

use super::{Body, Hcl, Kinds, Random, interval, of_aggregates, of_rows, shared};

const OTHER: &str = "headwater_bigquery_table.other.sql_name";

pub fn beyond(random: &mut Random) -> Kinds {
    vec![
        (
            "foreign_key",
            vec![
                key(random, &[("quantity", "number")]),
                key(random, &[("status", "status"), ("day", "day")]),
            ],
        ),
        ("sql_condition", vec![condition(random)]),
        (
            "freshness",
            vec![freshness(random, "ordered"), freshness(random, "day")],
        ),
        ("anomaly", vec![anomaly(random, None), anomaly(random, Some("score"))]),
        ("reconcile", vec![reconcile(random)]),
        ("sql_aggregate", vec![aggregate(random)]),
        ("schema_change", vec![schema_change(random)]),
    ]
}

/// BigQuery is asked of rows that are there: none is set apart.
fn no_quarantine(mut body: Body) -> Body {
    for (name, value) in &mut body.0 {
        if name == "on_fail" {
            *value = Hcl::text("record");
        }
    }
    body
}

fn key(random: &mut Random, columns: &[(&str, &str)]) -> Body {
    let missing = random.pick(&["any_missing", "all_missing", "never"]);
    let mut references = Body::new();
    references.raw("table", OTHER);
    references.set("columns", Hcl::texts(columns.iter().map(|(_, there)| *there)));
    let body = of_rows(random, |body| {
        body.set("columns", Hcl::texts(columns.iter().map(|(here, _)| *here)));
        body.set("references", references.object());
        body.text("ignore_rows", missing);
    });
    no_quarantine(body)
}

fn condition(random: &mut Random) -> Body {
    let sql = random.pick(&["price >= 0", "quantity > 1 -- of all\nOR paid", "status != \"it's\""]);
    no_quarantine(of_rows(random, |body| body.text("condition", sql)))
}

fn freshness(random: &mut Random, column: &str) -> Body {
    let age = random.pick(&["6h", "90m", "1d12h", "2w"]);
    let ahead = random.coin().then(|| random.pick(&["0s", "5m"]));
    let no_data = random.pick(&["error", "fail", "zero"]);
    of_aggregates(random, |body| {
        body.text("column", column);
        body.text("max_age", age);
        if let Some(ahead) = ahead {
            body.text("max_ahead", ahead);
        }
        body.text("no_data", no_data);
    })
}

fn anomaly(random: &mut Random, column: Option<&str>) -> Body {
    let of_column = [
        "min",
        "max",
        "mean",
        "sum",
        "stdev",
        "median",
        "distinct_count",
        "distinct_ratio",
        "non_null_ratio",
    ];
    let metric = if column.is_some() {
        random.pick(&of_column)
    } else {
        "row_count"
    };
    let method = random.pick(&["relative_change", "robust_z"]);
    let threshold = random.pick(&["0.5", "3.5", "4"]);
    let history = random.coin().then(|| random.pick(&["28d", "8w", "36h"]));
    let least = random.coin().then(|| random.number(3, 40));
    let group = random.pick(&["none", "day_of_week"]);
    of_aggregates(random, |body| {
        body.text("metric", metric);
        if let Some(column) = column {
            body.text("column", column);
        }
        body.text("method", method);
        body.raw("threshold", threshold);
        if let Some(history) = history {
            body.text("history", history);
        }
        if let Some(least) = least {
            body.raw("min_points", least);
        }
        body.text("group_by", group);
    })
}

fn reconcile(random: &mut Random) -> Body {
    let mut with = Body::new();
    with.raw("table", OTHER);
    if random.coin() {
        with.text("filter", random.pick(&["quantity > 0", "day IS NOT NULL -- at all"]));
    }
    let columns = random.some(&["quantity", "day"]);
    let keys = random.coin();
    let tolerance = random.pick(&["0", "0.25", "1"]);
    of_aggregates(random, |body| {
        body.set("with", with.object());
        body.set("columns", Hcl::texts(columns));
        if keys {
            body.set("keys", Hcl::texts(["status"]));
            body.raw("count_tolerance", tolerance);
        }
    })
}

fn aggregate(random: &mut Random) -> Body {
    let ends = interval(random, ["0.5", "100"]);
    let sql = random.pick(&["SUM(price) / COUNT(*)", "COUNTIF(paid)", "MAX(quantity) -- the most"]);
    let no_data = random.pick(&["error", "fail", "zero"]);
    of_aggregates(random, |body| {
        body.text("expression", sql);
        body.0.extend(ends.0);
        body.text("no_data", no_data);
    })
}

fn schema_change(random: &mut Random) -> Body {
    let mut body = Body::new();
    if random.coin() {
        body.set("allow", Hcl::texts(random.some(&["add", "remove", "type", "mode"])));
    }
    if random.coin() {
        let columns = [("quantity", "INT64"), ("lines.sku", "STRING")].map(|(name, of)| {
            let mut column = Body::new();
            column.text("name", name);
            column.text("type", of);
            if random.coin() {
                column.text("mode", random.pick(&["NULLABLE", "REQUIRED", "REPEATED"]));
            }
            column.object()
        });
        body.set("baseline", Hcl::List(columns.into()));
    }
    shared(random, &mut body, false);
    body
}
