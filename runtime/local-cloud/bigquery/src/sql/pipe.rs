//! Pipe syntax (`FROM t |> WHERE … |> AGGREGATE …`) written as queries within queries.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax>.

use sqlparser::ast::{
    AssignmentTarget, Distinct, ExceptSelectItem, Expr, ExprWithAlias, ExprWithAliasAndOrderBy, Function, GroupByExpr,
    Ident, IdentWithAlias, Join, LimitClause, Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind, OrderByOptions,
    PipeOperator, Query, RenameSelectItem, ReplaceSelectElement, ReplaceSelectItem, Select, SelectFlavor, SelectItem,
    SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor, TableSampleKind, TableWithJoins, Value,
    ValueTableMode, WildcardAdditionalOptions,
};

use super::rewrite::{COLUMNS, PIPE};
use super::{Here, Result, parse, path, unsupported};
use crate::error::Fault;

/// The same query without pipe operators.
pub(super) fn standard(query: &Query) -> Result<Query> {
    let mut base = query.clone();
    let with = base.with.take();
    let operators = std::mem::take(&mut base.pipe_operators);
    let mut pipe = Pipe::starting(base);
    for operator in operators {
        pipe.apply(operator)?;
    }
    let mut out = pipe.query;
    if let (Some(_), Some(_)) = (&with, &out.with) {
        out = over(out, None)?;
    }
    out.with = with.or(out.with);
    Ok(out)
}

struct Pipe {
    query: Query,
    /// The query is `SELECT * FROM …`, at most with a WHERE: it can take what comes next.
    open: bool,
    /// The name of the table so far, where it has one.
    alias: Option<Ident>,
    /// What a marker said about the next operator.
    marked: Vec<String>,
}

fn table_alias(name: Ident) -> TableAlias {
    TableAlias {
        explicit: true,
        name,
        columns: Vec::new(),
        at: None,
    }
}

fn derived(query: Query, alias: Option<Ident>) -> TableFactor {
    TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query),
        alias: alias.map(table_alias),
        sample: None,
    }
}

fn from(factor: TableFactor) -> Vec<TableWithJoins> {
    vec![TableWithJoins {
        relation: factor,
        joins: Vec::new(),
    }]
}

/// `SELECT * FROM (query) AS alias`
fn over(query: Query, alias: Option<Ident>) -> Result<Query> {
    all_of(from(derived(query, alias)))
}

fn all_of(tables: Vec<TableWithJoins>) -> Result<Query> {
    let mut out = *parse::query_text("SELECT * FROM t")?;
    if let SetExpr::Select(select) = &mut *out.body {
        select.from = tables;
    }
    Ok(out)
}

/// The one table of a FROM by the name that the rest of the query knows.
fn only_name(tables: &[TableWithJoins]) -> Option<Ident> {
    let [table] = tables else { return None };
    if !table.joins.is_empty() {
        return None;
    }
    match &table.relation {
        TableFactor::Table { name, alias, .. } => match alias {
            Some(alias) => Some(alias.name.clone()),
            None => path(name).ok()?.pop().map(Ident::new),
        },
        TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
            alias.as_ref().map(|a| a.name.clone())
        }
        _ => None,
    }
}

/// `SELECT * FROM …` and no more, as a FROM in parentheses is written.
fn is_everything(select: &Select) -> bool {
    let star =
        matches!(select.projection.as_slice(), [SelectItem::Wildcard(o)] if *o == WildcardAdditionalOptions::default());
    star && select.selection.is_none()
        && select.distinct.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && select.named_window.is_empty()
        && select.value_table_mode.is_none()
        && matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty())
}

fn item(expr: ExprWithAlias) -> SelectItem {
    match expr.alias {
        Some(alias) => SelectItem::ExprWithAlias { expr: expr.expr, alias },
        None => SelectItem::UnnamedExpr(expr.expr),
    }
}

fn star(options: WildcardAdditionalOptions) -> SelectItem {
    SelectItem::Wildcard(options)
}

fn position(at: usize) -> Expr {
    Expr::Value(Value::Number(at.to_string(), false).with_empty_span())
}

fn misplaced(what: &str) -> Fault {
    Fault::query(format!("Syntax error: Unexpected {what} in pipe syntax"))
}

