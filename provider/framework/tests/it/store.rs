//! The provider under test: items are JSON files in a directory. Each attribute is there to exercise one rule.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{
    AnyDataSource, AnyEphemeralResource, AnyListResource, AnyResource, Attr, Attribute, Cx, DataSource, Deferral,
    Diagnostic, EphemeralResource, Function, FunctionError, Identity, ListResource, Listing, MoveSource, Number,
    Opened, OrError, Parameter, Path, Plan, Provider, Refinements, Resource, Result, Schema, Signature, Timeouts, Type,
    Value, conflicts_with, equal, validate,
};

pub struct Store;

#[derive(Serialize, Deserialize)]
pub struct Settings {
    directory: Attr<String>,
}

pub struct Directory(PathBuf);

impl Directory {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }
}

#[async_trait]
impl Provider for Store {
    type Config = Settings;
    type Data = Directory;

    fn name(&self) -> &'static str {
        "store"
    }

    fn schema(&self) -> Schema {
        Schema::new([(
            "directory",
            Attribute::string().optional().describe("Where. Default: `STORE_DIR`."),
        )])
    }

    async fn configure(&self, _: &mut Cx, config: Settings) -> Result<Directory> {
        let directory = config
            .directory
            .into_known()
            .or_else(|| std::env::var("STORE_DIR").ok());
        let directory = directory.ok_or_else(|| Diagnostic::invalid("directory", "no directory is set"))?;
        Ok(Directory(directory.into()))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource>> {
        vec![Box::new(Item)]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>> {
        vec![Box::new(Listed)]
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        vec![Box::new(Shout), Box::new(Yell)]
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource>> {
        vec![Box::new(Items)]
    }

    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource>> {
        vec![Box::new(Token)]
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ItemModel {
    name: Attr<String>,
    id: Attr<String>,
    url: Attr<String>,
    document: Attr<String>,
    kind: Attr<String>,
    amount: Attr<Number>,
    labels: Attr<BTreeMap<String, Attr<String>>>,
    zones: Attr<Vec<Attr<String>>>,
    anything: Attr<serde_json::Value>,
    series: Attr<Vec<Attr<Number>>>,
    schedule: Attr<Schedule>,
    objects: Attr<BTreeMap<String, Attr<Object>>>,
    secret_wo: Attr<String>,
    secret_version: Attr<i64>,
    size: Attr<i64>,
    behaviour: Attr<String>,
    protected: Attr<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Schedule {
    cron: Attr<String>,
    zone: Attr<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Object {
    fields: Attr<Vec<Attr<String>>>,
    mode: Attr<String>,
    columns: Attr<Vec<String>>,
}

pub struct Item;

/// What is stored, apart from the state.
#[derive(Serialize, Deserialize)]
struct Stored {
    document: Option<String>,
    kind: Option<String>,
    secret: Option<String>,
}

fn size_of(item: &ItemModel) -> i64 {
    item.document.as_deref().map_or(0, |text| text.len() as i64)
}

impl Item {
    /// Planning and applying agree on these.
    fn fill(item: &mut ItemModel) -> Result<()> {
        let Attr::Known(objects) = &mut item.objects else {
            return Ok(());
        };
        for (name, object) in objects {
            let Attr::Known(object) = object else { continue };
            let here = Path::attr("objects").key(name);
            let fields = match &object.fields {
                Attr::Known(fields) => fields.as_slice(),
                Attr::Null => &[],
                Attr::Unknown => continue,
            };
            let unknown = |field: &Attr<String>| field.as_deref() == Some("Nonexistent");
            if let Some(index) = fields.iter().position(unknown) {
                return Err(Diagnostic::invalid(
                    here.child("fields").index(index),
                    format!("{name} has no such field"),
                )
                .detail("Did you mean `Name`?")
                .into());
            }
            if fields.iter().all(|field| field.known().is_some()) {
                object.columns = fields
                    .iter()
                    .filter_map(Attr::known)
                    .map(|field| field.to_lowercase())
                    .collect::<Vec<_>>()
                    .into();
            }
        }
        Ok(())
    }

    async fn write(cx: &mut Cx, mut planned: ItemModel) -> Result<ItemModel> {
        let directory = cx.provider::<Directory>()?;
        let config: ItemModel = cx.config()?;
        let name = planned.name.require("name")?.clone();
        let stored = Stored {
            document: planned.document.known().cloned(),
            kind: planned.kind.known().cloned(),
            secret: config.secret_wo.into_known(),
        };
        let bytes = serde_json::to_vec(&stored).or_error("cannot write")?;
        std::fs::write(directory.file(&name), bytes).or_error("cannot write the file")?;
        let writes: u32 = cx.private().get("writes").unwrap_or_default();
        cx.private().set("writes", writes + 1);
        planned.size = size_of(&planned).into();
        planned.url = format!("store://{name}").into();
        Item::fill(&mut planned)?;
        cx.record(&planned)?;
        match planned.behaviour.as_deref() {
            Some("panic") => panic!("a deliberate panic"),
            Some("fail") => return Err(Diagnostic::error("a deliberate failure").into()),
            Some("contradict") => planned.kind = "other".into(),
            Some("forget") => planned.size = Attr::Unknown,
            Some("break a promise") => planned.url = "elsewhere".into(),
            Some("slow") => tokio::time::sleep(Duration::from_secs(60)).await,
            // Until somebody interrupts; then with a result all the same.
            Some("patient") => {
                std::fs::write(directory.0.join("pid"), std::process::id().to_string()).or_error("cannot write")?;
                cx.cancelled().cancelled().await;
            }
            _ => {}
        }
        Ok(planned)
    }
}

#[async_trait]
impl Resource for Item {
    type Model = ItemModel;

    fn type_name(&self) -> &'static str {
        "store_item"
    }

    fn schema(&self) -> Schema {
        let text = Attribute::string;
        let name = validate::length(2..=10);
        let cron = validate::matches("must have five fields", |text| text.split_whitespace().count() == 5);
        Schema::new([
            ("name", text().required().requires_replace().validate(name)),
            ("id", text().computed().use_state_for_unknown()),
            ("url", text().computed()),
            ("document", text().optional().equivalent(equal::json)),
            (
                "kind",
                text()
                    .default("plain")
                    .validate(validate::one_of(["plain", "other", "fancy"])),
            ),
            ("amount", Attribute::number().optional()),
            ("labels", Attribute::map(Type::String).optional()),
            ("zones", Attribute::set(Type::String).optional()),
            ("anything", Attribute::dynamic().optional()),
            ("series", Attribute::list(Type::Number).optional()),
            (
                "schedule",
                Attribute::object([
                    ("cron", text().required().validate(cron)),
                    ("zone", text().default("UTC")),
                ])
                .optional(),
            ),
            (
                "objects",
                Attribute::map_of([
                    ("fields", Attribute::list(Type::String).optional()),
                    (
                        "mode",
                        text()
                            .default("fast")
                            .requires_replace_if("it becomes `exact`", |_, planned| planned.as_str() == Some("exact")),
                    ),
                    ("columns", Attribute::list(Type::String).computed()),
                ])
                .optional(),
            ),
            ("secret_wo", text().optional().write_only().sensitive()),
            (
                "secret_version",
                Attribute::number().optional().validate(validate::range(1..)),
            ),
            ("size", Attribute::number().computed()),
            ("behaviour", text().optional().deprecated("It is for tests.")),
            ("protected", Attribute::bool().default(false)),
        ])
        .version(3)
        .check(conflicts_with(["behaviour", "schedule"]))
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(30))
                .delete(Duration::from_secs(30)),
        )
    }

    async fn validate(&self, _: &mut Cx, config: &ItemModel) -> Result<()> {
        match config.name.as_deref() {
            Some("forbidden") => Err(Diagnostic::invalid("name", "this name is forbidden").into()),
            _ => Ok(()),
        }
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<ItemModel>) -> Result<ItemModel> {
        let mut planned = plan.proposed;
        if let Some(name) = planned.name.known()
            && planned.id.is_unknown()
        {
            planned.id = format!("items/{name}").into();
        }
        let old = plan.replaced.as_ref();
        if old.is_some_and(|old| old.get::<u32>("writes").is_some()) && planned.name.as_deref() == Some("guarded") {
            return Err(Diagnostic::error("items/guarded must not replace another one").into());
        }
        if planned.kind.as_deref() == Some("fancy")
            && plan.prior.is_some_and(|prior| prior.kind.as_deref() == Some("plain"))
        {
            cx.require_replace("kind");
        }
        Item::fill(&mut planned)?;
        if planned.url.is_unknown() {
            cx.promise("url", Refinements::not_null().starting_with("store://"));
        }
        let known = cx.refinements("document").and_then(|known| known.prefix.clone());
        if planned.document.is_unknown() && known.as_deref() == Some("later ") {
            cx.defer(Deferral::ConfigUnknown)?;
        }
        Ok(planned)
    }

    async fn plan_destroy(&self, _: &mut Cx, prior: &ItemModel) -> Result<()> {
        if prior.protected == Attr::Known(true) {
            return Err(Diagnostic::error(format!("{} is protected", prior.id.as_deref().unwrap_or_default())).into());
        }
        Ok(())
    }

    async fn create(&self, cx: &mut Cx, planned: ItemModel) -> Result<ItemModel> {
        Item::write(cx, planned).await
    }

    async fn read(&self, cx: &mut Cx, mut state: ItemModel) -> Result<Option<ItemModel>> {
        let name = state.name.require("name")?.clone();
        if state.behaviour.as_deref() == Some("wait") {
            cx.defer(Deferral::MissingPrerequisite)?;
            return Ok(Some(state));
        }
        let Ok(bytes) = std::fs::read(cx.provider::<Directory>()?.file(&name)) else {
            return Ok(None);
        };
        let stored: Stored = serde_json::from_slice(&bytes).or_error("cannot read the file")?;
        state.document = stored.document.into();
        state.kind = stored.kind.into();
        state.size = size_of(&state).into();
        state.url = format!("store://{name}").into();
        state.id = format!("items/{name}").into();
        if state.protected.is_null() {
            state.protected = false.into();
        }
        Ok(Some(state))
    }

    async fn update(&self, cx: &mut Cx, _: ItemModel, planned: ItemModel) -> Result<ItemModel> {
        Item::write(cx, planned).await
    }

    async fn delete(&self, cx: &mut Cx, state: ItemModel) -> Result<()> {
        let file = cx.provider::<Directory>()?.file(state.name.require("name")?);
        Ok(std::fs::remove_file(file).or_error("cannot delete the file")?)
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<ItemModel> {
        let [_, name] = tfplugin_framework::split_import_id(id, "items/NAME")?;
        if name == "later" {
            cx.defer(Deferral::MissingPrerequisite)?;
        }
        Ok(ItemModel {
            name: name.into(),
            ..ItemModel::default()
        })
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("items/{name}").version(1))
    }

    async fn upgrade_identity(&self, _: i64, mut identity: serde_json::Value) -> Result<serde_json::Value> {
        // Version 0 called it otherwise.
        let old = identity.as_object_mut().and_then(|identity| identity.remove("item"));
        identity["name"] = old.unwrap_or_default();
        Ok(identity)
    }

    async fn upgrade(&self, from_version: i64, mut state: serde_json::Value) -> Result<serde_json::Value> {
        let mut renamed = |before: &str, after: &str| {
            let value = state.as_object_mut().and_then(|state| state.remove(before));
            state[after] = value.unwrap_or_default();
        };
        if from_version < 1 {
            renamed("title", "name");
        }
        if from_version < 2 {
            renamed("category", "kind");
        }
        // They were a list of `key=value`.
        if from_version < 3
            && let Some(labels) = state["labels"].as_array()
        {
            let labels: Option<serde_json::Map<_, _>> = labels
                .iter()
                .map(|label| {
                    let (key, value) = label.as_str()?.split_once('=')?;
                    Some((key.to_owned(), value.into()))
                })
                .collect();
            let labels = labels.ok_or_else(|| Diagnostic::invalid("labels", "a label has no value"))?;
            state["labels"] = labels.into();
        }
        Ok(state)
    }

    async fn move_from(&self, source: MoveSource) -> Result<Option<serde_json::Value>> {
        if source.type_name != "terraform_data" {
            return Ok(None);
        }
        Ok(Some(serde_json::json!({ "name": source.state["input"]["value"] })))
    }
}

#[derive(Serialize, Deserialize)]
pub struct ListingModel {
    prefix: Attr<String>,
    names: Attr<Vec<String>>,
}

pub struct Listed;

#[async_trait]
impl DataSource for Listed {
    type Model = ListingModel;

    fn type_name(&self) -> &'static str {
        "store_listing"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            ("prefix", Attribute::string().optional()),
            ("names", Attribute::list(Type::String).computed()),
        ])
    }

    async fn read(&self, cx: &mut Cx, mut config: ListingModel) -> Result<ListingModel> {
        if config.prefix.as_deref() == Some("later") {
            cx.defer(Deferral::ProviderConfigUnknown)?;
            config.names = Attr::Unknown;
            return Ok(config);
        }
        let files = std::fs::read_dir(&cx.provider::<Directory>()?.0).or_error("cannot list")?;
        let mut names: Vec<String> = files
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .collect();
        names.retain(|name| name.starts_with(config.prefix.as_deref().unwrap_or_default()));
        names.sort();
        config.names = names.into();
        Ok(config)
    }
}

