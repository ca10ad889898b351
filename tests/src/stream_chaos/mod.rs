//! A stream under fire: events flow from an org through Pub/Sub into BigQuery, by the programs as they are, while processes are
//! killed, networks break and services refuse. At the end everything must be there, once, and right.
//!
//! `world` has the processes, `proxy` their network, `fault` what is done to them; `history` reads what truly happened, and
//! `verdict` compares. A run follows from its seed, as far as processes can.

pub mod fault;
pub mod history;
pub mod proxy;
pub mod verdict;
pub mod world;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::verdict::Expected;
use self::world::{ENTITIES, Worker, World};

/// Without any progress for so long, the stream stands still for ever.
const PATIENCE: Duration = Duration::from_secs(240);
/// So long after the last change of anything, what is missing by now is lost: leases of whoever was killed are over, and what
/// was delivered to them has come again.
const SETTLED: Duration = Duration::from_secs(180);
/// So long at most after a worker is gone the emulator delivers again what it had.
const REDELIVERY: Duration = Duration::from_secs(45);
/// Changes of one burst.
const BURST: usize = 100;
/// With so many messages that are not acknowledged an applier is behind: it takes no more than twice as many.
const BEHIND: u64 = 10_000;
/// So long nothing becomes durable before that counts as the end, whatever is still on its way.
const UNMOVED: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides which faults come when.
    pub seed: u64,
    /// Events that the org tells at least.
    pub events: usize,
    /// Faults.
    pub faults: usize,
    /// Google's emulator in place of the local Pub/Sub.
    pub emulator: bool,
    /// Only faults of these kinds; empty: of all.
    pub only: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Figures, for a person or a program.
    pub report: Value,
    /// What is wrong; empty: all is well.
    pub problems: Vec<String>,
}

/// A message that nobody can apply.
pub struct Poisoned {
    /// The id that Pub/Sub gave it.
    pub id: String,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// Small numbers that follow from a seed.
pub struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }

    /// One of some.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Any order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

/// A run under way: what faults may use.
pub struct Run {
    /// The processes.
    pub world: World,
    /// Chance.
    pub dice: Dice,
    /// What was published as poison.
    pub poison: Vec<Poisoned>,
    /// Fields that were added to the org.
    pub fields: u32,
    /// Commits and event numbers between which the org could tell nothing any more.
    pub expired: Vec<(i64, usize)>,
    /// Workers that have left.
    pub left: Vec<Worker>,
    plan: Plan,
    first: usize,
    progress: (usize, Instant),
}

/// Says how it goes, on stderr.
pub(crate) fn say(text: &str) {
    #[expect(clippy::print_stderr, reason = "a run of many minutes tells how it goes")]
    {
        eprintln!("{text}");
    }
}

/// Runs a plan. Panics only when the run itself cannot go on.
pub fn run(plan: &Plan) -> Outcome {
    let began = Instant::now();
    let world = World::start(plan.emulator);
    let mut run = Run {
        first: 0,
        world,
        dice: Dice(plan.seed),
        poison: vec![],
        fields: 0,
        expired: vec![],
        left: vec![],
        plan: plan.clone(),
        progress: (0, Instant::now()),
    };
    run.first = run.events();
    let order = order(plan, &mut run.dice);
    let (mut struck, mut missed) = (BTreeMap::new(), BTreeMap::new());
    for (number, kind) in order.iter().enumerate() {
        // Spread evenly over the events.
        run.flow(plan.events * (2 * number + 1) / (2 * order.len()));
        if plan.emulator {
            // It delivers again about a hundred messages for each deadline: no more than that may be with whoever is killed.
            run.rest();
        }
        let hit = (kind.strike)(&mut run);
        let told = if hit { "" } else { " (it met nothing)" };
        let (events, seconds) = (run.events() - run.first, began.elapsed().as_secs());
        say(&format!(
            "    {seconds:>5} s {events:>8} events  fault {:>3}: {}{told}",
            number + 1,
            kind.name
        ));
        *(if hit { &mut struck } else { &mut missed })
            .entry(kind.name)
            .or_insert(0) += 1;
        run.world.tend();
    }
    run.flow(plan.events);
    let flowed = began.elapsed();
    let (verdict, mut problems) = run.settle();
    let seconds = began.elapsed().as_secs_f64();
    problems.extend(run.world.bridge.panics());
    for worker in run.world.appliers.iter().chain(&run.left) {
        problems.extend(worker.panics());
    }
    if !problems.is_empty() {
        // Which side it was: what the bridge published last is still there.
        let published: std::collections::HashSet<String> = run
            .world
            .pull("tap", usize::MAX)
            .iter()
            .map(|(_, of)| place(of))
            .collect();
        for problem in &mut problems {
            if published.iter().any(|place| problem.contains(place.as_str())) {
                problem.push_str("; it was published");
            }
        }
        let dir = run.world.keep_logs();
        std::fs::write(dir.join("problems.txt"), problems.join("\n")).unwrap();
        say(&format!("    logs and all problems are in {}", dir.display()));
    }
    let total: i32 = struck.values().sum();
    let ended = run.world.bridge.ended + run.world.appliers.iter().map(|a| a.ended).sum::<u32>();
    let report = json!({
        "seed": plan.seed, "pubsub": if plan.emulator { "emulator" } else { "local" },
        "events": run.events() - run.first, "changes": verdict.changes, "changes_repaired": verdict.repaired,
        "poison": run.poison.len(), "faults": total, "faults_by_kind": struck, "faults_that_met_nothing": missed,
        "workers_that_ended_by_themselves": ended,
        "seconds_of_flow": flowed.as_secs_f64(), "seconds": seconds, "holds": problems.is_empty(),
        "problems": problems.len(),
    });
    Outcome { report, problems }
}

