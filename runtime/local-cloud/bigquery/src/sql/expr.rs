//! Expressions other than function calls.

use sqlparser::ast::{AccessExpr, CastKind, Expr, Ident, Subscript};

use super::literal::coerce;
use super::operators::{agree, comparable, condition as truth, unify};
use super::scope::{Found, Origins, Scope};
use super::{Ex, Here, Result, Translator, at, placed, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty, literal, quoted};

impl Translator<'_> {
    pub(super) fn expr(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        self.deeper(|| self.expr_inner(expr, scope))
            .map_err(|fault| placed(fault, expr))
    }

    pub(super) fn exprs(&self, list: &[Expr], scope: &Scope<'_>) -> Result<Vec<Ex>> {
        list.iter().map(|e| self.expr(e, scope)).collect()
    }

    fn expr_inner(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        let test = |e: &Expr, suffix: &str| -> Result<Ex> {
            Ok(Ex::new(format!("({} {suffix})", self.expr(e, scope)?.sql), Ty::Bool))
        };
        match expr {
            Expr::Identifier(ident) => self.identifier(std::slice::from_ref(ident), scope),
            Expr::CompoundIdentifier(idents) => self.identifier(idents, scope),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain, scope),
            Expr::Value(value) => self.value(&value.value),
            Expr::TypedString(typed) => {
                let ty = self.data_type(&typed.data_type)?;
                let text = self.value(&typed.value.value)?;
                if let (Ty::Json, Some(json)) = (&ty, super::literal::text(&text)) {
                    return super::functions::json::json_literal(json, &at(&typed.value));
                }
                if let Some(wrong) = super::literal::text(&text).and_then(|t| super::literal::wrong(t, &ty)) {
                    return Err(Fault::query(format!("{wrong}{}", at(&typed.value))));
                }
                let coerced = coerce(text.clone(), &ty);
                let sql = format!("CAST({} AS {})", text.sql, ty.duck());
                Ok(if coerced.ty == ty {
                    Ex {
                        literal: None,
                        ..coerced
                    }
                } else {
                    Ex::new(sql, ty)
                })
            }
            Expr::Nested(inner) => {
                let inner = self.expr(inner, scope)?;
                Ok(Ex {
                    sql: format!("({})", inner.sql),
                    ..inner
                })
            }
            Expr::IsNull(e) => test(e, "IS NULL"),
            Expr::IsNotNull(e) => test(e, "IS NOT NULL"),
            Expr::IsUnknown(e) => test(e, "IS NULL"),
            Expr::IsNotUnknown(e) => test(e, "IS NOT NULL"),
            Expr::IsTrue(e) => test(e, "IS NOT DISTINCT FROM TRUE"),
            Expr::IsNotTrue(e) => test(e, "IS DISTINCT FROM TRUE"),
            Expr::IsFalse(e) => test(e, "IS NOT DISTINCT FROM FALSE"),
            Expr::IsNotFalse(e) => test(e, "IS DISTINCT FROM FALSE"),
            Expr::IsDistinctFrom(a, b) => self.comparison(a, "IS DISTINCT FROM", b, scope),
            Expr::IsNotDistinctFrom(a, b) => self.comparison(a, "IS NOT DISTINCT FROM", b, scope),
            Expr::InList { expr, list, negated } => {
                let left = self.expr(expr, scope)?;
                let mut items = Vec::with_capacity(list.len());
                for item in list {
                    let item = coerce(self.expr(item, scope)?, &left.ty);
                    comparable(&left.ty, &item.ty, "IN", &**expr)?;
                    items.push(item.sql);
                }
                Ok(Ex::new(
                    format!("({} {}IN ({}))", left.sql, not(*negated), items.join(", ")),
                    Ty::Bool,
                ))
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let left = self.expr(expr, scope)?.sql;
                let inner = self.query(subquery, scope)?;
                Ok(Ex::new(
                    format!("({left} {}IN ({}))", not(*negated), inner.sql),
                    Ty::Bool,
                ))
            }
            Expr::InUnnest {
                expr,
                array_expr,
                negated,
            } => {
                let (left, array) = (self.expr(expr, scope)?, self.expr(array_expr, scope)?);
                // NULL where the value is not found beside a NULL.
                Ok(Ex::new(
                    format!("({}({} = ANY({})))", not(*negated), left.sql, array.sql),
                    Ty::Bool,
                ))
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let value = self.expr(expr, scope)?;
                let low = coerce(self.expr(low, scope)?, &value.ty);
                let high = coerce(self.expr(high, scope)?, &value.ty);
                comparable(&value.ty, &low.ty, "BETWEEN", &**expr)?;
                comparable(&value.ty, &high.ty, "BETWEEN", &**expr)?;
                let sql = format!("({} {}BETWEEN {} AND {})", value.sql, not(*negated), low.sql, high.sql);
                Ok(Ex::new(sql, Ty::Bool))
            }
            Expr::Like {
                negated,
                any,
                expr: value,
                pattern,
                escape_char: None,
            } => self.like_expr(value, pattern, *any, *negated, scope),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            Expr::UnaryOp { op, expr: inner } => self.unary(*op, inner, scope, expr),
            Expr::Cast {
                kind,
                expr: inner,
                data_type,
                format: None,
            } => {
                let safe = match kind {
                    CastKind::Cast => false,
                    CastKind::SafeCast => true,
                    _ => return Err(unsupported("this form of CAST", expr)),
                };
                let ty = self.data_type(data_type)?;
                // A typed array: its elements are read as literals of that type.
                if let (Expr::Array(array), Ty::Array(item)) = (&**inner, &ty) {
                    let mut items = Vec::new();
                    for element in &array.elem {
                        let element = coerce(self.expr(element, scope)?, item);
                        items.push(self.cast(&element, item, safe)?.sql);
                    }
                    return Ok(Ex::new(format!("CAST([{}] AS {})", items.join(", "), ty.duck()), ty));
                }
                let value = self.expr(inner, scope)?;
                let out = self.cast(&value, &ty, safe).map_err(|fault| placed(fault, &**inner))?;
                Ok(match super::literal::precision(data_type) {
                    Some((p, s)) => Ex::new(
                        format!("CAST(CAST({} AS DECIMAL({p},{s})) AS {})", out.sql, ty.duck()),
                        ty,
                    ),
                    None => out,
                })
            }
            Expr::Extract { field, expr: inner, .. } => self.extract(field, inner, scope),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                let operand = operand.as_ref().map(|o| self.expr(o, scope)).transpose()?;
                let mut sql = String::from("(CASE");
                let mut results = Vec::new();
                let mut whens = Vec::new();
                for when in conditions {
                    let condition = self.expr(&when.condition, scope)?;
                    whens.push(match &operand {
                        Some(operand) => coerce(condition, &operand.ty).sql,
                        None => truth(condition, "CASE WHEN condition", expr)?,
                    });
                    results.push(self.expr(&when.result, scope)?);
                }
                if let Some(operand) = &operand {
                    sql.push_str(&format!(" {}", operand.sql));
                }
                let has_else = else_result.is_some();
                if let Some(result) = else_result {
                    results.push(self.expr(result, scope)?);
                }
                let (results, ty) = unify(results);
                agree(&results, &ty).map_err(|types| {
                    Fault::query(format!(
                        "No matching signature for operator CASE; all THEN/ELSE arguments must be coercible to a common \
                         type but found: {types}{}",
                        at(expr)
                    ))
                })?;
                for (when, then) in whens.iter().zip(&results) {
                    sql.push_str(&format!(" WHEN {when} THEN {}", then.sql));
                }
                if let (true, Some(last)) = (has_else, results.last()) {
                    sql.push_str(&format!(" ELSE {}", last.sql));
                }
                Ok(Ex::new(sql + " END)", ty))
            }
            Expr::Exists { subquery, negated } => {
                let inner = self.query(subquery, scope)?;
                Ok(Ex::new(format!("({}EXISTS ({}))", not(*negated), inner.sql), Ty::Bool))
            }
            Expr::Subquery(query) => {
                let inner = self.query(query, scope)?;
                let ty = inner.columns.first().map_or(Ty::Unknown, |c| c.ty.clone());
                Ok(Ex::new(format!("({})", inner.sql), ty))
            }
            Expr::Function(function) => self.function(function, scope),
            Expr::Struct { values, fields } => self.struct_literal(values, fields, scope),
            Expr::Tuple(values) => self.struct_literal(values, &[], scope),
            Expr::Array(array) => {
                let (items, ty) = unify(self.exprs(&array.elem, scope)?);
                agree(&items, &ty).map_err(|types| {
                    Fault::query(format!(
                        "Array elements of types {{{types}}} do not have a common supertype{}",
                        at(expr)
                    ))
                })?;
                no_nested_array("Cannot construct array with element", &ty, expr)?;
                let items: Vec<String> = items.into_iter().map(|i| i.sql).collect();
                Ok(Ex::new(format!("[{}]", items.join(", ")), Ty::Array(Box::new(ty))))
            }
            Expr::Interval(interval) => self.interval(interval, scope),
            Expr::Trim {
                trim_where: None,
                trim_what: None,
                expr: inner,
                trim_characters,
            } => {
                let mut args = vec![self.expr(inner, scope)?];
                for extra in trim_characters.iter().flatten() {
                    args.push(self.expr(extra, scope)?);
                }
                self.scalar("TRIM", &args, expr)
            }
            Expr::Substring {
                expr: inner,
                substring_from,
                substring_for,
                special,
                ..
            } if *special || (substring_from.is_none() && substring_for.is_none()) => {
                let mut args = vec![self.expr(inner, scope)?];
                for extra in [substring_from, substring_for].into_iter().flatten() {
                    args.push(self.expr(extra, scope)?);
                }
                self.scalar("SUBSTR", &args, expr)
            }
            Expr::Ceil { expr: inner, .. } => self.scalar("CEIL", &[self.expr(inner, scope)?], expr),
            Expr::Floor { expr: inner, .. } => self.scalar("FLOOR", &[self.expr(inner, scope)?], expr),
            other => Err(unsupported(&format!("the expression `{other}`"), other)),
        }
    }

    /// A path: a column, a field of one, a parameter, a whole row, an alias or a variable.
    fn identifier(&self, idents: &[Ident], scope: &Scope<'_>) -> Result<Ex> {
        let (ex, origins) = self.resolve(idents, scope)?;
        self.reads_columns(&origins);
        Ok(ex)
    }

    fn project_variable(&self, path: &[String]) -> Option<Ex> {
        let name = path.join(".").to_lowercase();
        let text = |t: &str| Ex::new(literal(t), Ty::String);
        let (project, dataset) = self
            .default_dataset
            .as_ref()
            .map_or((None, None), |(p, d)| (Some(p), Some(d)));
        match name.as_str() {
            "@@project_id" => Some(text(&self.project)),
            "@@dataset_project_id" => Some(text(project.unwrap_or(&self.project))),
            "@@dataset_id" => dataset.map(|d| text(d)),
            _ => None,
        }
    }

    /// The same, and the stored columns that it passes through.
    pub(super) fn resolve(&self, idents: &[Ident], scope: &Scope<'_>) -> Result<(Ex, Origins)> {
        let first = &idents[0];
        let name = first.value.as_str();
        if first.quote_style.is_none()
            && let Some(parameter) = name.strip_prefix('@')
        {
            if parameter.starts_with('@') {
                let path: Vec<String> = idents.iter().map(|i| i.value.clone()).collect();
                let known = self.state.system(&path).or_else(|| self.project_variable(&path));
                let known = known
                    .ok_or_else(|| unsupported(&format!("the system variable {}", path.join(".")), &Here(first)))?;
                return Ok((known, Origins::new()));
            }
            let ex = self.params.named(parameter)?;
            return Ok((self.fields(ex, &idents[1..])?, Origins::new()));
        }
        // alias.column first, as BigQuery does for a path.
        if let (Some(relation), Some(second)) = (scope.relation(name), idents.get(1))
            && let Some(column) = relation.find(&second.value)
        {
            let ex = Ex::new(relation.column(&column.name), column.ty.clone());
            return Ok((self.fields(ex, &idents[2..])?, relation.origins_of(&column.name)));
        }
        let mut origins = Origins::new();
        let ex = match scope.find(name) {
            Found::Column(relation, column, merged) => {
                origins = relation.origins_of(&column.name);
                let sql = if merged {
                    quoted(&column.name)
                } else {
                    relation.column(&column.name)
                };
                Ex::new(sql, column.ty.clone())
            }
            Found::Row(relation) => {
                if let Some(second) = idents.get(1) {
                    return Err(Fault::query(format!(
                        "Name {} not found inside {name}{}",
                        second.value,
                        at(&Here(second))
                    )));
                }
                origins = relation.origins.iter().flatten().cloned().collect();
                let (sql, ty) = relation.row();
                Ex::new(sql, ty)
            }
            Found::Alias(alias) => {
                origins.clone_from(&alias.origins);
                Ex {
                    literal: alias.literal.clone(),
                    ..Ex::new(format!("({})", alias.sql), alias.ty.clone())
                }
            }
            Found::Ambiguous => {
                return Err(Fault::query(format!(
                    "Column name {name} is ambiguous{}",
                    at(&Here(first))
                )));
            }
            Found::Nothing => match self.state.variable(name) {
                Some(variable) => variable,
                None => return Err(Fault::query(format!("Unrecognized name: {name}{}", at(&Here(first))))),
            },
        };
        Ok((self.fields(ex, &idents[1..])?, origins))
    }

    fn fields(&self, mut ex: Ex, path: &[Ident]) -> Result<Ex> {
        for ident in path {
            ex = field(&ex, ident)?;
        }
        Ok(ex)
    }

    fn access(&self, root: &Expr, chain: &[AccessExpr], scope: &Scope<'_>) -> Result<Ex> {
        // `a.b[0]` comes as a root and a chain of dots: names are resolved as one path.
        let mut chain = chain;
        let mut path = Vec::new();
        if let Expr::Identifier(first) = root {
            path.push(first.clone());
            while let Some((AccessExpr::Dot(Expr::Identifier(next)), rest)) = chain.split_first() {
                path.push(next.clone());
                chain = rest;
            }
        }
        let mut ex = if path.is_empty() {
            self.expr(root, scope)?
        } else {
            self.identifier(&path, scope)?
        };
        for step in chain {
            ex = match step {
                AccessExpr::Dot(Expr::Identifier(ident)) => field(&ex, ident)?,
                AccessExpr::Subscript(Subscript::Index { index }) => self.subscript(&ex, index, scope)?,
                other => return Err(unsupported(&format!("the access `{other}`"), root)),
            };
        }
        Ok(ex)
    }

    fn subscript(&self, ex: &Ex, index: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        let (mode, position) = match index {
            Expr::Function(call) => {
                let name = call.name.to_string().to_ascii_uppercase();
                if ["OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"].contains(&name.as_str()) {
                    let args = self.plain_args(call, scope)?;
                    let [position] = args.as_slice() else {
                        return Err(Fault::query(format!("{name} takes one argument{}", at(index))));
                    };
                    (name, position.clone())
                } else {
                    ("OFFSET".to_owned(), self.expr(index, scope)?)
                }
            }
            _ => ("OFFSET".to_owned(), self.expr(index, scope)?),
        };
        if ex.ty == Ty::Json {
            let native = match position.ty {
                Ty::String => "_hw_json_field",
                _ => "_hw_json_element",
            };
            return Ok(Ex::new(format!("{native}({}, {})", ex.sql, position.sql), Ty::Json));
        }
        let item = match &ex.ty {
            Ty::Array(item) => (**item).clone(),
            Ty::Unknown => Ty::Unknown,
            other => {
                return Err(Fault::query(format!(
                    "Subscript access using [] is not supported on values of type {}{}",
                    other.sql(),
                    at(index)
                )));
            }
        };
        let zero_based = if mode.ends_with("ORDINAL") {
            format!("({} - 1)", position.sql)
        } else {
            position.sql
        };
        let function = if mode.starts_with("SAFE") {
            "safe_offset_of"
        } else {
            "offset_of"
        };
        Ok(Ex::new(
            format!("_headwater.{function}({}, {zero_based})", ex.sql),
            item,
        ))
    }
}

