//! Tests of the mapping between state and spec, and of ids.

use std::collections::BTreeMap;

use headwater_salesforce::Selection;
use headwater_spec::{
    BigQueryType, Column, Deletes, Mode, PipelineSpec, ReadMode, SalesforceAuth, SalesforceConnection, SecretRef,
};
use tfplugin_framework::Attr;

use super::check;
use super::deployment::{Deployment, State};
use super::model::{BudgetModel, Model, Object, ObjectModel, Wanted, schemas_of};
use super::spec::{Facts, deployer};
use crate::resources::pipeline::schedule::ScheduleModel;

pub(super) fn wanted() -> Wanted {
    planned().known().expect("known")
}

fn planned() -> Model {
    let account = ObjectModel {
        table: "Account".into(),
        exclude: Vec::new().into(),
        mode: "incremental".into(),
        ..ObjectModel::default()
    };
    let opportunity = ObjectModel {
        table: "opps".into(),
        include: vec![Attr::from("Name"), "Amount".into()].into(),
        exclude: vec![Attr::from("Secret__c")].into(),
        condition: "Amount > 0".into(),
        mode: "full".into(),
    };
    Model {
        name: "crm".into(),
        connection: "projects/p/secrets/headwater-salesforce-crm".into(),
        lake: "gs://lake/".into(),
        dataset: "projects/p/datasets/raw".into(),
        runtime: "projects/p/locations/europe-west1/jobs/headwater".into(),
        schedule: Attr::Known(ScheduleModel {
            cron: "0 * * * *".into(),
            time_zone: "UTC".into(),
        }),
        objects: Attr::Known(BTreeMap::from([
            ("Account".to_owned(), Attr::Known(account)),
            ("Opportunity".to_owned(), Attr::Known(opportunity)),
        ])),
        deletes: "flag".into(),
        safety_lag: "120s".into(),
        bulk_threshold_rows: 10_000.into(),
        part_size_mb: 64.into(),
        task_count: 4.into(),
        api_budget: Attr::Known(BudgetModel {
            max_daily_percent: 40.into(),
        }),
        quality_gate: vec![Attr::from("gs://lake/headwater/pipelines/accounts/spec.json")].into(),
        labels: Attr::Known([("team".to_owned(), "crm".into())].into()),
        run_on_apply: true.into(),
        delete_tables_on_destroy: true.into(),
        schemas: schemas_of(&columns()).into(),
        spec_hash: Attr::Unknown,
        spec_url: "gs://lake/headwater/pipelines/crm/spec.json".into(),
        id: "gs://lake/headwater/pipelines/crm/spec.json".into(),
    }
}

fn columns() -> BTreeMap<String, Vec<Column>> {
    let id = Column {
        name: "Id".into(),
        field: "Id".into(),
        salesforce_type: "id".into(),
        data_type: BigQueryType::String,
        mode: Mode::Required,
        description: "Record ID".into(),
    };
    ["Account", "Opportunity"]
        .map(|object| (object.to_owned(), vec![id.clone()]))
        .into()
}

fn spec() -> PipelineSpec {
    let facts = Facts {
        project: "p".into(),
        connection: SalesforceConnection {
            id: "projects/p/secrets/headwater-salesforce-crm".into(),
            login_url: "https://acme.my.salesforce.com".into(),
            api_version: "66.0".into(),
            auth: SalesforceAuth::ClientCredentials {
                client_id: "3MVG".into(),
                client_secret: SecretRef("projects/p/secrets/s/versions/latest".into()),
            },
        },
        location: "EU".into(),
        deployed_by: Some("me".into()),
    };
    wanted().spec(&columns(), &facts)
}

#[test]
fn what_is_written_reads_back_as_planned() {
    let spec = spec();
    assert!(spec.check().is_ok());
    let state = planned().with_spec(&spec, spec.extract().expect("an extract"));
    assert_eq!(
        state,
        Model {
            spec_hash: spec.hash().into(),
            ..planned()
        }
    );
}

#[test]
fn an_import_finds_everything_that_the_user_set() {
    let spec = spec();
    let mut state = Model {
        name: "crm".into(),
        lake: "gs://lake".into(),
        ..Model::default()
    }
    .with_spec(&spec, spec.extract().expect("an extract"));
    Deployment::of(&wanted(), State::Deployed).complete(&mut state);
    // The schedule comes from Cloud Scheduler, ids from the address of the spec; "120s" is spelled "2m".
    let expected = Model {
        lake: "gs://lake".into(),
        safety_lag: "2m".into(),
        schedule: Attr::Null,
        spec_hash: spec.hash().into(),
        spec_url: Attr::Null,
        id: Attr::Null,
        ..planned()
    };
    assert_eq!(state, expected);
}

