//! Events in, rows out. Each case goes through an entity with hard deletes and one with soft ones. Waves are applied one
//! after the other (`|` between them), events of a wave arrive together.

use std::collections::BTreeMap;

use crate::world::{World, change, until};

/// What it shows; waves of events; the row afterwards (none: it is not there), where a leading `deleted` is the soft row and
/// means no hard row.
const CASES: &[(&str, &str, &str)] = &[
    ("a record is made", "C a 1 Name=x Amount=1.50", "Name=x Amount=1.5"),
    (
        "an update touches what it names",
        "C a 1 Name=x Amount=1.5 | U a 2 Amount=2",
        "Name=x Amount=2",
    ),
    (
        "a nulled field is null",
        "C a 1 Name=x Amount=1.5 | U a 2 Amount=null",
        "Name=x",
    ),
    (
        "within one wave",
        "C a 1 Name=x; U a 2 Name=y Active=true; U a 3 Active=false",
        "Name=y Active=false",
    ),
    (
        "by sequence within a commit",
        "C a 1 Name=x | U a 2.2 Name=late; U a 2.1 Name=early",
        "Name=late",
    ),
    (
        "order of arrival does not matter",
        "U a 3 Name=z; C a 1 Name=x Amount=1; U a 2 Amount=2",
        "Name=z Amount=2",
    ),
    (
        "an update that comes late keeps what came after",
        "C a 1 Name=x | U a 3 Name=z | U a 2 Name=y Amount=5",
        "Name=z Amount=5",
    ),
    (
        "a late null",
        "C a 1 Name=x Amount=1 | U a 3 Name=z | U a 2 Amount=null",
        "Name=z",
    ),
    (
        "a record that comes after its update",
        "U a 2 Name=y | C a 1 Name=x Closed=2026-01-31",
        "Name=y Closed=2026-01-31",
    ),
    (
        "twice is once",
        "C a 1 Name=x; C a 1 Name=x | C a 1 Name=x | U a 2 Amount=1; U a 2 Amount=1",
        "Name=x Amount=1",
    ),
    (
        "an old one again",
        "C a 1 Name=x | U a 2 Name=y | U a 3 Name=z | U a 2 Name=y",
        "Name=z",
    ),
    ("deleted", "C a 1 Name=x | D a 2", "deleted Name=x"),
    ("deleted in one wave", "C a 1 Name=x; D a 2", "deleted Name=x"),
    (
        "made again after the deletion by an old message",
        "C a 1 Name=x | D a 2 | C a 1 Name=x",
        "deleted Name=x",
    ),
    (
        "updated by an old message after the deletion",
        "C a 1 Name=x | D a 3 | U a 2 Name=y",
        "deleted Name=y",
    ),
    (
        "deleted before it is known",
        "D a 5 | C a 1 Name=x | U a 2 Amount=3",
        "deleted Name=x Amount=3",
    ),
    (
        "brought back",
        "C a 1 Name=x Amount=1 | D a 2 | N a 3",
        "Name=x Amount=1",
    ),
    (
        "brought back with values",
        "C a 1 Name=x Amount=1 | D a 2 | N a 3 Name=y",
        "Name=y Amount=1",
    ),
    (
        "brought back and changed in one wave",
        "C a 1 Name=x | D a 2; N a 3; U a 4 Name=z",
        "Name=z",
    ),
    (
        "deleted again",
        "C a 1 Name=x | D a 2 | N a 3 | D a 4 | N a 3",
        "deleted Name=x",
    ),
    (
        "a snapshot under its events",
        "U a 5 Name=new | S a 0 Name=old Amount=7",
        "Name=new Amount=7",
    ),
    (
        "a snapshot before its events",
        "S a 0 Name=old Amount=7 | U a 5 Name=new",
        "Name=new Amount=7",
    ),
    (
        "a snapshot of what was deleted since",
        "D a 5 | S a 0 Name=old",
        "deleted Name=old",
    ),
    (
        "a repairing snapshot replaces the row",
        "C a 1 Name=x Amount=1 Active=true | S a 4.2000000000 Name=y",
        "Name=y",
    ),
    (
        "an event after the repair",
        "C a 1 Name=x Amount=1 | S a 4.2000000000 Name=y Active=true | U a 5 Amount=2",
        "Name=y Amount=2 Active=true",
    ),
    (
        "an event that the repair has seen",
        "C a 1 Name=x | S a 4.2000000000 Name=y | U a 3 Amount=9",
        "Name=y",
    ),
    ("a gap says nothing", "C a 1 Name=x | G a 2", "Name=x"),
    ("never made", "U a 2 Name=y", "Name=y"),
    (
        "text of all kinds",
        r#"C a 1 Name="a\"b\\c\u00fc'\u2028`" Closed=2026-02-28"#,
        "Name=a\"b\\cü'\u{2028}` Closed=2026-02-28",
    ),
    (
        "a large number",
        r#"C a 1 Amount="12345678901234567890.123456789""#,
        "Amount=12345678901234567890.123456789",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn events_in_rows_out() {
    cases(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_rows_out_over_googles_emulator() {
    cases(World::over_googles_emulator().await).await;
}

async fn cases(world: World) {
    let spec = world.pipeline(&["Hard", "Soft"], |_| {}).await;
    let worker = world.worker(&spec);
    let waves = CASES
        .iter()
        .map(|(_, events, _)| events.split('|').count())
        .max()
        .unwrap_or(0);
    let mut sent = 0;
    for wave in 0..waves {
        let mut messages = Vec::new();
        for (number, (_, events, _)) in CASES.iter().enumerate() {
            let Some(events) = events.split('|').nth(wave) else {
                continue;
            };
            for event in events.split(';') {
                for entity in ["Hard", "Soft"] {
                    messages.push(change(entity, event, &format!("{number}-")));
                }
            }
        }
        sent += messages.len() as u64;
        world.publish(messages).await;
        until("the wave is applied", async || {
            worker.metrics.snapshot().acknowledged >= sent
        })
        .await;
    }
    worker.drain().await;

    let hard = world.current("Hard").await;
    let soft = world.current("Soft").await;
    let mut wrong = BTreeMap::new();
    for (number, (name, _, expected)) in CASES.iter().enumerate() {
        let record = format!("{number}-a");
        let in_hard = (!expected.starts_with("deleted")).then_some(*expected);
        for (table, found, expected) in [
            ("hard", hard.get(&record), in_hard),
            ("soft", soft.get(&record), Some(*expected)),
        ] {
            if found.map(String::as_str) != expected {
                wrong.insert(
                    format!("{name} ({table})"),
                    format!("{found:?} instead of {expected:?}"),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let distinct: std::collections::BTreeSet<(usize, &str)> = CASES
        .iter()
        .enumerate()
        .flat_map(|(number, (_, events, _))| events.split(['|', ';']).map(move |event| (number, event.trim())))
        .filter(|(_, event)| !event.starts_with('G'))
        .collect();
    assert_eq!(
        world.count("Hard_log").await,
        distinct.len(),
        "each change is in the changelog once"
    );
    world.end().await;
}
