//! What becomes of a table when its configuration changes: edits that BigQuery makes in place, or a refusal that says
//! what can be done instead. Pure: two shapes and a setting in, a decision out.
//! <https://cloud.google.com/bigquery/docs/managing-table-schemas>
//!
//! Which types widen into which is decided by [`headwater_spec::widen`], as for the tables of extracts.

use std::fmt;

use headwater_spec::{BigQueryType, widen};

use super::column::{Column, Mode};

/// What of a table's configuration decides about its data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shape {
    pub columns: Vec<Column>,
    pub partitioning: Partitioning,
    pub clustering: Vec<String>,
    pub primary_key: Vec<String>,
}

/// How the rows are laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Partitioning {
    #[default]
    None,
    Time {
        kind: String,
        /// `None`: by the time of ingestion.
        field: Option<String>,
        expiration_ms: Option<i64>,
    },
    Range {
        field: String,
        start: i64,
        end: i64,
        interval: i64,
    },
}

/// One step in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// `ALTER TABLE … RENAME COLUMN`.
    Rename { from: String, to: String },
    /// `ALTER TABLE … DROP COLUMN`.
    Drop { name: String },
    /// `ALTER TABLE … ALTER COLUMN … SET DATA TYPE`, of the whole top-level column when the change lies inside it.
    Widen {
        path: Vec<String>,
        from: String,
        to: String,
    },
    /// A new nullable or repeated column, at the end of the table or of its record.
    Add { path: Vec<String>, column: Column },
    /// REQUIRED becomes NULLABLE.
    Relax { path: Vec<String> },
    /// Something that is said about a column: its description, default or policy tags.
    Set { path: Vec<String>, what: &'static str },
    /// New columns to cluster by; rows that are there are sorted in the course of time.
    Cluster { columns: Vec<String> },
    /// Another lifetime of partitions.
    PartitionExpiration { expiration_ms: Option<i64> },
    /// Another primary key; BigQuery does not enforce it.
    PrimaryKey { columns: Vec<String> },
}

/// Why something is not done, and what can be done instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Where in the new configuration: positions of columns from the outside in. Empty: something is gone.
    pub place: Vec<usize>,
    /// The attribute of the column, or of the table when `place` is empty.
    pub attribute: &'static str,
    /// What was asked for.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What to do instead, each a sentence.
    pub choices: Vec<String>,
}

/// Everything that a change of configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Decision {
    pub edits: Vec<Edit>,
    pub refusals: Vec<Refusal>,
    /// What only another table can have.
    pub rebuild: Option<Rebuild>,
}

/// A change that needs another table in place of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rebuild {
    /// `time_partitioning` or `range_partitioning`.
    pub attribute: &'static str,
    /// From what to what.
    pub what: String,
}

/// Compares the table as it is with the table as it shall be.
pub(super) fn decide(old: &Shape, new: &Shape, allow_drop: bool) -> Decision {
    let mut decision = Decision::default();
    let mut columns = Columns {
        old,
        allow_drop,
        decision: &mut decision,
    };
    columns.table(&new.columns);
    layout(old, new, &mut decision);
    if old.clustering != new.clustering && !same_names(&old.clustering, &new.clustering) {
        decision.edits.push(Edit::Cluster {
            columns: new.clustering.clone(),
        });
    }
    if !same_names(&old.primary_key, &new.primary_key) {
        decision.edits.push(Edit::PrimaryKey {
            columns: new.primary_key.clone(),
        });
    }
    decision.edits.sort_by_key(Edit::turn);
    decision
}

fn layout(old: &Shape, new: &Shape, decision: &mut Decision) {
    use Partitioning as P;
    match (&old.partitioning, &new.partitioning) {
        (
            P::Time {
                kind,
                field,
                expiration_ms,
            },
            P::Time {
                kind: new_kind,
                field: new_field,
                expiration_ms: new_expiration,
            },
        ) if kind == new_kind && same_option(field.as_deref(), new_field.as_deref()) => {
            if expiration_ms != new_expiration {
                decision.edits.push(Edit::PartitionExpiration {
                    expiration_ms: *new_expiration,
                });
            }
        }
        (before, after) if before.same(after) => {}
        (before, after) => {
            let attribute = match (before, after) {
                (_, P::Time { .. }) | (P::Time { .. }, P::None) => "time_partitioning",
                _ => "range_partitioning",
            };
            decision.rebuild = Some(Rebuild {
                attribute,
                what: format!("{before} to {after}"),
            });
        }
    }
}

