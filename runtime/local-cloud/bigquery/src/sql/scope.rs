//! What names mean where: relations with their columns, common table expressions, aliases of the SELECT list.

use crate::types::{Field, Ty, quoted};

/// A table, subquery or array in FROM.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) alias: String,
    pub(crate) columns: Vec<Field>,
}

/// A SELECT list's alias and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) sql: String,
}

#[derive(Debug, Default)]
pub(crate) struct Scope<'p> {
    parent: Option<&'p Scope<'p>>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) ctes: Vec<(String, Vec<Field>)>,
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

    pub(crate) fn cte(&self, name: &str) -> Option<&[Field]> {
        let own = self
            .ctes
            .iter()
            .rev()
            .find(|(n, _)| same(n, name))
            .map(|(_, columns)| columns.as_slice());
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
        if let Some(relation) = self.relations.iter().find(|r| same(&r.alias, name)) {
            return Found::Row(relation);
        }
        self.parent.map_or(Found::Nothing, |p| p.find(name))
    }

    /// The columns of `*`, each as it is named in DuckDB's SQL; those that a USING merged come once.
    pub(crate) fn star(&self) -> Vec<(String, Field)> {
        let mut out: Vec<(String, Field)> = Vec::new();
        for relation in &self.relations {
            for column in &relation.columns {
                if self.merged.iter().any(|m| same(m, &column.name)) {
                    let sql = quoted(&column.name);
                    if !out.iter().any(|(o, _)| same(o, &sql)) {
                        out.push((sql, column.clone()));
                    }
                } else {
                    out.push((
                        format!("{}.{}", quoted(&relation.alias), quoted(&column.name)),
                        column.clone(),
                    ));
                }
            }
        }
        out
    }
}
