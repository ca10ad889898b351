//! FROM: tables, views, subqueries, arrays and joins; each becomes a relation of the scope.

use sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Query, SetExpr, TableAlias, TableFactor,
    TableSampleKind, TableSampleUnit, TableVersion, TableWithJoins, ValueTableMode,
};

use super::operators::condition as truth;
use super::scope::{Origins, Relation, Scope};
use super::{Ex, Here, Literal, Result, Translated, Translator, at, parse, path, unsupported};
use crate::catalog::names::TableName;
use crate::catalog::{partitions, tables};
use crate::error::Fault;
use crate::types::{Field, Ty, columns, quoted};

impl Translator<'_> {
    pub(super) fn from(&self, list: &[TableWithJoins], scope: &mut Scope<'_>) -> Result<String> {
        let mut parts = Vec::new();
        for item in list {
            parts.push(self.joined(item, scope)?);
        }
        Ok(parts.join(", "))
    }

    pub(super) fn joined(&self, item: &TableWithJoins, scope: &mut Scope<'_>) -> Result<String> {
        let mut sql = self.factor(&item.relation, scope)?;
        for join in &item.joins {
            sql.push_str(&self.join(join, scope)?);
        }
        Ok(sql)
    }

    fn join(&self, join: &Join, scope: &mut Scope<'_>) -> Result<String> {
        let right = self.factor(&join.relation, scope)?;
        let is_array = match &join.relation {
            TableFactor::UNNEST { .. } => true,
            TableFactor::Table { name, .. } => {
                let parts = path(name)?;
                parts.len() > 1 && scope.relation(&parts[0]).is_some()
            }
            _ => false,
        };
        let (word, constraint) = match &join.join_operator {
            JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", c),
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", c),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", c),
            JoinOperator::FullOuter(c) => ("FULL JOIN", c),
            JoinOperator::CrossJoin(_) => return Ok(format!(" CROSS JOIN {right}")),
            other => return Err(unsupported(&format!("the join {other:?}"), &join.relation)),
        };
        Ok(match constraint {
            JoinConstraint::On(condition) => {
                let test = truth(self.expr(condition, scope)?, "JOIN ON condition", condition)?;
                format!(" {word} {right} ON {test}")
            }
            JoinConstraint::Using(names) => {
                let mut columns = Vec::new();
                for ident in names {
                    let name = path(ident)?.join(".");
                    let has = |relation: &Relation| relation.columns.iter().any(|c| c.name.eq_ignore_ascii_case(&name));
                    let side = match scope.relations.split_last() {
                        Some((last, _)) if !has(last) => Some("right"),
                        Some((_, others)) if !others.iter().any(has) => Some("left"),
                        _ => None,
                    };
                    if let Some(side) = side {
                        return Err(Fault::query(format!(
                            "Column {name} in USING clause not found on {side} side of join{}",
                            at(ident)
                        )));
                    }
                    columns.push(quoted(&name));
                    for relation in &scope.relations {
                        let known = relation.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&name));
                        self.reads_columns(&known.map(|c| relation.origins_of(&c.name)).unwrap_or_default());
                    }
                    scope.merged.push(name);
                }
                format!(" {word} {right} USING ({})", columns.join(", "))
            }
            JoinConstraint::None if is_array => format!(" {word} {right} ON TRUE"),
            _ => {
                return Err(Fault::query(format!(
                    "Syntax error: {word} must have an immediately following ON or USING clause{}",
                    at(&join.relation)
                )));
            }
        })
    }

    /// A relation, whose name must be another than those that stand beside it.
    pub(super) fn factor(&self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String> {
        let before = scope.relations.len();
        let sql = self.one_factor(factor, scope)?;
        let (known, new) = scope.relations.split_at(before.min(scope.relations.len()));
        let same = |one: &&Relation| known.iter().any(|k| k.alias.eq_ignore_ascii_case(&one.alias));
        match new.iter().find(same) {
            None => Ok(sql),
            Some(twice) => Err(Fault::query(format!(
                "Duplicate table alias {} in the same FROM clause{}",
                twice.alias,
                at(factor)
            ))),
        }
    }

    fn one_factor(&self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                version: None,
                sample: None,
                with_ordinality: false,
                ..
            } if args.settings.is_none() => self.table_function(name, &args.args, alias.as_ref(), scope),
            TableFactor::Table {
                name,
                alias,
                args: None,
                version: None,
                sample: None,
                with_ordinality: false,
                ..
            } => self.table(name, alias.as_ref(), scope),
            TableFactor::Table {
                name,
                alias,
                args: None,
                version: Some(TableVersion::ForSystemTimeAsOf(time)),
                sample: None,
                with_ordinality: false,
                ..
            } => self.table_at(name, alias.as_ref(), time, scope),
            TableFactor::Table {
                name,
                alias,
                args: None,
                version: None,
                sample: Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)),
                ..
            } => {
                let share = match &sample.quantity {
                    Some(quantity) if matches!(quantity.unit, Some(TableSampleUnit::Percent)) => {
                        self.expr(&quantity.value, &Scope::root())?
                    }
                    _ => return Err(unsupported("TABLESAMPLE without PERCENT", factor)),
                };
                let Some(Literal::Number(share)) = share.literal else {
                    return Err(unsupported("TABLESAMPLE of a share that is not a number", factor));
                };
                let table = self.table(name, alias.as_ref(), scope)?;
                Ok(format!("{table} TABLESAMPLE {share} PERCENT (bernoulli)"))
            }
            TableFactor::Derived {
                subquery,
                alias,
                sample: None,
                ..
            } => {
                let inner = self.query(subquery, scope)?;
                let alias = self.alias(alias.as_ref(), None)?;
                let inner = self.value_table(subquery, inner, &alias);
                Ok(self.relate(scope, alias, inner.columns, inner.origins, |duck| {
                    format!("({}) AS {duck}", inner.sql)
                }))
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset,
                with_offset_alias,
                ..
            } => {
                let [array] = array_exprs.as_slice() else {
                    return Err(unsupported("UNNEST of several arrays", factor));
                };
                let array = self.expr(array, scope)?;
                let offset = with_offset.then(|| with_offset_alias.as_ref().map_or("offset", |a| &a.value));
                self.unnest(&array, alias.as_ref(), offset, scope)
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => Ok(format!("({})", self.joined(table_with_joins, scope)?)),
            TableFactor::Pivot { .. } => self.pivot(factor, scope),
            TableFactor::Unpivot { .. } => self.unpivot(factor, scope),
            TableFactor::Function { .. } | TableFactor::TableFunction { .. } | TableFactor::Table { .. } => {
                Err(unsupported("table functions", factor))
            }
            _ => Err(unsupported("this form of FROM", factor)),
        }
    }

    /// Adds a relation to the scope, under a name that DuckDB's SQL cannot confuse, and answers its SQL.
    pub(super) fn relate(
        &self,
        scope: &mut Scope<'_>,
        alias: String,
        columns: Vec<Field>,
        origins: Vec<Origins>,
        sql: impl FnOnce(&str) -> String,
    ) -> String {
        let mut relation = Relation::new(alias, columns);
        if self.renames {
            relation.duck = quoted(&self.fresh("r"));
        }
        relation.origins = origins;
        let sql = sql(&relation.duck);
        scope.relations.push(relation);
        sql
    }

    pub(super) fn alias(&self, alias: Option<&TableAlias>, implied: Option<&str>) -> Result<String> {
        match alias {
            Some(alias) if !alias.columns.is_empty() => {
                Err(unsupported("column names in a table alias", &Here(&alias.name)))
            }
            Some(alias) => Ok(alias.name.value.clone()),
            None => Ok(implied.map_or_else(|| self.fresh("t"), str::to_owned)),
        }
    }

    fn table(&self, name: &ObjectName, alias: Option<&TableAlias>, scope: &mut Scope<'_>) -> Result<String> {
        let parts = path(name)?;
        if let [single] = parts.as_slice()
            && let Some(cte) = scope.cte(single)
        {
            let cte = cte.clone();
            let alias = self.alias(alias, Some(single))?;
            return Ok(self.relate(scope, alias, cte.columns, cte.origins, |duck| {
                format!("{} AS {duck}", quoted(single))
            }));
        }
        // `FROM t, t.items`: an array of a relation that is already there.
        if parts.len() > 1 && scope.relation(&parts[0]).is_some() {
            let idents: Vec<Ident> = parts.iter().map(|p| Ident::with_quote('`', p)).collect();
            let array = self.expr(&Expr::CompoundIdentifier(idents), scope)?;
            let implied = TableAlias {
                explicit: true,
                name: Ident::new(&parts[parts.len() - 1]),
                columns: vec![],
                at: None,
            };
            return self.unnest(&array, Some(alias.unwrap_or(&implied)), None, scope);
        }
        let implied = parts.last().map(String::as_str);
        let view = match self.information_schema(&parts)? {
            None => self.meta_table(&parts)?,
            found => found,
        };
        if let Some(view) = view {
            let alias = self.alias(alias, implied)?;
            return Ok(self.relate(scope, alias, view.columns, view.origins, |duck| {
                format!("{} AS {duck}", view.sql)
            }));
        }
        let table = self.table_name(name)?;
        let alias = self.alias(alias, implied)?;
        if table.table.ends_with('*') {
            return self.wildcard(&table, alias, scope);
        }
        let (found, hidden) = self.stored(&table)?;
        let sql = self.relate(scope, alias, found.columns, found.origins, |duck| {
            format!("{} AS {duck}", found.sql)
        });
        if let Some(relation) = scope.relations.last_mut() {
            relation.hide(hidden);
        }
        Ok(sql)
    }

    /// A stored table or view, as something to select from, and its pseudo-columns.
    fn stored(&self, table: &TableName) -> Result<(Translated, Vec<Field>)> {
        let doc = tables::load(self.tx, table)?;
        if let Some(text) = tables::view_query(&doc) {
            let query = view_query(text)?;
            let mut inner = self.elsewhere(&table.project, &table.id(), |t| t.query(&query, &Scope::root()))?;
            if doc["view"]["useExplicitColumnNames"] == true {
                inner = renamed(inner, &columns(&doc["schema"]["fields"])?);
            }
            inner.sql = format!("({})", inner.sql);
            return Ok((inner, Vec::new()));
        }
        let columns = columns(&doc["schema"]["fields"])?;
        if columns.is_empty() {
            return Err(Fault::query(format!("Table {} does not have a schema.", table.id())));
        }
        self.reads_table(table);
        self.wants_filter(table, &doc);
        let id = table.id();
        let origins = columns
            .iter()
            .map(|c| vec![(id.clone(), c.name.to_lowercase())])
            .collect();
        let found = Translated {
            sql: table.duck(),
            columns,
            origins,
        };
        Ok((found, partitions::hidden(&doc)))
    }

    /// `t FOR SYSTEM_TIME AS OF time`.
    fn table_at(
        &self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        time: &Expr,
        scope: &mut Scope<'_>,
    ) -> Result<String> {
        let table = self.table_name(name)?;
        let state = self.state_at(&table, Some(time))?.0;
        let alias = self.alias(alias, Some(&table.table))?;
        self.reads_table(&table);
        let columns = columns(&state.doc["schema"]["fields"])?;
        let sql = self.relate(scope, alias, columns, Vec::new(), |duck| {
            format!("{} AS {duck}", state.sql)
        });
        if let Some(relation) = scope.relations.last_mut() {
            relation.hide(partitions::hidden(&state.doc));
        }
        Ok(sql)
    }

    fn unnest(
        &self,
        array: &Ex,
        alias: Option<&TableAlias>,
        offset: Option<&str>,
        scope: &mut Scope<'_>,
    ) -> Result<String> {
        let item = match &array.ty {
            Ty::Array(item) => (**item).clone(),
            Ty::Unknown => Ty::Unknown,
            other => {
                return Err(Fault::query(format!(
                    "Values referenced in UNNEST must be arrays. UNNEST contains expression of type {}",
                    other.sql()
                )));
            }
        };
        let name = alias.map_or("f0_", |a| &a.name.value).to_owned();
        let alias = self.alias(alias, None)?;
        let mut columns = match &item {
            Ty::Struct(fields) => fields.clone(),
            _ => vec![Field {
                name: name.clone(),
                ty: item.clone(),
            }],
        };
        let values = match item {
            Ty::Struct(_) => format!("unnest({}, max_depth := 2)", array.sql),
            _ => format!("unnest({}) AS {}", array.sql, quoted(&name)),
        };
        let width = matches!(item, Ty::Struct(_)).then_some(columns.len());
        let mut list = values;
        if let Some(offset) = offset {
            list.push_str(&format!(
                ", generate_subscripts({}, 1) - 1 AS {}",
                array.sql,
                quoted(offset)
            ));
            columns.push(Field {
                name: offset.to_owned(),
                ty: Ty::Int64,
            });
        }
        let sql = self.relate(scope, alias, columns, Vec::new(), |duck| {
            format!("(SELECT {list}) AS {duck}")
        });
        if let Some(relation) = scope.relations.last_mut().filter(|_| offset.is_some()) {
            relation.row_width = width;
        }
        Ok(sql)
    }

    /// A query whose rows are values: as a table it has a STRUCT's fields, or one column named like the table.
    pub(super) fn value_table(&self, query: &Query, inner: Translated, alias: &str) -> Translated {
        let [value] = inner.columns.as_slice() else {
            return inner;
        };
        if !answers_values(&query.body) {
            return inner;
        }
        let from = quoted(&value.name);
        let (list, columns) = match &value.ty {
            Ty::Struct(fields) => {
                let list: Vec<String> = fields
                    .iter()
                    .map(|f| format!("({from}).{0} AS {0}", quoted(&f.name)))
                    .collect();
                (list.join(", "), fields.clone())
            }
            other => {
                let column = Field {
                    name: alias.to_owned(),
                    ty: other.clone(),
                };
                (format!("{from} AS {}", quoted(alias)), vec![column])
            }
        };
        inner.origins.iter().for_each(|o| self.reads_columns(o));
        Translated {
            sql: format!("SELECT {list} FROM ({})", inner.sql),
            columns,
            origins: Vec::new(),
        }
    }
}

/// Whether a query is one of `SELECT AS STRUCT` or `SELECT AS VALUE`.
pub(super) fn answers_values(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => matches!(
            select.value_table_mode,
            Some(ValueTableMode::AsStruct | ValueTableMode::AsValue)
        ),
        SetExpr::Query(query) => query.pipe_operators.is_empty() && answers_values(&query.body),
        SetExpr::SetOperation { left, .. } => answers_values(left),
        _ => false,
    }
}

/// A view's columns under the names that its definition gives them.
fn renamed(inner: Translated, columns: &[Field]) -> Translated {
    let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
    let mut out = inner;
    out.sql = format!("SELECT * FROM ({}) AS v({})", out.sql, names.join(", "));
    for (column, named) in out.columns.iter_mut().zip(columns) {
        column.name.clone_from(&named.name);
    }
    out
}

/// The query of a view's text.
pub(crate) fn view_query(text: &str) -> Result<Box<Query>> {
    let query = parse::query_text(text)?;
    if matches!(
        *query.body,
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
    ) {
        return Err(Fault::query("a view must be one SELECT"));
    }
    Ok(query)
}
