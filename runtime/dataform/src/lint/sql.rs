//! What is read out of a query: the tables that it names, whether its columns are open, and the conditions of row assertions.
//! GoogleSQL that the parser does not know is said to be unread; nothing is guessed about it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Spanned, Statement,
    TableFactor, UnaryOperator, Visit, Visitor,
};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

/// The statements of a text.
pub(super) fn read(sql: &str) -> Result<Vec<Statement>, String> {
    Parser::parse_sql(&BigQueryDialect {}, sql).map_err(|error| error.to_string())
}

/// A table that is named with its dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    /// Dataset and table, or project, dataset and table.
    pub parts: Vec<String>,
}

/// The tables that statements name, without those that they make.
pub(super) fn tables(statements: &[Statement]) -> BTreeSet<Named> {
    let mut found = Tables::default();
    let _ = statements.to_vec().visit(&mut found);
    let made = made(statements);
    let aliased = |named: &Named| {
        named
            .parts
            .first()
            .is_some_and(|first| found.names.contains(&first.to_lowercase()))
    };
    // `from t, t.items` names a column of a table that is there already.
    found
        .relations
        .iter()
        .filter(|named| !aliased(named) && !made.contains(*named))
        .cloned()
        .collect()
}

/// The tables that statements make.
pub(super) fn made(statements: &[Statement]) -> BTreeSet<Named> {
    let of = |statement: &Statement| match statement {
        Statement::CreateTable(create) => named(&create.name),
        Statement::CreateView(create) => named(&create.name),
        _ => None,
    };
    statements.iter().filter_map(of).collect()
}

#[derive(Default)]
struct Tables {
    relations: BTreeSet<Named>,
    /// Aliases and last parts of names, in lower case.
    names: BTreeSet<String>,
}

impl Visitor for Tables {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.relations.extend(named(relation));
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.names.extend(ctes(query).map(|(name, _)| name));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor {
            let called = alias
                .as_ref()
                .map(|alias| alias.name.value.clone())
                .or_else(|| parts(name).pop());
            self.names.extend(called.map(|name| name.to_lowercase()));
        }
        ControlFlow::Continue(())
    }
}

fn parts(name: &ObjectName) -> Vec<String> {
    let idents = name.0.iter().filter_map(|part| part.as_ident());
    idents
        .flat_map(|ident| ident.value.split('.').map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn named(name: &ObjectName) -> Option<Named> {
    let parts = parts(name);
    let special = parts
        .iter()
        .any(|part| part.eq_ignore_ascii_case("INFORMATION_SCHEMA") || part.is_empty());
    ((2..=3).contains(&parts.len()) && !special).then_some(Named { parts })
}

fn ctes(query: &Query) -> impl Iterator<Item = (String, &Query)> {
    let tables = query.with.iter().flat_map(|with| &with.cte_tables);
    tables.map(|cte| (cte.alias.name.value.to_lowercase(), &*cte.query))
}

/// The columns of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Columns {
    /// All are named, in order; an expression without a name is left out.
    Named(Vec<String>),
    /// A star reaches down to a table; with the line (from 1) where it is in the text.
    Open(u64),
}

/// The columns of the one query of a text.
pub(super) fn columns(statements: &[Statement]) -> Option<Columns> {
    match statements {
        [Statement::Query(query)] => Some(of_query(query, &Vec::new())),
        _ => None,
    }
}

type Scope<'a> = Vec<(String, &'a Query)>;

fn of_query<'a>(query: &'a Query, outer: &Scope<'a>) -> Columns {
    // The nearest of a name comes first.
    let mut scope: Scope<'a> = ctes(query).collect();
    scope.extend(outer.iter().cloned());
    of_set(&query.body, &scope)
}