/// Refuses an array of arrays.
pub(super) fn no_nested_array(what: &str, item: &Ty, node: &Expr) -> Result<()> {
    match item {
        Ty::Array(_) => Err(Fault::query(format!(
            "{what} type {} because nested arrays are not supported{}",
            item.sql(),
            at(node)
        ))),
        _ => Ok(()),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

/// The field of a STRUCT or of JSON.
fn field(ex: &Ex, ident: &Ident) -> Result<Ex> {
    let name = &ident.value;
    match &ex.ty {
        Ty::Struct(fields) => match fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)) {
            Some(Field { name, ty }) => Ok(Ex::new(format!("({}).{}", ex.sql, quoted(name)), ty.clone())),
            None => Err(Fault::query(format!(
                "Field name {name} does not exist in {}{}",
                ex.ty.sql(),
                at(&Here(ident))
            ))),
        },
        Ty::Json => Ok(Ex::new(
            format!("_hw_json_field({}, {})", ex.sql, literal(name)),
            Ty::Json,
        )),
        Ty::Unknown => Ok(Ex::new(format!("({}).{}", ex.sql, quoted(name)), Ty::Unknown)),
        other => Err(Fault::query(format!(
            "Cannot access field {name} on a value with type {}{}",
            other.sql(),
            at(&Here(ident))
        ))),
    }
}
