//! What names mean where: relations with their columns, common table expressions, aliases of the SELECT list.

use super::Literal;
use crate::catalog::partitions::{DATE, TIME};
use crate::types::{Field, Ty, quoted};

/// The stored columns (a table's id, a column in lower case) that a column's values are taken from as they are.
pub(crate) type Origins = Vec<(String, String)>;

/// A table, subquery or array in FROM.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// What the statement calls it.
    pub(crate) alias: String,
    /// What DuckDB's SQL calls it, in quotes.
    pub(crate) duck: String,
    pub(crate) columns: Vec<Field>,
    /// One for each column; fewer where nothing is known.
    pub(crate) origins: Vec<Origins>,
    /// Columns that `*` does not show, such as `_TABLE_SUFFIX`.
    pub(crate) hidden: Vec<Field>,
    /// How many of the columns make up a row: the offset of an array's element does not belong to the element.
    pub(crate) row_width: Option<usize>,
}

impl Relation {
    pub(crate) fn new(alias: String, columns: Vec<Field>) -> Self {
        Self {
            duck: quoted(&alias),
            alias,
            columns,
            origins: Vec::new(),
            hidden: Vec::new(),
            row_width: None,
        }
    }

    /// The pseudo-columns of a table that is partitioned by when its rows come.
    pub(crate) fn hide(&mut self, hidden: Vec<Field>) {
        if !hidden.is_empty() {
            self.row_width = Some(self.columns.len());
            self.hidden.extend(hidden);
        }
    }

    /// The whole row, as a STRUCT.
    pub(crate) fn row(&self) -> (String, Ty) {
        let Some(width) = self.row_width else {
            return (self.duck.clone(), Ty::Struct(self.columns.clone()));
        };
        let fields = &self.columns[..width];
        let packed: Vec<String> = fields
            .iter()
            .map(|f| format!("{} := {}", quoted(&f.name), self.column(&f.name)))
            .collect();
        (
            format!("struct_pack({})", packed.join(", ")),
            Ty::Struct(fields.to_vec()),
        )
    }

    /// A column, or a hidden one, by its name in any case.
    pub(crate) fn find(&self, name: &str) -> Option<&Field> {
        self.columns.iter().chain(&self.hidden).find(|c| same(&c.name, name))
    }

    /// A column as DuckDB's SQL names it.
    pub(crate) fn column(&self, name: &str) -> String {
        if name == DATE && self.hidden.iter().any(|c| c.name == TIME) {
            return format!("CAST({}.{TIME} AS DATE)", self.duck);
        }
        format!("{}.{}", self.duck, quoted(name))
    }

    pub(crate) fn origins_of(&self, name: &str) -> Origins {
        let at = self.columns.iter().position(|c| c.name == name);
        at.and_then(|at| self.origins.get(at)).cloned().unwrap_or_default()
    }
}

/// A SELECT list's alias or a function's argument, and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) sql: String,
    pub(crate) literal: Option<Literal>,
    pub(crate) origins: Origins,
}

/// A common table expression.
#[derive(Debug, Clone)]
pub(crate) struct Cte {
    pub(crate) name: String,
    pub(crate) columns: Vec<Field>,
    pub(crate) origins: Vec<Origins>,
}

/// A column of `*`, as it is named in DuckDB's SQL.
pub(crate) struct StarColumn {
    pub(crate) sql: String,
    pub(crate) field: Field,
    pub(crate) origins: Origins,
}

#[derive(Debug, Default)]
pub(crate) struct Scope<'p> {
    parent: Option<&'p Scope<'p>>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) ctes: Vec<Cte>,
    /// Columns that a USING has merged.
    pub(crate) merged: Vec<String>,
    pub(crate) aliases: Vec<Alias>,
}

/// What an unqualified name was found to be.
pub(crate) enum Found<'s> {
    Column(&'s Relation, &'s Field, bool),
    Row(&'s Relation),
    Alias(&'s Alias),
    Ambiguous,
    Nothing,
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

impl<'p> Scope<'p> {
    pub(crate) fn root() -> Self {
        Self::default()
    }

    pub(crate) fn child(parent: &'p Scope<'p>) -> Self {
        Self {
            parent: Some(parent),
            ..Self::default()
        }
    }

    pub(crate) fn cte(&self, name: &str) -> Option<&Cte> {
        let own = self.ctes.iter().rev().find(|c| same(&c.name, name));
        own.or_else(|| self.parent.and_then(|p| p.cte(name)))
    }

    pub(crate) fn relation(&self, alias: &str) -> Option<&Relation> {
        let own = self.relations.iter().find(|r| same(&r.alias, alias));
        own.or_else(|| self.parent.and_then(|p| p.relation(alias)))
    }

    pub(crate) fn find(&self, name: &str) -> Found<'_> {
        let mut hits = self
            .relations
            .iter()
            .flat_map(|r| r.columns.iter().filter(|c| same(&c.name, name)).map(move |c| (r, c)));
        if let Some((relation, column)) = hits.next() {
            let merged = self.merged.iter().any(|m| same(m, name));
            if !merged && hits.next().is_some() {
                return Found::Ambiguous;
            }
            return Found::Column(relation, column, merged);
        }
        if let Some(alias) = self.aliases.iter().find(|a| same(&a.name, name)) {
            return Found::Alias(alias);
        }
        let mut hidden = self
            .relations
            .iter()
            .flat_map(|r| r.hidden.iter().filter(|c| same(&c.name, name)).map(move |c| (r, c)));
        match (hidden.next(), hidden.next()) {
            (Some(_), Some(_)) => return Found::Ambiguous,
            (Some((relation, column)), None) => return Found::Column(relation, column, false),
            _ => {}
        }
        if let Some(relation) = self.relations.iter().find(|r| same(&r.alias, name)) {
            return Found::Row(relation);
        }
        self.parent.map_or(Found::Nothing, |p| p.find(name))
    }

    /// The columns of `*`; those that a USING merged come first, and once.
    pub(crate) fn star(&self) -> Vec<StarColumn> {
        let mut merged: Vec<StarColumn> = Vec::new();
        let mut others = Vec::new();
        for relation in &self.relations {
            for field in &relation.columns {
                let origins = relation.origins_of(&field.name);
                if !self.merged.iter().any(|m| same(m, &field.name)) {
                    others.push(StarColumn {
                        sql: relation.column(&field.name),
                        field: field.clone(),
                        origins,
                    });
                    continue;
                }
                match merged.iter_mut().find(|o| same(&o.field.name, &field.name)) {
                    Some(known) => known.origins.extend(origins),
                    None => merged.push(StarColumn {
                        sql: quoted(&field.name),
                        field: field.clone(),
                        origins,
                    }),
                }
            }
        }
        let place = |column: &StarColumn| self.merged.iter().position(|m| same(m, &column.field.name));
        merged.sort_by_key(place);
        merged.extend(others);
        merged
    }
}
