//! A query bound to the metadata: names become columns. Its condition is bound by `condition`.

use super::SoqlError;
use super::ast::{Condition, FieldSet, Function, Item, Path, Query};
use super::eval::{FieldRef, Predicate};
use crate::schema::{Field, Schema};
use crate::store::Org;

/// What the index answers without reading rows.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// SystemModstamp, from and (exclusive) to.
    pub stamp: (i64, i64),
    /// Slots, from and (exclusive) to.
    pub slot: (u64, u64),
    pub deleted: Option<bool>,
}

#[derive(Clone, Debug)]
pub(crate) enum Selected {
    /// Records, with a tree of what they contain.
    Records(Vec<Output>),
    /// `SELECT COUNT()`.
    Count,
    Aggregates(Vec<Column>),
}

/// A part of a record.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Field(FieldRef),
    /// An address or a location: name, and the components with their JSON names.
    Compound {
        of: FieldRef,
        parts: Vec<(String, FieldRef)>,
    },
    Parent {
        relationship: String,
        id: FieldRef,
        fields: Vec<Output>,
    },
}

/// A column of an aggregate result.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub name: String,
    pub function: Option<Function>,
    pub field: Option<FieldRef>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sort {
    pub field: FieldRef,
    pub function: Option<Function>,
    pub descending: bool,
    pub nulls_last: bool,
}

/// A query ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub object: usize,
    pub selected: Selected,
    pub bounds: Bounds,
    pub predicate: Option<Predicate>,
    pub group_by: Vec<FieldRef>,
    pub having: Option<Condition>,
    pub order_by: Vec<Sort>,
    pub limit: Option<u64>,
    pub offset: u64,
    pub all_rows: bool,
}

/// Binds a query; `soql` is its text, for messages.
pub(crate) fn bind(org: &Org, soql: &str, query: &Query) -> Result<Plan, SoqlError> {
    let schema = org.schema();
    let Some(object) = schema.find(&query.object) else {
        let message = format!(
            "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
            query.object
        );
        return Err(SoqlError::at("INVALID_TYPE", soql, query.object_position, &message));
    };
    let mut binder = Binder {
        org,
        soql,
        schema: &schema,
        object,
        query,
        now: org.clock.now(),
    };
    let group_by = query
        .group_by
        .iter()
        .map(|p| binder.field(p))
        .collect::<Result<Vec<_>, _>>()?;
    for field in &group_by {
        if !field.field().is_groupable() {
            let message = format!("field '{}' can not be grouped in a query call", field.shown);
            return Err(SoqlError::new("MALFORMED_QUERY", message));
        }
    }
    let selected = binder.select(&group_by)?;
    let mut bounds = Bounds {
        stamp: (i64::MIN, i64::MAX),
        slot: (0, u64::MAX),
        deleted: None,
    };
    let predicate = match &query.condition {
        Some(condition) => binder.top(condition, &mut bounds)?,
        None => None,
    };
    let order_by = query
        .order_by
        .iter()
        .map(|o| binder.sort(o))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Plan {
        object,
        selected,
        bounds,
        predicate,
        group_by,
        having: query.having.clone(),
        order_by,
        limit: query.limit,
        offset: query.offset,
        all_rows: query.all_rows,
    })
}

