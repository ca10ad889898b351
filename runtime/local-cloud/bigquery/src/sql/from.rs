//! FROM: tables, views, subqueries, arrays and joins; each becomes a relation of the scope.

use sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Query, SetExpr, Statement, TableAlias, TableFactor,
    TableWithJoins,
};

use super::scope::{Relation, Scope};
use super::{Ex, Here, Result, Translator, at, parse, path, unsupported};
use crate::catalog::names::TableName;
use crate::catalog::tables;
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
        let is_array = matches!(join.relation, TableFactor::UNNEST { .. });
        let (word, constraint) = match &join.join_operator {
            JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", c),
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", c),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", c),
            JoinOperator::FullOuter(c) => ("FULL JOIN", c),
            JoinOperator::CrossJoin(_) => return Ok(format!(" CROSS JOIN {right}")),
            other => return Err(unsupported(&format!("the join {other:?}"), &join.relation)),
        };
        Ok(match constraint {
            JoinConstraint::On(condition) => format!(" {word} {right} ON {}", self.expr(condition, scope)?.sql),
            JoinConstraint::Using(names) => {
                let mut columns = Vec::new();
                for name in names {
                    let name = path(name)?.join(".");
                    columns.push(quoted(&name));
                    scope.merged.push(name);
                }
                format!(" {word} {right} USING ({})", columns.join(", "))
            }
            JoinConstraint::None if is_array || word == "JOIN" => format!(" {word} {right} ON TRUE"),
            _ => {
                return Err(Fault::query(format!(
                    "Syntax error: {word} must have an immediately following ON or USING clause{}",
                    at(&join.relation)
                )));
            }
        })
    }

    pub(super) fn factor(&self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                version: None,
                sample: None,
                with_ordinality: false,
                ..
            } => self.table(name, alias.as_ref(), scope),
            TableFactor::Table { version: Some(_), .. } => Err(unsupported("FOR SYSTEM_TIME AS OF", factor)),
            TableFactor::Table { sample: Some(_), .. } => Err(unsupported("TABLESAMPLE", factor)),
            TableFactor::Derived {
                subquery,
                alias,
                sample: None,
                ..
            } => {
                let inner = self.query(subquery, scope)?;
                let alias = self.alias(alias.as_ref(), None)?;
                let sql = format!("({}) AS {}", inner.sql, quoted(&alias));
                scope.relations.push(Relation {
                    alias,
                    columns: inner.columns,
                });
                Ok(sql)
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
            TableFactor::Pivot { .. } => Err(unsupported("PIVOT", factor)),
            TableFactor::Unpivot { .. } => Err(unsupported("UNPIVOT", factor)),
            TableFactor::Function { .. } | TableFactor::TableFunction { .. } | TableFactor::Table { .. } => {
                Err(unsupported("table functions", factor))
            }
            _ => Err(unsupported("this form of FROM", factor)),
        }
    }

    fn alias(&self, alias: Option<&TableAlias>, implied: Option<&str>) -> Result<String> {
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
            && let Some(columns) = scope.cte(single)
        {
            let columns = columns.to_vec();
            let alias = self.alias(alias, Some(single))?;
            let sql = format!("{} AS {}", quoted(single), quoted(&alias));
            scope.relations.push(Relation { alias, columns });
            return Ok(sql);
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
        if let Some(view) = self.information_schema(&parts)? {
            let alias = self.alias(alias, implied)?;
            let sql = format!("{} AS {}", view.sql, quoted(&alias));
            scope.relations.push(Relation {
                alias,
                columns: view.columns,
            });
            return Ok(sql);
        }
        let table = self.table_name(name)?;
        let alias = self.alias(alias, implied)?;
        let (sql, columns) = self.stored(&table)?;
        scope.relations.push(Relation {
            alias: alias.clone(),
            columns,
        });
        Ok(format!("{sql} AS {}", quoted(&alias)))
    }

    /// A stored table or view, as something to select from.
    fn stored(&self, table: &TableName) -> Result<(String, Vec<Field>)> {
        if table.table.contains('*') {
            return Err(Fault::query("the local BigQuery does not support wildcard tables"));
        }
        let doc = tables::load(self.tx, table)?;
        if tables::is_view(&doc) {
            let text = doc["view"]["query"].as_str().unwrap_or_default();
            let query = view_query(text)?;
            let inner = self.query(&query, &Scope::root())?;
            return Ok((format!("({})", inner.sql), inner.columns));
        }
        let columns = columns(&doc["schema"]["fields"])?;
        if columns.is_empty() {
            return Err(Fault::query(format!("Table {} does not have a schema.", table.id())));
        }
        self.reads.borrow_mut().insert(table.id(), table.clone());
        Ok((table.duck(), columns))
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
        let alias = self.alias(alias, None)?;
        let mut columns = match &item {
            Ty::Struct(fields) => fields.clone(),
            _ => vec![Field {
                name: alias.clone(),
                ty: item.clone(),
            }],
        };
        let values = match item {
            Ty::Struct(_) => format!("unnest({}, max_depth := 2)", array.sql),
            _ => format!("unnest({}) AS {}", array.sql, quoted(&alias)),
        };
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
        let sql = format!("(SELECT {list}) AS {}", quoted(&alias));
        scope.relations.push(Relation { alias, columns });
        Ok(sql)
    }
}

/// The query of a view's text.
pub(crate) fn view_query(text: &str) -> Result<Box<Query>> {
    match parse::parse(text)?.pop() {
        Some(Statement::Query(query)) if !matches!(*query.body, SetExpr::Insert(_)) => Ok(query),
        _ => Err(Fault::query("a view must be one SELECT")),
    }
}
