//! How far the tables of streams are: the newest change in each changelog, asked of BigQuery in one query for each stream.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use headwater_cloud::{Cloud, DatasetRef};

use super::catalog::{Catalog, Key, Kind};
use super::said;

/// Only the partitions of the last days are read.
pub const DAYS: u32 = 2;
/// A query that would be billed more is not begun.
const MOST_BYTES: u64 = 1 << 30;

/// The newest change of an entity's changelog.
#[derive(Debug, Clone, Copy, Default)]
pub struct Newest {
    /// When it was committed in the source; absent: nothing has come for days.
    pub committed: Option<DateTime<Utc>>,
    /// Changes that were committed within the last hour.
    pub last_hour: u64,
}

/// By stream and entity, or why it is not known.
#[derive(Debug, Default)]
pub struct Lags(HashMap<Key, Result<BTreeMap<String, Newest>, String>>);

impl Lags {
    /// Of a stream.
    pub fn of(&self, key: &Key) -> Option<&Result<BTreeMap<String, Newest>, String>> {
        self.0.get(key)
    }
}

/// Asks BigQuery.
pub async fn find(cloud: Cloud, catalog: Arc<Catalog>) -> Result<Lags, String> {
    let mut lags = HashMap::new();
    for pipeline in catalog.of(Kind::Stream) {
        let Some(stream) = pipeline.spec().ok().and_then(|spec| spec.cdc_stream.as_ref()) else {
            continue;
        };
        let dataset = DatasetRef::new(&stream.dataset.project, &stream.dataset.dataset);
        let each = stream.entities.iter().map(|(name, entity)| {
            format!(
                "SELECT '{name}' AS entity, FORMAT_TIMESTAMP('%FT%H:%M:%E6SZ', MAX(_commit_timestamp)) AS newest, \
                 COUNTIF(_commit_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)) AS last_hour FROM {} \
                 WHERE _commit_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {DAYS} DAY)",
                dataset.table(&entity.changelog).sql()
            )
        });
        let sql = each.collect::<Vec<_>>().join(" UNION ALL ");
        let answer = cloud
            .bigquery()
            .query_within(&sql, Some(&stream.dataset.location), Some(MOST_BYTES))
            .await;
        let found = answer.map_err(|error| said(&error)).map(|answer| {
            let row = |row: Vec<serde_json::Value>| {
                let newest = Newest {
                    committed: row.get(1).and_then(|v| v.as_str()?.parse().ok()),
                    last_hour: row.get(2).and_then(|v| v.as_str()?.parse().ok()).unwrap_or_default(),
                };
                Some((row.first()?.as_str()?.to_owned(), newest))
            };
            answer.rows.into_iter().filter_map(row).collect()
        });
        lags.insert(pipeline.key.clone(), found);
    }
    Ok(Lags(lags))
}
