//! MERGE: the join is computed once into a work table (target row, clause, new values), checked for target rows
//! that are met twice, and then applied clause by clause. That gives BigQuery's rules and true counts.
//! (DuckDB's own MERGE tells the counts apart only by returning every row, at a cost that is quadratic in deletes.)

use sqlparser::ast::{Expr, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, MergeUpdateKind, Value};

use super::dml::Changed;
use super::scope::{Relation, Scope};
use super::{Result, Translator, at, path, unsupported};
use crate::error::Fault;
use crate::types::{Field, quoted};

const WORK: &str = "_hw_merge";
const PRESENT: &str = "_hw_present";

/// The values that the clauses need, each computed once.
#[derive(Default)]
struct Values {
    sqls: Vec<String>,
}

impl Values {
    /// The work table's column that holds `sql` for rows of clause `number`.
    fn column(&mut self, sql: String, number: usize) -> String {
        // A plain column may be read for any row; anything else only where its clause applies, for it may fail.
        let sql = if sql.contains('(') {
            format!("CASE WHEN _hw_act = {number} THEN {sql} END")
        } else {
            sql
        };
        let index = self.sqls.iter().position(|s| *s == sql).unwrap_or_else(|| {
            self.sqls.push(sql);
            self.sqls.len() - 1
        });
        format!("m.c{index}")
    }
}

