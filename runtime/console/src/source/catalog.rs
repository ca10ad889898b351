//! Which pipelines there are: their specs, where their objects stand, and what a stream notes of itself; from the lakes alone.
//! An object that has not changed is not read again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use headwater_cloud::{Cloud, Error, Object, ObjectPath, OptionalExt as _};
use headwater_spec::{GcsUrl, LakeLayout, PipelineSpec, Watermark};
use serde::Deserialize;
use serde_json::Value;

use super::{PARALLEL, said};

/// How long the list of lakes is good, where nobody named them.
const LAKES_FRESH: Duration = Duration::from_secs(300);
/// Pages of a thousand dead letters that are counted.
const COUNTED_PAGES: usize = 10;

/// A pipeline among all: its lake and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// `gs://BUCKET[/PREFIX]`.
    pub lake: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl Key {
    /// The lake without `gs://`: what a URL of ours calls it.
    pub fn short_lake(&self) -> &str {
        self.lake.strip_prefix("gs://").unwrap_or(&self.lake)
    }
}

/// What a pipeline does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `salesforce_extract`.
    Extract,
    /// `cdc_stream`.
    Stream,
    /// `dq_suite`.
    Suite,
    /// A spec that this version cannot read.
    Unknown,
}

impl Kind {
    /// As the JSON says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Stream => "stream",
            Self::Suite => "suite",
            Self::Unknown => "unknown",
        }
    }
}

/// A document of the lake, as it was read.
#[derive(Debug, Clone)]
struct Read<T> {
    generation: i64,
    content: T,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Which.
    pub key: Key,
    /// Where its objects lie.
    pub layout: LakeLayout,
    spec: Read<Result<Arc<PipelineSpec>, String>>,
    deployment: Option<Read<Value>>,
    watermarks: BTreeMap<String, Read<Option<Watermark>>>,
    control: Option<Read<Value>>,
    /// What a stream notes of itself.
    pub stream: Option<Notes>,
}

/// What a stream notes of itself in the lake.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Whether somebody has asked its workers to stand still.
    pub paused: bool,
    /// Which bridge is at work and how far it is; absent: none has been.
    pub bridge: Option<Bridge>,
    /// Repairs of what events did not tell.
    pub repairs: usize,
    /// Messages that could not be applied.
    pub dead_letters: usize,
    /// Whether that is all of them.
    pub dead_letters_counted: bool,
}

/// `bridge/position.json`, as far as somebody looks at it.
#[derive(Debug, Clone, Deserialize)]
pub struct Bridge {
    holder: Option<String>,
    expires_at: DateTime<Utc>,
    /// By channel.
    #[serde(default)]
    pub feeds: BTreeMap<String, Feed>,
    /// How far the initial snapshot is.
    #[serde(default)]
    pub snapshot: Option<Snapshot>,
}

/// Behind which event of a channel everything is in the topic.
#[derive(Debug, Clone, Deserialize)]
pub struct Feed {
    /// When that was committed, by Salesforce's clock.
    #[serde(default)]
    pub committed_at: Option<DateTime<Utc>>,
    /// When the channel was first read.
    pub since: DateTime<Utc>,
}

/// How far the initial snapshot is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Snapshot {
    /// Entities whose rows are all published, and how many.
    #[serde(default)]
    pub done: BTreeMap<String, u64>,
}

impl Bridge {
    /// Whether a bridge is at work.
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.holder.is_some() && now < self.expires_at
    }

    /// The newest event that is in the topic.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.feeds.values().filter_map(|feed| feed.committed_at).max()
    }
}

impl Pipeline {
    /// Its spec, or why it cannot be read.
    pub fn spec(&self) -> Result<&PipelineSpec, &str> {
        match &self.spec.content {
            Ok(spec) => Ok(spec),
            Err(why) => Err(why),
        }
    }

    /// What it does.
    pub fn kind(&self) -> Kind {
        match self.spec() {
            Ok(spec) if spec.salesforce_extract.is_some() => Kind::Extract,
            Ok(spec) if spec.cdc_stream.is_some() => Kind::Stream,
            Ok(_) => Kind::Suite,
            Err(_) => Kind::Unknown,
        }
    }

    /// The Cloud Run job that executes it, as the apply noted it.
    pub fn runtime(&self) -> Option<&str> {
        self.deployment.as_ref()?.content["runtime"].as_str()
    }

    /// Whether an apply is at work on it, or was killed at it.
    pub fn half_made(&self) -> bool {
        let deployment = self.deployment.as_ref().map(|deployment| &deployment.content);
        deployment
            .is_some_and(|one| one["creating"] == true || ["creating", "updating"].iter().any(|s| one["state"] == **s))
    }

