//! From the resources of a state or plan to what they declare: pipelines with their tables, suites, marts. No cloud is asked here.

use std::collections::BTreeMap;

use headwater_spec::{CHANGELOG_COLUMNS, CURRENT_COLUMNS, LakeLayout, SystemColumn, quarantine_table};
use serde_json::Value;

use super::access::dataset_name;
use super::hcl::Positions;
use super::model::{Column, Declared, Expectation, Mart, Pipeline, Runtime, Schedule, Spec, Suite, Table};
use super::terraform::{Resource, SENSITIVE};

/// The columns that a gate adds to rows that it sets apart.
const QUARANTINE: &[(&str, &str)] = &[
    ("_headwater_reasons", "STRING"),
    ("_headwater_run", "STRING"),
    ("_headwater_batch", "STRING"),
    ("_headwater_quarantined_at", "TIMESTAMP"),
];

/// A configuration's resources, and where they stand in it.
pub struct Configuration<'a> {
    /// The resources.
    pub resources: &'a [Resource],
    /// Their blocks.
    pub positions: &'a Positions,
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

/// The pairs of an object.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Labels, or whatever is text by name.
pub fn labels(value: &Value) -> BTreeMap<String, String> {
    members(value)
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

impl<'a> Configuration<'a> {
    fn of(&self, kind: &str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// Where a resource is declared.
    pub fn declared(&self, resource: &Resource) -> Declared {
        Declared {
            address: resource.address.clone(),
            at: self.positions.at(&resource.address),
        }
    }

    /// Extracts and streams.
    pub fn pipelines(&self) -> Vec<Pipeline> {
        let extracts = self.of("headwater_salesforce_extract").map(|one| self.extract(one));
        let streams = self.of("headwater_cdc_stream").map(|one| self.stream(one));
        extracts.chain(streams).collect()
    }

    /// What both have.
    fn pipeline(&self, resource: &Resource, kind: &'static str, connection: &Value) -> Pipeline {
        Pipeline {
            kind,
            name: resource.text("name").unwrap_or_default().to_owned(),
            declared: self.declared(resource),
            source: self.org(connection.as_str()),
            labels: labels(&resource.values["labels"]),
            lake: resource.text("lake").unwrap_or_default().to_owned(),
            spec: spec(resource),
            ..Pipeline::default()
        }
    }

    /// The org of a connection: its host if the connection is in the same state.
    fn org(&self, connection: Option<&str>) -> String {
        let Some(id) = connection else { return String::new() };
        let known = self
            .of("headwater_salesforce_connection")
            .find(|resource| resource.text("id") == Some(id));
        let url = known.and_then(|resource| resource.text("login_url"));
        url.map_or_else(|| format!("connection {id}"), org_name)
    }

    fn extract(&self, resource: &Resource) -> Pipeline {
        let values = &resource.values;
        let mut pipeline = self.pipeline(resource, "salesforce_extract", &values["connection"]);
        pipeline.deletes = text(values, "deletes");
        pipeline.schedule = schedule(&values["schedule"]);
        pipeline.runtime = self.runtime(resource.text("runtime"));
        pipeline.gates = self.gates(&values["quality_gate"]);
        let dataset = resource
            .text("dataset")
            .and_then(|id| dataset_name(id, None))
            .unwrap_or_default();
        // Names of objects stand in the schemas, too, should the objects be sensitive.
        let objects: BTreeMap<&String, &Value> =
            members(&values["schemas"]).chain(members(&values["objects"])).collect();
        for (object, settings) in objects {
            let id = settings["table"]
                .as_str()
                .filter(|id| *id != SENSITIVE)
                .unwrap_or(object);
            let columns = columns(&values["schemas"][object]);
            let target = Table {
                name: format!("{dataset}.{id}"),
                role: "target",
                object: object.clone(),
                filter: filter(&values["objects"], settings),
                columns: columns.clone(),
                ..Table::default()
            };
            let apart = Table {
                name: format!("{dataset}.{}", quarantine_table(id)),
                role: "quarantine",
                object: object.clone(),
                columns: columns.into_iter().chain(QUARANTINE.iter().map(own)).collect(),
                ..Table::default()
            };
            let guarded = self.sets_apart(&pipeline.gates, &target.name);
            pipeline.tables.push(target);
            if guarded {
                pipeline.tables.push(apart);
            }
        }
        pipeline
    }

    fn stream(&self, resource: &Resource) -> Pipeline {
        let values = &resource.values;
        let mut pipeline = self.pipeline(resource, "cdc_stream", &values["salesforce"]["connection"]);
        if let Some(subscription) = text(&values["subscription"], "id") {
            pipeline.source = subscription;
        }
        pipeline.runtime = Runtime {
            id: resource
                .text("worker_pool")
                .or_else(|| resource.text("job_id"))
                .unwrap_or_default()
                .to_owned(),
            image: text(values, "image"),
            service_account: text(values, "service_account"),
            ..Runtime::default()
        };
        let dataset = resource
            .text("dataset")
            .and_then(|id| dataset_name(id, None))
            .unwrap_or_default();
        for (entity, settings) in members(&values["entities"]) {
            let of_entity = columns(&values["schemas"][entity]);
            let table = |role, name: &str, system: &[SystemColumn]| Table {
                name: format!("{dataset}.{name}"),
                role,
                object: entity.clone(),
                columns: system.iter().map(of_system).chain(of_entity.iter().cloned()).collect(),
                ..Table::default()
            };
            let default = format!("{entity}_changes");
            let name = settings["changelog"].as_str().unwrap_or(&default);
            let mut changelog = table("changelog", name, CHANGELOG_COLUMNS);
            if let Some(days) = settings["retention_days"].as_u64() {
                changelog.retention.push(format!(
                    "partitions are deleted after {}",
                    super::stores::spoken(days * 86_400)
                ));
            }
            pipeline.tables.push(changelog);
            if settings["keep_current"].as_bool() != Some(false) {
                let name = settings["current"].as_str().unwrap_or(entity);
                pipeline.tables.push(table("current", name, CURRENT_COLUMNS));
            }
        }
        pipeline
    }

    /// What executes an extract.
    fn runtime(&self, id: Option<&str>) -> Runtime {
        let Some(id) = id else { return Runtime::default() };
        let known = self
            .of("headwater_runtime")
            .find(|resource| resource.text("id") == Some(id));
        Runtime {
            id: id.to_owned(),
            image: known.and_then(|resource| resource.text("image")).map(str::to_owned),
            service_account: known
                .and_then(|resource| resource.text("service_account"))
                .map(str::to_owned),
            ..Runtime::default()
        }
    }

    /// The names of suites whose specs are named.
    fn gates(&self, urls: &Value) -> Vec<String> {
        let urls = urls.as_array().into_iter().flatten().filter_map(Value::as_str);
        let name = |url: &str| {
            url.strip_suffix("/spec.json")
                .and_then(|url| url.rsplit('/').next())
                .unwrap_or(url)
                .to_owned()
        };
        urls.map(name).collect()
    }

    /// Whether a gate may set rows of a table apart.
    fn sets_apart(&self, gates: &[String], table: &str) -> bool {
        let suites = self.suites();
        let named = |gate: &String| suites.iter().find(|suite| suite.name == *gate);
        gates.iter().any(|gate| match named(gate) {
            Some(suite) => suite.target == table && suite.expectations.iter().any(|one| one.on_fail == "quarantine"),
            // A gate that is declared elsewhere may.
            None => true,
        })
    }

    /// Suites.
    pub fn suites(&self) -> Vec<Suite> {
        self.of("headwater_dq_suite")
            .map(|resource| {
                let values = &resource.values;
                let table = resource.text("table").and_then(headwater_cloud::TableRef::parse);
                let target = table
                    .map(|table| table.to_string())
                    .or_else(|| text(&values["files"], "uri"));
                let results = text(&values["results"], "dataset").and_then(|id| dataset_name(&id, None));
                let named =
                    |name: &str, default: &str| text(&values["results"], name).unwrap_or_else(|| default.to_owned());
                Suite {
                    name: resource.text("name").unwrap_or_default().to_owned(),
                    declared: self.declared(resource),
                    target: target.unwrap_or_default(),
                    spec: spec(resource),
                    runtime: resource.text("runtime").unwrap_or_default().to_owned(),
                    schedule: schedule(&values["schedule"]),
                    results: results.map(|dataset| {
                        let (runs, results) = (named("run_table", "dq_run"), named("result_table", "dq_result"));
                        (format!("{dataset}.{runs}"), format!("{dataset}.{results}"))
                    }),
                    expectations: expectations(&values["expectations"]),
                    verdict: None,
                }
            })
            .collect()
    }

    /// What Dataform makes.
    pub fn marts(&self) -> Vec<Mart> {
        let mut marts = Vec::new();
        for resource in self.of("headwater_dataform_project") {
            let values = &resource.values;
            let actions = &values["actions"];
            // A dependency is named as the actions are; a table that is only declared keeps its short name.
            let full = |name: &str| {
                let table = actions[name]["table"]
                    .as_str()
                    .and_then(headwater_cloud::TableRef::parse);
                let project = resource.text("project").map(|project| format!("{project}.{name}"));
                table
                    .map(|table| table.to_string())
                    .or(project)
                    .unwrap_or_else(|| name.to_owned())
            };
            for (name, action) in members(actions) {
                let list = |member: &str| -> Vec<String> {
                    let list = action[member].as_array().into_iter().flatten();
                    list.filter_map(Value::as_str).map(str::to_owned).collect()
                };
                let mut reads: Vec<String> = list("depends_on").iter().map(|name| full(name)).collect();
                reads.sort();
                let cron = text(values, "cron_schedule");
                marts.push(Mart {
                    declared: self.declared(resource),
                    name: full(name),
                    kind: text(action, "type").unwrap_or_default(),
                    file: text(action, "file"),
                    reads,
                    columns: list("columns"),
                    fingerprint: text(action, "fingerprint"),
                    schedule: cron
                        .map(|cron| format!("{cron} {}", text(values, "time_zone").unwrap_or_else(|| "UTC".into()))),
                });
            }
        }
        marts
    }
}

/// An org as lineage names it.
pub fn org_name(login_url: &str) -> String {
    let host = login_url.split_once("://").map_or(login_url, |(_, host)| host);
    format!("salesforce://{}", host.trim_end_matches('/'))
}

fn spec(resource: &Resource) -> Spec {
    let layout = || {
        let lake = resource.text("lake")?.parse().ok()?;
        Some(LakeLayout::new(&lake, resource.text("name")?).spec_url())
    };
    Spec {
        url: resource
            .text("spec_url")
            .map(str::to_owned)
            .or_else(layout)
            .unwrap_or_default(),
        declared: resource.text("spec_hash").map(str::to_owned),
        ..Spec::default()
    }
}

fn schedule(value: &Value) -> Option<Schedule> {
    Some(Schedule {
        cron: text(value, "cron")?,
        time_zone: text(value, "time_zone").unwrap_or_else(|| "UTC".into()),
        state: None,
    })
}

/// Which rows of an object are read. That it is sensitive is said, and no more.
fn filter(objects: &Value, settings: &Value) -> Option<String> {
    if objects == SENSITIVE || settings == SENSITIVE {
        return Some(SENSITIVE.to_owned());
    }
    text(settings, "where")
}

/// The columns of one of `schemas`.
fn columns(schema: &Value) -> Vec<Column> {
    let list = schema.as_array().into_iter().flatten();
    list.map(|column| Column {
        name: text(column, "name").unwrap_or_default(),
        data_type: text(column, "type").unwrap_or_default(),
        field: text(column, "field"),
        field_type: text(column, "salesforce_type").filter(|kind| !kind.is_empty()),
        description: text(column, "description").filter(|description| !description.is_empty()),
        origin: "source",
        ..Column::default()
    })
    .collect()
}

fn of_system(column: &SystemColumn) -> Column {
    Column {
        name: column.name.to_owned(),
        data_type: column.data_type.sql().to_owned(),
        description: Some(column.description.to_owned()),
        origin: "headwater",
        ..Column::default()
    }
}

fn own((name, data_type): &(&str, &str)) -> Column {
    Column {
        name: (*name).to_owned(),
        data_type: (*data_type).to_owned(),
        origin: "headwater",
        ..Column::default()
    }
}

/// Expectations by kind, as the configuration has them.
fn expectations(kinds: &Value) -> Vec<Expectation> {
    let mut all = Vec::new();
    for (kind, list) in members(kinds) {
        for one in list.as_array().into_iter().flatten() {
            let several = one["columns"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let columns: Vec<String> = one["column"]
                .as_str()
                .into_iter()
                .chain(several)
                .map(str::to_owned)
                .collect();
            let id = std::iter::once(kind.as_str()).chain(columns.iter().map(String::as_str));
            all.push(Expectation {
                id: text(one, "id").unwrap_or_else(|| id.collect::<Vec<_>>().join(".")),
                check: kind.clone(),
                on_fail: text(one, "on_fail").unwrap_or_else(|| "fail".into()),
                columns,
                ..Expectation::default()
            });
        }
    }
    all
}
