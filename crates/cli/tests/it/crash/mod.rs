//! A network that is killed under load, again and again, keeps what it confirmed.
//!
//! The real program runs; clients send transfers and data and note what it tells them is confirmed.
//! It is killed at a random moment, or at a system call that makes something durable (with `strace`,
//! where there is one), chosen among those that it was seen to make.
//! After each kill a copy of its data is compared with what the clients saw, and with an independent
//! replay of all milestones from the genesis; then the program must come up by itself.
//!
//! The test does a few rounds. `cargo xtask crash` does as many as one likes: it sets
//! `TANGLE_CRASH_KILLS` and `TANGLE_CRASH_CALLS`.

mod audit;
mod load;
mod process;
mod replay;

use std::path::Path;
use std::time::{Duration, Instant};

use tangle_storage::Genesis;
use tokio::runtime::{Builder, Runtime};

use audit::Audit;
use load::Load;
use process::{Network, Tracer, has_strace, noted_calls};

/// Kills at random moments when nobody says how many.
const KILLS_DEFAULT: u32 = 5;
/// Kills at system calls when nobody says how many.
const CALLS_DEFAULT: u32 = 3;
/// How long to wait for a chosen system call.
const CALL_PATIENCE: Duration = Duration::from_secs(8);

/// A sequence of numbers that looks random and is the same in each run with one seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn number(name: &str, default: u32) -> u32 {
    let value = std::env::var(name).ok();
    value.map_or(default, |text| text.parse().expect("a number"))
}

/// What a run did.
#[derive(Debug, Default)]
struct Figures {
    kills: u32,
    call_kills: u32,
    calls_not_reached: u32,
    killed_while_starting: u32,
    slowest_start_ms: u128,
}

#[test]
fn confirmed_state_survives_every_kill() {
    let kills = number("TANGLE_CRASH_KILLS", KILLS_DEFAULT);
    let calls = number("TANGLE_CRASH_CALLS", CALLS_DEFAULT);
    let seed = number("TANGLE_CRASH_SEED", 1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut run = Run::new(folder.path(), u64::from(seed));
    for round in 0..kills {
        run.random_kill(&runtime);
        run.check(&format!("kill {round} (seed {seed})"));
    }
    if calls > 0 && !has_strace() {
        eprintln!("no strace: kills at chosen system calls are left out");
    } else if calls > 0 {
        let noted = run.note_calls(&runtime);
        run.check("calls were noted");
        for (round, (call, count)) in (0..calls).zip(noted.iter().cycle()) {
            run.kill_at_call(&runtime, call, *count);
            run.check(&format!("{call}, round {round} (seed {seed})"));
        }
    }
    run.finish(&runtime);
}

/// A network that lives through many kills.
struct Run {
    data: std::path::PathBuf,
    config: std::path::PathBuf,
    copy: std::path::PathBuf,
    chance: Chance,
    load: Load,
    audit: Option<Audit>,
    figures: Figures,
    started: Instant,
}

impl Run {
    fn new(folder: &Path, seed: u64) -> Self {
        let load = Load::new();
        let config = folder.join("dev.toml");
        std::fs::write(&config, load.config()).expect("the configuration is written");
        Self {
            data: folder.join("data"),
            copy: folder.join("copy"),
            config,
            chance: Chance(seed),
            load,
            audit: None,
            figures: Figures::default(),
            started: Instant::now(),
        }
    }

    fn start(&mut self, tracer: Option<&Tracer>) -> Option<Network> {
        let started = Instant::now();
        let network = Network::start(&self.config, &self.data, tracer);
        if network.is_some() {
            let took = started.elapsed().as_millis();
            self.figures.slowest_start_ms = self.figures.slowest_start_ms.max(took);
        }
        network
    }

    /// Has clients at work while `meanwhile` goes on, at the end of which the network is killed.
    fn under_load(
        &self,
        runtime: &Runtime,
        network: &mut Network,
        meanwhile: impl FnOnce(&mut Network),
    ) {
        let load = runtime.spawn(self.load.clone().run(network.client()));
        meanwhile(network);
        runtime.block_on(load).expect("the clients do not panic");
    }

    fn random_kill(&mut self, runtime: &Runtime) {
        let after = Duration::from_millis(self.chance.below(2_500));
        let mut network = self.start(None).expect("it comes up by itself");
        self.under_load(runtime, &mut network, |network| {
            std::thread::sleep(after);
            network.kill();
        });
        self.figures.kills += 1;
    }

    /// A run under load in which the system calls are noted; each with how often some thread makes
    /// it.
    fn note_calls(&mut self, runtime: &Runtime) -> Vec<(&'static str, u64)> {
        let file = self.data.with_file_name("calls");
        let tracer = Tracer::Note(file.clone());
        let mut network = self.start(Some(&tracer)).expect("it comes up by itself");
        self.under_load(runtime, &mut network, |network| {
            std::thread::sleep(CALL_PATIENCE);
            network.kill();
        });
        let noted = noted_calls(&file);
        assert!(noted.len() > 1, "it makes things durable by {noted:?} only");
        eprintln!("calls noted: {noted:?}");
        noted
    }

    /// Kills at one of the calls of the first half of what a thread made in the same time.
    fn kill_at_call(&mut self, runtime: &Runtime, call: &'static str, count: u64) {
        let when = 1 + self.chance.below(count.div_ceil(2));
        let tracer = Tracer::Kill { call, when };
        let Some(mut network) = self.start(Some(&tracer)) else {
            self.figures.killed_while_starting += 1;
            self.figures.call_kills += 1;
            return;
        };
        let mut is_reached = false;
        self.under_load(runtime, &mut network, |network| {
            is_reached = network.wait(CALL_PATIENCE);
            if !is_reached {
                network.kill();
            }
        });
        self.figures.call_kills += u32::from(is_reached);
        self.figures.calls_not_reached += u32::from(!is_reached);
    }

    /// Compares what is on the disk now with what the clients saw and with the replay.
    fn check(&mut self, moment: &str) {
        let text = std::fs::read_to_string(self.data.join("genesis.toml"));
        let text = text.expect("the genesis is in the folder");
        let store = self.data.join("store");
        if !store.join("store.toml").exists() {
            // Killed before there was a store; the next start makes it.
            assert!(self.load.seen().is_empty(), "{moment}: the store is gone");
            return;
        }
        let audit = self.audit.get_or_insert_with(|| {
            let genesis = Genesis::from_toml(&text).expect("the genesis can be read");
            Audit::new(genesis)
        });
        audit.check(&store, &self.copy, &self.load.seen(), moment);
    }

    /// A last start: everything that clients ever saw is there, over the interface too.
    fn finish(mut self, runtime: &Runtime) {
        let mut network = self.start(None).expect("it comes up by itself");
        let seen = self.load.seen();
        runtime.block_on(audit::ask(&network.client(), &seen));
        network.kill();
        self.check("the end");
        let audit = self.audit.expect("there was a check");
        audit.replay_all(&self.data.join("store"), &self.copy);
        let (figures, took) = (&self.figures, self.started.elapsed().as_secs());
        eprintln!("{figures:?}, {} s\n{seen}, {audit}", took);
        assert!(!seen.is_empty(), "the clients saw something confirmed");
    }
}