    /// Where an object stands.
    pub fn watermark(&self, object: &str) -> Option<&Watermark> {
        self.watermarks.get(object)?.content.as_ref()
    }

    /// How far the object is that is the furthest behind; absent while one has never been read.
    pub fn fresh_to(&self) -> Option<DateTime<Utc>> {
        let extract = self.spec().ok()?.salesforce_extract.as_ref()?;
        let each = extract
            .objects
            .keys()
            .map(|name| self.watermark(name).map(|mark| mark.committed));
        each.collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}

/// All pipelines.
#[derive(Debug)]
pub struct Catalog {
    lakes: Vec<GcsUrl>,
    lakes_at: Instant,
    /// By kind and name.
    pub pipelines: Vec<Arc<Pipeline>>,
}

impl Catalog {
    /// One of them.
    pub fn get(&self, key: &Key) -> Option<&Arc<Pipeline>> {
        self.pipelines.iter().find(|one| one.key == *key)
    }

    /// Those of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Arc<Pipeline>> {
        self.pipelines.iter().filter(move |one| one.kind() == kind)
    }

    /// The lakes that were looked into.
    pub fn lakes(&self) -> impl Iterator<Item = String> {
        self.lakes.iter().map(ToString::to_string)
    }
}

/// Looks into the lakes; `named` empty: into every bucket of the project.
pub async fn find(cloud: Cloud, named: Vec<GcsUrl>, before: Option<Arc<Catalog>>) -> Result<Catalog, String> {
    let by_name = !named.is_empty();
    let known = before.as_ref().filter(|before| before.lakes_at.elapsed() < LAKES_FRESH);
    let (lakes, lakes_at) = match known {
        // A lake may be made at any time while there is none.
        Some(before) if !before.lakes.is_empty() => (before.lakes.clone(), before.lakes_at),
        _ if named.is_empty() => (discover(&cloud).await.map_err(|error| said(&error))?, Instant::now()),
        _ => (named, Instant::now()),
    };
    let (mut layouts, mut present) = (Vec::new(), Vec::new());
    for lake in lakes {
        let names = match names(&cloud, &lake).await {
            Ok(names) => names,
            // One that was found and is deleted since; one that somebody named should be there.
            Err(error) if !by_name && error.is_not_found() => continue,
            Err(error) => return Err(said(&error)),
        };
        let layout = |name: String| (lake.to_string(), name.clone(), LakeLayout::new(&lake, &name));
        layouts.extend(names.into_iter().map(layout));
        present.push(lake);
    }
    let found = futures::stream::iter(layouts)
        .map(|(lake, name, layout)| {
            let key = Key {
                lake: lake.into(),
                name: name.into(),
            };
            let before = before.as_ref().and_then(|before| before.get(&key)).cloned();
            pipeline(&cloud, key, layout, before)
        })
        .buffered(PARALLEL);
    let found: Vec<Option<Pipeline>> = found.try_collect().await.map_err(|error| said(&error))?;
    let mut pipelines: Vec<Arc<Pipeline>> = found.into_iter().flatten().map(Arc::new).collect();
    pipelines.sort_by(|a, b| (a.kind(), &a.key.name, &a.key.lake).cmp(&(b.kind(), &b.key.name, &b.key.lake)));
    Ok(Catalog {
        lakes: present,
        lakes_at,
        pipelines,
    })
}

async fn names(cloud: &Cloud, lake: &GcsUrl) -> Result<Vec<String>, Error> {
    let prefix = lake.join("headwater/pipelines/").path().to_owned();
    let prefixes = cloud.storage().list_prefixes(lake.bucket(), &prefix).await?;
    let name = |path: &String| Some(path.strip_prefix(&prefix)?.trim_end_matches('/').to_owned());
    Ok(prefixes.iter().filter_map(name).collect())
}

/// The buckets of the project that have pipelines.
async fn discover(cloud: &Cloud) -> Result<Vec<GcsUrl>, Error> {
    let storage = cloud.storage();
    let buckets = storage.list_buckets(cloud.project()).await?;
    let looks = futures::stream::iter(buckets)
        .map(|bucket| {
            let storage = storage.clone();
            async move {
                // A bucket that may not be looked into is none of ours.
                let level = storage.list_level(&bucket, "headwater/pipelines/", 1).await.ok()?;
                let lake = format!("gs://{bucket}").parse().ok()?;
                (!level.prefixes.is_empty()).then_some(lake)
            }
        })
        .buffered(PARALLEL);
    Ok(looks.filter_map(|lake| async move { lake }).collect().await)
}

