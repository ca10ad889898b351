//! STRUCT(…) and tuples.

use sqlparser::ast::{Expr, StructField};

use crate::error::Fault;
use crate::sql::literal::coerce;
use crate::sql::scope::Scope;
use crate::sql::{Ex, Result, Translator};
use crate::types::{Field, Ty, quoted};

impl Translator<'_> {
    pub(in crate::sql) fn struct_literal(
        &self,
        values: &[Expr],
        fields: &[StructField],
        scope: &Scope<'_>,
    ) -> Result<Ex> {
        if !fields.is_empty() && fields.len() != values.len() {
            return Err(Fault::query(
                "STRUCT type has a different number of fields than its values",
            ));
        }
        let mut packed = Vec::new();
        let mut columns = Vec::new();
        for (i, value) in values.iter().enumerate() {
            let (value, name) = match value {
                Expr::Named { expr, name } => (&**expr, name.value.clone()),
                Expr::Identifier(ident) => (value, ident.value.clone()),
                Expr::CompoundIdentifier(parts) => (value, parts.last().map_or_else(String::new, |p| p.value.clone())),
                _ => (value, format!("_field_{}", i + 1)),
            };
            let mut ex = self.expr(value, scope)?;
            let mut name = name;
            if let Some(declared) = fields.get(i) {
                let ty = self.data_type(&declared.field_type)?;
                name = declared
                    .field_name
                    .as_ref()
                    .map_or_else(|| format!("_field_{}", i + 1), |n| n.value.clone());
                ex = Ex::new(format!("CAST({} AS {})", coerce(ex, &ty).sql, ty.duck()), ty);
            }
            packed.push(format!("{} := {}", quoted(&name), ex.sql));
            columns.push(Field { name, ty: ex.ty });
        }
        Ok(Ex::new(
            format!("struct_pack({})", packed.join(", ")),
            Ty::Struct(columns),
        ))
    }
}