/// The walk over columns.
struct Columns<'a> {
    old: &'a Shape,
    allow_drop: bool,
    decision: &'a mut Decision,
}

impl Columns<'_> {
    fn table(&mut self, new: &[Column]) {
        let old = &self.old.columns;
        let mut kept: Vec<&str> = Vec::new();
        let mut added: Vec<(usize, &Column)> = Vec::new();
        for (index, column) in new.iter().enumerate() {
            if let Some(before) = find(old, &column.name) {
                kept.push(&before.name);
                self.column(
                    before,
                    column,
                    &mut vec![index],
                    &mut vec![column.name.clone()],
                    Around::Table,
                );
            } else if let Some(before) = renamed(old, new, column) {
                kept.push(&before.name);
                self.rename(before, column, index);
            } else {
                added.push((index, column));
            }
        }
        for (index, column) in &added {
            self.add(column, &[*index], vec![column.name.clone()]);
        }
        for gone in old.iter().filter(|column| !kept.contains(&column.name.as_str())) {
            let lookalike = added.iter().find(|(_, column)| column.kind == gone.kind);
            self.drop_column(gone, lookalike.map(|(_, column)| column.name.as_str()));
        }
    }

    fn rename(&mut self, before: &Column, column: &Column, index: usize) {
        if let Some(role) = self.role(&before.name) {
            self.refuse(Refusal {
                place: vec![index],
                attribute: "renamed_from",
                what: format!("column `{}` cannot be renamed to `{}`", before.name, column.name),
                why: format!("BigQuery does not rename a column that {role}."),
                choices: vec![format!("Keep the name `{}`.", before.name)],
            });
            return;
        }
        self.decision.edits.push(Edit::Rename {
            from: before.name.clone(),
            to: column.name.clone(),
        });
        self.column(
            before,
            column,
            &mut vec![index],
            &mut vec![column.name.clone()],
            Around::Table,
        );
    }

    /// What the table needs a column for.
    fn role(&self, name: &str) -> Option<&'static str> {
        let is = |other: &String| other.eq_ignore_ascii_case(name);
        let partitions = match &self.old.partitioning {
            Partitioning::Time { field: Some(field), .. } | Partitioning::Range { field, .. } => is(field),
            _ => false,
        };
        if partitions {
            Some("the table is partitioned by")
        } else if self.old.clustering.iter().any(is) {
            Some("the table is clustered by")
        } else if self.old.primary_key.iter().any(is) {
            Some("is part of the primary key")
        } else {
            None
        }
    }

    fn drop_column(&mut self, gone: &Column, lookalike: Option<&str>) {
        let name = &gone.name;
        let mut choices = vec![format!("Put `{name}` back into `columns`.")];
        if let Some(role) = self.role(name) {
            choices.push("Take it out of `clustering` or `primary_key`, apply, and drop it then.".to_owned());
            return self.refuse(Refusal {
                place: Vec::new(),
                attribute: "columns",
                what: format!("column `{name}` cannot be dropped"),
                why: format!("BigQuery does not drop a column that {role}."),
                choices,
            });
        }
        if self.allow_drop {
            return self.decision.edits.push(Edit::Drop { name: name.clone() });
        }
        if let Some(other) = lookalike {
            choices.push(format!(
                "If it is called `{other}` now, say `renamed_from = \"{name}\"` there: its values stay."
            ));
        }
        choices.push("To drop it with its values, set `allow_column_drop = true`.".to_owned());
        self.refuse(Refusal {
            place: Vec::new(),
            attribute: "columns",
            what: format!("column `{name}` would be dropped with all its values"),
            why: "It is in the table and not in `columns`.".to_owned(),
            choices,
        });
    }

    fn add(&mut self, column: &Column, place: &[usize], path: Vec<String>) {
        if column.mode == Mode::Required {
            return self.refuse(Refusal {
                place: place.to_vec(),
                attribute: "mode",
                what: format!("column `{}` cannot be added as REQUIRED", path.join(".")),
                why: "The rows that are there have no value for it.".to_owned(),
                choices: vec!["Add it as NULLABLE.".to_owned()],
            });
        }
        self.decision.edits.push(Edit::Add {
            path,
            column: column.clone(),
        });
    }

    fn column(&mut self, old: &Column, new: &Column, place: &mut Vec<usize>, path: &mut Vec<String>, around: Around) {
        if !self.kind(old, new, place, path, around) {
            return;
        }
        match (old.mode, new.mode) {
            (before, after) if before == after => {}
            (Mode::Required, Mode::Nullable) => self.decision.edits.push(Edit::Relax { path: path.clone() }),
            (before, after) => {
                let (why, choice) = if after == Mode::Required {
                    ("Rows may hold NULL already.", format!("Keep it {}.", before.api()))
                } else {
                    (
                        "BigQuery does not turn one value into many or many into one.",
                        format!("Keep it {}, and add another column for the new form.", before.api()),
                    )
                };
                self.refuse(Refusal {
                    place: place.clone(),
                    attribute: "mode",
                    what: format!(
                        "column `{}` cannot go from {} to {}",
                        path.join("."),
                        before.api(),
                        after.api()
                    ),
                    why: why.to_owned(),
                    choices: vec![choice],
                });
            }
        }
        for (what, differs) in [
            ("description", old.description != new.description),
            ("default value", old.default != new.default),
            ("policy tags", old.policy_tags != new.policy_tags),
        ] {
            if differs {
                self.decision.edits.push(Edit::Set {
                    path: path.clone(),
                    what,
                });
            }
        }
        self.fields(old, new, place, path, around);
    }

    /// Type and parameters; `false` when they do not fit.
    fn kind(&mut self, old: &Column, new: &Column, place: &[usize], path: &[String], around: Around) -> bool {
        let (before, after) = (old.spelled_type(), new.spelled_type());
        if before == after {
            return true;
        }
        let many = old.mode == Mode::Repeated || around == Around::Repeated;
        let verdict = judge(old, new);
        if verdict == Verdict::Widens && !many {
            self.decision.edits.push(Edit::Widen {
                path: path.to_vec(),
                from: before,
                to: after,
            });
            return true;
        }
        let name = path.join(".");
        let keep = format!("Keep {before}.");
        let beside = format!("Add another column as {after}, fill it with `UPDATE`, and let readers move over.");
        let (why, choices) = match verdict {
            Verdict::Widens => (
                "BigQuery does not change the type of repeated values in place.".to_owned(),
                vec![keep, beside],
            ),
            Verdict::Narrows => (
                format!("{after} does not hold every value of {before}."),
                vec![keep, beside],
            ),
            Verdict::Nests => (
                "BigQuery does not make a record of a plain column.".to_owned(),
                vec![keep, "Add the record under another name.".to_owned()],
            ),
            Verdict::Unnests => (
                "BigQuery does not make a plain column of a record.".to_owned(),
                vec![keep, "Add the plain column under another name.".to_owned()],
            ),
            Verdict::Differs => (
                format!("BigQuery does not turn {before} into {after} in place."),
                vec![keep, beside],
            ),
        };
        let attribute = if old.kind == new.kind {
            if old.max_length != new.max_length {
                "max_length"
            } else {
                "precision"
            }
        } else {
            "type"
        };
        self.refuse(Refusal {
            place: place.to_vec(),
            attribute,
            what: format!("column `{name}` cannot go from {before} to {after}"),
            why,
            choices,
        });
        false
    }

    fn fields(&mut self, old: &Column, new: &Column, place: &mut Vec<usize>, path: &mut Vec<String>, around: Around) {
        let around = if old.mode == Mode::Repeated {
            Around::Repeated
        } else if around == Around::Repeated {
            around
        } else {
            Around::Record
        };
        for (index, field) in new.fields.iter().enumerate() {
            place.push(index);
            path.push(field.name.clone());
            match find(&old.fields, &field.name) {
                Some(before) => self.column(before, field, place, path, around),
                None => self.add(field, place, path.clone()),
            }
            place.pop();
            path.pop();
        }
        for gone in old
            .fields
            .iter()
            .filter(|field| find(&new.fields, &field.name).is_none())
        {
            let (record, name) = (path.join("."), &gone.name);
            self.refuse(Refusal {
                place: place.clone(),
                attribute: "fields",
                what: format!("field `{record}.{name}` cannot be dropped"),
                why: "BigQuery does not drop or rename a field of a record.".to_owned(),
                choices: vec![
                    format!("Put `{name}` back into `fields`."),
                    format!("Add a record without it beside `{record}`, and let readers move over."),
                ],
            });
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.decision.refusals.push(refusal);
    }
}

