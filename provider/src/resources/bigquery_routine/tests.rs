//! Routines as documents and as statements.

use serde_json::json;
use tfplugin_framework::Attr;

use super::BigQueryRoutine;
use super::model::{ANY, Argument, Routine};

fn argument(name: &str, kind: &str) -> Attr<Argument> {
    Argument {
        name: name.into(),
        r#type: kind.into(),
        mode: Attr::Null,
    }
    .into()
}

fn planned() -> Routine {
    let mut routine = Routine {
        dataset: "projects/p/datasets/d".into(),
        routine_id: "add".into(),
        routine_type: "SCALAR_FUNCTION".into(),
        language: "SQL".into(),
        arguments: vec![argument("x", "integer"), argument("y", ANY)].into(),
        return_type: "NUMERIC".into(),
        definition_body: "x + y".into(),
        ..Routine::default()
    };
    routine.name();
    routine
}

#[test]
fn what_is_created_reads_back_as_planned() {
    let planned = planned();
    let document = planned.document();
    assert_eq!(
        document["arguments"][1],
        json!({"name": "y", "argumentKind": "ANY_TYPE"})
    );
    assert_eq!(planned.read(&document), planned);
    assert!(planned.is_made_of(&document));
    let mut other = document;
    other["definitionBody"] = "x - y".into();
    assert!(!planned.is_made_of(&other));
}

#[test]
fn what_bigquery_infers_is_no_drift() {
    let open = Routine {
        return_type: Attr::Null,
        ..planned()
    };
    let mut document = open.document();
    document["returnType"] = json!({"typeKind": "NUMERIC"});
    assert_eq!(open.read(&document), open);
}

#[test]
fn the_statement_is_the_one_that_makes_it() {
    let mut routine = planned();
    assert_eq!(
        routine.statement().expect("known"),
        "CREATE OR REPLACE FUNCTION `p.d.add`(`x` INT64, `y` ANY TYPE) RETURNS NUMERIC AS (\nx + y\n)"
    );
    routine.routine_type = "PROCEDURE".into();
    routine.definition_body = "SELECT 1;".into();
    assert!(routine.statement().expect("known").ends_with("\nBEGIN\nSELECT 1;\nEND"));
    for (body, end) in [
        ("BEGIN SELECT 1; END", "END\n;END"),
        ("SELECT 1; -- the end", "-- the end\nEND"),
    ] {
        routine.definition_body = body.into();
        assert!(routine.statement().expect("known").ends_with(end), "{body}");
    }
    routine.language = "JAVASCRIPT".into();
    assert_eq!(routine.statement(), None);
}

#[test]
fn the_model_fits_the_schema() {
    let problems = tfplugin_framework::check_resource(&BigQueryRoutine);
    assert!(problems.is_empty(), "{problems:?}");
}
