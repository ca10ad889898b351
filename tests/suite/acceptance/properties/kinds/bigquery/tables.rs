//! Tables.

use headwater_tests::cloud::PROJECT;
use serde_json::{Value, json};

use super::{Body, Group, Hcl, Kind, Random, about, datasets_list};

const GROUND: &str = r#"
resource "headwater_bigquery_dataset" "ground" {
  dataset_id = "ground"
}

resource "headwater_bigquery_dataset" "expiring" {
  dataset_id                      = "expiring"
  default_table_expiration_ms     = 86400000
  default_partition_expiration_ms = 7200000
}

resource "headwater_bigquery_dataset" "alike" {
  dataset_id          = "alike"
  is_case_insensitive = true
}

resource "headwater_bigquery_table" "ground" {
  dataset     = headwater_bigquery_dataset.ground.id
  table_id    = "parents"
  primary_key = ["id"]
  columns     = [{ name = "id", type = "INT64" }]
}

resource "headwater_bigquery_table" "pairs" {
  dataset     = headwater_bigquery_dataset.ground.id
  table_id    = "pairs"
  primary_key = ["left", "right"]
  columns     = [{ name = "left", type = "INT64" }, { name = "right", type = "STRING" }]
}
"#;

const NESTED: &str = "BigQuery has it for columns only";

pub fn group() -> Group {
    Group {
        name: "bigquery_tables",
        ground: GROUND.to_owned(),
        kinds: vec![Kind {
            unset: &[
                ("columns.fields.default_value_expression", NESTED),
                ("columns.fields.fields.default_value_expression", NESTED),
                ("columns.fields.fields.fields.default_value_expression", NESTED),
                ("columns.fields.renamed_from", NESTED),
                ("columns.fields.fields.renamed_from", NESTED),
                ("columns.fields.fields.fields.renamed_from", NESTED),
            ],
            ..Kind::new("headwater_bigquery_table", table)
        }],
        org: false,
        lists: vec![datasets_list()],
    }
}

/// Levels of columns and fields that are attributes; deeper ones are JSON.
const LEVELS: usize = 4;
/// Levels of columns and fields that BigQuery takes.
const DEEPEST: usize = 15;

/// A column, or a field of a record.
#[derive(Default)]
struct Column {
    name: String,
    kind: &'static str,
    mode: Option<&'static str>,
    description: Option<String>,
    default: Option<&'static str>,
    tag: Option<String>,
    max_length: Option<u64>,
    precision: Option<u64>,
    scale: Option<u64>,
    renamed_from: Option<String>,
    fields: Vec<Column>,
}

impl Column {
    fn of(name: impl Into<String>, kind: &'static str) -> Self {
        Self {
            name: name.into(),
            kind,
            ..Self::default()
        }
    }

    fn numbers(&self) -> [(&'static str, &'static str, Option<u64>); 3] {
        [
            ("max_length", "maxLength", self.max_length),
            ("precision", "precision", self.precision),
            ("scale", "scale", self.scale),
        ]
    }

    /// As it stands in a configuration, at this level from 1.
    fn hcl(&self, random: &mut Random, level: usize) -> Hcl {
        let mut body = Body::new();
        body.text("name", &self.name);
        body.text("type", self.kind);
        let texts = [
            ("mode", self.mode),
            ("description", self.description.as_deref()),
            ("default_value_expression", self.default),
            ("renamed_from", self.renamed_from.as_deref()),
        ];
        for (attribute, text) in texts {
            if let Some(text) = text {
                body.text(attribute, text);
            }
        }
        if let Some(tag) = &self.tag {
            body.set("policy_tags", Hcl::texts([tag.as_str()]));
        }
        for (attribute, _, number) in self.numbers() {
            if let Some(number) = number {
                body.raw(attribute, number);
            }
        }
        if !self.fields.is_empty() && level < LEVELS {
            let fields = self.fields.iter().map(|field| field.hcl(random, level + 1));
            body.set("fields", Hcl::List(fields.collect()));
        } else if !self.fields.is_empty() {
            let fields: Value = self.fields.iter().map(|field| field.json(random)).collect();
            let text = if random.coin() {
                fields.to_string()
            } else {
                format!("{fields:#}")
            };
            body.text("fields", text);
        }
        body.object()
    }

