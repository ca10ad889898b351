//! Routines: functions, table functions and procedures.

use super::spelling::{DATASET, spelled};
use super::{Body, Group, Hcl, Kind, Random, datasets_list, text};

const GROUND: &str = r#"
resource "headwater_bigquery_dataset" "ground" {
  dataset_id = "DATASET"
}

resource "headwater_bigquery_table" "rows" {
  dataset  = headwater_bigquery_dataset.ground.id
  table_id = "rows"
  columns = [
    { name = "id", type = "INT64" },
    { name = "name", type = "STRING" },
    { name = "day", type = "DATE" },
    { name = "tags", type = "STRING", mode = "REPEATED" },
  ]
}

resource "headwater_bigquery_routine" "twice" {
  dataset         = headwater_bigquery_dataset.ground.id
  routine_id      = "twice"
  definition_body = "2 * x"
  arguments       = [{ name = "x", type = "INT64" }]
}
"#;

pub fn group() -> Group {
    Group {
        name: "bigquery_routines",
        ground: GROUND.replace("DATASET", DATASET),
        kinds: vec![Kind::new("headwater_bigquery_routine", routine)],
        org: false,
        lists: vec![datasets_list()],
    }
}

/// A body, its arguments and its result. Names and types: `x INT64, y ARRAY<STRING>`.
struct Made {
    body: &'static str,
    arguments: &'static [(&'static str, &'static str)],
    result: &'static [(&'static str, &'static str)],
}

const SCALAR: &[Made] = &[
    Made {
        body: "x + 1",
        arguments: &[("x", "INT64")],
        result: &[("", "INT64")],
    },
    Made {
        body: "@twice(x) + (SELECT MAX(id) FROM @rows)",
        arguments: &[("x", "integer")],
        result: &[("", "bigint")],
    },
    Made {
        body: "CONCAT(first,'-',last)",
        arguments: &[("first", "STRING"), ("last", "string")],
        result: &[("", "String")],
    },
    Made {
        body: "ARRAY_LENGTH(list) > 0 AND list[OFFSET(0)] IS NOT NULL",
        arguments: &[("list", "ARRAY<STRING>")],
        result: &[("", "BOOL")],
    },
    Made {
        body: "CASE WHEN p.x IS NULL THEN 0.0 ELSE p.x * p.inner.y END",
        arguments: &[("p", "STRUCT<x FLOAT64, `inner` STRUCT<y FLOAT64,z ARRAY<INT64>>>")],
        result: &[("", "FLOAT64")],
    },
    Made {
        body: "(SELECT SUM(item.n * item.price) FROM UNNEST(items) AS item)",
        arguments: &[("items", "array< struct<sku string, n int64, price numeric> >")],
        result: &[("", "NUMERIC")],
    },
    Made {
        body: "STRUCT(a AS a, [b] AS bs)",
        arguments: &[("a", "DATE"), ("b", "TIMESTAMP")],
        result: &[("", "STRUCT<a DATE, bs ARRAY<TIMESTAMP>>")],
    },
    Made {
        body: "IF(a = b, a, b)",
        arguments: &[("a", "ANY TYPE"), ("b", "ANY TYPE")],
        result: &[],
    },
    Made {
        body: "DATE_DIFF(CURRENT_DATE(), born, YEAR)",
        arguments: &[("born", "DATE")],
        result: &[("", "INT64")],
    },
    Made {
        body: "3.14159",
        arguments: &[],
        result: &[("", "FLOAT64")],
    },
    Made {
        body: "JSON_VALUE(doc,'$.a') = SAFE_CAST(bytes AS STRING)",
        arguments: &[("doc", "JSON"), ("bytes", "BYTES")],
        result: &[("", "boolean")],
    },
];

const TABLES: &[Made] = &[
    Made {
        body: "SELECT id, name FROM @rows WHERE id > least",
        arguments: &[("least", "INT64")],
        result: &[("id", "INT64"), ("name", "STRING")],
    },
    Made {
        body: "SELECT r.id, tag FROM @rows AS r, UNNEST(r.tags) AS tag WHERE tag IN UNNEST(wanted)",
        arguments: &[("wanted", "ARRAY<STRING>")],
        result: &[("id", "integer"), ("tag", "string")],
    },
    Made {
        body: "SELECT day, ARRAY_AGG(id) AS ids, STRUCT(MIN(name) AS least, MAX(name) AS most) AS names FROM @rows GROUP BY day",
        arguments: &[],
        result: &[
            ("day", "DATE"),
            ("ids", "ARRAY<INT64>"),
            ("names", "STRUCT<least STRING, most STRING>"),
        ],
    },
    Made {
        body: "WITH found AS ( SELECT id FROM @rows WHERE day BETWEEN span.a AND span.b ) SELECT @twice(id) AS twice FROM found",
        arguments: &[("span", "STRUCT<a DATE, b DATE>")],
        result: &[("twice", "INT64")],
    },
];

/// Statements, with arguments that have modes.
type Procedure = (
    &'static str,
    &'static [(&'static str, &'static str, Option<&'static str>)],
);

