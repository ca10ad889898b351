//! The provider functions, one module each: pure computations that no operation of Terraform waits for.

use tfplugin_framework::Function;

mod bigquery_schema;
mod cron_next;
mod fields;
mod normalize_sql;
mod soql_fields;

/// All of them.
pub fn all() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(bigquery_schema::BigQuerySchema),
        Box::new(cron_next::CronNext),
        Box::new(normalize_sql::NormalizeSql),
        Box::new(soql_fields::SoqlFields),
    ]
}
