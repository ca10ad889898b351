//! What an author of Terraform resources writes against: schemas, models, plans, diagnostics.
//!
//! It knows Terraform, not Google. Nothing of the wire (msgpack, protobuf, gRPC) is in its public interface, and
//! `tfplugin-proto` is used by it alone. Providers depend on it.
//!
//! # A resource
//!
//! ```
//! use std::time::Duration;
//! use async_trait::async_trait;
//! use serde::{Deserialize, Serialize};
//! use tfplugin_framework::{
//!     Attr, Attribute, Cx, Diagnostic, OrError, Path, Plan, Resource, Result, Schema, Timeouts, Type, validate,
//! };
//!
//! /// What `Provider::configure` returns.
//! pub struct Clients { /* … */ }
//! # impl Clients {
//! #     async fn create(&self, _: &str, _: Option<&str>) -> std::io::Result<i64> { Ok(1) }
//! #     async fn get(&self, _: &str) -> std::io::Result<Option<i64>> { Ok(None) }
//! #     async fn delete(&self, _: &str) -> std::io::Result<()> { Ok(()) }
//! # }
//!
//! /// A field for every attribute of the schema; `Attr<T>` where it may be null or unknown.
//! #[derive(Debug, Clone, Default, Serialize, Deserialize)]
//! pub struct Topic {
//!     name: Attr<String>,
//!     id: Attr<String>,
//!     labels: Attr<std::collections::BTreeMap<String, Attr<String>>>,
//!     secret_wo: Attr<String>,
//!     generation: Attr<i64>,
//! }
//!
//! pub struct TopicResource;
//!
//! #[async_trait]
//! impl Resource for TopicResource {
//!     type Model = Topic;
//!
//!     fn type_name(&self) -> &'static str { "example_topic" }
//!
//!     fn schema(&self) -> Schema {
//!         Schema::new([
//!             ("name", Attribute::string().required().requires_replace().validate(validate::length(3..=63))
//!                 .describe("The name, unique in the project.")),
//!             ("labels", Attribute::map(Type::String).optional().describe("Labels.")),
//!             ("secret_wo", Attribute::string().optional().write_only().describe("Never stored.")),
//!             ("id", Attribute::string().computed().use_state_for_unknown().describe("The full name.")),
//!             ("generation", Attribute::number().computed().describe("Counts the changes.")),
//!         ])
//!         .describe("A topic.")
//!         .timeouts(Timeouts::new().create(Duration::from_secs(600)))
//!     }
//!
//!     async fn plan(&self, cx: &mut Cx, plan: Plan<Topic>) -> Result<Topic> {
//!         let mut planned = plan.proposed; // computed attributes are `Unknown` here when something changes
//!         if let Some(name) = planned.name.known() {
//!             if name.ends_with('-') {
//!                 return Err(Diagnostic::invalid("name", "the name must not end with a dash").into());
//!             }
//!             planned.id = format!("topics/{name}").into(); // what is known already, the plan shows
//!         }
//!         let _clients = cx.provider::<Clients>()?; // online checks are fine in a plan
//!         Ok(planned)
//!     }
//!
//!     async fn create(&self, cx: &mut Cx, mut planned: Topic) -> Result<Topic> {
//!         let clients = cx.provider::<Clients>()?;
//!         let config: Topic = cx.config()?; // write-only values are only here
//!         let name = planned.name.require("name")?;
//!         let made = clients.create(name, config.secret_wo.as_deref()).await;
//!         planned.generation = made.or_error(format!("cannot create topic {name}"))?.into();
//!         Ok(planned)
//!     }
//!
//!     async fn read(&self, cx: &mut Cx, mut state: Topic) -> Result<Option<Topic>> {
//!         let found = cx.provider::<Clients>()?.get(state.name.require("name")?).await;
//!         let Some(generation) = found.or_error("cannot read the topic")? else { return Ok(None) };
//!         state.generation = generation.into();
//!         Ok(Some(state))
//!     }
//!
//!     async fn update(&self, _cx: &mut Cx, _prior: Topic, mut planned: Topic) -> Result<Topic> {
//!         planned.generation = 2.into();
//!         Ok(planned)
//!     }
//!
//!     async fn delete(&self, cx: &mut Cx, state: Topic) -> Result<()> {
//!         let done = cx.provider::<Clients>()?.delete(state.name.require("name")?).await;
//!         Ok(done.or_error("cannot delete the topic")?)
//!     }
//!
//!     async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Topic> {
//!         let [_, name] = tfplugin_framework::split_import_id(id, "topics/NAME")?;
//!         Ok(Topic { name: name.into(), id: id.into(), ..Topic::default() })
//!     }
//! }
//! # let _ = (TopicResource.schema(), Path::attr("labels").key("team"));
//! ```
//!
//! A [`Provider`] lists its resources; [`serve`] runs it from `main`. [`check_resource`] in a unit test finds a model
//! that does not match its schema.
//!
//! # What to know
//!
//! - `plan` runs twice: when the user plans and again inside apply. Both must give the same result.
//! - If anything changes, every computed attribute arrives in `plan` as `Unknown` (unless it has
//!   `use_state_for_unknown` or a default). If *only* `plan` itself changes something, for example a computed schema
//!   that follows the source, the other computed attributes are still the prior ones: set those to `Attr::Unknown`
//!   that the update will change.
//! - What the plan says is a promise. A computed value that is known in the plan must come out of `create` or `update`
//!   as it was; return `planned` with its unknown fields filled in.
//! - `read` shall return the state that it was given with the fields that it found. Spellings that an attribute's
//!   `equivalent` hook calls the same are kept as they were.
//! - Write-only values are null in every model but that of [`Cx::config`]. A change of one alone is no change to
//!   Terraform: pair it with an attribute for its version.
//! - Maps, not sets, for nested attributes with anything computed inside.
//! - Where prior and planned values are compared inside nested attributes (equivalent spellings, replacement,
//!   `use_state_for_unknown`), entries of maps are matched by key, elements of lists by place, elements of sets by what
//!   they mean. Terraform allows no other match: an element put in front of a list shows as a change of all after it.
//! - What is known of an unknown value (a prefix, bounds) is kept through planning: validators judge by it, [`Cx::refinements`]
//!   shows it, and [`Cx::promise`] states it for computed values.
//! - One line gives a resource an [`Identity`]; a [`ListResource`] finds objects by it. Terraform 1.11 asks for neither.
//! - Warnings of the second plan of a replacement are dropped by Terraform, errors are not.

