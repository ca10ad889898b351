//! INSERT, UPDATE, DELETE and TRUNCATE: translated and executed, with the rows that each changed.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, SetExpr, TableFactor, TableObject, TableWithJoins,
    Truncate, Update, UpdateTableFromKind,
};

use super::cast::reshape;
use super::literal::coerce;
use super::scope::{Relation, Scope};
use super::{Ex, Literal, Result, Translator, at, path, unsupported};
use crate::catalog::names::TableName;
use crate::catalog::partitions::TIME;
use crate::catalog::tables;
use crate::error::Fault;
use crate::types::{Field, Ty, quoted};

/// Rows changed by one statement.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) deleted: u64,
}

pub(super) const TWICE: &str = "UPDATE/MERGE must match at most one source row for each target row";

impl Translator<'_> {
    pub(crate) fn insert(&self, insert: &Insert) -> Result<Changed> {
        let TableObject::TableName(name) = &insert.table else {
            return Err(unsupported("INSERT into something that is not a table", insert));
        };
        let table = self.table_name(name)?;
        let columns = self.table_columns(&table)?;
        let targets = if insert.columns.is_empty() {
            columns.clone()
        } else {
            let names: Result<Vec<String>> = insert.columns.iter().map(|c| Ok(path(c)?.join("."))).collect();
            let mut known = columns.clone();
            known.extend(self.hidden_columns(&table)?.into_iter().filter(|c| c.name == TIME));
            let names = names?;
            let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
            let twice = (0..names.len()).find(|i| names[..*i].iter().any(|n| same(n, &names[*i])));
            if let Some(i) = twice {
                return Err(Fault::query(format!(
                    "INSERT has columns with duplicate name: {}{}",
                    names[i],
                    at(&insert.columns[i])
                )));
            }
            names
                .iter()
                .zip(&insert.columns)
                .map(|(name, place)| target(&known, name, place))
                .collect::<Result<_>>()?
        };
        let Some(source) = &insert.source else {
            return Err(unsupported("INSERT without rows", insert));
        };
        let mismatch = |count: usize| {
            Fault::query(format!(
                "Inserted row has wrong column count; Has {count}, expected {}{}",
                targets.len(),
                at(insert)
            ))
        };
        let rows = match &*source.body {
            SetExpr::Values(values) if source.with.is_none() => {
                let scope = Scope::root();
                let mut rows = Vec::with_capacity(values.rows.len());
                for row in &values.rows {
                    if row.len() != targets.len() {
                        return Err(mismatch(row.len()));
                    }
                    let cells: Result<Vec<String>> = row
                        .iter()
                        .zip(&targets)
                        .map(|(expr, column)| Ok(self.assigned(expr, column, &scope)?.sql))
                        .collect();
                    rows.push(format!("({})", cells?.join(", ")));
                }
                format!("VALUES {}", rows.join(", "))
            }
            _ => {
                let query = self.query(source, &Scope::root())?;
                if query.columns.len() != targets.len() {
                    return Err(mismatch(query.columns.len()));
                }
                for (i, (from, to)) in query.columns.iter().zip(&targets).enumerate() {
                    if !assignable(&from.ty, &to.ty) {
                        return Err(Fault::query(format!(
                            "Query column {} has type {} which cannot be inserted into column {}, which has type {}{}",
                            i + 1,
                            from.ty.sql(),
                            to.name,
                            to.ty.sql(),
                            at(insert)
                        )));
                    }
                }
                place(&query, &targets)
            }
        };
        let names: Vec<String> = targets.iter().map(|t| quoted(&t.name)).collect();
        let sql = format!("INSERT INTO {} ({}) {rows}", table.duck(), names.join(", "));
        let inserted = self.tx.execute(&sql, &[])?;
        self.modified(&table)?;
        Ok(Changed {
            inserted,
            ..Changed::default()
        })
    }

    pub(crate) fn update(&self, update: &Update) -> Result<Changed> {
        if update.selection.is_none() {
            return Err(Fault::query(format!("UPDATE must have a WHERE clause{}", at(update))));
        }
        let (table, relation) = self.target_relation(&update.table)?;
        let mut scope = Scope::root();
        let mut from_scope = Scope::root();
        let from = match &update.from {
            None => String::new(),
            Some(UpdateTableFromKind::AfterSet(list) | UpdateTableFromKind::BeforeSet(list)) => {
                self.from(list, &mut from_scope)?
            }
        };
        scope.relations.push(relation.clone());
        scope.relations.append(&mut from_scope.relations);
        scope.merged = from_scope.merged;
        let mut sets = Vec::new();
        for assignment in &update.assignments {
            let column = self.assignment_target(assignment, &relation.columns)?;
            let value = if from.is_empty() {
                self.assigned(&assignment.value, &column, &scope)?
            } else {
                self.computed(&assignment.value, &column, &scope)?
            };
            sets.push((quoted(&column.name), value.sql));
        }
        if let Some(condition) = &update.selection {
            self.filters(condition);
            self.must_filter()?;
        }
        let condition = match &update.selection {
            Some(condition) => self.expr(condition, &scope)?.sql,
            None => "TRUE".into(),
        };
        let alias = quoted(&relation.alias);
        let updated = if from.is_empty() {
            let sets: Vec<String> = sets.iter().map(|(c, v)| format!("{c} = {v}")).collect();
            let sql = format!(
                "UPDATE {} AS {alias} SET {} WHERE {condition}",
                table.duck(),
                sets.join(", ")
            );
            self.tx.execute(&sql, &[])?
        } else {
            let work = "_hw_update";
            let values: Vec<String> = sets
                .iter()
                .enumerate()
                .map(|(i, (_, v))| format!("{v} AS c{i}"))
                .collect();
            self.tx.run(&format!(
                "CREATE OR REPLACE TEMP TABLE {work} AS SELECT {alias}.rowid AS _hw_rid, {} FROM {} AS {alias}, {from} \
                 WHERE {condition}",
                values.join(", "),
                table.duck()
            ))?;
            self.at_most_once(work)?;
            let sets: Vec<String> = sets
                .iter()
                .enumerate()
                .map(|(i, (c, _))| format!("{c} = m.c{i}"))
                .collect();
            let updated = self.tx.execute(
                &format!(
                    "UPDATE {} AS t SET {} FROM {work} AS m WHERE t.rowid = m._hw_rid",
                    table.duck(),
                    sets.join(", ")
                ),
                &[],
            )?;
            self.tx.run(&format!("DROP TABLE {work}"))?;
            updated
        };
        self.modified(&table)?;
        Ok(Changed {
            updated,
            ..Changed::default()
        })
    }

    pub(crate) fn delete(&self, delete: &Delete) -> Result<Changed> {
        let (FromTable::WithFromKeyword(list) | FromTable::WithoutKeyword(list)) = &delete.from;
        let ([target], None) = (list.as_slice(), &delete.using) else {
            return Err(unsupported("DELETE from several tables", delete));
        };
        let Some(condition) = &delete.selection else {
            return Err(Fault::query(format!("DELETE must have a WHERE clause{}", at(delete))));
        };
        let (table, relation) = self.target_relation(target)?;
        let mut scope = Scope::root();
        let alias = quoted(&relation.alias);
        scope.relations.push(relation);
        self.filters(condition);
        self.must_filter()?;
        let condition = self.expr(condition, &scope)?.sql;
        let deleted = self.tx.execute(
            &format!("DELETE FROM {} AS {alias} WHERE {condition}", table.duck()),
            &[],
        )?;
        self.modified(&table)?;
        Ok(Changed {
            deleted,
            ..Changed::default()
        })
    }

    pub(crate) fn truncate(&self, truncate: &Truncate) -> Result<Changed> {
        let [target] = truncate.table_names.as_slice() else {
            return Err(Fault::query("TRUNCATE TABLE takes one table"));
        };
        let table = self.table_name(&target.name)?;
        self.table_columns(&table)?;
        let deleted = self.tx.execute(&format!("DELETE FROM {}", table.duck()), &[])?;
        self.modified(&table)?;
        Ok(Changed {
            deleted,
            ..Changed::default()
        })
    }

    /// Every target row may be named once by the rows of a work table.
    pub(super) fn at_most_once(&self, work: &str) -> Result<()> {
        let sql =
            format!("SELECT 1 FROM {work} WHERE _hw_rid IS NOT NULL GROUP BY _hw_rid HAVING count(*) > 1 LIMIT 1");
        if self.tx.query(&sql, &[])?.is_empty() {
            Ok(())
        } else {
            Err(Fault::query(TWICE))
        }
    }

    pub(super) fn modified(&self, table: &TableName) -> Result<()> {
        let mut doc = tables::load(self.tx, table)?;
        tables::touch(self.tx, table, &mut doc)
    }

    fn target_relation(&self, target: &TableWithJoins) -> Result<(TableName, Relation)> {
        if !target.joins.is_empty() {
            return Err(unsupported("a join as the target", &target.relation));
        }
        self.target_table(&target.relation)
    }

    /// The table that a statement changes, under its alias.
    pub(super) fn target_table(&self, factor: &TableFactor) -> Result<(TableName, Relation)> {
        let TableFactor::Table { name, alias, .. } = factor else {
            return Err(unsupported("a target that is not a table", factor));
        };
        let table = self.table_name(name)?;
        let columns = self.table_columns(&table)?;
        if columns.iter().any(|c| c.name.eq_ignore_ascii_case("rowid")) {
            return Err(unsupported("changing a table that has a column named rowid", factor));
        }
        let alias = alias
            .as_ref()
            .map_or_else(|| table.table.clone(), |a| a.name.value.clone());
        let mut relation = Relation::new(alias, columns);
        relation.hide(self.hidden_columns(&table)?);
        Ok((table, relation))
    }

    pub(super) fn assignment_target(&self, assignment: &Assignment, columns: &[Field]) -> Result<Field> {
        let AssignmentTarget::ColumnName(name) = &assignment.target else {
            return Err(unsupported("assigning to several columns at once", assignment));
        };
        let parts = path(name)?;
        match parts.as_slice() {
            [column] => target(columns, column, assignment),
            // `alias.column` and `column.field` look alike: the first is allowed, the second is not supported.
            [_, column] if !columns.iter().any(|c| c.name.eq_ignore_ascii_case(&parts[0])) => {
                target(columns, column, assignment)
            }
            _ => Err(unsupported("assigning to a field of a STRUCT", assignment)),
        }
    }

    /// The same where the value is computed before it is stored: DEFAULT is not a value.
    pub(super) fn computed(&self, expr: &Expr, column: &Field, scope: &Scope<'_>) -> Result<Ex> {
        let value = self.assigned(expr, column, scope)?;
        if value.sql == "DEFAULT" {
            return Err(unsupported("DEFAULT in MERGE and in UPDATE … FROM", expr));
        }
        Ok(value)
    }

    /// A value on its way into a variable of this type.
    pub(crate) fn assigned_to(&self, value: Ex, wanted: &Ty) -> Result<Ex> {
        let value = coerce(value, wanted);
        if !assignable(&value.ty, wanted) {
            return Err(Fault::query(format!(
                "Cannot coerce expression of type {} to type {}",
                value.ty.sql(),
                wanted.sql()
            )));
        }
        if matches!(wanted, Ty::Struct(_) | Ty::Array(_)) && value.ty != *wanted && value.ty != Ty::Unknown {
            return Ok(Ex::new(reshape(&value.sql, &value.ty, wanted, 0), wanted.clone()));
        }
        Ok(value)
    }

    /// A value on its way into a column.
    pub(super) fn assigned(&self, expr: &Expr, column: &Field, scope: &Scope<'_>) -> Result<Ex> {
        if let Expr::Identifier(ident) = expr
            && ident.value.eq_ignore_ascii_case("DEFAULT")
            && ident.quote_style.is_none()
        {
            // In an INSERT's rows DuckDB knows the column's default by the same word.
            return Ok(Ex::new("DEFAULT", column.ty.clone()));
        }
        let value = coerce(self.expr(expr, scope)?, &column.ty);
        if matches!((&value.literal, &column.ty), (Some(Literal::Text(_)), Ty::Json))
            || !assignable(&value.ty, &column.ty)
        {
            return Err(Fault::query(format!(
                "Value of type {} cannot be assigned to {}, which has type {}{}",
                value.ty.sql(),
                column.name,
                column.ty.sql(),
                at(expr)
            )));
        }
        if matches!(column.ty, Ty::Struct(_) | Ty::Array(_)) && value.ty != column.ty && value.ty != Ty::Unknown {
            return Ok(Ex::new(
                reshape(&value.sql, &value.ty, &column.ty, 0),
                column.ty.clone(),
            ));
        }
        Ok(value)
    }
}

