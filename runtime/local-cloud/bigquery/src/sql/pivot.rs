//! PIVOT and UNPIVOT, written as grouping and as unnesting.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#pivot_operator>.

use std::collections::BTreeSet;

use sqlparser::ast::{
    CaseWhen, Expr, ExprWithAlias, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, NullInclusion,
    ObjectName, PivotValueSource, TableAlias, TableFactor, Value, helpers::attached_token::AttachedToken,
};

use super::filters::names;
use super::operators::unify;
use super::scope::{Relation, Scope};
use super::{Here, Result, Translator, at, literal, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty, literal as quote, quoted};

impl Translator<'_> {
    pub(super) fn pivot(&self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String> {
        let TableFactor::Pivot {
            table,
            aggregate_functions,
            value_column,
            value_source: PivotValueSource::List(values),
            default_on_null: None,
            alias,
        } = factor
        else {
            return Err(unsupported("this form of PIVOT", factor));
        };
        let [by] = value_column.as_slice() else {
            return Err(unsupported("PIVOT over several columns", factor));
        };
        let mut own = Scope::child(scope);
        let input = self.factor(table, &mut own)?;
        let relation = only(&mut own, factor)?;
        let mut used = BTreeSet::new();
        for expr in aggregate_functions.iter().map(|a| &a.expr).chain([by]) {
            used.append(&mut names(expr));
        }
        let kept: Vec<&Field> = relation
            .columns
            .iter()
            .filter(|c| !used.contains(&c.name.to_lowercase()))
            .collect();
        let mut list = Vec::new();
        let mut columns = Vec::new();
        for column in &kept {
            self.reads_columns(&relation.origins_of(&column.name));
            list.push(format!("{} AS {}", relation.column(&column.name), quoted(&column.name)));
            columns.push((*column).clone());
        }
        own.relations.push(relation.clone());
        for aggregate in aggregate_functions {
            if aggregate.alias.is_none() && aggregate_functions.len() > 1 {
                return Err(Fault::query(format!(
                    "PIVOT expressions must have an alias where there are several{}",
                    at(&aggregate.expr)
                )));
            }
        }
        for value in values {
            for aggregate in aggregate_functions {
                let call = when(&aggregate.expr, by, &value.expr)?;
                let ex = self.expr(&call, &own)?;
                let name = value_name(value)?;
                let name = match &aggregate.alias {
                    Some(alias) => format!("{}_{name}", alias.value),
                    None => name,
                };
                list.push(format!("{} AS {}", ex.sql, quoted(&name)));
                columns.push(Field { name, ty: ex.ty });
            }
        }
        let grouping = if kept.is_empty() {
            String::new()
        } else {
            let positions: Vec<String> = (1..=kept.len()).map(|i| i.to_string()).collect();
            format!(" GROUP BY {}", positions.join(", "))
        };
        let sql = format!("(SELECT {} FROM {input}{grouping})", list.join(", "));
        self.named_relation(&sql, columns, alias.as_ref(), scope)
    }

    pub(super) fn unpivot(&self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String> {
        let TableFactor::Unpivot {
            table,
            value,
            name,
            columns: sources,
            null_inclusion,
            alias,
        } = factor
        else {
            return Err(unsupported("this form of UNPIVOT", factor));
        };
        let mut own = Scope::child(scope);
        let input = self.factor(table, &mut own)?;
        let relation = only(&mut own, factor)?;
        own.relations.push(relation.clone());
        let targets = idents(value)?;
        let mut used = BTreeSet::new();
        let mut rows = Vec::new();
        let mut by_target: Vec<Vec<super::Ex>> = vec![Vec::new(); targets.len()];
        let mut labels = Vec::new();
        for source in sources {
            let names = idents(&source.expr)?;
            if names.len() != targets.len() {
                return Err(Fault::query(format!(
                    "UNPIVOT has {} value columns and a group of {} columns{}",
                    targets.len(),
                    names.len(),
                    at(&source.expr)
                )));
            }
            for (i, ident) in names.iter().enumerate() {
                used.insert(ident.value.to_lowercase());
                by_target[i].push(self.expr(&Expr::Identifier(ident.clone()), &own)?);
            }
            let parts: Vec<&str> = names.iter().map(|n| n.value.as_str()).collect();
            labels.push(
                source
                    .alias
                    .as_ref()
                    .map_or_else(|| parts.join("_"), |a| a.value.clone()),
            );
        }
        let mut types = Vec::new();
        let mut unified = Vec::new();
        for items in by_target {
            let (items, ty) = unify(items);
            unified.push(items);
            types.push(ty);
        }
        for (i, label) in labels.iter().enumerate() {
            let values: Vec<String> = unified
                .iter()
                .enumerate()
                .map(|(t, items)| format!("v{t} := CAST({} AS {})", items[i].sql, types[t].duck()))
                .collect();
            rows.push(format!("struct_pack(n := {}, {})", quote(label), values.join(", ")));
        }
        let each = self.fresh("u");
        let mut list = Vec::new();
        let mut columns = Vec::new();
        for column in relation
            .columns
            .iter()
            .filter(|c| !used.contains(&c.name.to_lowercase()))
        {
            self.reads_columns(&relation.origins_of(&column.name));
            list.push(format!("{} AS {}", relation.column(&column.name), quoted(&column.name)));
            columns.push(column.clone());
        }
        for (t, (target, ty)) in targets.iter().zip(&types).enumerate() {
            list.push(format!("{each}.v{t} AS {}", quoted(&target.value)));
            columns.push(Field {
                name: target.value.clone(),
                ty: ty.clone(),
            });
        }
        list.push(format!("{each}.n AS {}", quoted(&name.value)));
        columns.push(Field {
            name: name.value.clone(),
            ty: Ty::String,
        });
        let filter = if matches!(null_inclusion, Some(NullInclusion::IncludeNulls)) {
            String::new()
        } else {
            let all: Vec<String> = (0..targets.len()).map(|t| format!("{each}.v{t} IS NOT NULL")).collect();
            format!(" WHERE {}", all.join(" OR "))
        };
        let sql = format!(
            "(SELECT {} FROM {input}, (SELECT unnest([{}], max_depth := 2)) AS {each}{filter})",
            list.join(", "),
            rows.join(", ")
        );
        self.named_relation(&sql, columns, alias.as_ref(), scope)
    }

    fn named_relation(
        &self,
        sql: &str,
        columns: Vec<Field>,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String> {
        let alias = self.alias(alias, None)?;
        Ok(self.relate(scope, alias, columns, Vec::new(), |duck| format!("{sql} AS {duck}")))
    }
}

/// The one relation that is pivoted.
fn only(scope: &mut Scope<'_>, factor: &TableFactor) -> Result<Relation> {
    match (scope.relations.pop(), scope.relations.is_empty()) {
        (Some(relation), true) => Ok(relation),
        _ => Err(unsupported(
            "PIVOT and UNPIVOT of a join (put it into a subquery)",
            factor,
        )),
    }
}

fn idents(expr: &Expr) -> Result<Vec<Ident>> {
    match expr {
        Expr::Identifier(ident) => Ok(vec![ident.clone()]),
        Expr::Nested(inner) => idents(inner),
        Expr::Tuple(list) => list.iter().map(idents).collect::<Result<Vec<_>>>().map(|l| l.concat()),
        other => Err(Fault::query(format!(
            "UNPIVOT takes names of columns, not {other}{}",
            at(other)
        ))),
    }
}

/// The aggregate over the rows whose column has this value: the others give it NULL.
fn when(aggregate: &Expr, by: &Expr, value: &Expr) -> Result<Expr> {
    let Expr::Function(call) = aggregate else {
        return Err(Fault::query(format!(
            "PIVOT expression must be an aggregate function call{}",
            at(aggregate)
        )));
    };
    let same = Expr::IsNotDistinctFrom(Box::new(by.clone()), Box::new(value.clone()));
    let mut call: Function = call.clone();
    let FunctionArguments::List(list) = &mut call.args else {
        return Err(Fault::query(format!(
            "PIVOT expression must have an argument{}",
            at(aggregate)
        )));
    };
    match list.args.first_mut() {
        Some(FunctionArg::Unnamed(arg @ FunctionArgExpr::Wildcard)) => {
            *arg = FunctionArgExpr::Expr(same);
            call.name = ObjectName::from(vec![Ident::new("COUNTIF")]);
        }
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))) => {
            *arg = Expr::Case {
                case_token: AttachedToken::empty(),
                end_token: AttachedToken::empty(),
                operand: None,
                conditions: vec![CaseWhen {
                    condition: same,
                    result: arg.clone(),
                }],
                else_result: None,
            };
        }
        _ => {
            return Err(Fault::query(format!(
                "PIVOT expression must have an argument{}",
                at(aggregate)
            )));
        }
    }
    Ok(Expr::Function(call))
}

/// The name of a pivoted value's column: its alias, or what the value is.
fn value_name(value: &ExprWithAlias) -> Result<String> {
    if let Some(alias) = &value.alias {
        return Ok(alias.value.clone());
    }
    let named = match &value.expr {
        Expr::Value(v) => match &v.value {
            Value::Number(n, _) => Some(format!("_{}", n.replace('.', "_point_").replace('-', "minus_"))),
            Value::Boolean(b) => Some(if *b { "TRUE" } else { "FALSE" }.to_owned()),
            Value::Null => Some("NULL".to_owned()),
            other => literal::plain_text(other),
        },
        Expr::TypedString(typed) => literal::plain_text(&typed.value.value).map(|t| t.replace('-', "_")),
        Expr::Identifier(ident) => {
            return Err(Fault::query(format!(
                "PIVOT values must be constants, {} is not{}",
                ident.value,
                at(&Here(ident))
            )));
        }
        _ => None,
    };
    named.ok_or_else(|| Fault::query(format!("PIVOT value {} needs an alias{}", value.expr, at(&value.expr))))
}