impl Translator<'_> {
    pub(crate) fn merge(&self, merge: &Merge) -> Result<Changed> {
        let (table, target) = self.target_table(&merge.table)?;
        let mut source_scope = Scope::root();
        let source = self.factor(&merge.source, &mut source_scope)?;
        let source_relation = source_scope
            .relations
            .first()
            .cloned()
            .ok_or_else(|| Fault::query("MERGE needs a source"))?;
        let mut target_scope = Scope::root();
        target_scope.relations.push(target.clone());
        let mut both = Scope::root();
        both.relations.push(target.clone());
        both.relations.push(source_relation.clone());

        let (t, s) = (quoted(&target.alias), quoted(&source_relation.alias));
        let mut actions = Vec::new();
        let mut values = Values::default();
        let mut steps = Vec::new();
        for (i, clause) in merge.clauses.iter().enumerate() {
            let (scope, test) = match clause.clause_kind {
                MergeClauseKind::Matched => (&both, format!("{t}.rowid IS NOT NULL AND {s}.{PRESENT}")),
                MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => {
                    (&source_scope, format!("{t}.rowid IS NULL"))
                }
                MergeClauseKind::NotMatchedBySource => (&target_scope, format!("{s}.{PRESENT} IS NULL")),
            };
            let predicate = match &clause.predicate {
                Some(predicate) => format!(" AND {}", self.expr(predicate, scope)?.sql),
                None => String::new(),
            };
            actions.push(format!("WHEN {test}{predicate} THEN {}", i + 1));
            steps.push(self.step(clause, i + 1, &target, &source_relation, scope, &mut values)?);
        }
        let source = format!("(SELECT TRUE AS {PRESENT}, * FROM {source}) AS {s}");
        let target_sql = format!("{} AS {t}", table.duck());
        let has = |kinds: &[MergeClauseKind]| merge.clauses.iter().any(|c| kinds.contains(&c.clause_kind));
        let rows = Rows {
            keep_source: has(&[MergeClauseKind::NotMatched, MergeClauseKind::NotMatchedByTarget]),
            keep_target: has(&[MergeClauseKind::NotMatchedBySource]),
        };
        let columns: Vec<String> = values
            .sqls
            .iter()
            .enumerate()
            .map(|(i, v)| format!(", {v} AS c{i}"))
            .collect();
        let select = format!(
            "SELECT {t}.rowid AS _hw_rid, CASE {} END AS _hw_act{}",
            actions.join(" "),
            columns.join("")
        );
        let joined = if is_false(&merge.on) {
            // Nothing matches: each side by itself, not a join of everything with everything.
            let no_target = format!("(SELECT rowid, * FROM {} WHERE FALSE) AS {t}", table.duck());
            let no_source = format!("(SELECT * FROM {source} WHERE FALSE) AS {s}");
            let mut parts = Vec::new();
            if rows.keep_source {
                parts.push(format!("{select} FROM {source} LEFT JOIN {no_target} ON FALSE"));
            }
            if rows.keep_target {
                parts.push(format!("{select} FROM {target_sql} LEFT JOIN {no_source} ON FALSE"));
            }
            if parts.is_empty() {
                return Ok(Changed::default());
            }
            parts.join(" UNION ALL ")
        } else {
            let on = self.expr(&merge.on, &both)?.sql;
            format!("{select} FROM {}", rows.join(&source, &target_sql, &on))
        };
        self.tx.run(&format!(
            "CREATE OR REPLACE TEMP TABLE {WORK} AS SELECT * FROM ({joined}) WHERE _hw_act IS NOT NULL"
        ))?;
        self.at_most_once(WORK)?;
        let mut changed = Changed::default();
        // What is deleted and updated is found by row id, so it goes before new rows come.
        for step in [Kind::Delete, Kind::Update, Kind::Insert] {
            for Step {
                kind,
                number,
                head,
                tail,
            } in steps.iter().filter(|s| s.kind == step)
            {
                let sql = match kind {
                    Kind::Delete => format!(
                        "DELETE FROM {} WHERE rowid IN (SELECT _hw_rid FROM {WORK} WHERE _hw_act = {number})",
                        table.duck()
                    ),
                    Kind::Update => format!(
                        "UPDATE {} AS t SET {head} FROM {WORK} AS m WHERE t.rowid = m._hw_rid AND m._hw_act = {number}",
                        table.duck()
                    ),
                    Kind::Insert => format!(
                        "INSERT INTO {} ({head}) SELECT {tail} FROM {WORK} AS m WHERE m._hw_act = {number}",
                        table.duck()
                    ),
                };
                let count = self.tx.execute(&sql, &[])?;
                match kind {
                    Kind::Delete => changed.deleted += count,
                    Kind::Update => changed.updated += count,
                    Kind::Insert => changed.inserted += count,
                }
            }
        }
        self.tx.run(&format!("DROP TABLE {WORK}"))?;
        self.modified(&table)?;
        Ok(changed)
    }

    fn step(
        &self,
        clause: &MergeClause,
        number: usize,
        target: &Relation,
        source: &Relation,
        scope: &Scope<'_>,
        values: &mut Values,
    ) -> Result<Step> {
        let by_target = matches!(
            clause.clause_kind,
            MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget
        );
        match &clause.action {
            MergeAction::Delete { .. } if !by_target => Ok(Step {
                kind: Kind::Delete,
                number,
                head: String::new(),
                tail: String::new(),
            }),
            MergeAction::Update(update) if !by_target => {
                let MergeUpdateKind::Set(assignments) = &update.kind else {
                    return Err(unsupported("UPDATE *", clause));
                };
                let mut sets = Vec::new();
                for assignment in assignments {
                    let column = self.assignment_target(assignment, &target.columns)?;
                    let value = self.assigned(&assignment.value, &column, scope)?.sql;
                    sets.push(format!("{} = {}", quoted(&column.name), values.column(value, number)));
                }
                Ok(Step {
                    kind: Kind::Update,
                    number,
                    head: sets.join(", "),
                    tail: String::new(),
                })
            }
            MergeAction::Insert(insert) if by_target => {
                let columns: Vec<Field> = if insert.columns.is_empty() {
                    target.columns.clone()
                } else {
                    let find = |name: &sqlparser::ast::ObjectName| -> Result<Field> {
                        let name = path(name)?.join(".");
                        let found = target
                            .columns
                            .iter()
                            .find(|c| c.name.eq_ignore_ascii_case(&name))
                            .cloned();
                        found.ok_or_else(|| {
                            Fault::query(format!("Column {name} is not present in the table{}", at(clause)))
                        })
                    };
                    insert.columns.iter().map(find).collect::<Result<_>>()?
                };
                let wrong = |count: usize| {
                    Fault::query(format!(
                        "Inserted row has wrong column count; Has {count}, expected {}{}",
                        columns.len(),
                        at(clause)
                    ))
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
                    return Err(wrong(exprs.len()));
                }
                let mut names = Vec::new();
                let mut cells = Vec::new();
                for (expr, column) in exprs.iter().zip(&columns) {
                    names.push(quoted(&column.name));
                    cells.push(values.column(self.assigned(expr, column, scope)?.sql, number));
                }
                Ok(Step {
                    kind: Kind::Insert,
                    number,
                    head: names.join(", "),
                    tail: cells.join(", "),
                })
            }
            _ => Err(Fault::query(format!(
                "Syntax error: this WHEN clause cannot have this action{}",
                at(clause)
            ))),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Delete,
    Update,
    Insert,
}

struct Step {
    kind: Kind,
    number: usize,
    head: String,
    tail: String,
}

struct Rows {
    keep_source: bool,
    keep_target: bool,
}

impl Rows {
    fn join(&self, source: &str, target: &str, on: &str) -> String {
        match (self.keep_source, self.keep_target) {
            (true, true) => format!("{source} FULL JOIN {target} ON {on}"),
            (true, false) => format!("{source} LEFT JOIN {target} ON {on}"),
            (false, true) => format!("{target} LEFT JOIN {source} ON {on}"),
            (false, false) => format!("{source} JOIN {target} ON {on}"),
        }
    }
}

fn is_false(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_false(inner),
        Expr::Value(value) => matches!(value.value, Value::Boolean(false)),
        _ => false,
    }
}
