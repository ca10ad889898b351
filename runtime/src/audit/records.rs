//! What pipelines did: the newest records of runs, as an audit says them.

use std::collections::BTreeSet;

use headwater_cloud::Cloud;
use headwater_spec::{LakeLayout, ObjectRun};

use super::model::{Run, RunObject, Runs};
use crate::error::CommandError;
use crate::runs::{newest, state, word};

/// The newest so many runs of a pipeline, and how many there are.
pub async fn read(cloud: &Cloud, layout: &LakeLayout, limit: usize) -> Result<Runs, CommandError> {
    let (total, found) = newest(cloud, layout, limit).await?;
    Ok(Runs {
        total: Some(total),
        newest: found.iter().map(|(id, records)| run(id, records)).collect(),
    })
}

fn run(id: &str, records: &[ObjectRun]) -> Run {
    let of = |value: &dyn Fn(&ObjectRun) -> Option<String>| -> Vec<String> {
        let distinct: BTreeSet<String> = records.iter().filter_map(value).collect();
        distinct.into_iter().collect()
    };
    let started = records.iter().map(|record| record.started_at).min();
    let ended = records
        .iter()
        .map(|record| record.finished_at.unwrap_or(record.updated_at))
        .max();
    let mut objects: Vec<RunObject> = records.iter().map(object).collect();
    objects.sort_by(|a, b| a.object.cmp(&b.object));
    Run {
        id: id.to_owned(),
        state: word(state(records)),
        started: started.map(time).unwrap_or_default(),
        ended: ended.map(time).unwrap_or_default(),
        spec_hashes: of(&|record| Some(record.spec_hash.clone())),
        images: of(&|record| record.image.clone()),
        versions: of(&|record| Some(record.runtime_version.clone())),
        deployed_by: of(&|record| record.deployed_by.clone()),
        objects,
    }
}

/// Seconds are enough for people, and what programs compare.
fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn object(record: &ObjectRun) -> RunObject {
    let window = record.window.as_ref();
    RunObject {
        object: record.object.clone(),
        state: word(record.state),
        started: time(record.started_at),
        ended: time(record.finished_at.unwrap_or(record.updated_at)),
        window: window.map(|window| (window.from.map(time), time(window.to))),
        read: record.totals.rows_read,
        inserted: record.totals.rows_inserted,
        updated: record.totals.rows_updated,
        deleted: record.totals.rows_deleted,
        quarantined: record.totals.rows_quarantined,
        gates: record
            .gate
            .iter()
            .map(|gate| (gate.suite.clone(), gate.state.clone()))
            .collect(),
        error: record.error.as_ref().map(|error| error.code.clone()),
    }
}