mod attr;
mod convert;
mod cx;
mod data_source;
mod deferral;
mod diagnostics;
mod ephemeral;
mod erased;
mod function;
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod list;
mod path;
mod pipeline;
mod private;
mod provider;
mod resource;
pub mod schema;
mod serve;
mod server;
mod soundness;

pub use attr::Attr;
pub use convert::{Model, Number, from_value, to_value};
pub use cx::Cx;
pub use data_source::DataSource;
pub use deferral::Deferral;
pub use diagnostics::{Diagnostic, Diagnostics, OrError, Result, Severity};
pub use ephemeral::{EphemeralResource, Opened};
pub use erased::{AnyDataSource, AnyEphemeralResource, AnyResource};
pub use function::{Function, FunctionError, Parameter, Signature};
pub use headwater_report::{Report, Style, render};
pub use identity::Identity;
pub use list::{AnyListResource, ListResource, Listing};
pub use path::{Path, Step};
pub use private::Private;
pub use provider::Provider;
pub use resource::{MoveSource, Plan, Resource, split_import_id};
pub use schema::{
    Attribute, Check, Kind, Nesting, Schema, Timeouts, Validator, at_least_one_of, conflicts_with, equal,
    exactly_one_of, nearest, parse_duration, required_with, validate,
};
pub use serve::{ServeError, ServeOptions, Served, encode_schemas, serve};
pub use soundness::{check_data_source, check_resource};
pub use tfplugin_proto::{Bound, Refinements, Type, Value};
