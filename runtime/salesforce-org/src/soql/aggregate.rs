//! Aggregates and GROUP BY.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::SoqlError;
use super::ast::{Condition, Function, Op, Value as Literal};
use super::bind::{Column, Plan, Selected};
use super::eval::{Evaluator, FieldRef, fold, order};
use crate::decimal::Decimal;
use crate::schema::Kind;
use crate::store::Org;
use crate::store::row::Layout;
use crate::store::table::Location;

/// What is gathered for one column of one group.
#[derive(Clone, Debug, Default)]
struct State {
    count: u64,
    sum: Option<Decimal>,
    least: Option<Vec<u8>>,
    most: Option<Vec<u8>>,
    distinct: HashSet<Vec<u8>>,
    value: Vec<u8>,
}

/// The rows of an aggregate query, each with its attributes as the REST API gives them.
pub(crate) fn aggregate(org: &Org, plan: &Plan, rows: &[Location]) -> Result<Vec<Value>, SoqlError> {
    let Selected::Aggregates(columns) = &plan.selected else {
        return Ok(vec![]);
    };
    let mut gathered = columns.clone();
    let having = hidden(org, plan, &mut gathered)?;
    for sort in plan.order_by.iter() {
        gathered.push(Column {
            name: String::new(),
            function: sort.function,
            field: Some(sort.field.clone()),
        });
    }
    let mut groups =
        gather(org, plan, &gathered, rows).map_err(|e| SoqlError::new("UNKNOWN_EXCEPTION", e.to_string()))?;
    if groups.is_empty() && plan.group_by.is_empty() {
        groups.push(vec![State::default(); gathered.len()]);
    }
    if let Some(condition) = &plan.having {
        let mut kept = vec![];
        for group in groups {
            if holds(condition, &gathered, &having, columns.len(), &group)? {
                kept.push(group);
            }
        }
        groups = kept;
    }
    let sorts_from = gathered.len() - plan.order_by.len();
    groups.sort_by(|a, b| {
        for (n, sort) in plan.order_by.iter().enumerate() {
            let key = |g: &Vec<State>| result(&gathered[sorts_from + n], &g[sorts_from + n]).1;
            let kind = if sort
                .function
                .is_some_and(|f| matches!(f, Function::Count | Function::CountDistinct))
            {
                Kind::Int
            } else {
                sort.field.field().kind
            };
            let by = super::run::compare(
                kind,
                key(a).as_bytes(),
                key(b).as_bytes(),
                sort.descending,
                sort.nulls_last,
            );
            if by != std::cmp::Ordering::Equal {
                return by;
            }
        }
        std::cmp::Ordering::Equal
    });
    let limit = plan.limit.and_then(|l| usize::try_from(l).ok()).unwrap_or(usize::MAX);
    let skip = usize::try_from(plan.offset).unwrap_or(usize::MAX);
    Ok(groups
        .iter()
        .skip(skip)
        .take(limit)
        .map(|group| {
            let mut record = Map::new();
            record.insert("attributes".into(), json!({ "type": "AggregateResult" }));
            for (column, state) in columns.iter().zip(group) {
                record.insert(column.name.clone(), result(column, state).0);
            }
            Value::Object(record)
        })
        .collect())
}

/// Columns that only HAVING needs, in the order in which it names them.
fn hidden(org: &Org, plan: &Plan, columns: &mut Vec<Column>) -> Result<Vec<String>, SoqlError> {
    fn walk<'c>(condition: &'c Condition, out: &mut Vec<(&'c super::ast::Path, Option<Function>)>) {
        match condition {
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|c| walk(c, out)),
            Condition::Not(inner) => walk(inner, out),
            Condition::Compare { path, function, .. } => out.push((path, *function)),
            Condition::In { .. } | Condition::InQuery { .. } | Condition::Includes { .. } => {}
        }
    }
    let mut wanted = vec![];
    if let Some(condition) = &plan.having {
        walk(condition, &mut wanted);
    }
    let schema = org.schema();
    let mut names = vec![];
    for (path, function) in wanted {
        let field = super::bind::resolve(&schema, "", plan.object, path, &[])?;
        names.push(name_of(path, function));
        columns.push(Column {
            name: String::new(),
            function,
            field: Some(field),
        });
    }
    Ok(names)
}

fn name_of(path: &super::ast::Path, function: Option<Function>) -> String {
    format!("{function:?} {}", path.parts.join(".").to_lowercase())
}