/// What a column lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Table,
    Record,
    Repeated,
}

/// What becomes of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Widens,
    Narrows,
    Nests,
    Unnests,
    Differs,
}

fn judge(old: &Column, new: &Column) -> Verdict {
    match (old.is_record(), new.is_record()) {
        (false, true) => return Verdict::Nests,
        (true, false) => return Verdict::Unnests,
        _ => {}
    }
    if old.kind == new.kind {
        return if holds(new, old) {
            Verdict::Widens
        } else {
            Verdict::Narrows
        };
    }
    let (Some(from), Some(to)) = (BigQueryType::parse(&old.kind), BigQueryType::parse(&new.kind)) else {
        return Verdict::Differs;
    };
    if widen(from, to).is_some() {
        return if holds(new, old) {
            Verdict::Widens
        } else {
            Verdict::Narrows
        };
    }
    if widen(to, from).is_some() {
        Verdict::Narrows
    } else {
        Verdict::Differs
    }
}

/// Whether the parameters of `wide` leave room for every value of `narrow`.
fn holds(wide: &Column, narrow: &Column) -> bool {
    let length = match (wide.max_length, narrow.max_length) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => wide >= narrow,
    };
    let decimals = match (digits(wide), digits(narrow)) {
        (Some((whole, scale)), Some((narrow_whole, narrow_scale))) => whole >= narrow_whole && scale >= narrow_scale,
        _ => true,
    };
    length && decimals
}

