//! MERGE: the join is computed once into a work table of row ids (target row, source row, clause), checked for
//! target rows that are met twice, and then applied clause by clause. That gives BigQuery's rules and true counts,
//! and what is kept in memory does not grow with the width of the rows.
//! (DuckDB's own MERGE tells the counts apart only by returning every row, at a cost that is quadratic in deletes.)

use sqlparser::ast::{
    Expr, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, MergeUpdateKind, TableFactor, Value,
};

use super::dml::Changed;
use super::scope::{Relation, Scope};
use super::{Result, Translator, at, path, unsupported};
use crate::catalog::names::TableName;
use crate::catalog::partitions::TIME;
use crate::catalog::tables;
use crate::error::Fault;
use crate::types::{Field, quoted};

const WORK: &str = "_hw_merge";
const SOURCE: &str = "_hw_source";

impl Translator<'_> {
    pub(crate) fn merge(&self, merge: &Merge) -> Result<Changed> {
        let (table, target) = self.target_table(&merge.table)?;
        let (source_name, source) = self.merge_source(&merge.source)?;
        let sides = Sides {
            target: format!("{} AS {}", table.duck(), quoted(&target.alias)),
            source: format!("{source_name} AS {}", quoted(&source.alias)),
            t: quoted(&target.alias),
            s: quoted(&source.alias),
        };
        let scope_of = |relations: &[&Relation]| {
            let mut scope = Scope::root();
            scope.relations = relations.iter().map(|r| (*r).clone()).collect();
            scope
        };
        let both = scope_of(&[&target, &source]);
        let only_target = scope_of(&[&target]);
        let only_source = scope_of(&[&source]);
        let (t, s) = (&sides.t, &sides.s);
        let mut actions = Vec::new();
        let mut steps = Vec::new();
        for (i, clause) in merge.clauses.iter().enumerate() {
            let (scope, test) = match clause.clause_kind {
                MergeClauseKind::Matched => (&both, format!("{t}.rowid IS NOT NULL AND {s}.rowid IS NOT NULL")),
                MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => {
                    (&only_source, format!("{t}.rowid IS NULL"))
                }
                MergeClauseKind::NotMatchedBySource => (&only_target, format!("{s}.rowid IS NULL")),
            };
            let predicate = match &clause.predicate {
                Some(predicate) => format!(" AND {}", self.expr(predicate, scope)?.sql),
                None => String::new(),
            };
            actions.push(format!("WHEN {test}{predicate} THEN {}", i + 1));
            steps.push(self.step(clause, i + 1, &target, &source, scope)?);
        }
        let select = format!(
            "SELECT {t}.rowid AS _hw_rid, {s}.rowid AS _hw_sid, CASE {} END AS _hw_act",
            actions.join(" ")
        );
        let on = if is_false(&merge.on) {
            None
        } else {
            Some(self.expr(&merge.on, &both)?.sql)
        };
        let Some(joined) = sides.join(&merge.clauses, &select, on.as_deref()) else {
            return Ok(Changed::default());
        };
        self.tx.run(&format!(
            "CREATE OR REPLACE TEMP TABLE {WORK} AS SELECT * FROM ({joined}) WHERE _hw_act IS NOT NULL"
        ))?;
        self.at_most_once(WORK)?;
        let changed = self.apply(&table, &target, &sides, &steps)?;
        self.tx
            .run(&format!("DROP TABLE {WORK}; DROP TABLE IF EXISTS {SOURCE}"))?;
        self.modified(&table)?;
        Ok(changed)
    }

    /// The source as something with row ids: a stored table as it is, anything else as a copy.
    fn merge_source(&self, factor: &TableFactor) -> Result<(String, Relation)> {
        let mut scope = Scope::root();
        let sql = self.factor(factor, &mut scope)?;
        let relation = scope
            .relations
            .pop()
            .ok_or_else(|| Fault::query("MERGE needs a source"))?;
        if !scope.relations.is_empty() {
            return Err(unsupported("a join as MERGE's source (put it into a subquery)", factor));
        }
        if relation.columns.iter().any(|c| c.name.eq_ignore_ascii_case("rowid")) {
            return Err(unsupported("a MERGE source that has a column named rowid", factor));
        }
        if let TableFactor::Table { name, .. } = factor
            && let Ok(name) = self.table_name(name)
            && let Some(doc) = tables::find(self.tx, &name)?
            && !tables::is_view(&doc)
        {
            return Ok((name.duck(), relation));
        }
        self.tx
            .run(&format!("CREATE OR REPLACE TEMP TABLE {SOURCE} AS SELECT * FROM {sql}"))?;
        Ok((SOURCE.to_owned(), relation))
    }

    /// Changed rows are written anew and their old versions deleted, since DuckDB keeps updates in memory and
    /// insertions not.
    fn apply(&self, table: &TableName, target: &Relation, sides: &Sides, steps: &[Step]) -> Result<Changed> {
        let mut changed = Changed::default();
        let Sides { t, s, .. } = sides;
        let on_source = format!("JOIN {} ON {s}.rowid = m._hw_sid", sides.source);
        let on_target = format!("JOIN {} ON {t}.rowid = m._hw_rid", sides.target);
        let mut gone = Vec::new();
        for step in steps {
            let number = step.number;
            let insert = |joins: &str, columns: &[String], values: &[String]| {
                let sql = format!(
                    "INSERT INTO {} ({}) SELECT {} FROM {WORK} AS m {joins} WHERE m._hw_act = {number}",
                    table.duck(),
                    columns.join(", "),
                    values.join(", ")
                );
                self.tx.execute(&sql, &[])
            };
            match &step.work {
                Work::Delete => gone.push(number.to_string()),
                Work::Update { sets, by_source } => {
                    gone.push(number.to_string());
                    // A row that is changed stays in its partition.
                    let kept = target.hidden.iter().filter(|c| c.name == TIME);
                    let columns: Vec<String> = target.columns.iter().chain(kept).map(|c| quoted(&c.name)).collect();
                    let values: Vec<String> = columns
                        .iter()
                        .map(|c| {
                            let set = sets.iter().find(|(column, _)| column == c);
                            set.map_or_else(|| format!("{t}.{c}"), |(_, value)| value.clone())
                        })
                        .collect();
                    let reads_target = values.iter().any(|v| v.contains(&format!("{t}.")));
                    let mut joins = Vec::new();
                    if !by_source {
                        joins.push(on_source.clone());
                    }
                    if reads_target {
                        joins.push(on_target.clone());
                    }
                    changed.updated += insert(&joins.join(" "), &columns, &values)?;
                }
                Work::Insert { .. } => {}
            }
        }
        if !gone.is_empty() {
            let sql = format!(
                "DELETE FROM {} WHERE rowid IN (SELECT _hw_rid FROM {WORK} WHERE _hw_act IN ({}))",
                table.duck(),
                gone.join(", ")
            );
            changed.deleted = self.tx.execute(&sql, &[])? - changed.updated;
        }
        for step in steps {
            if let Work::Insert { columns, values } = &step.work {
                let sql = format!(
                    "INSERT INTO {} ({}) SELECT {} FROM {WORK} AS m {on_source} WHERE m._hw_act = {}",
                    table.duck(),
                    columns.join(", "),
                    values.join(", "),
                    step.number
                );
                changed.inserted += self.tx.execute(&sql, &[])?;
            }
        }
        Ok(changed)
    }

    fn step(
        &self,
        clause: &MergeClause,
        number: usize,
        target: &Relation,
        source: &Relation,
        scope: &Scope<'_>,
    ) -> Result<Step> {
        let kind = clause.clause_kind;
        let by_target = matches!(kind, MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget);
        let work = match &clause.action {
            MergeAction::Delete { .. } if !by_target => Work::Delete,
            MergeAction::Update(update) if !by_target => {
                let MergeUpdateKind::Set(assignments) = &update.kind else {
                    return Err(unsupported("UPDATE *", clause));
                };
                let mut sets = Vec::new();
                for assignment in assignments {
                    let column = self.assignment_target(assignment, &target.columns)?;
                    let value = self.computed(&assignment.value, &column, scope)?.sql;
                    sets.push((quoted(&column.name), value));
                }
                let by_source = kind == MergeClauseKind::NotMatchedBySource;
                Work::Update { sets, by_source }
            }
            MergeAction::Insert(insert) if by_target => {
                let columns: Vec<Field> = if insert.columns.is_empty() {
                    target.columns.clone()
                } else {
                    let find = |name: &sqlparser::ast::ObjectName| -> Result<Field> {
                        let name = path(name)?.join(".");
                        let found = target.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&name));
                        found.cloned().ok_or_else(|| {
                            Fault::query(format!("Column {name} is not present in the table{}", at(clause)))
                        })
                    };
                    insert.columns.iter().map(find).collect::<Result<_>>()?
                };
                let row: Vec<Expr>;
                let exprs = match &insert.kind {
                    MergeInsertKind::Values(list) => match list.rows.as_slice() {
                        [row] => row,
                        _ => return Err(unsupported("several rows in a MERGE's INSERT", clause)),
                    },
                    MergeInsertKind::Row => {
                        let ident = |c: &Field| Expr::Identifier(sqlparser::ast::Ident::with_quote('`', &c.name));
                        row = source.columns.iter().map(ident).collect();
                        &row
                    }
                    MergeInsertKind::Wildcard => return Err(unsupported("INSERT *", clause)),
                };
                if exprs.len() != columns.len() {
                    return Err(Fault::query(format!(
                        "Inserted row has wrong column count; Has {}, expected {}{}",
                        exprs.len(),
                        columns.len(),
                        at(clause)
                    )));
                }
                let mut values = Vec::new();
                for (expr, column) in exprs.iter().zip(&columns) {
                    values.push(self.computed(expr, column, scope)?.sql);
                }
                let columns = columns.iter().map(|c| quoted(&c.name)).collect();
                Work::Insert { columns, values }
            }
            _ => {
                return Err(Fault::query(format!(
                    "Syntax error: this WHEN clause cannot have this action{}",
                    at(clause)
                )));
            }
        };
        Ok(Step { number, work })
    }
}