fn holds(
    condition: &Condition,
    columns: &[Column],
    names: &[String],
    first: usize,
    group: &[State],
) -> Result<bool, SoqlError> {
    Ok(match condition {
        Condition::And(all) => {
            for c in all {
                if !holds(c, columns, names, first, group)? {
                    return Ok(false);
                }
            }
            true
        }
        Condition::Or(any) => {
            for c in any {
                if holds(c, columns, names, first, group)? {
                    return Ok(true);
                }
            }
            false
        }
        Condition::Not(inner) => !holds(inner, columns, names, first, group)?,
        Condition::Compare {
            path,
            function,
            op,
            value,
            ..
        } => {
            let name = name_of(path, *function);
            let Some(at) = names.iter().position(|n| *n == name) else {
                return Ok(false);
            };
            let text = result(&columns[first + at], &group[first + at]).1;
            let literal = match value {
                Literal::Number(n) => Decimal::parse(n).map(super::eval::Literal::Number),
                Literal::Text(t) => Some(super::eval::Literal::Text(t.to_lowercase())),
                Literal::Null => Some(super::eval::Literal::Null),
                _ => None,
            };
            let literal =
                literal.ok_or_else(|| SoqlError::new("MALFORMED_QUERY", "HAVING compares with numbers and text"))?;
            if *op == Op::Like {
                return Err(SoqlError::new("MALFORMED_QUERY", "LIKE is not supported in HAVING"));
            }
            super::eval::compare(Kind::String, text.as_bytes(), *op, &literal)
        }
        _ => {
            return Err(SoqlError::new(
                "MALFORMED_QUERY",
                "this condition is not supported in HAVING",
            ));
        }
    })
}

fn gather(org: &Org, plan: &Plan, columns: &[Column], rows: &[Location]) -> std::io::Result<Vec<Vec<State>>> {
    let mut evaluator = Evaluator::new(org);
    let mut reader = org.reader(plan.object);
    let mut layout = Layout::default();
    let mut groups: BTreeMap<Vec<Vec<u8>>, Vec<State>> = BTreeMap::new();
    for &location in rows {
        let row = reader.row(location)?;
        layout.parse(row);
        let key: Vec<Vec<u8>> = plan
            .group_by
            .iter()
            .map(|f: &FieldRef| fold(f.field().kind, &evaluator.value(f, row, &layout)))
            .collect();
        let states = groups
            .entry(key)
            .or_insert_with(|| vec![State::default(); columns.len()]);
        for (column, state) in columns.iter().zip(states) {
            let Some(field) = &column.field else { continue };
            let cell = evaluator.value(field, row, &layout);
            add(column, field.field().kind, state, &cell);
        }
    }
    Ok(groups.into_values().collect())
}

fn add(column: &Column, kind: Kind, state: &mut State, cell: &[u8]) {
    let Some(function) = column.function else {
        if state.count == 0 {
            state.value = cell.to_vec();
        }
        state.count += 1;
        return;
    };
    if cell.is_empty() {
        return;
    }
    state.count += 1;
    match function {
        Function::Count => {}
        Function::CountDistinct => {
            state.distinct.insert(fold(kind, cell));
        }
        Function::Sum | Function::Avg => {
            if let Some(d) = std::str::from_utf8(cell).ok().and_then(Decimal::parse) {
                state.sum = Some(state.sum.map_or(d, |sum| sum.plus(d)));
            }
        }
        Function::Min => {
            if state
                .least
                .as_ref()
                .is_none_or(|least| order(kind, cell, least).is_lt())
            {
                state.least = Some(cell.to_vec());
            }
        }
        Function::Max => {
            if state.most.as_ref().is_none_or(|most| order(kind, cell, most).is_gt()) {
                state.most = Some(cell.to_vec());
            }
        }
    }
}

/// A result as JSON, and as text to compare with.
fn result(column: &Column, state: &State) -> (Value, String) {
    let kind = column.field.as_ref().map_or(Kind::String, |f| f.field().kind);
    let of_cell = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell).into_owned();
        let mut json = vec![];
        crate::render::json_value(kind, cell, &mut json);
        (serde_json::from_slice(&json).unwrap_or(Value::Null), text)
    };
    match column.function {
        None => of_cell(&state.value),
        Some(Function::Count) => (state.count.into(), state.count.to_string()),
        Some(Function::CountDistinct) => (state.distinct.len().into(), state.distinct.len().to_string()),
        Some(Function::Sum) => match state.sum {
            Some(sum) => of_cell(sum.api().as_bytes()),
            None => (Value::Null, String::new()),
        },
        Some(Function::Avg) => match state.sum {
            Some(sum) if state.count > 0 => {
                let mean = sum.to_f64() / state.count as f64;
                (json!(mean), format!("{mean:.9}"))
            }
            _ => (Value::Null, String::new()),
        },
        Some(Function::Min) => of_cell(state.least.as_deref().unwrap_or(b"")),
        Some(Function::Max) => of_cell(state.most.as_deref().unwrap_or(b"")),
    }
}