    /// As BigQuery's REST API has it: numbers are text or numbers, and what is the default may be left out.
    fn json(&self, random: &mut Random) -> Value {
        let mut field = json!({"name": self.name, "type": self.kind});
        for (key, text) in [("mode", self.mode), ("description", self.description.as_deref())] {
            if let Some(text) = text {
                field[key] = text.into();
            }
        }
        if let Some(tag) = &self.tag {
            field["policyTags"] = json!({ "names": [tag] });
        }
        for (_, key, number) in self.numbers() {
            if let Some(number) = number {
                field[key] = if random.coin() {
                    number.into()
                } else {
                    number.to_string().into()
                };
            }
        }
        if !self.fields.is_empty() {
            field["fields"] = self.fields.iter().map(|field| field.json(random)).collect();
        }
        field
    }
}

/// Types in all of their spellings.
const KINDS: [&str; 25] = [
    "STRING",
    "string",
    "BYTES",
    "INT64",
    "INTEGER",
    "Int",
    "SMALLINT",
    "bigint",
    "FLOAT64",
    "FLOAT",
    "BOOL",
    "boolean",
    "TIMESTAMP",
    "DATE",
    "TIME",
    "DATETIME",
    "NUMERIC",
    "DECIMAL",
    "BIGNUMERIC",
    "BIGDECIMAL",
    "bignumeric",
    "JSON",
    "INTERVAL",
    "STRUCT",
    "Record",
];

/// A name with every kind of letter that BigQuery takes, unlike that of any other number.
fn name(random: &mut Random, n: u64) -> String {
    match random.number(0, 6) {
        0 => format!("_{n}"),
        1 => format!("Größe{n}_顧客"),
        2 => format!("SELECT{n}"),
        3 if n == 0 => "order".to_owned(),
        4 => format!("c{n:_<299}"),
        _ => format!("c{n}_{}", random.word()),
    }
}

/// A column of any type, or a field at this level from 1.
fn column(random: &mut Random, name: String, level: usize) -> Column {
    let mut kind = random.pick(&KINDS);
    let record = |kind: &str| matches!(kind, "STRUCT" | "Record");
    if level >= DEEPEST {
        while record(kind) {
            kind = random.pick(&KINDS);
        }
    }
    let mut column = Column {
        mode: random.pick(&[None, None, Some("NULLABLE"), Some("REQUIRED"), Some("REPEATED")]),
        description: random.once_in(3).then(|| match random.number(0, 5) {
            0 => "ß".repeat(1024),
            1 => " \r\n about \t".to_owned(),
            _ => random.prose(),
        }),
        ..Column::of(name, kind)
    };
    if record(kind) {
        let count = random.number(1, 3);
        column.fields = (0..count)
            .map(|n| {
                let name = self::name(random, n);
                self::column(random, name, level + 1)
            })
            .collect();
        return column;
    }
    if random.once_in(6) {
        let number = random.number(1, 9);
        column.tag = Some(format!(
            "projects/{PROJECT}/locations/europe-west1/taxonomies/123/policyTags/{number}"
        ));
    }
    match kind.to_ascii_uppercase().as_str() {
        "STRING" | "BYTES" if random.coin() => {
            column.max_length = Some(random.pick(&[1, 80, 1_048_576, 9_223_372_036_854_775_807]));
        }
        "NUMERIC" | "DECIMAL" if random.coin() => digits(random, &mut column, 29, 9),
        // BigQuery takes 76 digits, the local one keeps 38 and says so.
        "BIGNUMERIC" | "BIGDECIMAL" if random.coin() => digits(random, &mut column, 0, 38),
        _ => {}
    }
    if level == 1 && random.once_in(4) {
        column.default = default(random, &column);
    }
    if level == 1 && random.once_in(8) {
        column.renamed_from = Some(format!("old_{}", column.name).chars().take(300).collect());
    }
    column
}