/// Record, commit and sequence of a message as problems have them.
fn place(attributes: &Value) -> String {
    let text = |name: &str| attributes[name].as_str().unwrap_or("?").to_owned();
    format!(
        "({:?}, {}, {})",
        text("recordId"),
        text("commitNumber"),
        text("sequenceNumber")
    )
}

/// Which faults, in which order: each kind once at least where there are enough, then by weight.
fn order(plan: &Plan, dice: &mut Dice) -> Vec<&'static fault::Kind> {
    let wanted = |kind: &&fault::Kind| plan.only.is_empty() || plan.only.iter().any(|name| name == kind.name);
    let kinds: Vec<_> = fault::KINDS
        .iter()
        .filter(|kind| kind.emulated || !plan.emulator)
        .filter(wanted)
        .collect();
    assert!(!kinds.is_empty(), "there is no such fault: {:?}", plan.only);
    let mut order = kinds.clone();
    dice.shuffle(&mut order);
    order.truncate(plan.faults);
    let weights: Vec<_> = kinds
        .iter()
        .flat_map(|&k| std::iter::repeat_n(k, usize::try_from(k.weight).unwrap()))
        .collect();
    while order.len() < plan.faults {
        order.push(*dice.of(&weights));
    }
    dice.shuffle(&mut order);
    order
}

impl Run {
    /// What decides the run.
    pub fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// Waits a little, never longer than so many milliseconds.
    pub fn pause(&mut self, most: usize) {
        let pause = self.dice.below(most) as u64;
        std::thread::sleep(Duration::from_millis(pause));
    }

    /// Some changes, as the simulator takes them.
    pub fn burst(&mut self) -> Value {
        json!({
            "inserts": BURST / 4, "updates": BURST * 6 / 10, "deletes": self.dice.below(3), "undeletes": self.dice.below(2),
            "alike": self.dice.below(20), "objects": ENTITIES, "seed": self.dice.next() >> 1,
        })
    }

    /// Changes records of the org.
    pub fn churn(&mut self) {
        let burst = self.burst();
        self.world.org.churn(&burst);
        self.world.tend();
    }

    fn events(&self) -> usize {
        let url = format!("{}/_control/events", self.world.org.url());
        let (status, report) = crate::cloud::request("GET", &url, None);
        assert_eq!(status, 200, "{report}");
        usize::try_from(report["events"].as_u64().unwrap()).unwrap()
    }

    /// Lets events flow until there are so many, no faster than they are applied.
    fn flow(&mut self, until: usize) {
        let ahead = (self.plan.events / self.plan.faults.max(1) * 2).clamp(2_000, 20_000);
        loop {
            let events = self.events() - self.first;
            if events >= until {
                return;
            }
            self.churn();
            // Rows are counted only when that decides something: to count takes the cloud's time.
            while self.world.outstanding() > BEHIND
                || (self.progress.0 + ahead < events && self.advance() + ahead < events)
            {
                self.advance();
                std::thread::sleep(Duration::from_millis(500));
                self.world.tend();
            }
        }
    }

    /// Waits until not much is under way.
    fn catch_up(&mut self) {
        while self.advance() + 5 * BURST < self.events() - self.first {
            std::thread::sleep(Duration::from_millis(100));
            self.world.tend();
        }
    }

    /// Waits until every change that was told is there, or none comes any more: some are lost for good.
    fn rest(&mut self) {
        let told = history::read(&self.world.org_dir(), self.first).len();
        loop {
            let before = self.advance();
            std::thread::sleep(Duration::from_millis(1500));
            self.world.tend();
            let standing = self.advance() == before;
            if standing && (before >= told || self.progress.1.elapsed() > REDELIVERY) {
                return;
            }
        }
    }

    /// How many changes are durable; panics when that has not changed for long.
    fn advance(&mut self) -> usize {
        let changes = self.world.changes();
        if changes != self.progress.0 {
            self.progress = (changes, Instant::now());
        }
        if self.progress.1.elapsed() > PATIENCE {
            let dir = self.world.keep_logs();
            panic!(
                "the stream stands still at {changes} changes; logs are in {}",
                dir.display()
            );
        }
        changes
    }

    /// Waits until nothing is missing any more, or nothing moves; then judges.
    fn settle(&mut self) -> (verdict::Verdict, Vec<String>) {
        say("    nothing more goes wrong; waiting for the rest");
        self.progress.1 = Instant::now();
        let mut letters = vec![];
        let mut pause = Duration::from_secs(2);
        loop {
            let before = self.advance();
            std::thread::sleep(pause);
            self.world.tend();
            let standing = self.advance() == before;
            letters.extend(self.world.pull("crm-dead", usize::MAX));
            // Judging reads all tables, which is in the stream's way.
            if !standing || (self.world.outstanding() > 0 && self.progress.1.elapsed() < UNMOVED) {
                continue;
            }
            let expected = Expected {
                first: self.first,
                expired: &self.expired,
            };
            let (judging, standing_for) = (Instant::now(), self.progress.1.elapsed());
            let verdict = verdict::tables(&self.world, &expected);
            // Judging reads all tables: the stream needs the machine, too.
            pause = (judging.elapsed() * 2).clamp(Duration::from_secs(2), UNMOVED);
            let mut problems = verdict.problems.clone();
            problems.extend(verdict::dead_letters(&letters, &self.poison));
            // Judging takes minutes: what came meanwhile is in no table that was read before.
            let came_meanwhile = self.world.changes() != before;
            if problems.is_empty() || (!came_meanwhile && standing_for > SETTLED) {
                return (verdict, problems);
            }
            // The time that it took is not the stream's.
            self.progress.1 += judging.elapsed();
        }
    }
}