/// What one clause does, in DuckDB's SQL.
struct Step {
    number: usize,
    work: Work,
}

enum Work {
    Delete,
    Update {
        sets: Vec<(String, String)>,
        by_source: bool,
    },
    Insert {
        columns: Vec<String>,
        values: Vec<String>,
    },
}

/// The two tables, as they stand in FROM and as they are called.
struct Sides {
    target: String,
    source: String,
    t: String,
    s: String,
}

impl Sides {
    /// The rows that any clause may want. Without `on` nothing matches: each side comes by itself, not joined row by
    /// row with the other. `None`: no clause can apply.
    fn join(&self, clauses: &[MergeClause], select: &str, on: Option<&str>) -> Option<String> {
        let has = |kinds: &[MergeClauseKind]| clauses.iter().any(|c| kinds.contains(&c.clause_kind));
        let keep_source = has(&[MergeClauseKind::NotMatched, MergeClauseKind::NotMatchedByTarget]);
        let keep_target = has(&[MergeClauseKind::NotMatchedBySource]);
        let Self { target, source, t, s } = self;
        let Some(on) = on else {
            let nothing = |of: &str, alias: &str| format!("(SELECT rowid, * FROM {of} WHERE FALSE) AS {alias}");
            let mut parts = Vec::new();
            if keep_source {
                parts.push(format!(
                    "{select} FROM {source} LEFT JOIN {} ON FALSE",
                    nothing(target, t)
                ));
            }
            if keep_target {
                parts.push(format!(
                    "{select} FROM {target} LEFT JOIN {} ON FALSE",
                    nothing(source, s)
                ));
            }
            return (!parts.is_empty()).then(|| parts.join(" UNION ALL "));
        };
        let from = match (keep_source, keep_target) {
            (true, true) => format!("{source} FULL JOIN {target}"),
            (true, false) => format!("{source} LEFT JOIN {target}"),
            (false, true) => format!("{target} LEFT JOIN {source}"),
            (false, false) => format!("{source} JOIN {target}"),
        };
        Some(format!("{select} FROM {from} ON {on}"))
    }
}

fn is_false(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_false(inner),
        Expr::Value(value) => matches!(value.value, Value::Boolean(false)),
        _ => false,
    }
}