/// Digits in all and behind the point: no more before it than `whole` without, which is as many as behind it otherwise.
fn digits(random: &mut Random, column: &mut Column, whole: u64, fraction: u64) {
    let scale = random.number(0, fraction);
    let most = if whole > 0 { scale + whole } else { 38 };
    column.precision = Some(random.number(scale.max(1), most));
    // A scale of zero may be left out.
    column.scale = (scale > 0 || random.coin()).then_some(scale);
}

/// Something that BigQuery takes as a default for the type.
fn default(random: &mut Random, column: &Column) -> Option<&'static str> {
    if column.mode == Some("REPEATED") {
        return Some("[]");
    }
    if column.max_length.is_some() || column.precision.is_some() {
        return Some("NULL").filter(|_| column.mode != Some("REQUIRED"));
    }
    Some(match column.kind.to_ascii_uppercase().as_str() {
        "STRING" => random.pick(&[
            "'none'",
            "\"it's\"",
            "'a\\'b\\\\c'",
            "GENERATE_UUID()",
            "session_user()",
            "r'\\d'",
            "'${no}'",
            "'顧客'",
        ]),
        "BYTES" => "b'\\x00\\xff'",
        "INT64" | "INTEGER" | "INT" | "SMALLINT" | "BIGINT" => random.pick(&["0", "-9223372036854775808", "0xFF"]),
        "FLOAT64" | "FLOAT" => random.pick(&["1e-9", "RAND()", "-0.5"]),
        "BOOL" | "BOOLEAN" => random.pick(&["true", "FALSE"]),
        "TIMESTAMP" => random.pick(&[
            "CURRENT_TIMESTAMP()",
            "current_timestamp",
            "TIMESTAMP '2020-01-01 00:00:00+02'",
        ]),
        "DATE" => random.pick(&["CURRENT_DATE()", "DATE '2020-02-29'"]),
        "TIME" => random.pick(&["CURRENT_TIME()", "TIME '23:59:59.999999'"]),
        "DATETIME" => random.pick(&["CURRENT_DATETIME()", "DATETIME '2020-01-01 00:00:00'"]),
        "NUMERIC" | "DECIMAL" => random.pick(&["NUMERIC '1.5'", "0"]),
        "BIGNUMERIC" | "BIGDECIMAL" => "BIGNUMERIC '0.000000001'",
        "JSON" => "JSON '{\"a\": [1, null]}'",
        _ => return None,
    })
}

/// The columns that keys, partitions and clusters are made of.
fn fixed(random: &mut Random) -> Vec<Column> {
    let mut columns = vec![
        Column::of("id", random.pick(&["INT64", "integer"])),
        Column::of("name", "STRING"),
        Column::of("day", "DATE"),
        Column::of("at", "TIMESTAMP"),
        Column::of("noon", "DATETIME"),
        Column::of("amount", "NUMERIC"),
        Column::of("Paid", "BOOL"),
    ];
    for column in &mut columns {
        column.mode = random.pick(&[None, Some("NULLABLE"), Some("REQUIRED")]);
    }
    columns
}

fn table(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    let dataset = random.pick(&["ground", "ground", "expiring", "alike"]);
    body.raw("dataset", format!("headwater_bigquery_dataset.{dataset}.id"));
    body.text(
        "table_id",
        match random.number(0, 5) {
            0 => format!("_{index}"),
            1 => format!("{index}_{}", random.word()),
            2 => format!("Upper{index}"),
            3 => format!("t{index:_<299}"),
            _ => format!("t{index}_{}", random.word()),
        },
    );
    let mut columns = fixed(random);
    for n in 0..random.number(0, 5) {
        let name = name(random, n);
        columns.push(column(random, name, 1));
    }
    if index == 0 {
        columns.push(deepest());
    }
    if random.once_in(4) {
        columns.reverse();
    }
    let columns = columns.iter().map(|column| column.hcl(random, 1)).collect();
    body.set("columns", Hcl::List(columns));
    partitions(random, &mut body);
    if random.coin() {
        let mut columns = random.some(&["name", "day", "id", "at", "noon", "amount", "Paid"]);
        columns.truncate(4);
        if random.coin() {
            columns.reverse();
        }
        body.set("clustering", Hcl::texts(columns));
    }
    if random.coin() {
        let mut columns = random.some(&["id", "name", "day", "at", "noon", "amount", "Paid"]);
        if random.coin() {
            columns.reverse();
        }
        body.set("primary_key", Hcl::texts(columns));
    }
    if random.once_in(3) {
        body.set("foreign_keys", foreign_keys(random));
    }
    about(random, &mut body);
    if random.coin() {
        body.text(
            "expiration_time",
            random.pick(&[
                "2035-01-01T00:00:00Z",
                "2035-01-01T02:00:00+02:00",
                "2035-06-30T23:59:59.123Z",
                "2035-06-30T23:59:59.5-11:30",
                "never",
            ]),
        );
    }
    if random.once_in(3) {
        body.text(
            "max_staleness",
            random.pick(&["0-0 0 4:0:0", "0-0 1 0:30:0", "0-0 0 04:00:00", "0-0 0 0:15:0"]),
        );
    }
    for flag in ["deletion_protection", "allow_column_drop"] {
        // Nothing is in the tables, so that they can be destroyed all the same.
        if random.coin() {
            body.raw(flag, random.coin());
        }
    }
    body
}