/// The field at the end of a path from an object.
pub(crate) fn resolve(
    schema: &Schema,
    soql: &str,
    object: usize,
    path: &Path,
    names: &[&str],
) -> Result<FieldRef, SoqlError> {
    let mut parts: Vec<&str> = path.parts.iter().map(String::as_str).collect();
    let is_relationship = |part: &str| {
        schema.objects[object]
            .readable()
            .any(|f| f.relationship.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(part)))
    };
    if parts.len() > 1 && names.iter().any(|n| n.eq_ignore_ascii_case(parts[0])) && !is_relationship(parts[0]) {
        parts.remove(0);
    }
    let (mut hops, mut shown) = (vec![], vec![]);
    let mut candidates = vec![object];
    let last = parts.pop().unwrap_or("");
    for part in parts {
        let [from] = candidates[..] else {
            return Err(SoqlError::at(
                "INVALID_FIELD",
                soql,
                path.position,
                "only one step can follow a polymorphic relationship",
            ));
        };
        let found = schema.objects[from]
            .readable()
            .find(|f| f.relationship.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(part)));
        let Some((column, field)) = found.and_then(|f| f.column.map(|c| (c, f))) else {
            let message = format!(
                "Didn't understand relationship '{part}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names."
            );
            return Err(SoqlError::at("INVALID_FIELD", soql, path.position, &message));
        };
        hops.push(column);
        shown.push(field.relationship.clone().unwrap_or_default());
        candidates = field.reference_to.iter().filter_map(|to| schema.find(to)).collect();
    }
    let ends: Vec<(usize, Field)> = candidates
        .iter()
        .filter_map(|&o| schema.objects[o].field(last).map(|f| (o, f.clone())))
        .collect();
    let Some((_, field)) = ends.first() else {
        let entity = candidates.first().map_or("", |&o| schema.objects[o].name.as_str());
        let message = format!(
            "No such column '{last}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        );
        return Err(SoqlError::at("INVALID_FIELD", soql, path.position, &message));
    };
    shown.push(field.name.clone());
    Ok(FieldRef {
        hops,
        shown: shown.join("."),
        ends,
    })
}

/// A query being bound.
pub(super) struct Binder<'a> {
    pub org: &'a Org,
    pub soql: &'a str,
    pub schema: &'a Schema,
    pub object: usize,
    query: &'a Query,
    pub now: i64,
}