fn of_set<'a>(set: &'a SetExpr, scope: &Scope<'a>) -> Columns {
    match set {
        SetExpr::Select(select) => of_select(select, scope),
        SetExpr::Query(query) => of_query(query, scope),
        // The first gives the names; a star on either side opens.
        SetExpr::SetOperation { left, right, .. } => match (of_set(left, scope), of_set(right, scope)) {
            (Columns::Named(_), open @ Columns::Open(_)) => open,
            (left, _) => left,
        },
        _ => Columns::Named(Vec::new()),
    }
}

fn of_select<'a>(select: &'a Select, scope: &Scope<'a>) -> Columns {
    let mut names = Vec::new();
    for item in &select.projection {
        let star = match item {
            SelectItem::UnnamedExpr(expression) => {
                names.extend(last_name(expression));
                continue;
            }
            SelectItem::ExprWithAlias { alias, .. } => {
                names.push(alias.value.clone());
                continue;
            }
            SelectItem::ExprWithAliases { .. } => continue,
            SelectItem::Wildcard(options) => (None, options.wildcard_token.0.span.start.line),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => (
                Some(name.to_string().trim_matches('`').to_lowercase()),
                options.wildcard_token.0.span.start.line,
            ),
            // A struct's fields are of the query's own making.
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => continue,
        };
        let line = star.1.max(select.span().start.line);
        for factor in select
            .from
            .iter()
            .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|j| &j.relation)))
        {
            let (name, inner) = source(factor, scope);
            if star.0.as_ref().is_some_and(|wanted| Some(wanted) != name.as_ref()) {
                continue;
            }
            match inner {
                Some(Columns::Named(inner)) => names.extend(inner),
                Some(Columns::Open(_)) | None => return Columns::Open(line),
            }
        }
    }
    Columns::Named(names)
}

/// What a part of FROM is called, and its columns if the query itself makes them.
fn source<'a>(factor: &'a TableFactor, scope: &Scope<'a>) -> (Option<String>, Option<Columns>) {
    let lower = |ident: &Ident| ident.value.to_lowercase();
    match factor {
        TableFactor::Table { name, alias, .. } => {
            let own = parts(name);
            let called = alias
                .as_ref()
                .map(|a| lower(&a.name))
                .or_else(|| own.last().map(|n| n.to_lowercase()));
            let [single] = own.as_slice() else {
                return (called, None);
            };
            let place = scope.iter().position(|(cte, _)| *cte == single.to_lowercase());
            let Some((place, (_, query))) = place.and_then(|p| Some((p, scope.get(p)?))) else {
                return (called, None);
            };
            // Only what stands before it is seen by it, so a name cannot lead to itself.
            let seen: Scope<'a> = scope
                .iter()
                .enumerate()
                .filter(|(p, _)| *p != place)
                .map(|(_, c)| c.clone())
                .collect();
            (called, Some(of_query(query, &seen)))
        }
        TableFactor::Derived { subquery, alias, .. } => {
            (alias.as_ref().map(|a| lower(&a.name)), Some(of_query(subquery, scope)))
        }
        TableFactor::UNNEST { alias, .. } => {
            let name = alias.as_ref().map(|a| lower(&a.name));
            (name.clone(), Some(Columns::Named(name.into_iter().collect())))
        }
        _ => (None, None),
    }
}

fn last_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Identifier(ident) => Some(ident.value.clone()),
        Expr::CompoundIdentifier(idents) => idents.last().map(|ident| ident.value.clone()),
        _ => None,
    }
}

/// Whether a query groups, as one that looks for doubles does.
pub(super) fn groups(statements: &[Statement]) -> bool {
    struct Groups(bool);
    impl Visitor for Groups {
        type Break = ();
        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            let by = &select.group_by;
            self.0 |= !matches!(by, sqlparser::ast::GroupByExpr::Expressions(list, _) if list.is_empty());
            ControlFlow::Continue(())
        }
    }
    let mut groups = Groups(false);
    let _ = statements.to_vec().visit(&mut groups);
    groups.0
}

