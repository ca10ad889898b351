//! What all calls work on: the store, what is known of each resource, and what runs in the background.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::schemas::Known;
use crate::cursor::Cursor;
use crate::delivery::Micros;
use crate::delivery::subscriber::{Settings, Subscriber};
use crate::log::Log;
use crate::name::Kind;
use crate::record::{LOGS, LogRecord, SchemaRecord, SnapshotRecord, SubscriptionRecord, TopicRecord};
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::store::{Store, StoreError};
use crate::{Error, Options};

/// A topic and its log.
pub(crate) struct Topic {
    pub(crate) topic: crate::wire::pubsub::Topic,
    pub(crate) log: Arc<Log>,
}

/// See the module.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn crate::Clock>,
    pub(crate) tables: Arc<dyn crate::Tables>,
    pub(crate) http: reqwest::Client,
    pub(crate) topics: Registry<Topic>,
    pub(crate) subscriptions: Registry<Subscriber>,
    pub(crate) snapshots: Registry<SnapshotRecord>,
    pub(crate) schemas: Registry<Known>,
    logs: Mutex<HashMap<u64, Arc<Log>>>,
    owners: AtomicU64,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: tokio::runtime::Handle,
}

impl Service {
    pub(crate) fn open(options: Options) -> Result<Arc<Service>, Error> {
        let dir = options.data_dir.join("pubsub");
        std::fs::create_dir_all(&dir).map_err(|source| Error::Directory {
            path: dir.clone(),
            source,
        })?;
        let path = dir.join("pubsub.redb");
        let in_store = |source: StoreError| Error::Store {
            path: path.clone(),
            source: source.into(),
        };
        let store = Store::open(&path).map_err(in_store)?;
        let service = Arc::new(Service {
            store,
            clock: options.clock,
            tables: options.tables,
            http: crate::push::client().map_err(Error::Client)?,
            topics: Registry::default(),
            subscriptions: Registry::default(),
            snapshots: Registry::default(),
            schemas: Registry::default(),
            logs: Mutex::default(),
            owners: AtomicU64::new(1),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
        });
        service.load().map_err(|refusal| Error::Store {
            path: path.clone(),
            source: refusal.into(),
        })?;
        service.start_sweeping();
        Ok(service)
    }

    /// Learns of everything that is stored.
    fn load(self: &Arc<Self>) -> Result<(), Refusal> {
        let snapshot = self.store.snapshot()?;
        // Keys sort `log/` before `resource/`: who needs a log finds it.
        for (key, bytes) in snapshot.records()? {
            if let Some(id) = key.strip_prefix(LOGS).and_then(|id| id.parse().ok()) {
                self.add_log(Log::new(id, &decoded::<LogRecord>(&bytes)?));
            }
            let Some(name) = key.strip_prefix("resource/") else {
                continue;
            };
            match Kind::of(name) {
                Some(Kind::Topic) => {
                    let TopicRecord { topic, log } = decoded(&bytes)?;
                    let log = self.log(log)?;
                    self.topics.put(name, Topic { topic, log });
                }
                Some(Kind::Subscription) => {
                    let record: SubscriptionRecord = decoded(&bytes)?;
                    let acked = Cursor::load(snapshot.acks(record.cursor)?);
                    self.add_subscriber(record, acked)?;
                }
                Some(Kind::Snapshot) => self.snapshots.put(name, decoded::<SnapshotRecord>(&bytes)?),
                Some(Kind::Schema) => self.schemas.put(name, Known::new(decoded::<SchemaRecord>(&bytes)?)),
                None => {}
            }
        }
        Ok(())
    }

    pub(crate) fn now(&self) -> Micros {
        self.clock.now().timestamp_micros()
    }

    pub(crate) fn log(&self, id: u64) -> Result<Arc<Log>, Refusal> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.get(&id).cloned();
        log.ok_or_else(|| Refusal::internal(format!("the log {id} is missing")))
    }

    pub(crate) fn logs(&self) -> Vec<Arc<Log>> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.values().cloned().collect()
    }

    pub(crate) fn add_log(&self, log: Log) -> Arc<Log> {
        let log = Arc::new(log);
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.insert(log.id, log.clone());
        log
    }

    pub(crate) fn remove_log(&self, id: u64) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Makes a subscription known and begins to serve it.
    pub(crate) fn add_subscriber(self: &Arc<Self>, record: SubscriptionRecord, acked: Cursor) -> Result<(), Refusal> {
        let name = record.subscription.name.clone();
        let log = self.log(record.log)?;
        // Ack ids of an earlier life of the server have smaller numbers: time goes on.
        let deliveries = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or(0);
        let settings = Settings::new(record.subscription)?;
        let subscriber = Arc::new(Subscriber::new(log.clone(), record.cursor, settings, acked, deliveries));
        log.follow(subscriber.clone());
        self.subscriptions.put_shared(&name, subscriber.clone());
        self.restart_background(&subscriber);
        Ok(())
    }

    /// A number for one that holds messages.
    pub(crate) fn new_owner(&self) -> u64 {
        self.owners.fetch_add(1, Ordering::Relaxed)
    }

    /// Ends streams and background work, and closes the store.
    pub(crate) async fn shutdown(self: &Arc<Self>) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        for subscriber in self.subscriptions.all() {
            drop(subscriber.save(&self.store).await);
        }
        let own = self.clone();
        drop(tokio::task::spawn_blocking(move || own.store.close()).await);
    }
}

fn decoded<R: Message + Default>(bytes: &[u8]) -> Result<R, StoreError> {
    Ok(R::decode(bytes)?)
}