/// A query's rows with nested values under the names of the columns that take them.
fn place(query: &super::Translated, targets: &[Field]) -> String {
    let pairs = || query.columns.iter().zip(targets);
    if !pairs().any(|(from, to)| matches!(to.ty, Ty::Struct(_) | Ty::Array(_)) && from.ty != to.ty) {
        return query.sql.clone();
    }
    let names: Vec<String> = (0..targets.len()).map(|i| format!("c{i}")).collect();
    let values: Vec<String> = pairs()
        .zip(&names)
        .map(|((from, to), name)| reshape(&format!("q.{name}"), &from.ty, &to.ty, 0))
        .collect();
    format!(
        "SELECT {} FROM ({}) AS q({})",
        values.join(", "),
        query.sql,
        names.join(", ")
    )
}

fn target(columns: &[Field], name: &str, node: &impl sqlparser::ast::Spanned) -> Result<Field> {
    let found = columns.iter().find(|c| c.name.eq_ignore_ascii_case(name)).cloned();
    found.ok_or_else(|| Fault::query(format!("Column {name} is not present in the table{}", at(node))))
}

/// Whether BigQuery turns the one into the other by itself.
pub(super) fn assignable(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Unknown, _) | (Ty::Int64, Ty::Numeric | Ty::BigNumeric | Ty::Float64) => true,
        (Ty::Numeric, Ty::BigNumeric | Ty::Float64) | (Ty::BigNumeric, Ty::Float64) => true,
        (Ty::Date, Ty::Datetime) => true,
        (Ty::Array(a), Ty::Array(b)) => assignable(a, b),
        (Ty::Struct(a), Ty::Struct(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| assignable(&a.ty, &b.ty)),
        _ => from == to,
    }
}