/// As many records in each other as there may be, with everything that a field can say at each level.
fn deepest() -> Column {
    let tag = || Some(format!("projects/{PROJECT}/locations/eu/taxonomies/1/policyTags/1"));
    let mut inner = Column::of("leaf", "JSON");
    for level in (1..DEEPEST).rev() {
        let number = Column {
            precision: Some(10),
            scale: Some(2),
            ..Column::of("amount", "NUMERIC")
        };
        let text = Column {
            max_length: Some(9),
            tag: tag(),
            ..Column::of("note", "STRING")
        };
        inner = Column {
            mode: Some(if level % 2 == 0 { "REPEATED" } else { "NULLABLE" }),
            description: Some(format!("level \"{level}\"")),
            fields: vec![number, inner, text],
            ..Column::of(format!("level{level}"), "STRUCT")
        };
    }
    inner
}

fn partitions(random: &mut Random, body: &mut Body) {
    let mut partitioning = Body::new();
    match random.number(0, 3) {
        0 => {
            let field = random.pick(&[None, Some("at"), Some("noon"), Some("day")]);
            if let Some(field) = field {
                partitioning.text("field", field);
            }
            let kinds: &[&str] = if field == Some("day") {
                &["DAY", "MONTH", "YEAR"]
            } else {
                &["HOUR", "DAY", "MONTH", "YEAR"]
            };
            if random.coin() {
                partitioning.text("type", random.pick(kinds));
            }
            if random.coin() {
                partitioning.raw("expiration_ms", random.pick(&["3600000", "864e5", "315360000000"]));
            }
            body.set("time_partitioning", partitioning.object());
        }
        1 => {
            partitioning.text("field", "id");
            let (start, end, interval) = random.pick(&[
                ("0", "10", "10"),
                ("-100", "100", "1"),
                ("0", "10000", "1"),
                ("-9223372036854775808", "9223372036854775807", "9223372036854775807"),
                ("9007199254740993", "9007199254740995", "1"),
            ]);
            partitioning.raw("start", start);
            partitioning.raw("end", end);
            partitioning.raw("interval", interval);
            body.set("range_partitioning", partitioning.object());
        }
        _ => return,
    }
    if random.coin() {
        body.raw("require_partition_filter", random.coin());
    }
}

/// Keys to other tables, named by their id or as SQL does.
fn foreign_keys(random: &mut Random) -> Hcl {
    let mut keys = Vec::new();
    for name in random.some(&["parent", "pair", "Second_1"]) {
        let (table, columns) = if name == "pair" {
            ("pairs", vec![("id", "left"), ("name", "right")])
        } else {
            ("ground", vec![("id", "id")])
        };
        let table = format!("headwater_bigquery_table.{table}");
        let reference = if random.coin() {
            format!("{table}.id")
        } else {
            format!("trim({table}.sql_name, \"`\")")
        };
        let mut key = Body::new();
        key.raw("references", reference);
        let columns = columns
            .into_iter()
            .map(|(own, other)| (own.to_owned(), Hcl::text(other)));
        key.set("columns", Hcl::Object(columns.collect()));
        keys.push((name.to_owned(), key.object()));
    }
    Hcl::Object(keys)
}
