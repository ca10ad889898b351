//! The syntax tree of a query. Positions are byte offsets into the text, for messages.

/// A dotted name, `Account.Owner.Name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub parts: Vec<String>,
    pub position: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub select: Vec<Item>,
    pub object: String,
    pub object_position: usize,
    pub alias: Option<String>,
    pub condition: Option<Condition>,
    pub group_by: Vec<Path>,
    pub having: Option<Condition>,
    pub order_by: Vec<Order>,
    pub limit: Option<u64>,
    pub offset: u64,
    pub all_rows: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Field {
        path: Path,
        alias: Option<String>,
    },
    /// `COUNT()`.
    CountAll,
    Aggregate {
        function: Function,
        path: Path,
        alias: Option<String>,
    },
    /// `FIELDS(ALL)` and its kin.
    Fields(FieldSet),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldSet {
    All,
    Standard,
    Custom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    CountDistinct,
    Sum,
    Min,
    Max,
    Avg,
}

impl Function {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "COUNT" => Self::Count,
            "COUNT_DISTINCT" => Self::CountDistinct,
            "SUM" => Self::Sum,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "AVG" => Self::Avg,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        path: Path,
        function: Option<Function>,
        op: Op,
        value: Value,
        position: usize,
    },
    In {
        path: Path,
        negated: bool,
        values: Vec<Value>,
        position: usize,
    },
    InQuery {
        path: Path,
        negated: bool,
        query: Box<Query>,
    },
    Includes {
        path: Path,
        negated: bool,
        values: Vec<String>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(String),
    Boolean(bool),
    Null,
    /// A day number.
    Date(i64),
    /// Milliseconds since 1970.
    Datetime(i64),
    /// Milliseconds of a day.
    Time(i64),
    /// `TODAY`, `LAST_N_DAYS:7`.
    Named(String, Option<i64>),
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub path: Path,
    pub function: Option<Function>,
    pub descending: bool,
    pub nulls_last: Option<bool>,
}
