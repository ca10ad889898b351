//! A server process that is killed again and again on one data directory, while loads, MERGEs, transactions and every kind of
//! streaming write run at once: what was acknowledged is there once, what was not is absent or whole.
//!
//! `HEADWATER_TEST_SEED` replays a run's kills, `HEADWATER_TEST_KILLS` sets their number.

mod appends;
mod changes;
mod jobs;
mod killer;
mod ledger;
mod offsets;
mod rows;
mod server;
mod wire;

use std::path::Path;
use std::time::{Duration, Instant};

pub use server::{Client, start, start_within};

use killer::{Kill, Kills};
use server::Server;

const KILLS: u64 = 200;
/// So long may a whole run take, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(1800);

/// What a lane's check found.
type Checked = Result<(), String>;

/// One kind of writing, with what it knows to be in its tables.
#[tonic::async_trait]
trait Lane: Send {
    fn name(&self) -> &'static str;

    /// Makes the tables; no kill comes here.
    async fn prepare(&mut self, client: &Client);

    /// Writes until the server is gone.
    async fn work(&mut self, client: &Client);

    /// Whether what the restarted server has is what it may have.
    async fn check(&mut self, client: &Client) -> Checked;

    fn counts(&self) -> Counts;
}

/// How many pieces of work came to which end.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    acknowledged: u64,
    /// Done, but killed before the client could be told.
    whole: u64,
    absent: u64,
}

fn lanes(dir: &Path, seed: u64) -> Vec<Box<dyn Lane>> {
    vec![
        Box::new(jobs::Loads::new(dir)),
        Box::new(jobs::Merges::new()),
        Box::new(jobs::Transactions::new()),
        Box::new(rows::Inserts::new()),
        Box::new(appends::Default::new()),
        Box::new(appends::Pending::new()),
        Box::new(offsets::Committed::new()),
        Box::new(offsets::Buffered::new(seed)),
        Box::new(changes::Changes::new()),
    ]
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    text.parse().unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_two_hundred_kills() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = number("HEADWATER_TEST_SEED", clock.map_or(0, |t| t.as_secs()));
    let wanted = number("HEADWATER_TEST_KILLS", KILLS);
    println!("crash: HEADWATER_TEST_SEED={seed}");
    let since = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
    let mut lanes = lanes(dir.path(), seed);
    let mut kills = Kills::new(seed, dir.path());
    let mut server = Server::start(dir.path());
    let client = server.client();
    client
        .post("datasets", serde_json::json!({"datasetReference": {"datasetId": "d"}}))
        .await
        .unwrap();
    for lane in &mut lanes {
        lane.prepare(&client).await;
    }
    let mut spent = [Duration::ZERO; 2];
    while kills.done() < wanted {
        assert!(since.elapsed() < PATIENCE, "{} kills in {PATIENCE:?}", kills.done());
        let kill = kills.next();
        let client = server.client();
        let working = futures::future::join_all(lanes.iter_mut().map(|lane| lane.work(&client)));
        let killing = tokio::task::spawn_blocking({
            let watched = kills.watched();
            move || {
                kill.carry_out(&watched, &mut server);
                kill
            }
        });
        let (_, kill) = tokio::join!(working, killing);
        let kill = kill.unwrap();
        if let Kill::Starting { after, .. } = kill {
            Server::kill_in_start(dir.path(), after);
        }
        let starting = Instant::now();
        server = Server::start(dir.path());
        spent[0] += starting.elapsed();
        let checking = Instant::now();
        let client = server.client();
        let checks = lanes
            .iter_mut()
            .map(|lane| async { (lane.check(&client).await, lane.name()) });
        for (checked, name) in futures::future::join_all(checks).await {
            if let Err(wrong) = checked {
                panic!(
                    "HEADWATER_TEST_SEED={seed}: after kill {} ({kill:?}) {name}: {wrong}",
                    kills.done()
                );
            }
        }
        spent[1] += checking.elapsed();
        kills.carried_out(&kill);
        if kills.done().is_multiple_of(50) {
            println!(
                "crash: {} kills in {:.0} s",
                kills.done(),
                since.elapsed().as_secs_f64()
            );
        }
    }
    println!(
        "crash: {} kills in {:.0} s ({:.0} s to start again, {:.0} s to check): {}",
        kills.done(),
        since.elapsed().as_secs_f64(),
        spent[0].as_secs_f64(),
        spent[1].as_secs_f64(),
        kills.told()
    );
    for lane in &lanes {
        let Counts {
            acknowledged,
            whole,
            absent,
        } = lane.counts();
        println!(
            "crash: {:<14} {acknowledged:>6} acknowledged, {whole:>4} whole without an answer, {absent:>4} absent",
            lane.name()
        );
        assert!(acknowledged > 0, "{}: nothing was acknowledged", lane.name());
    }
    let unanswered: u64 = lanes.iter().map(|l| l.counts().whole + l.counts().absent).sum();
    assert!(
        wanted < KILLS || unanswered >= wanted,
        "only {unanswered} pieces of work were in the middle of something when their server was killed"
    );
}

/// Not a test by itself: the process that is killed. Without its directory it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn the_victim() {
    server::be_killed().await;
}