const PROCEDURES: &[Procedure] = &[
    (
        "SET y = x + 1;",
        &[("x", "INT64", Some("IN")), ("y", "INT64", Some("OUT"))],
    ),
    ("BEGIN SET n = n + 1; END", &[("n", "INT64", Some("INOUT"))]),
    (
        "DECLARE total INT64 DEFAULT 0; WHILE total < most DO SET total = total + 1; END WHILE; SELECT total;",
        &[("most", "INT64", None)],
    ),
    (
        "INSERT INTO @rows (id, name) VALUES (id,name); DELETE FROM @rows WHERE id IS NULL;",
        &[("id", "INT64", None), ("name", "STRING", Some("IN"))],
    ),
    (
        "IF ARRAY_LENGTH(list) > 0 THEN SELECT list; ELSE RAISE USING MESSAGE = 'empty'; END IF;",
        &[("list", "array<struct<a int64, b string>>", None)],
    ),
    (
        "BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END;",
        &[],
    ),
    (
        "FOR row IN (SELECT id FROM @rows) DO EXECUTE IMMEDIATE 'SELECT'||CHR(32)||'?' USING row.id; END FOR;",
        &[],
    ),
];

const JAVASCRIPT: &[Made] = &[
    Made {
        body: "return x.toUpperCase();",
        arguments: &[("x", "STRING")],
        result: &[("", "STRING")],
    },
    Made {
        body: "\n  // a comment\n  const half = `${x / 2}`;\n  return half + '%{}' + \"\\n\";\n",
        arguments: &[("x", "float64")],
        result: &[("", "string")],
    },
    Made {
        body: "return list.map(p => p.a).filter(a => a > 0);",
        arguments: &[("list", "ARRAY<STRUCT<a FLOAT64, b STRING>>")],
        result: &[("", "ARRAY<FLOAT64>")],
    },
    Made {
        body: "return {a: 1, b: [JSON.stringify(doc)]};  ",
        arguments: &[("doc", "JSON")],
        result: &[("", "STRUCT<a FLOAT64, b ARRAY<STRING>>")],
    },
];

fn typed(of: &[(&str, &str)]) -> Hcl {
    let one = |(name, kind): &(&str, &str)| {
        let mut body = Body::new();
        body.text("name", *name);
        body.text("type", *kind);
        body.object()
    };
    Hcl::List(of.iter().map(one).collect())
}

fn made(random: &mut Random, of: &'static [Made]) -> &'static Made {
    &of[usize::try_from(random.number(0, of.len() as u64 - 1)).unwrap()]
}

fn routine(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.raw(
        "depends_on",
        "[headwater_bigquery_table.rows, headwater_bigquery_routine.twice]",
    );
    body.raw("dataset", "headwater_bigquery_dataset.ground.id");
    body.text(
        "routine_id",
        match random.number(0, 4) {
            0 => format!("_{index}"),
            1 => format!("r{index:_<255}"),
            _ => format!("R{index}_{}", random.word()),
        },
    );
    match random.number(0, 3) {
        0 => scalar(random, &mut body),
        1 => javascript(random, &mut body),
        2 => table(random, &mut body),
        _ => procedure(random, &mut body),
    }
    if random.coin() {
        body.text("description", text(random));
    }
    body
}

fn scalar(random: &mut Random, body: &mut Body) {
    let made = made(random, SCALAR);
    if random.coin() {
        body.text("routine_type", "SCALAR_FUNCTION");
    }
    if random.coin() {
        body.text("language", "SQL");
    }
    body.text("definition_body", spelled(random, made.body));
    if !made.arguments.is_empty() {
        body.set("arguments", typed(made.arguments));
    }
    if let Some((_, kind)) = made.result.first()
        && random.coin()
    {
        body.text("return_type", *kind);
    }
}

fn javascript(random: &mut Random, body: &mut Body) {
    let made = made(random, JAVASCRIPT);
    body.text("language", "JAVASCRIPT");
    body.text("definition_body", made.body);
    body.set("arguments", typed(made.arguments));
    body.text("return_type", made.result[0].1);
    if random.coin() {
        body.set(
            "imported_libraries",
            Hcl::texts(random.some(&["gs://bucket/z.js", "gs://bucket/a b/lib.js"])),
        );
    }
    if random.coin() {
        body.text(
            "determinism_level",
            random.pick(&["DETERMINISTIC", "NOT_DETERMINISTIC"]),
        );
    }
}

fn table(random: &mut Random, body: &mut Body) {
    let made = made(random, TABLES);
    body.text("routine_type", "TABLE_VALUED_FUNCTION");
    body.text("definition_body", spelled(random, made.body));
    if !made.arguments.is_empty() {
        body.set("arguments", typed(made.arguments));
    }
    if random.coin() {
        body.set("return_table_columns", typed(made.result));
    }
}

fn procedure(random: &mut Random, body: &mut Body) {
    let (statements, arguments) = random.pick(PROCEDURES);
    body.text("routine_type", "PROCEDURE");
    body.text("definition_body", spelled(random, statements));
    let arguments = arguments.iter().map(|(name, kind, mode)| {
        let mut argument = Body::new();
        argument.text("name", *name);
        argument.text("type", *kind);
        if let Some(mode) = mode {
            argument.text("mode", *mode);
        }
        argument.object()
    });
    let arguments: Vec<Hcl> = arguments.collect();
    if !arguments.is_empty() {
        body.set("arguments", Hcl::List(arguments));
    }
}
