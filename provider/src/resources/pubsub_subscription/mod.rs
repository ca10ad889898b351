//! `headwater_pubsub_subscription`: a Pub/Sub subscription.
//! <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions>

mod model;
mod schema;
#[cfg(test)]
mod tests;

use headwater_cloud::{CreateBy, Listing, PatchBy, Service};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Diagnostic, Diagnostics, Path, Result, Schema};

pub(crate) use self::model::Subscription;
use crate::rest::{Api, Described, Parts, Pattern};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PubSubSubscription;

impl Described for PubSubSubscription {
    type Model = Subscription;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_pubsub_subscription",
            noun: "subscription",
            service: Service::PubSub,
            name: Pattern("projects/{project}/subscriptions/{name}"),
            create: CreateBy::Put,
            patch: PatchBy::Envelope("subscription"),
            listing: Some(Listing::of("subscriptions")),
            labelled: true,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn parts<'a>(&self, model: &'a mut Subscription) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn document(&self, model: &Subscription) -> Json {
        model.document()
    }

    fn read(&self, state: &Subscription, document: &Json) -> Subscription {
        state.read(document)
    }

    fn validate(&self, config: &Subscription) -> Result<()> {
        let mut problems = Diagnostics::new();
        let delivers = [
            ("push_config", !config.push_config.is_null()),
            ("bigquery_config", !config.bigquery_config.is_null()),
            ("cloud_storage_config", !config.cloud_storage_config.is_null()),
        ];
        let delivers = delivers.into_iter().find(|(_, set)| *set);
        if let (Some((name, _)), Some(true)) = (delivers, config.enable_exactly_once_delivery.known()) {
            problems.push(
                Diagnostic::invalid(
                    "enable_exactly_once_delivery",
                    format!("`enable_exactly_once_delivery` conflicts with `{name}`"),
                )
                .hint("Messages are delivered exactly once only to subscribers that pull: remove one of the two."),
            );
        }
        if let Some(table) = config.bigquery_config.known() {
            let path = |name: &str| Path::attr("bigquery_config").child(name);
            let on = |flag: &Attr<bool>| flag.known() == Some(&true);
            let off = |flag: &Attr<bool>| flag.known() != Some(&true) && !flag.is_unknown();
            if on(&table.use_topic_schema) && on(&table.use_table_schema) {
                problems.push(
                    Diagnostic::invalid(
                        path("use_table_schema"),
                        "`bigquery_config.use_table_schema` conflicts with `bigquery_config.use_topic_schema`",
                    )
                    .hint("Columns follow either the topic's schema or the table's: set one of the two."),
                );
            }
            if on(&table.drop_unknown_fields) && off(&table.use_topic_schema) && off(&table.use_table_schema) {
                problems.push(
                    Diagnostic::invalid(
                        path("drop_unknown_fields"),
                        "`bigquery_config.drop_unknown_fields` needs `use_topic_schema` or `use_table_schema`",
                    )
                    .hint("Without a schema a message is written whole and has no fields to drop."),
                );
            }
        }
        problems.into_result()
    }
}