impl Pipe {
    fn starting(mut query: Query) -> Self {
        let plain = query.order_by.is_none() && query.limit_clause.is_none();
        if let SetExpr::Select(select) = &*query.body
            && (select.flavor == SelectFlavor::FromFirstNoSelect || is_everything(select))
            && plain
        {
            let alias = only_name(&select.from);
            if let SetExpr::Select(select) = &mut *query.body {
                select.projection = vec![star(WildcardAdditionalOptions::default())];
                select.flavor = SelectFlavor::Standard;
            }
            return Self {
                query,
                open: true,
                alias,
                marked: Vec::new(),
            };
        }
        Self {
            query,
            open: false,
            alias: None,
            marked: Vec::new(),
        }
    }

    /// The SELECT that takes the next operator.
    fn select(&mut self) -> Result<&mut Select> {
        if !self.open {
            self.query = over(self.query.clone(), self.alias.clone())?;
            self.open = true;
        }
        match &mut *self.query.body {
            SetExpr::Select(select) => Ok(select),
            _ => Err(misplaced("operator")),
        }
    }

    /// The SELECT of an operator after which a new query begins.
    fn last(&mut self) -> Result<&mut Select> {
        self.select()?;
        self.open = false;
        self.select_as_it_is()
    }

    fn select_as_it_is(&mut self) -> Result<&mut Select> {
        match &mut *self.query.body {
            SetExpr::Select(select) => Ok(select),
            _ => Err(misplaced("operator")),
        }
    }

    /// `* EXCEPT`, `* REPLACE` and the like.
    fn changed_star(&mut self, options: WildcardAdditionalOptions) -> Result<()> {
        self.last()?.projection = vec![star(options)];
        Ok(())
    }

