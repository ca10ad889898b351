//! The attributes of a routine and what they refuse offline.

use std::time::Duration;

use tfplugin_framework::{
    Attribute, Diagnostic, Diagnostics, Path, Schema, Timeouts, Type, Validator, Value, validate,
};

use super::model::{ANY, Routine};
use super::types;
use crate::names;

pub(super) fn schema() -> Schema {
    Schema::new([
        (
            "dataset",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::dataset_path())
                .describe("The dataset that it lies in: the id of a `headwater_bigquery_dataset`."),
        ),
        (
            "routine_id",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(types::name())
                .describe("The routine's id, unique among the routines of its dataset."),
        ),
        (
            "routine_type",
            Attribute::string()
                .default("SCALAR_FUNCTION")
                .requires_replace()
                .validate(validate::one_of(["SCALAR_FUNCTION", "TABLE_VALUED_FUNCTION", "PROCEDURE"]))
                .describe("A function of values, a function that gives a table, or a procedure to `CALL`."),
        ),
        (
            "language",
            Attribute::string()
                .default("SQL")
                .validate(validate::one_of(["SQL", "JAVASCRIPT"]))
                .describe("The language of the body."),
        ),
        ("arguments", arguments()),
        (
            "return_type",
            Attribute::string()
                .optional()
                .equivalent(types::same)
                .validate(types::validator())
                .describe("The type of a function's result. A function in SQL that leaves it out gets the type of its body, one in JavaScript needs it."),
        ),
        (
            "return_table_columns",
            Attribute::list_of([
                ("name", Attribute::string().required().validate(types::name()).describe("The name.")),
                (
                    "type",
                    Attribute::string()
                        .required()
                        .equivalent(types::same)
                        .validate(types::validator())
                        .describe("The type in GoogleSQL."),
                ),
            ])
            .optional()
            .describe("The columns of a table function's result. Left out, they are those of its query."),
        ),
        (
            "definition_body",
            Attribute::string()
                .required()
                .equivalent(same_body)
                .validate(validate::length(1..=1_048_576))
                .describe("The body: an expression, a query, the statements of a procedure, or JavaScript. BigQuery checks SQL while it is planned. White space, comments and the case of keywords are no change in SQL."),
        ),
        (
            "imported_libraries",
            Attribute::list(Type::String)
                .optional()
                .validate(validate::each(validate::prefix("gs://")))
                .describe("JavaScript files in Cloud Storage that the body may use."),
        ),
        (
            "determinism_level",
            Attribute::string()
                .optional()
                .validate(validate::one_of(["DETERMINISTIC", "NOT_DETERMINISTIC"]))
                .describe("Whether a JavaScript function always gives the same for the same arguments, so that answers can be kept."),
        ),
        (
            "description",
            Attribute::string().optional().validate(validate::length(0..=16_384)).describe("What it does."),
        ),
        (
            "sql_name",
            Attribute::string().computed().use_state_for_unknown().describe("The routine's name for SQL, quoted: `` `PROJECT.DATASET.ROUTINE` ``."),
        ),
        (
            "id",
            Attribute::string().computed().use_state_for_unknown().describe("The full name: `projects/PROJECT/datasets/DATASET/routines/ROUTINE`."),
        ),
    ])
    .describe("A BigQuery routine: a function of values, a table function or a procedure, in SQL or JavaScript.")
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(300))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(300))
            .delete(Duration::from_secs(300)),
    )
}

/// The same text apart from white space around it. What else is the same depends on the language: see the plan.
fn same_body(before: &Value, after: &Value) -> bool {
    matches!((before.as_str(), after.as_str()), (Some(a), Some(b)) if a.trim() == b.trim())
}

fn arguments() -> Attribute {
    Attribute::list_of([
        (
            "name",
            Attribute::string()
                .required()
                .validate(types::name())
                .describe("The name."),
        ),
        (
            "type",
            Attribute::string()
                .required()
                .equivalent(types::same)
                .validate(argument_type())
                .describe("The type in GoogleSQL, such as `ARRAY<STRUCT<a INT64, b STRING>>`, or `ANY TYPE`."),
        ),
        (
            "mode",
            Attribute::string()
                .optional()
                .validate(validate::one_of(["IN", "OUT", "INOUT"]))
                .describe("Of a procedure's argument: whether it takes a value, gives one, or both."),
        ),
    ])
    .optional()
    .describe("The arguments in their order.")
}

fn argument_type() -> Validator {
    let rule = types::validator();
    Validator::new(
        "must be a type in GoogleSQL, such as `INT64` or `ARRAY<STRUCT<a INT64, b STRING>>`, or `ANY TYPE`",
        move |value| {
            if value.as_str() == Some(ANY) {
                return Ok(());
            }
            let problem = rule.check(value, &Path::root()).into_iter().next();
            problem.map_or(Ok(()), |(_, text)| Err(text))
        },
    )
}

/// What the schema cannot say.
pub(super) fn check(config: &Routine) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let kind = config.routine_type.as_deref().unwrap_or("SCALAR_FUNCTION");
    let language = config.language.as_deref().unwrap_or("SQL");
    let unknown = config.routine_type.is_unknown() || config.language.is_unknown();
    if unknown {
        return problems;
    }
    let mut wrong = |path: Path, what: &str, hint: &str| {
        problems.push(Diagnostic::invalid(path, what).hint(hint));
    };
    if language == "JAVASCRIPT" && kind != "SCALAR_FUNCTION" {
        wrong(
            Path::attr("language"),
            "only a SCALAR_FUNCTION can be written in JavaScript",
            "Write it in SQL, or make it a SCALAR_FUNCTION.",
        );
    } else if language == "JAVASCRIPT" && config.return_type.is_null() {
        wrong(
            Path::attr("return_type"),
            "a JavaScript function needs `return_type`",
            "BigQuery cannot see what JavaScript gives: write the type, such as `STRING`.",
        );
    }
    if language == "SQL" && !config.imported_libraries.is_null() {
        wrong(
            Path::attr("imported_libraries"),
            "`imported_libraries` are set and the language is SQL",
            "They belong to JavaScript: leave them out.",
        );
    }
    if language == "SQL" && !config.determinism_level.is_null() {
        wrong(
            Path::attr("determinism_level"),
            "`determinism_level` is set and the language is SQL",
            "It belongs to JavaScript: leave it out.",
        );
    }
    if kind != "SCALAR_FUNCTION" && !config.return_type.is_null() {
        wrong(
            Path::attr("return_type"),
            "`return_type` belongs to a SCALAR_FUNCTION",
            "A table function has `return_table_columns`, a procedure arguments of mode OUT.",
        );
    }
    if kind != "TABLE_VALUED_FUNCTION" && !config.return_table_columns.is_null() {
        wrong(
            Path::attr("return_table_columns"),
            "`return_table_columns` belong to a TABLE_VALUED_FUNCTION",
            "Leave them out, or change `routine_type`.",
        );
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, argument) in config.arguments.known().into_iter().flatten().enumerate() {
        let Some(argument) = argument.known() else { continue };
        let at = Path::attr("arguments").index(index);
        if kind != "PROCEDURE" && !argument.mode.is_null() {
            wrong(
                at.child("mode"),
                "`mode` belongs to the arguments of a procedure",
                "A function only takes values: leave it out.",
            );
        }
        if let Some(name) = argument.name.as_deref() {
            if seen.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                wrong(at.child("name"), "the argument is there twice", "Give it another name.");
            }
            seen.push(name);
        }
    }
    problems
}