async fn pipeline(
    cloud: &Cloud,
    key: Key,
    layout: LakeLayout,
    before: Option<Arc<Pipeline>>,
) -> Result<Option<Pipeline>, Error> {
    let reader = Reader { cloud, layout: &layout };
    let root = layout.root();
    let level = cloud.storage().list_level(layout.bucket(), &root, 1).await?;
    let at = |name: &str| {
        level
            .objects
            .iter()
            .find(|object| object.name == format!("{root}{name}"))
    };
    let Some(spec_object) = at("spec.json") else {
        return Ok(None);
    };
    let before = before.as_deref();
    let spec = match before.map(|before| &before.spec) {
        Some(same) if same.generation == spec_object.generation => same.clone(),
        _ => {
            let Some(bytes) = reader.bytes(spec_object).await? else {
                return Ok(None);
            };
            Read {
                generation: spec_object.generation,
                content: PipelineSpec::from_json(&bytes)
                    .map(Arc::new)
                    .map_err(|error| said(&error)),
            }
        }
    };
    let deployment = reader
        .json(
            at("deployment.json"),
            before.and_then(|before| before.deployment.clone()),
        )
        .await?;
    let control = reader
        .json(at("control.json"), before.and_then(|before| before.control.clone()))
        .await?;
    let mut pipeline = Pipeline {
        spec,
        deployment,
        control,
        watermarks: BTreeMap::new(),
        stream: None,
        key,
        layout: layout.clone(),
    };
    match pipeline.kind() {
        Kind::Extract => pipeline.watermarks = reader.watermarks(before).await?,
        Kind::Stream => {
            let mut notes = reader.notes().await?;
            notes.paused = pipeline
                .control
                .as_ref()
                .is_some_and(|control| control.content["paused"] == true);
            pipeline.stream = Some(notes);
        }
        Kind::Suite | Kind::Unknown => {}
    }
    Ok(Some(pipeline))
}

/// Reads a pipeline's documents.
struct Reader<'a> {
    cloud: &'a Cloud,
    layout: &'a LakeLayout,
}

impl Reader<'_> {
    fn path(&self, name: &str) -> ObjectPath {
        ObjectPath {
            bucket: self.layout.bucket().to_owned(),
            name: name.to_owned(),
        }
    }

    async fn bytes(&self, object: &Object) -> Result<Option<Vec<u8>>, Error> {
        let found = self.cloud.storage().get(&self.path(&object.name)).await.optional()?;
        Ok(found.map(|found| found.bytes.to_vec()))
    }

    /// A document of JSON; one that is none is as good as absent.
    async fn json(&self, object: Option<&Object>, before: Option<Read<Value>>) -> Result<Option<Read<Value>>, Error> {
        let Some(object) = object else { return Ok(None) };
        if before
            .as_ref()
            .is_some_and(|before| before.generation == object.generation)
        {
            return Ok(before);
        }
        let bytes = self.bytes(object).await?;
        Ok(bytes.map(|bytes| Read {
            generation: object.generation,
            content: serde_json::from_slice(&bytes).unwrap_or_default(),
        }))
    }

    async fn watermarks(&self, before: Option<&Pipeline>) -> Result<BTreeMap<String, Read<Option<Watermark>>>, Error> {
        let prefix = format!("{}objects/", self.layout.root());
        let objects = self.cloud.storage().list(self.layout.bucket(), &prefix).await?;
        let marks = objects.into_iter().filter_map(|object| {
            let name = object
                .name
                .strip_prefix(&prefix)?
                .strip_suffix("/watermark.json")?
                .to_owned();
            Some((name, object))
        });
        let read = futures::stream::iter(marks)
            .map(|(name, object)| async move {
                let same = before.and_then(|before| before.watermarks.get(&name));
                let same = same.filter(|same| same.generation == object.generation).cloned();
                let read = match same {
                    Some(same) => same,
                    None => Read {
                        generation: object.generation,
                        content: self
                            .bytes(&object)
                            .await?
                            .and_then(|bytes| serde_json::from_slice(&bytes).ok()),
                    },
                };
                Ok::<_, Error>((name, read))
            })
            .buffered(PARALLEL);
        read.try_collect().await
    }

    async fn notes(&self) -> Result<Notes, Error> {
        let storage = self.cloud.storage();
        let (bucket, root) = (self.layout.bucket(), self.layout.root());
        let position = self.path(&format!("{root}bridge/position.json"));
        let (position, repairs, letters) = (
            storage.get(&position).await.optional()?,
            storage.list_level(bucket, &format!("{root}bridge/repairs/"), 1).await?,
            storage
                .list_level(bucket, &format!("{root}dead-letters/"), COUNTED_PAGES)
                .await?,
        );
        Ok(Notes {
            paused: false,
            bridge: position.and_then(|found| serde_json::from_slice(&found.bytes).ok()),
            repairs: repairs.objects.len(),
            dead_letters: letters.objects.len(),
            dead_letters_counted: letters.complete,
        })
    }
}