#[test]
fn what_somebody_changed_by_hand_is_drift() {
    let mut by_hand = spec();
    let extract = by_hand.salesforce_extract.as_mut().expect("an extract");
    extract.deletes = Deletes::Remove;
    extract.safety_lag_seconds = 3600;
    extract.objects.remove("Opportunity");
    extract.objects.get_mut("Account").expect("Account").condition = Some("Name != null".into());
    let state = planned().with_spec(&by_hand, by_hand.extract().expect("an extract"));
    assert_eq!(state.deletes, "remove".into());
    assert_eq!(state.safety_lag, "1h".into());
    let objects = state.objects.known().expect("objects");
    assert_eq!(objects.len(), 1);
    assert_eq!(
        objects["Account"].known().expect("Account").condition,
        "Name != null".into()
    );
    assert_ne!(state.spec_hash, spec().hash().into());
}

#[test]
fn unknown_parts_make_the_whole_unknown() {
    let cases: [fn(&mut Model); 6] = [
        |m| m.connection = Attr::Unknown,
        |m| m.schedule = Attr::Unknown,
        |m| {
            m.schedule = Attr::Known(ScheduleModel {
                cron: Attr::Unknown,
                time_zone: "UTC".into(),
            });
        },
        |m| m.labels = Attr::Known([("a".to_owned(), Attr::Unknown)].into()),
        |m| m.objects = Attr::Known([("Account".to_owned(), Attr::Unknown)].into()),
        |m| m.dataset = Attr::Unknown,
    ];
    for (index, change) in cases.iter().enumerate() {
        let mut model = planned();
        change(&mut model);
        assert_eq!(model.known(), None, "case {index}");
    }
    let account = &wanted().objects["Account"];
    let expected = Object {
        table: "Account".into(),
        selection: Selection::default(),
        condition: None,
        mode: ReadMode::Incremental,
    };
    assert_eq!(*account, expected);
}

#[test]
fn who_deploys() {
    let env = |pairs: &'static [(&'static str, &'static str)]| {
        deployer(move |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(env(&[]), None);
    assert_eq!(env(&[("USER", "ann")]).as_deref(), Some("ann"));
    assert_eq!(
        env(&[("USER", "runner"), ("GITHUB_ACTOR", "ann"), ("GITHUB_SHA", "abc")]).as_deref(),
        Some("github:ann@abc")
    );
    assert_eq!(
        env(&[("USER", "ann"), ("HEADWATER_DEPLOYED_BY", "release-7")]).as_deref(),
        Some("release-7")
    );
}

#[test]
fn offline_checks_name_path_and_remedy() {
    let object = |change: fn(&mut ObjectModel)| {
        let mut object = ObjectModel::default();
        change(&mut object);
        Model {
            objects: Attr::Known([("Account".to_owned(), Attr::Known(object))].into()),
            ..Model::default()
        }
    };
    let cases: [(Model, &str, &str); 6] = [
        (
            object(|o| o.condition = "WHERE Amount > 0".into()),
            "objects[\"Account\"].where",
            "without WHERE",
        ),
        (
            object(|o| o.condition = " ".into()),
            "objects[\"Account\"].where",
            "Leave `where` out",
        ),
        (
            object(|o| o.condition = "Name = 'x".into()),
            "objects[\"Account\"].where",
            "closing quote",
        ),
        (
            object(|o| o.exclude = vec![Attr::from("id")].into()),
            "objects[\"Account\"].exclude[0]",
            "out of `exclude`",
        ),
        (
            object(|o| {
                o.include = vec![Attr::from("Name")].into();
                o.exclude = vec![Attr::from("Site"), "name".into()].into();
            }),
            "objects[\"Account\"].exclude[1]",
            "out of `include` or of `exclude`",
        ),
        (
            Model {
                objects: Attr::Known([("Account".to_owned(), Attr::Null)].into()),
                ..Model::default()
            },
            "objects[\"Account\"]",
            "`{}`",
        ),
    ];
    for (model, path, says) in cases {
        let problems = check::check(&model);
        let first = problems.iter().next().unwrap_or_else(|| panic!("no problem at {path}"));
        assert_eq!(first.path.to_string(), path);
        assert!(first.detail.contains(says), "{path}: {}", first.detail);
    }
}