/// Digits before and after the point. <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types>
fn digits(column: &Column) -> Option<(i64, i64)> {
    let scale = column.scale.unwrap_or(0);
    match (column.kind.as_str(), column.precision) {
        ("INT64", _) => Some((19, 0)),
        ("NUMERIC" | "BIGNUMERIC", Some(precision)) => Some((precision - scale, scale)),
        ("NUMERIC", None) => Some((29, 9)),
        ("BIGNUMERIC", None) => Some((38, 38)),
        _ => None,
    }
}

fn find<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
}

/// The column that a new one was called before: it is there, and the configuration has nothing else of its name.
fn renamed<'a>(old: &'a [Column], new: &[Column], column: &Column) -> Option<&'a Column> {
    let from = column.renamed_from.as_deref()?;
    find(new, from).is_none().then(|| find(old, from)).flatten()
}

fn same_names(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn same_option(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, None) => true,
        _ => false,
    }
}

impl Partitioning {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Range {
                    field,
                    start,
                    end,
                    interval,
                },
                Self::Range {
                    field: other,
                    start: s,
                    end: e,
                    interval: i,
                },
            ) => field.eq_ignore_ascii_case(other) && (start, end, interval) == (s, e, i),
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Partitioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no partitions"),
            Self::Time { kind, field, .. } => {
                write!(
                    f,
                    "{kind} partitions of {}",
                    field.as_deref().unwrap_or("the time of ingestion")
                )
            }
            Self::Range {
                field,
                start,
                end,
                interval,
            } => write!(f, "partitions of {field} from {start} to {end} by {interval}"),
        }
    }
}

impl Edit {
    /// The order in which they are made: names first, so that all others find their column.
    fn turn(&self) -> u8 {
        match self {
            Self::Rename { .. } => 0,
            Self::Drop { .. } => 1,
            Self::Widen { .. } => 2,
            Self::Add { .. } => 3,
            Self::Relax { .. } => 4,
            Self::Set { .. } => 5,
            Self::Cluster { .. } => 6,
            Self::PartitionExpiration { .. } => 7,
            Self::PrimaryKey { .. } => 8,
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none_or = |names: &[String]| match names {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        };
        match self {
            Self::Rename { from, to } => write!(f, "rename {from} to {to}"),
            Self::Drop { name } => write!(f, "drop {name}"),
            Self::Widen { path, from, to } => write!(f, "widen {} from {from} to {to}", path.join(".")),
            Self::Add { path, column } => write!(f, "add {} {}", path.join("."), column.spelled_type()),
            Self::Relax { path } => write!(f, "relax {}", path.join(".")),
            Self::Set { path, what } => write!(f, "set {what} of {}", path.join(".")),
            Self::Cluster { columns } => write!(f, "cluster by {}", none_or(columns)),
            Self::PartitionExpiration { expiration_ms } => match expiration_ms {
                Some(ms) => write!(f, "expire partitions after {ms} ms"),
                None => f.write_str("keep partitions"),
            },
            Self::PrimaryKey { columns } => write!(f, "primary key of {}", none_or(columns)),
        }
    }
}
