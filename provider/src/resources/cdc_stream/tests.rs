//! Mappings of a stream between state and spec, without a cloud.

use std::collections::BTreeMap;

use headwater_spec::{BigQueryType, Column, Mode, PipelineSpec, SalesforceAuth, SalesforceConnection, SecretRef};
use tfplugin_framework::Attr;

use super::model::{
    AutoscalingModel, Columns, DataflowModel, EntityModel, MappingModel, Model, SalesforceModel, SubscriptionModel,
};
use super::spec::{Facts, Names, problem, spec};

fn column(name: &str, data_type: BigQueryType, salesforce_type: &str) -> Column {
    Column {
        name: name.into(),
        field: name.into(),
        salesforce_type: salesforce_type.into(),
        data_type,
        mode: Mode::Nullable,
        description: String::new(),
    }
}

fn entity(name: &str) -> EntityModel {
    EntityModel {
        changelog: format!("{name}_changes").into(),
        current: name.into(),
        keep_current: true.into(),
        deletes: "hard".into(),
        ..EntityModel::default()
    }
}

fn model() -> Model {
    let names = Names::of("p", "europe-west1", "crm");
    Model {
        name: "crm".into(),
        lake: "gs://lake/".into(),
        dataset: "projects/p/datasets/raw".into(),
        region: "europe-west1".into(),
        engine: "runtime".into(),
        drift: "freeze".into(),
        parallelism: 3.into(),
        workers: 2.into(),
        topic: names.topic.into(),
        pull_subscription: names.subscription.into(),
        dead_letter_topic: names.dead_letter_topic.into(),
        dead_letter_subscription: names.dead_letter_subscription.into(),
        worker_pool: names.pool.into(),
        spec_url: "gs://lake/headwater/pipelines/crm/spec.json".into(),
        id: "gs://lake/headwater/pipelines/crm/spec.json".into(),
        ..Model::default()
    }
}

fn facts() -> Facts {
    Facts {
        project: "p".into(),
        connection: Some(SalesforceConnection {
            id: "projects/p/secrets/s".into(),
            login_url: "https://acme.my.salesforce.com".into(),
            api_version: "66.0".into(),
            auth: SalesforceAuth::ClientCredentials {
                client_id: "3MVG".into(),
                client_secret: SecretRef("projects/p/secrets/s/versions/latest".into()),
            },
        }),
        location: "EU".into(),
        topic: None,
        deployed_by: None,
    }
}

fn salesforce() -> (Model, Columns, Facts) {
    let mut contact = entity("Contact");
    contact.deletes = "soft".into();
    contact.exclude = vec![Attr::from("Description")].into();
    contact.retention_days = 365.into();
    contact.keep_current = false.into();
    contact.current = Attr::Null;
    let model = Model {
        salesforce: Attr::Known(SalesforceModel {
            connection: "projects/p/secrets/s".into(),
            channel: "/data/ChangeEvents".into(),
            initial_snapshot: true.into(),
        }),
        entities: Attr::Known(BTreeMap::from([
            ("Account".to_owned(), Attr::Known(entity("Account"))),
            ("Contact".to_owned(), Attr::Known(contact)),
        ])),
        ..model()
    };
    let columns = vec![column("Id", BigQueryType::String, "id")];
    let columns = Columns::from([("Account".to_owned(), columns.clone()), ("Contact".to_owned(), columns)]);
    (model, columns, facts())
}

fn others(format: &str) -> (Model, Columns, Facts) {
    let mut orders = entity("orders");
    orders.columns = Attr::Known(BTreeMap::from([
        ("id".to_owned(), "INT64".into()),
        ("total".to_owned(), "NUMERIC".into()),
    ]));
    let mapping = MappingModel {
        key: "$.id".into(),
        operation: "$.op".into(),
        operations: Attr::Known(BTreeMap::from([("I".to_owned(), "create".into())])),
        order: "$['v 1']".into(),
        ..MappingModel::default()
    };
    let model = Model {
        subscription: Attr::Known(SubscriptionModel {
            id: "projects/q/subscriptions/s".into(),
            format: format.into(),
            keys: match format {
                "debezium" => Attr::Known(BTreeMap::from([("orders".to_owned(), Attr::Known(vec!["id".into()]))])),
                _ => Attr::Null,
            },
            mapping: if format == "mapping" {
                Attr::Known(mapping)
            } else {
                Attr::Null
            },
        }),
        entities: Attr::Known(BTreeMap::from([("orders".to_owned(), Attr::Known(orders))])),
        topic: "projects/q/topics/t".into(),
        pull_subscription: "projects/q/subscriptions/s".into(),
        ..model()
    };
    let columns = super::columns::configured(&model);
    let facts = Facts {
        connection: None,
        topic: Some("projects/q/topics/t".into()),
        ..facts()
    };
    (model, columns, facts)
}