/// Finds items by the start of their names.
pub struct Items;

#[derive(Serialize, Deserialize)]
pub struct ItemsModel {
    prefix: Attr<String>,
}

#[async_trait]
impl ListResource for Items {
    type Model = ItemsModel;
    type Resource = Item;

    fn type_name(&self) -> &'static str {
        "store_item"
    }

    fn schema(&self) -> Schema {
        Schema::new([("prefix", Attribute::string().optional().validate(validate::length(1..)))])
    }

    async fn list(&self, cx: &mut Cx, config: ItemsModel, found: &mut Listing<ItemModel>) -> Result<()> {
        let files = std::fs::read_dir(&cx.provider::<Directory>()?.0).or_error("cannot list")?;
        let mut names: Vec<String> = files
            .filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".json")?.to_owned()))
            .filter(|name| name.starts_with(config.prefix.as_deref().unwrap_or_default()))
            .collect();
        names.sort();
        for name in names {
            if name == "broken" {
                found.report(Diagnostic::warning("broken cannot be read")).await;
                continue;
            }
            let item = ItemModel {
                name: name.as_str().into(),
                kind: "plain".into(),
                ..ItemModel::default()
            };
            if !found.push(format!("item {name}"), &item).await? {
                break;
            }
        }
        Ok(())
    }
}