/// A condition of an assertion that is made of `rowConditions` or `nonNull`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// As the parser prints it.
    pub text: String,
    /// The columns that it names.
    pub columns: BTreeSet<String>,
    /// Whether it says itself what a NULL is.
    pub speaks_of_null: bool,
    /// The column that it holds to be non-null, if it is nothing but that.
    pub non_null: Option<String>,
}

/// The conditions of such an assertion: of each SELECT, what stands in `WHERE NOT (…)`.
pub(super) fn conditions(statements: &[Statement]) -> Vec<Condition> {
    let mut found = Conditions(Vec::new());
    let _ = statements.to_vec().visit(&mut found);
    found.0
}

struct Conditions(Vec<Condition>);

impl Visitor for Conditions {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if let Some(Expr::UnaryOp {
            op: UnaryOperator::Not,
            expr,
        }) = &select.selection
        {
            let inner = match &**expr {
                Expr::Nested(inner) => inner,
                other => other,
            };
            self.0.push(condition(inner));
        }
        ControlFlow::Continue(())
    }
}

fn condition(expression: &Expr) -> Condition {
    let mut words = Words::default();
    let _ = expression.clone().visit(&mut words);
    let non_null = match expression {
        Expr::IsNotNull(inner) => last_name(inner).map(|name| name.to_lowercase()),
        _ => None,
    };
    Condition {
        text: expression.to_string(),
        columns: words.columns,
        speaks_of_null: words.null,
        non_null,
    }
}

#[derive(Default)]
struct Words {
    columns: BTreeSet<String>,
    null: bool,
}

impl Visitor for Words {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        match expression {
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..) => self.null = true,
            Expr::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                self.null |= [
                    "coalesce",
                    "ifnull",
                    "nullif",
                    "if",
                    "countif",
                    "logical_and",
                    "logical_or",
                ]
                .contains(&name.as_str());
            }
            Expr::Identifier(ident) => {
                self.columns.insert(ident.value.to_lowercase());
            }
            Expr::CompoundIdentifier(idents) => {
                self.columns
                    .extend(idents.first().map(|ident| ident.value.to_lowercase()));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_a_query_names_and_those_that_it_leaves_open() {
        let named = |names: &[&str]| Columns::Named(names.iter().map(|n| (*n).to_owned()).collect());
        for (sql, expected) in [
            ("select a, b.c, 1 as d from t", named(&["a", "c", "d"])),
            ("select * from `p.d.t`", Columns::Open(1)),
            ("select\n  a,\n  t.* except (b)\nfrom `p.d.t` as t", Columns::Open(3)),
            ("with x as (select a, b from t) select * from x", named(&["a", "b"])),
            (
                "with x as (select * from t), y as (select x.* from x) select * from y",
                Columns::Open(1),
            ),
            (
                "with x as (select a from t) select x.*, u.b from x join u on true",
                named(&["a", "b"]),
            ),
            ("select * from (select 1 as a)", named(&["a"])),
            ("select a from t union all select * from u", Columns::Open(1)),
            ("select count(*) as n from t", named(&["n"])),
            ("with t as (select * from t) select * from t", Columns::Open(1)),
        ] {
            assert_eq!(columns(&read(sql).unwrap()), Some(expected), "{sql}");
        }
    }

    #[test]
    fn tables_that_are_named() {
        for (sql, expected) in [
            ("select 1 from `p.d.t` join d.u using (id)", vec!["d.u", "p.d.t"]),
            ("with c as (select 1) select * from c", vec![]),
            ("select i from `p.d.t` t, t.items i", vec!["p.d.t"]),
            ("select i from `p.d.t`, t.items i", vec!["p.d.t"]),
            ("select (select max(x) from `p`.`d`.`t`)", vec!["p.d.t"]),
            ("select 1 from `p.d.INFORMATION_SCHEMA.TABLES`", vec![]),
            ("create table d.x as select * from d.y; select * from d.x", vec!["d.y"]),
        ] {
            let found: Vec<String> = tables(&read(sql).unwrap()).iter().map(|n| n.parts.join(".")).collect();
            assert_eq!(found, expected, "{sql}");
        }
    }
}