    fn apply(&mut self, operator: PipeOperator) -> Result<()> {
        match operator {
            PipeOperator::Where { expr } => {
                let select = self.select()?;
                let both = match select.selection.take() {
                    Some(before) => Expr::BinaryOp {
                        left: Box::new(Expr::Nested(Box::new(before))),
                        op: sqlparser::ast::BinaryOperator::And,
                        right: Box::new(Expr::Nested(Box::new(expr))),
                    },
                    None => expr,
                };
                select.selection = Some(both);
            }
            PipeOperator::Select { exprs } => self.projected(exprs)?,
            PipeOperator::Extend { mut exprs } => {
                exprs.insert(0, star(WildcardAdditionalOptions::default()));
                self.last()?.projection = exprs;
            }
            PipeOperator::Set { assignments } => {
                let mut items = Vec::new();
                for assignment in assignments {
                    let AssignmentTarget::ColumnName(name) = &assignment.target else {
                        return Err(misplaced("list of columns"));
                    };
                    let [column] = &path(name)?[..] else {
                        return Err(misplaced("path"));
                    };
                    items.push(Box::new(ReplaceSelectElement {
                        expr: assignment.value,
                        column_name: Ident::new(column),
                        as_keyword: true,
                    }));
                }
                self.changed_star(WildcardAdditionalOptions {
                    opt_replace: Some(ReplaceSelectItem { items }),
                    ..WildcardAdditionalOptions::default()
                })?;
            }
            PipeOperator::Drop { columns } => {
                let mut columns = columns.into_iter();
                let first_element = columns.next().ok_or_else(|| misplaced("DROP"))?;
                self.changed_star(WildcardAdditionalOptions {
                    opt_except: Some(ExceptSelectItem {
                        first_element,
                        additional_elements: columns.collect(),
                    }),
                    ..WildcardAdditionalOptions::default()
                })?;
            }
            PipeOperator::Rename { mappings } => self.renamed(mappings)?,
            PipeOperator::As { alias } => {
                if !self.open {
                    self.select()?;
                }
                self.query = over(self.query.clone(), Some(alias.clone()))?;
                self.alias = Some(alias);
                self.open = true;
            }
            PipeOperator::OrderBy { exprs } => {
                self.last()?;
                self.query.order_by = Some(ordered(exprs));
            }
            PipeOperator::Limit { expr, offset } => {
                if self.open || self.query.limit_clause.is_some() {
                    self.last()?;
                }
                self.query.limit_clause = Some(LimitClause::LimitOffset {
                    limit: Some(expr),
                    offset: offset.map(|value| Offset {
                        value,
                        rows: OffsetRows::None,
                    }),
                    limit_by: Vec::new(),
                });
            }
            PipeOperator::Aggregate {
                full_table_exprs,
                group_by_expr,
            } => self.aggregated(full_table_exprs, group_by_expr)?,
            PipeOperator::Join(join) => self.joined(join)?,
            PipeOperator::Union {
                set_quantifier,
                queries,
            } => self.combined(SetOperator::Union, set_quantifier, queries)?,
            PipeOperator::Intersect {
                set_quantifier,
                queries,
            } => self.combined(SetOperator::Intersect, set_quantifier, queries)?,
            PipeOperator::Except {
                set_quantifier,
                queries,
            } => self.combined(SetOperator::Except, set_quantifier, queries)?,
            PipeOperator::Call { function, alias } => self.called(&function, alias)?,
            PipeOperator::TableSample { sample } => {
                let select = self.select()?;
                match select.from.as_mut_slice() {
                    [
                        TableWithJoins {
                            relation: TableFactor::Table { sample: slot, .. },
                            joins,
                        },
                    ] if joins.is_empty() => *slot = Some(TableSampleKind::AfterTableAlias(sample)),
                    _ => return Err(misplaced("TABLESAMPLE of what is not a table")),
                }
            }
            PipeOperator::Pivot {
                aggregate_functions,
                value_column,
                value_source,
                alias,
            } => {
                let input = derived(self.query.clone(), self.alias.clone());
                self.replaced(
                    TableFactor::Pivot {
                        table: Box::new(input),
                        aggregate_functions,
                        value_column: vec![Expr::CompoundIdentifier(value_column)],
                        value_source,
                        default_on_null: None,
                        alias: alias.clone().map(table_alias),
                    },
                    alias,
                )?;
            }
            PipeOperator::Unpivot {
                value_column,
                name_column,
                unpivot_columns,
                alias,
            } => {
                let input = derived(self.query.clone(), self.alias.clone());
                let columns = unpivot_columns.into_iter().map(|c| ExprWithAlias {
                    expr: Expr::Identifier(c),
                    alias: None,
                });
                self.replaced(
                    TableFactor::Unpivot {
                        table: Box::new(input),
                        value: Expr::Identifier(value_column),
                        name: name_column,
                        columns: columns.collect(),
                        null_inclusion: None,
                        alias: alias.clone().map(table_alias),
                    },
                    alias,
                )?;
            }
        }
        Ok(())
    }

    fn replaced(&mut self, factor: TableFactor, alias: Option<Ident>) -> Result<()> {
        self.query = all_of(from(factor))?;
        self.alias = alias;
        self.open = true;
        Ok(())
    }

    fn projected(&mut self, exprs: Vec<SelectItem>) -> Result<()> {
        let marked = std::mem::take(&mut self.marked);
        let select = self.last()?;
        select.projection = exprs;
        for mark in marked {
            match mark.as_str() {
                "SELECT DISTINCT" => select.distinct = Some(Distinct::Distinct),
                "SELECT STRUCT" => select.value_table_mode = Some(ValueTableMode::AsStruct),
                "SELECT VALUE" => select.value_table_mode = Some(ValueTableMode::AsValue),
                _ => {}
            }
        }
        self.alias = None;
        Ok(())
    }

    fn renamed(&mut self, mappings: Vec<IdentWithAlias>) -> Result<()> {
        self.changed_star(WildcardAdditionalOptions {
            opt_rename: Some(RenameSelectItem::Multiple(mappings)),
            ..WildcardAdditionalOptions::default()
        })
    }

    /// The groups' columns come first, then the aggregates.
    fn aggregated(
        &mut self,
        aggregates: Vec<ExprWithAliasAndOrderBy>,
        groups: Vec<ExprWithAliasAndOrderBy>,
    ) -> Result<()> {
        let marked = std::mem::take(&mut self.marked);
        let all_ordered = marked.iter().any(|m| m == "ORDER");
        let keys = groups.len();
        let mut order = Vec::new();
        let mut items = Vec::new();
        for (i, part) in groups.into_iter().chain(aggregates).enumerate() {
            if part.order_by != OrderByOptions::default() || (all_ordered && i < keys) {
                order.push(OrderByExpr {
                    expr: position(i + 1),
                    options: part.order_by,
                    with_fill: None,
                });
            }
            items.push(item(part.expr));
        }
        let select = self.last()?;
        select.projection = items;
        // By position: the keys may be expressions.
        select.group_by = GroupByExpr::Expressions((1..=keys).map(position).collect(), Vec::new());
        if !order.is_empty() {
            self.query.order_by = Some(ordered(order));
        }
        self.alias = None;
        Ok(())
    }