impl Binder<'_> {
    pub(super) fn field(&self, path: &Path) -> Result<FieldRef, SoqlError> {
        let mut names = vec![self.schema.objects[self.object].name.as_str()];
        names.extend(self.query.alias.as_deref());
        resolve(self.schema, self.soql, self.object, path, &names)
    }

    fn select(&mut self, group_by: &[FieldRef]) -> Result<Selected, SoqlError> {
        let items = &self.query.select;
        if items.iter().any(|i| matches!(i, Item::CountAll)) {
            if items.len() > 1 || !group_by.is_empty() {
                return Err(SoqlError::new(
                    "MALFORMED_QUERY",
                    "COUNT() must be the only element in the SELECT list",
                ));
            }
            return Ok(Selected::Count);
        }
        if !group_by.is_empty() || items.iter().any(|i| matches!(i, Item::Aggregate { .. })) {
            return self.aggregates(group_by);
        }
        let mut outputs = vec![];
        let mut seen = std::collections::HashSet::new();
        for item in items {
            match item {
                Item::Field { path, .. } => {
                    let field = self.field(path)?;
                    if !seen.insert(field.shown.clone()) {
                        let message = format!("duplicate field selected: {}", field.shown);
                        return Err(SoqlError::new("MALFORMED_QUERY", message));
                    }
                    self.place(&mut outputs, &field, path)?;
                }
                Item::Fields(set) => {
                    if self.query.limit.is_none_or(|l| l > 200) {
                        let message = "The SOQL FIELDS function must have a LIMIT of at most 200";
                        return Err(SoqlError::at(
                            "MALFORMED_QUERY",
                            self.soql,
                            self.query.object_position,
                            message,
                        ));
                    }
                    for field in self.schema.objects[self.object].readable() {
                        let wanted = match set {
                            FieldSet::All => true,
                            FieldSet::Standard => !field.is_custom(),
                            FieldSet::Custom => field.is_custom(),
                        };
                        if wanted && seen.insert(field.name.clone()) {
                            let path = Path {
                                parts: vec![field.name.clone()],
                                position: 0,
                            };
                            let field = self.field(&path)?;
                            self.place(&mut outputs, &field, &path)?;
                        }
                    }
                }
                Item::CountAll | Item::Aggregate { .. } => {}
            }
        }
        Ok(Selected::Records(outputs))
    }

    /// Puts a field into the tree, below the parents that its path names.
    fn place(&self, outputs: &mut Vec<Output>, field: &FieldRef, path: &Path) -> Result<(), SoqlError> {
        let leaf = if field.field().kind.is_compound() {
            self.compound(field.clone(), path)?
        } else {
            Output::Field(field.clone())
        };
        let names: Vec<&str> = field.shown.split('.').collect();
        let mut level = outputs;
        for depth in 0..field.hops.len() {
            let found = level
                .iter()
                .position(|o| matches!(o, Output::Parent { relationship, .. } if relationship == names[depth]));
            let at = match found {
                Some(at) => at,
                None => {
                    let mut parts: Vec<String> = names[..=depth].iter().map(|n| (*n).to_owned()).collect();
                    parts.push("Id".into());
                    let id = self.field(&Path {
                        parts,
                        position: path.position,
                    })?;
                    level.push(Output::Parent {
                        relationship: names[depth].to_owned(),
                        id,
                        fields: vec![],
                    });
                    level.len() - 1
                }
            };
            match &mut level[at] {
                Output::Parent { fields, .. } => level = fields,
                _ => return Ok(()),
            }
        }
        level.push(leaf);
        Ok(())
    }

    fn compound(&self, of: FieldRef, path: &Path) -> Result<Output, SoqlError> {
        let name = of.field().name.clone();
        let object = of.ends[0].0;
        let stem = name.trim_end_matches("Address").trim_end_matches("__c").to_owned();
        let mut parts = vec![];
        for part in self.schema.objects[object]
            .readable()
            .filter(|f| f.compound.as_deref() == Some(name.as_str()))
        {
            let mut names = path.parts.clone();
            names.pop();
            names.push(part.name.clone());
            let label = part
                .name
                .strip_prefix(&stem)
                .unwrap_or(&part.name)
                .trim_matches('_')
                .trim_end_matches("__s")
                .to_owned();
            let mut chars = label.chars();
            let label = chars
                .next()
                .map(|c| c.to_ascii_lowercase().to_string() + chars.as_str())
                .unwrap_or_default();
            parts.push((
                label,
                self.field(&Path {
                    parts: names,
                    position: path.position,
                })?,
            ));
        }
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Output::Compound { of, parts })
    }

    fn aggregates(&mut self, group_by: &[FieldRef]) -> Result<Selected, SoqlError> {
        let mut columns = vec![];
        let mut unnamed = 0;
        for item in &self.query.select {
            match item {
                Item::Field { path, alias } => {
                    let field = self.field(path)?;
                    if !group_by.iter().any(|g| g.shown == field.shown) {
                        let message = format!("Field must be grouped or aggregated: {}", field.shown);
                        return Err(SoqlError::at("MALFORMED_QUERY", self.soql, path.position, &message));
                    }
                    let name = alias.clone().unwrap_or_else(|| field.field().name.clone());
                    columns.push(Column {
                        name,
                        function: None,
                        field: Some(field),
                    });
                }
                Item::Aggregate { function, path, alias } => {
                    let field = self.field(path)?;
                    let kind = field.field().kind;
                    let unfit = matches!(function, Function::Sum | Function::Avg) && !kind.is_number()
                        || field.field().is_long_text()
                        || kind.is_compound();
                    if unfit {
                        let message = format!("field {} does not support aggregate operator {function:?}", field.shown)
                            .to_owned();
                        return Err(SoqlError::at("MALFORMED_QUERY", self.soql, path.position, &message));
                    }
                    let name = alias.clone().unwrap_or_else(|| {
                        unnamed += 1;
                        format!("expr{}", unnamed - 1)
                    });
                    columns.push(Column {
                        name,
                        function: Some(*function),
                        field: Some(field),
                    });
                }
                Item::CountAll | Item::Fields(_) => {
                    return Err(SoqlError::new(
                        "MALFORMED_QUERY",
                        "this cannot be selected together with aggregates",
                    ));
                }
            }
        }
        Ok(Selected::Aggregates(columns))
    }

    fn sort(&self, order: &super::ast::Order) -> Result<Sort, SoqlError> {
        let field = self.field(&order.path)?;
        if !field.field().is_sortable() {
            let message = format!("field '{}' can not be sorted in a query call", field.shown);
            return Err(SoqlError::at(
                "MALFORMED_QUERY",
                self.soql,
                order.path.position,
                &message,
            ));
        }
        // Nulls come first, whatever the direction, unless the query says otherwise.
        let nulls_last = order.nulls_last.unwrap_or(false);
        Ok(Sort {
            field,
            function: order.function,
            descending: order.descending,
            nulls_last,
        })
    }
}
