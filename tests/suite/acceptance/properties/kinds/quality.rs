//! Suites of data quality over one table: every kind of expectation, with values of every type. No run happens: what runs do
//! is other tests' matter.

mod beyond;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account, regional};

const GROUND: &str = r#"
resource "headwater_storage_bucket" "ground" {
  name          = "quality-ground"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "ground" {
  dataset_id                 = "quality_ground"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_bigquery_table" "ground" {
  dataset             = headwater_bigquery_dataset.ground.id
  table_id            = "orders"
  deletion_protection = false
  columns = [
    { name = "quantity", type = "INT64" },
    { name = "score", type = "FLOAT64" },
    { name = "price", type = "NUMERIC" },
    { name = "status", type = "STRING" },
    { name = "paid", type = "BOOL" },
    { name = "day", type = "DATE" },
    { name = "clock", type = "TIME" },
    { name = "ordered", type = "TIMESTAMP" },
    { name = "shipped", type = "TIMESTAMP" },
  ]
}

resource "headwater_bigquery_table" "other" {
  dataset             = headwater_bigquery_dataset.ground.id
  table_id            = "others"
  deletion_protection = false
  columns = [
    { name = "number", type = "NUMERIC" },
    { name = "status", type = "STRING" },
    { name = "quantity", type = "INT64" },
    { name = "day", type = "DATE" },
  ]
}

resource "headwater_pubsub_topic" "ground" {
  name = "quality-ground"
}

resource "headwater_runtime" "ground" {
  name = "quality-ground"
}
"#;

const FILES_ONLY: &str = "BigQuery cannot say it, and a plan refuses it";

pub fn group() -> Group {
    Group {
        name: "quality",
        ground: GROUND.to_owned(),
        kinds: vec![Kind {
            count: 110,
            fewer: Some("each asks BigQuery for the bytes of its query, and writes its spec to a lake"),
            unset: &[
                ("expectations.ordered", FILES_ONLY),
                ("expectations.distribution", FILES_ONLY),
            ],
            ..Kind::new("headwater_dq_suite", suite)
        }],
        org: false,
        lists: vec![
            (regional("v1", "jobs"), "jobs"),
            (regional("v1", "dataScans"), "dataScans"),
        ],
    }
}

fn suite(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("suite{index}"));
    let prefix = random.pick(&["", "/a", "/a/b/"]);
    body.raw("lake", format!("\"${{headwater_storage_bucket.ground.url}}{prefix}\""));
    body.raw("runtime", "headwater_runtime.ground.id");
    let scanned = is_scan(index);
    let files = !scanned && random.once_in(12);
    if files {
        let mut uri = Body::new();
        uri.text(
            "uri",
            random.pick(&[
                "gs://quality-files/*.parquet",
                "gs://quality-files/a/**.parquet",
                "gs://quality-files/b.parquet",
            ]),
        );
        body.set("files", uri.object());
    } else {
        body.raw("table", "headwater_bigquery_table.ground.id");
    }
    body.raw("delete_results_on_destroy", true);
    let mut results = Body::new();
    results.raw("dataset", "headwater_bigquery_dataset.ground.id");
    if random.coin() {
        results.text("run_table", format!("runs{index}"));
        results.text("result_table", format!("results{index}"));
    }
    if random.coin() {
        let mut samples = Body::new();
        samples.raw("rows", random.number(0, 20));
        if random.coin() {
            samples.set("unmasked_columns", Hcl::texts(random.some(&["status", "price"])));
        }
        results.set("samples", samples.object());
    }
    body.set("results", results.object());
    // Of samples and files, some expectations make no sense: those take none of them.
    let sampled = !scanned && !files && random.once_in(10);
    body.set(
        "expectations",
        if files || sampled {
            of_any_rows(random)
        } else {
            expectations(random, index)
        },
    );
    if sampled {
        body.raw("sample_percent", random.pick(&["0.5", "10", "100"]));
    }
    if !scanned && !files && random.coin() {
        let mut incremental = Body::new();
        incremental.text("column", random.pick(&["day", "ordered", "shipped"]));
        if random.coin() {
            incremental.text("overlap", random.pick(&["0s", "2h", "120m", "24h"]));
        }
        if random.coin() {
            incremental.text(
                "start",
                random.pick(&["2026-01-31T00:00:00Z", "2026-01-31T01:00:00+01:00"]),
            );
        }
        body.set("incremental", incremental.object());
    }
    if !files && random.coin() {
        body.text(
            "partition_filter",
            random.pick(&["day >= DATE '2026-01-01'", "paid\nAND quantity > 1"]),
        );
    }
    if random.coin() {
        body.text("description", random.prose());
    }
    if random.coin() {
        let mut alert = Body::new();
        alert.raw("topic", "headwater_pubsub_topic.ground.id");
        if random.coin() {
            alert.set(
                "on",
                Hcl::texts(random.some(&["recovered", "fail", "error", "warn", "pass"])),
            );
        }
        if random.coin() {
            alert.text("min_severity", random.pick(&["info", "warn", "error"]));
        }
        body.set("alert", alert.object());
    }
    if random.coin() {
        let mut schedule = Body::new();
        // Once in four years: no run is due while the test lasts.
        schedule.text("cron", "0 3 29 2 *");
        if random.coin() {
            schedule.text("time_zone", random.zone());
        }
        body.set("schedule", schedule.object());
    }
    if scanned {
        body.set("dataplex", scan(random, index));
    } else if !files && random.coin() {
        body.raw("max_bytes_billed", random.number(10_485_760, 1 << 50));
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    body
}

/// One in three is a scan of Dataplex, which has no rules for shapes, and no limit of bytes.
const fn is_scan(index: usize) -> bool {
    index % 3 == 2
}

fn scan(random: &mut Random, index: usize) -> Hcl {
    let mut scan = Body::new();
    if random.coin() {
        scan.text("scan_id", format!("scan{index}-{}", random.word()));
    }
    if random.coin() {
        scan.text(
            "location",
            random.pick(&[headwater_tests::cloud::REGION, "us-central1"]),
        );
    }
    if random.coin() {
        scan.raw("sampling_percent", random.pick(&["12.5", "0.125", "99"]));
    }
    if random.coin() {
        scan.raw("publish_to_catalog", random.coin());
    }
    if random.coin() {
        scan.text("service_account", account(random));
    }
    scan.object()
}

/// Expectations that mean the same of a part of the rows, and ask nobody.
fn of_any_rows(random: &mut Random) -> Hcl {
    let missing = of_rows(random, |body| body.text("column", "status"));
    let between = interval(random, ["-1", "20"]).object();
    let between = of_rows(random, |body| {
        body.text("column", "quantity");
        body.set("ints", between);
    });
    let lists = [("not_null", missing), ("between", between)];
    Hcl::Object(
        lists
            .map(|(kind, body)| (kind.to_owned(), Hcl::List(vec![body.object()])))
            .into_iter()
            .collect(),
    )
}

/// The kinds, each configuration beginning at another one.
fn expectations(random: &mut Random, index: usize) -> Hcl {
    const KINDS: [fn(&mut Random) -> Kinds; 8] = [
        presence,
        sets,
        intervals,
        texts,
        rows,
        aggregates,
        // Dataplex has no rules for these.
        shapes,
        beyond::beyond,
    ];
    let kinds = if is_scan(index) { &KINDS[..6] } else { &KINDS[..] };
    let first = index % kinds.len();
    let mut all = kinds[first](random);
    if random.coin() {
        all.extend(kinds[(first + 1) % kinds.len()](random));
    }
    let lists = all.into_iter().map(|(kind, bodies)| {
        (
            kind.to_owned(),
            Hcl::List(bodies.into_iter().map(Body::object).collect()),
        )
    });
    Hcl::Object(lists.collect())
}

/// What expectations have beside their checks.
fn shared(random: &mut Random, body: &mut Body, of_rows: bool) {
    if of_rows {
        if random.coin() {
            body.raw("mostly", random.pick(&["0.5", "0.999", "1", "0"]));
        }
        if random.coin() {
            body.text("on_fail", random.pick(&["record", "fail", "quarantine"]));
        }
    } else if random.coin() {
        body.text("on_fail", random.pick(&["record", "fail"]));
    }
    for (name, choices) in [
        ("severity", &["info", "warn", "error"][..]),
        (
            "dimension",
            &[
                "completeness",
                "validity",
                "uniqueness",
                "consistency",
                "accuracy",
                "timeliness",
                "volume",
            ],
        ),
        ("owner", &["sales@example.com", "me"]),
        ("description", &["Orders without one are lost.", "a \"quoted\" ${word}"]),
    ] {
        if random.coin() {
            body.text(name, random.pick(choices));
        }
    }
    if random.coin() {
        body.set("tags", Hcl::texts(random.some(&["a", "b", "c"])));
    }
    if random.coin() {
        body.raw("enabled", random.coin());
    }
    if random.once_in(3) {
        body.text("id", format!("{}-{}", random.word(), random.number(0, u64::MAX / 2)));
    }
}

/// `where` and `nan`, which checks of values have.
fn meant(random: &mut Random, body: &mut Body) {
    if random.coin() {
        body.text(
            "where",
            random.pick(&[
                "status = 'paid'",
                "status!=\"it's\" or quantity in (1,2)",
                "price BETWEEN NUMERIC '0.10' AND NUMERIC '9' AND (paid = TRUE OR day IS NOT NULL)",
                "ordered >= TIMESTAMP '2026-01-31T00:00:00Z' AND clock < TIME '12:00:00' AND score <> 1.5",
            ]),
        );
    }
    if random.coin() {
        body.text("nan", random.pick(&["value", "null"]));
    }
}

/// An expectation of rows.
fn of_rows(random: &mut Random, make: impl FnOnce(&mut Body)) -> Body {
    let mut body = Body::new();
    make(&mut body);
    meant(random, &mut body);
    shared(random, &mut body, true);
    body
}

/// An expectation of aggregates.
fn of_aggregates(random: &mut Random, make: impl FnOnce(&mut Body)) -> Body {
    let mut body = Body::new();
    make(&mut body);
    meant(random, &mut body);
    shared(random, &mut body, false);
    body
}

type Kinds = Vec<(&'static str, Vec<Body>)>;

fn presence(random: &mut Random) -> Kinds {
    let over = |random: &mut Random, columns: &[&str]| {
        let missing = random.pick(&["any_missing", "all_missing", "never"]);
        of_rows(random, |body| {
            body.set("columns", Hcl::texts(columns.iter().copied()));
            body.text("ignore_rows", missing);
        })
    };
    vec![
        ("not_null", vec![of_rows(random, |body| body.text("column", "status"))]),
        ("is_null", vec![of_rows(random, |body| body.text("column", "score"))]),
        (
            "unique",
            vec![over(random, &["quantity"]), over(random, &["status", "day"])],
        ),
        ("distinct_within_row", vec![over(random, &["ordered", "shipped"])]),
        ("equal_within_row", vec![over(random, &["shipped", "ordered"])]),
    ]
}

/// The column of each family of values, and two values in order.
const FAMILIES: [(&str, &str, [&str; 2]); 8] = [
    ("ints", "quantity", ["-1", "20"]),
    ("floats", "score", ["0.25", "4"]),
    ("decimals", "price", ["\"0.10\"", "\"12.5\""]),
    ("strings", "status", ["\"new\"", "\"paid\""]),
    ("bools", "paid", ["false", "true"]),
    ("dates", "day", ["\"2026-01-31\"", "\"2026-02-01\""]),
    ("times", "clock", ["\"08:00:00\"", "\"23:59:59.5\""]),
    (
        "timestamps",
        "ordered",
        ["\"2026-01-31T00:00:00Z\"", "\"2026-02-01T00:00:00+01:00\""],
    ),
];

fn sets(random: &mut Random) -> Kinds {
    let of_each = |random: &mut Random, kind: &str| {
        FAMILIES
            .into_iter()
            .map(|(family, column, values)| {
                let flag = random.coin();
                let mode = random.pick(&["in", "contain", "equal"]);
                let make = |body: &mut Body| {
                    body.text("column", column);
                    body.set(family, Hcl::List(values.into_iter().map(Hcl::raw).collect()));
                    match kind {
                        "distinct_set" => body.text("mode", mode),
                        "most_common" => body.raw("ties_ok", flag),
                        _ => {}
                    }
                };
                if matches!(kind, "distinct_set" | "most_common") {
                    of_aggregates(random, make)
                } else {
                    of_rows(random, make)
                }
            })
            .collect()
    };
    let kind = random.pick(&["in_set", "not_in_set"]);
    vec![
        (kind, of_each(random, kind)),
        ("distinct_set", of_each(random, "distinct_set")),
        ("most_common", of_each(random, "most_common")),
    ]
}

fn interval(random: &mut Random, [min, max]: [&str; 2]) -> Body {
    let mut interval = Body::new();
    let ends = random.number(0, 2);
    if ends != 1 {
        interval.raw("min", min);
    }
    if ends != 0 {
        interval.raw("max", max);
    }
    for strict in ["strict_min", "strict_max"] {
        if random.coin() {
            interval.raw(strict, random.coin());
        }
    }
    interval
}

fn intervals(random: &mut Random) -> Kinds {
    let families = || FAMILIES.into_iter().filter(|(family, ..)| *family != "bools");
    let mut between = Vec::new();
    let mut statistic = Vec::new();
    for (family, column, ends) in families() {
        let interval = interval(random, ends).object();
        between.push(of_rows(random, |body| {
            body.text("column", column);
            body.set(family, interval);
        }));
    }
    for (family, column, ends) in families() {
        let interval = interval(random, ends).object();
        let number = random.pick(&["min", "max"]);
        let no_data = random.pick(&["error", "fail"]);
        statistic.push(of_aggregates(random, |body| {
            body.text("column", column);
            body.text("statistic", number);
            body.set(family, interval);
            body.text("no_data", no_data);
        }));
    }
    vec![("between", between), ("statistic", statistic)]
}

fn texts(random: &mut Random) -> Kinds {
    let patterns = |random: &mut Random, patterns: &[&'static str], more: (&str, Hcl)| {
        let match_on = random.pick(&["any", "all"]);
        let patterns = Hcl::texts(random.some(patterns));
        of_rows(random, |body| {
            body.text("column", "status");
            body.set("patterns", patterns);
            body.text("match_on", match_on);
            body.set(more.0, more.1);
        })
    };
    let length = interval(random, ["1", "30"]);
    let as_text = random.coin();
    let expressions = ["^[a-z]+$", "\\d{2,}", "a|b"];
    let likes = ["a%", "_b", "100!%"];
    vec![
        (
            "length",
            vec![of_rows(random, |body| {
                body.text("column", "status");
                body.0.extend(length.0);
                body.raw("as_text", as_text);
            })],
        ),
        (
            "matches",
            vec![patterns(random, &expressions, ("as_text", Hcl::raw(as_text)))],
        ),
        (
            "not_matches",
            vec![patterns(random, &expressions, ("as_text", Hcl::raw(as_text)))],
        ),
        ("like", vec![patterns(random, &likes, ("escape", Hcl::text("!")))]),
        ("not_like", vec![patterns(random, &likes, ("escape", Hcl::text("!")))]),
        (
            "time_format",
            vec![of_rows(random, |body| {
                body.text("column", "status");
                body.text("format", "%Y-%m-%d");
            })],
        ),
        ("json", vec![of_rows(random, |body| body.text("column", "status"))]),
    ]
}

fn rows(random: &mut Random) -> Kinds {
    let missing = random.pick(&["any_missing", "all_missing", "never"]);
    let flag = random.coin();
    let total = random.pick(&["1.5", "100", "-2"]);
    let op = random.pick(&["=", "!=", "<", "<=", ">", ">="]);
    let method = random.pick(&["iqr", "std"]);
    let pairs =
        [("paid", "string", "1", "int"), ("new", "string", "-20", "int")].map(|(left, of_left, right, of_right)| {
            let mut pair = Body::new();
            pair.text("left", left);
            pair.text("left_type", of_left);
            pair.text("right", right);
            pair.text("right_type", of_right);
            pair.object()
        });
    let columns = |body: &mut Body, left: &str, right: &str| {
        body.text("left", left);
        body.text("right", right);
        body.text("ignore_rows", missing);
    };
    vec![
        (
            "row_sum",
            vec![of_rows(random, |body| {
                body.set("columns", Hcl::texts(["quantity", "price"]));
                body.raw("total", total);
                body.text("ignore_rows", missing);
            })],
        ),
        (
            "z_score",
            vec![of_rows(random, |body| {
                body.text("column", "score");
                body.raw("threshold", 3);
                body.raw("double_sided", flag);
            })],
        ),
        (
            "not_outlier",
            vec![of_rows(random, |body| {
                body.text("column", "quantity");
                body.text("method", method);
                body.raw("multiplier", "1.5");
            })],
        ),
        (
            "compare",
            vec![of_rows(random, |body| {
                columns(body, "shipped", "ordered");
                body.text("op", op);
            })],
        ),
        (
            "pair_in_set",
            vec![of_rows(random, |body| {
                columns(body, "status", "quantity");
                body.set("pairs", Hcl::List(pairs.into()));
            })],
        ),
    ]
}

fn aggregates(random: &mut Random) -> Kinds {
    let method = random.pick(&["discrete", "linear", "lower", "higher", "nearest", "midpoint"]);
    let statistics = ["mean", "sum", "stdev", "median"].map(|number| {
        let interval = interval(random, ["0.5", "100"]).object();
        let no_data = random.pick(&["error", "fail", "zero"]);
        of_aggregates(random, |body| {
            body.text("column", "score");
            body.text("statistic", number);
            body.set("floats", interval);
            body.text("no_data", no_data);
        })
    });
    let quantiles = [("0.5", "1", "9"), ("0.99", "2", "100")].map(|(p, min, max)| {
        let mut one = Body::new();
        one.raw("p", p);
        one.raw("min", min);
        one.raw("max", max);
        one.object()
    });
    let no_data = random.pick(&["error", "fail"]);
    let count = interval(random, ["0", "1000"]);
    vec![
        ("statistic", statistics.into()),
        (
            "quantile",
            vec![of_aggregates(random, |body| {
                body.text("column", "score");
                body.set("quantiles", Hcl::List(quantiles.into()));
                body.text("method", method);
                body.text("no_data", no_data);
            })],
        ),
        ("row_count", vec![of_aggregates(random, |body| body.0.extend(count.0))]),
        (
            "row_count_equals",
            vec![of_aggregates(random, |body| {
                body.raw("table", "headwater_bigquery_table.ground.sql_name");
            })],
        ),
    ]
}

fn shapes(random: &mut Random) -> Kinds {
    let mode = random.pick(&["exact", "contain"]);
    let count = interval(random, ["1", "50"]);
    let mut plain = |make: &dyn Fn(&mut Body)| {
        let mut body = Body::new();
        make(&mut body);
        shared(random, &mut body, false);
        vec![body]
    };
    vec![
        ("column_count", plain(&|body| body.0.extend(count.0.clone()))),
        (
            "columns",
            plain(&|body| {
                body.set("names", Hcl::texts(["quantity", "price"]));
                body.text("mode", mode);
            }),
        ),
        (
            "column_exists",
            plain(&|body| {
                body.text("column", "price");
                body.raw("position", 2);
            }),
        ),
        (
            "type",
            plain(&|body| {
                body.text("column", "price");
                body.set("types", Hcl::texts(["NUMERIC", "BIGNUMERIC"]));
            }),
        ),
        (
            "sql_rows",
            plain(&|body| body.text("query", "SELECT status FROM {batch} WHERE quantity < 0")),
        ),
        (
            "sql_equals",
            plain(&|body| {
                body.text("query", "SELECT COUNT(*) FROM {batch}");
                body.text("other_source", "bigquery");
                body.text("other_query", "SELECT 1");
            }),
        ),
    ]
}