pub struct Shout;

impl Function for Shout {
    fn name(&self) -> &'static str {
        "shout"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Upper case.".to_owned(),
            description: String::new(),
            parameters: vec![Parameter::new("text", Type::String, "What.")],
            variadic: Some(Parameter::new("more", Type::String, "And what.")),
            returns: Type::String,
            deprecated: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let words: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
        if let Some(index) = words.iter().position(|word| word.is_empty()) {
            return Err(FunctionError::argument(index, "must not be empty"));
        }
        Ok(words.join(" ").to_uppercase().into())
    }
}

/// What [`Shout`] was called before.
pub struct Yell;

impl Function for Yell {
    fn name(&self) -> &'static str {
        "yell"
    }

    fn signature(&self) -> Signature {
        Signature {
            deprecated: Some("Use `shout`.".to_owned()),
            ..Shout.signature()
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        Shout.call(arguments)
    }
}

#[derive(Serialize, Deserialize)]
pub struct TokenModel {
    audience: Attr<String>,
    token: Attr<String>,
}

/// When a token for the audience `short` must be renewed: half a second past a round number.
pub fn expires() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(2_000_000_000_500)
}

pub struct Token;

#[async_trait]
impl EphemeralResource for Token {
    type Model = TokenModel;

    fn type_name(&self) -> &'static str {
        "store_token"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            ("audience", Attribute::string().required()),
            ("token", Attribute::string().computed().sensitive()),
        ])
    }

    async fn open(&self, cx: &mut Cx, mut config: TokenModel) -> Result<Opened<TokenModel>> {
        if config.audience.as_deref() == Some("later") {
            cx.defer(Deferral::MissingPrerequisite)?;
            config.token = Attr::Unknown;
            return Ok(Opened {
                result: config,
                renew_at: None,
            });
        }
        cx.private().set("audience", config.audience.as_deref());
        config.token = format!("hush-{}", config.audience.require("audience")?).into();
        let renew_at = (config.audience.as_deref() == Some("short")).then(expires);
        Ok(Opened {
            result: config,
            renew_at,
        })
    }

    async fn renew(&self, cx: &mut Cx) -> Result<Option<SystemTime>> {
        let renewals = cx.private().get::<u32>("renewals").unwrap_or_default() + 1;
        if renewals > 2 {
            return Err(Diagnostic::error("a token lives so long and no longer").into());
        }
        cx.private().set("renewals", renewals);
        Ok((renewals == 1).then(|| expires() + Duration::from_secs(60)))
    }

    async fn close(&self, cx: &mut Cx) -> Result<()> {
        let audience: String = cx.private().get("audience").unwrap_or_default();
        let renewals: Option<u32> = cx.private().get("renewals");
        let note = renewals.map_or(audience.clone(), |times| format!("{audience}, renewed {times} times"));
        let file = cx.provider::<Directory>()?.0.join("closed");
        Ok(std::fs::write(file, note).or_error("cannot note the end")?)
    }
}
