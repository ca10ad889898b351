//! SELECT: the list with its stars and names, WHERE, GROUP BY, HAVING, windows, QUALIFY.

use sqlparser::ast::{
    Distinct, ExceptSelectItem, Expr, GroupByExpr, NamedWindowExpr, OrderByExpr, RenameSelectItem, Select, SelectItem,
    SelectItemQualifiedWildcardKind, ValueTableMode, WildcardAdditionalOptions,
};

use super::operators::condition as truth;
use super::pipe;
use super::scope::{Alias, Origins, Scope};
use super::{Ex, Here, Result, Translated, Translator, at, path, placed, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty, quoted};

/// One column of the result, and the stored columns that it passes through as they are.
struct Item {
    name: String,
    ex: Ex,
    origins: Origins,
}

impl Translator<'_> {
    pub(super) fn select(&self, select: &Select, order: &[OrderByExpr], env: &Scope<'_>) -> Result<Translated> {
        if select.top.is_some()
            || !select.lateral_views.is_empty()
            || select.into.is_some()
            || select.prewhere.is_some()
        {
            return Err(unsupported("this form of SELECT", select));
        }
        let mut own = Scope::child(env);
        let from = self.from(&select.from, &mut own)?;
        let everything = [SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        let list = if pipe::only_from(select) {
            &everything[..]
        } else {
            &select.projection
        };
        let items = self.projection(list, &own)?;
        if items.is_empty() {
            let place = select.projection.first().map_or_else(|| at(select), at);
            return Err(Fault::query(format!("SELECT * must have a FROM clause{place}")));
        }
        let mut sql = String::from(match &select.distinct {
            Some(Distinct::Distinct) => "SELECT DISTINCT ",
            None | Some(Distinct::All) => "SELECT ",
            Some(other) => return Err(unsupported(&format!("SELECT {other}"), select)),
        });
        let list: Vec<String> = items
            .iter()
            .map(|i| format!("{} AS {}", i.ex.sql, quoted(&i.name)))
            .collect();
        sql.push_str(&list.join(", "));
        if !from.is_empty() {
            sql.push_str(&format!(" FROM {from}"));
        }
        if let Some(condition) = &select.selection {
            self.filters(condition);
            let test = truth(self.expr(condition, &own)?, "WHERE clause", condition)?;
            sql.push_str(&format!(" WHERE {test}"));
        }
        // From here on the SELECT list's aliases are names as well.
        own.aliases = items
            .iter()
            .map(|i| Alias {
                name: i.name.clone(),
                ty: i.ex.ty.clone(),
                sql: i.ex.sql.clone(),
                literal: None,
                origins: i.origins.clone(),
            })
            .collect();
        let grouping = self.group_by(&select.group_by, &own)?;
        if !grouping.is_empty() {
            sql.push_str(&format!(" GROUP BY {grouping}"));
        }
        if let Some(having) = &select.having {
            let test = truth(self.expr(having, &own)?, "HAVING clause", having)?;
            sql.push_str(&format!(" HAVING {test}"));
        }
        let mut windows = Vec::new();
        let mut bodies: Vec<(String, String)> = Vec::new();
        for window in &select.named_window {
            let body = match &window.1 {
                // Another name of a window: DuckDB does not copy one that has a frame.
                NamedWindowExpr::NamedWindow(name) => {
                    let known = bodies.iter().find(|(n, _)| n.eq_ignore_ascii_case(&name.value));
                    known.map(|(_, body)| body.clone()).ok_or_else(|| {
                        Fault::query(format!("Unrecognized window alias {}{}", name.value, at(&Here(name))))
                    })?
                }
                NamedWindowExpr::WindowSpec(spec) => match &spec.window_name {
                    None => self.window(spec, &own)?,
                    Some(name) => {
                        let known = bodies.iter().find(|(n, _)| n.eq_ignore_ascii_case(&name.value));
                        let (_, begun) = known.ok_or_else(|| {
                            Fault::query(format!("Unrecognized window alias {}{}", name.value, at(&Here(name))))
                        })?;
                        let mut rest = spec.clone();
                        rest.window_name = None;
                        format!("{begun} {}", self.window(&rest, &own)?)
                    }
                },
            };
            windows.push(format!("{} AS ({body})", quoted(&window.0.value)));
            bodies.push((window.0.value.clone(), body));
        }
        if !windows.is_empty() {
            sql.push_str(&format!(" WINDOW {}", windows.join(", ")));
        }
        if let Some(qualify) = &select.qualify {
            let test = truth(self.expr(qualify, &own)?, "QUALIFY clause", qualify)?;
            sql.push_str(&format!(" QUALIFY {test}"));
        }
        if !order.is_empty() {
            sql.push_str(&format!(" {}", self.result_order(order, &own)?));
        }
        let origins: Vec<Origins> = items.iter().map(|i| i.origins.clone()).collect();
        if select.distinct.is_some() || matches!(select.group_by, GroupByExpr::All(_)) {
            origins.iter().for_each(|o| self.reads_columns(o));
        }
        let columns: Vec<Field> = items
            .into_iter()
            .map(|i| Field {
                name: i.name,
                ty: i.ex.ty,
            })
            .collect();
        if matches!(select.value_table_mode, Some(ValueTableMode::AsValue)) && columns.len() != 1 {
            return Err(Fault::query(format!(
                "SELECT AS VALUE query must have exactly one column{}",
                at(select)
            )));
        }
        if matches!(select.value_table_mode, Some(ValueTableMode::AsStruct)) {
            let row = self.fresh("row");
            let sql = format!("SELECT {} AS f0_ FROM ({sql}) AS {}", quoted(&row), quoted(&row));
            return Ok(Translated {
                sql,
                columns: vec![Field {
                    name: "f0_".into(),
                    ty: Ty::Struct(columns),
                }],
                origins: vec![origins.into_iter().flatten().collect()],
            });
        }
        Ok(Translated { sql, columns, origins })
    }

    fn group_by(&self, group_by: &GroupByExpr, scope: &Scope<'_>) -> Result<String> {
        let list = match group_by {
            GroupByExpr::All(_) => return Ok("ALL".into()),
            GroupByExpr::Expressions(list, _) => list,
        };
        let sets = |sets: &[Vec<Expr>]| -> Result<String> {
            let sets: Result<Vec<String>> = sets
                .iter()
                .map(|set| {
                    let keys: Result<Vec<String>> = set.iter().map(|e| self.group_key(e, scope)).collect();
                    Ok(format!("({})", keys?.join(", ")))
                })
                .collect();
            Ok(sets?.join(", "))
        };
        let keys: Result<Vec<String>> = list
            .iter()
            .map(|key| match key {
                Expr::Rollup(inner) => Ok(format!("ROLLUP ({})", sets(inner)?)),
                Expr::Cube(inner) => Ok(format!("CUBE ({})", sets(inner)?)),
                Expr::GroupingSets(inner) => Ok(format!("GROUPING SETS ({})", sets(inner)?)),
                other => self.group_key(other, scope),
            })
            .collect();
        Ok(keys?.join(", "))
    }

    fn group_key(&self, key: &Expr, scope: &Scope<'_>) -> Result<String> {
        match key {
            Expr::Value(value) => {
                let position = value.value.to_string();
                let alias = position
                    .parse::<usize>()
                    .ok()
                    .and_then(|p| scope.aliases.get(p.checked_sub(1)?));
                alias.iter().for_each(|a| self.reads_columns(&a.origins));
                Ok(position)
            }
            Expr::Identifier(ident) => match scope.aliases.iter().find(|a| a.name.eq_ignore_ascii_case(&ident.value)) {
                Some(alias) => {
                    self.reads_columns(&alias.origins);
                    Ok(alias.sql.clone())
                }
                None => Ok(self.expr(key, scope)?.sql),
            },
            other => Ok(self.expr(other, scope)?.sql),
        }
    }

    fn projection(&self, list: &[SelectItem], scope: &Scope<'_>) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut unnamed = 0;
        for item in list {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = implied_name(expr).unwrap_or_else(|| {
                        unnamed += 1;
                        format!("f{}_", unnamed - 1)
                    });
                    let (ex, origins) = self.passed_through(expr, scope)?;
                    items.push(Item { name, ex, origins });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let (ex, origins) = self.passed_through(expr, scope)?;
                    items.push(Item {
                        name: alias.value.clone(),
                        ex,
                        origins,
                    });
                }
                SelectItem::Wildcard(options) => {
                    let columns = scope.star().into_iter();
                    let columns = columns
                        .map(|c| Item {
                            name: c.field.name,
                            ex: Ex::new(c.sql, c.field.ty),
                            origins: c.origins,
                        })
                        .collect();
                    self.star(columns, options, scope, &mut items)?;
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    let columns = self.qualified_star(kind, scope)?;
                    self.star(columns, options, scope, &mut items)?;
                }
                other => return Err(unsupported(&format!("`{other}` in a SELECT list"), other)),
            }
        }
        Ok(items)
    }

    /// An expression of the list. A mere column is not read yet: whoever reads this result may not want it.
    fn passed_through(&self, expr: &Expr, scope: &Scope<'_>) -> Result<(Ex, Origins)> {
        match expr {
            Expr::Identifier(ident) => {
                let found = self.resolve(std::slice::from_ref(ident), scope);
                found.map_err(|fault| placed(fault, expr))
            }
            Expr::CompoundIdentifier(idents) => self.resolve(idents, scope).map_err(|fault| placed(fault, expr)),
            other => Ok((self.expr(other, scope)?, Origins::new())),
        }
    }

    fn qualified_star(&self, kind: &SelectItemQualifiedWildcardKind, scope: &Scope<'_>) -> Result<Vec<Item>> {
        let expr = match kind {
            SelectItemQualifiedWildcardKind::ObjectName(name) => {
                let parts = path(name)?;
                if let ([_], Some(relation)) = (parts.as_slice(), scope.relation(&parts[0])) {
                    let item = |c: &Field| Item {
                        name: c.name.clone(),
                        ex: Ex::new(relation.column(&c.name), c.ty.clone()),
                        origins: relation.origins_of(&c.name),
                    };
                    return Ok(relation.columns.iter().map(item).collect());
                }
                Expr::CompoundIdentifier(parts.iter().map(|p| sqlparser::ast::Ident::new(p.clone())).collect())
            }
            SelectItemQualifiedWildcardKind::Expr(expr) => expr.clone(),
        };
        let whole = self.expr(&expr, scope)?;
        let Ty::Struct(fields) = &whole.ty else {
            return Err(Fault::query(format!(
                "Dot-star is not supported for type {}{}",
                whole.ty.sql(),
                at(&expr)
            )));
        };
        let item = |f: &Field| Item {
            name: f.name.clone(),
            ex: Ex::new(format!("({}).{}", whole.sql, quoted(&f.name)), f.ty.clone()),
            origins: Origins::new(),
        };
        Ok(fields.iter().map(item).collect())
    }

    /// EXCEPT and REPLACE on the columns of a star.
    fn star(
        &self,
        mut columns: Vec<Item>,
        options: &WildcardAdditionalOptions,
        scope: &Scope<'_>,
        items: &mut Vec<Item>,
    ) -> Result<()> {
        if options.opt_ilike.is_some() || options.opt_exclude.is_some() {
            return Err(Fault::query(
                "the local BigQuery supports EXCEPT and REPLACE after *, nothing else",
            ));
        }
        if let Some(ExceptSelectItem {
            first_element,
            additional_elements,
        }) = &options.opt_except
        {
            for name in std::iter::once(first_element).chain(additional_elements) {
                let before = columns.len();
                columns.retain(|c| !c.name.eq_ignore_ascii_case(&name.value));
                if columns.len() == before {
                    return Err(Fault::query(format!(
                        "Column {} in SELECT * EXCEPT list does not exist{}",
                        name.value,
                        at(&Here(name))
                    )));
                }
            }
        }
        for replacement in options.opt_replace.iter().flat_map(|r| &r.items) {
            let name = &replacement.column_name.value;
            let Some(column) = columns.iter_mut().find(|c| c.name.eq_ignore_ascii_case(name)) else {
                return Err(Fault::query(format!(
                    "Column {name} in SELECT * REPLACE list does not exist"
                )));
            };
            column.ex = self.expr(&replacement.expr, scope)?;
            column.origins.clear();
        }
        // Of pipe syntax alone: the parser does not read it after a star.
        if let Some(RenameSelectItem::Multiple(mappings)) = &options.opt_rename {
            for mapping in mappings {
                let name = &mapping.ident.value;
                let Some(column) = columns.iter_mut().find(|c| c.name.eq_ignore_ascii_case(name)) else {
                    return Err(Fault::query(format!(
                        "Column {name} in RENAME list does not exist{}",
                        at(&Here(&mapping.ident))
                    )));
                };
                column.name.clone_from(&mapping.alias.value);
            }
        }
        items.append(&mut columns);
        Ok(())
    }
}

/// The name of a column that was not given one: the last part of a path.
fn implied_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) if !(ident.quote_style.is_none() && ident.value.starts_with('@')) => {
            Some(ident.value.clone())
        }
        Expr::CompoundIdentifier(parts) => parts.last().map(|p| p.value.clone()),
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
            Some(sqlparser::ast::AccessExpr::Dot(Expr::Identifier(ident))) => Some(ident.value.clone()),
            _ => None,
        },
        _ => None,
    }
}