fn on_dataflow() -> (Model, Columns, Facts) {
    let (model, columns, facts) = others("mapping");
    let settings = DataflowModel {
        machine_type: "n2-standard-2".into(),
        private_addresses: true.into(),
        ..DataflowModel::default()
    };
    let model = Model {
        engine: "dataflow".into(),
        dataflow: Attr::Known(settings),
        parallelism: 2.into(),
        service_account: "stream@p.iam.gserviceaccount.com".into(),
        worker_pool: Attr::Null,
        ..model
    };
    (model, columns, facts)
}

fn scaled() -> (Model, Columns, Facts) {
    let (model, columns, facts) = others("salesforce");
    let model = Model {
        workers: Attr::Null,
        autoscaling: Attr::Known(AutoscalingModel {
            min_workers: 2.into(),
            max_workers: 9.into(),
            target_backlog: 1234.into(),
            scale_down_seconds: 0.into(),
        }),
        ..model
    };
    (model, columns, facts)
}

#[test]
fn the_state_says_what_the_spec_says() {
    for (what, (model, columns, facts)) in [
        ("salesforce", salesforce()),
        ("subscription", others("salesforce")),
        ("debezium", others("debezium")),
        ("mapping", others("mapping")),
        ("dataflow", on_dataflow()),
        ("autoscaling", scaled()),
    ] {
        let made = spec(&model, &columns, &facts).expect(what);
        made.check().expect(what);
        let read = PipelineSpec::from_json(made.to_json().as_bytes()).expect(what);
        let found = model.with_spec(&read, read.stream().expect(what));
        let expected = Model {
            spec_hash: made.hash().into(),
            schemas: super::model::schemas_of(&columns).into(),
            ..model.clone()
        };
        assert_eq!(found, expected, "{what}");

        // An import knows lake and name, and learns the rest.
        let bare = Model {
            name: "crm".into(),
            lake: "gs://lake".into(),
            ..Model::default()
        };
        let mut found = bare.with_spec(&read, read.stream().expect(what));
        let mut expected = Model {
            lake: "gs://lake".into(),
            // The spec says it of Dataflow's.
            workers: if what == "dataflow" { 2.into() } else { Attr::Null },
            batching: found.batching.clone(),
            ..expected
        };
        for model in [&mut found, &mut expected] {
            for entity in model.entities.known_mut().expect("entities").values_mut() {
                entity.known_mut().expect("known").exclude = Attr::Null;
            }
        }
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn nothing_is_said_while_something_is_not_known() {
    let (model, columns, facts) = salesforce();
    let unknown: [fn(&mut Model); 6] = [
        |model| model.name = Attr::Unknown,
        |model| model.labels = Attr::Unknown,
        |model| model.status_topic = Attr::Unknown,
        |model| model.batching = Attr::Unknown,
        |model| model.autoscaling = Attr::Unknown,
        |model| model.entities = Attr::Unknown,
    ];
    for hide in unknown {
        let mut model = model.clone();
        hide(&mut model);
        assert!(spec(&model, &columns, &facts).is_none());
    }
}

#[test]
fn a_refusal_points_at_the_attribute() {
    let (model, columns, facts) = others("mapping");
    let mut made = spec(&model, &columns, &facts).expect("a spec");
    made.cdc_stream.as_mut().expect("a stream").batching.rows = 0;
    let refused = problem(&made.check().expect_err("no rows"));
    assert_eq!(refused.path.to_string(), "batching.rows");
    let (model, columns, facts) = scaled();
    let mut made = spec(&model, &columns, &facts).expect("a spec");
    let stream = made.cdc_stream.as_mut().expect("a stream");
    stream.scaling.as_mut().expect("scaling").max_workers = 1;
    let refused = problem(&made.check().expect_err("less than the least"));
    assert_eq!(refused.path.to_string(), "autoscaling.max_workers");
    let (model, columns, facts) = others("mapping");
    let mut made = spec(&model, &columns, &facts).expect("a spec");
    let entities = &mut made.cdc_stream.as_mut().expect("a stream").entities;
    entities.get_mut("orders").expect("orders").current = Some("orders_changes".into());
    let refused = problem(&made.check().expect_err("one table twice"));
    assert_eq!(refused.path.to_string(), "entities[\"orders\"].current");
}