    fn joined(&mut self, join: Join) -> Result<()> {
        let alias = self.alias.clone();
        let select = self.select()?;
        if select.selection.is_some() || select.from.len() != 1 {
            self.query = over(self.query.clone(), alias)?;
        }
        let select = self.select_as_it_is()?;
        if let Some(table) = select.from.last_mut() {
            table.joins.push(join);
        }
        self.alias = None;
        Ok(())
    }

    fn combined(&mut self, op: SetOperator, quantifier: SetQuantifier, queries: Vec<Query>) -> Result<()> {
        let marked = std::mem::take(&mut self.marked);
        let matching = marked.iter().find_map(|m| m.strip_prefix("COLUMNS "));
        for query in queries {
            let mut left = SetExpr::Query(Box::new(self.query.clone()));
            if let Some(matching) = matching {
                let words = std::iter::once(COLUMNS).chain(matching.split(','));
                let words: Vec<String> = words.map(|w| format!("'{w}'")).collect();
                let marker = parse::query_text(&format!("VALUES ({})", words.join(", ")))?;
                left = SetExpr::SetOperation {
                    left: Box::new(left),
                    op,
                    set_quantifier: quantifier,
                    right: marker.body,
                };
            }
            let body = SetExpr::SetOperation {
                left: Box::new(left),
                op,
                set_quantifier: quantifier,
                right: Box::new(SetExpr::Query(Box::new(query))),
            };
            let mut whole = *parse::query_text("SELECT 1")?;
            whole.body = Box::new(body);
            self.query = whole;
            self.open = false;
        }
        self.alias = None;
        Ok(())
    }

    /// The markers of `rewrite`, and functions of tables.
    fn called(&mut self, function: &Function, alias: Option<Ident>) -> Result<()> {
        let name = function.name.to_string();
        let arguments = match &function.args {
            sqlparser::ast::FunctionArguments::List(list) => list.args.clone(),
            _ => Vec::new(),
        };
        let mut exprs = arguments.into_iter().filter_map(|a| match a {
            sqlparser::ast::FunctionArg::Unnamed(sqlparser::ast::FunctionArgExpr::Expr(e)) => Some(e),
            _ => None,
        });
        match name.as_str() {
            PIPE => {
                let Some(Expr::Value(value)) = exprs.next() else {
                    return Err(misplaced("operator"));
                };
                let text = value.value.into_string().unwrap_or_default();
                if text == "DISTINCT" {
                    self.last()?.distinct = Some(Distinct::Distinct);
                } else {
                    self.marked.push(text);
                }
                Ok(())
            }
            "__assert" => {
                let Some(condition) = exprs.next() else {
                    return Err(misplaced("ASSERT"));
                };
                let written = condition.to_string().replace('\'', "\\'");
                let payload: Vec<String> = exprs.map(|e| format!(", ' ', CAST({e} AS STRING)")).collect();
                let text = format!(
                    "IF({condition}, TRUE, ERROR(CONCAT('Assert failed: {written}'{})))",
                    payload.concat()
                );
                let check = parse::expression_text(&text)?;
                self.apply(PipeOperator::Where { expr: check })
            }
            _ => {
                let hint = alias.unwrap_or_else(|| Ident::new(name));
                Err(unsupported("CALL in pipe syntax", &Here(&hint)))
            }
        }
    }
}

fn ordered(exprs: Vec<OrderByExpr>) -> OrderBy {
    OrderBy {
        kind: OrderByKind::Expressions(exprs),
        interpolate: None,
    }
}

/// Whether a query is only a FROM, which answers all of its columns.
pub(super) fn only_from(select: &Select) -> bool {
    select.flavor == SelectFlavor::FromFirstNoSelect
}
