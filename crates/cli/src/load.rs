//! The load that the pages of a node put on it: runs of the spammer in the same process.
//!
//! ```text
//! page ──> order, one at a time ──> worker: prepare, send, settle ──> REST interface of the node
//!   ^───────────────── state of the run ─────────┘
//! ```

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::Rng;
use tangle_api::{LoadBounds, LoadGenerator, LoadOrder, LoadPhase, LoadRefused, LoadRun};
use tangle_apps::{Mix, SpamConfig, SpamError, SpamSummary, Spammer};
use tangle_client::Client;
use tokio::sync::{mpsc, watch};

use crate::spam;

/// Most blocks a second. The load shares this machine with its node.
const RATE_MAX: f64 = 1_000.0;
/// Longest run: one that is forgotten ends.
const SECONDS_MAX: u32 = 3_600;
/// Connections to the node, each with one block at a time.
const CONNECTIONS: usize = 4;

/// Carries out what a page asks for.
pub(crate) struct Loads {
    /// One order waits while the worker takes it up; there is none more, as one run goes on.
    orders: mpsc::Sender<Order>,
    has_faucet: bool,
    /// Guards the run that goes on or was the last; held for a look or a change.
    run: Mutex<Option<Run>>,
}

/// What the worker takes up.
struct Order {
    config: SpamConfig,
    stop: watch::Receiver<bool>,
}

struct Run {
    order: LoadOrder,
    stop: watch::Sender<bool>,
    stage: Stage,
}

/// How far a run is, and what is known of it.
enum Stage {
    Preparing,
    Running(Spammer),
    Ended(Box<SpamSummary>),
    /// Before the first block.
    Stopped(Option<Box<SpamSummary>>),
    Failed(String),
}

impl Loads {
    /// Load for the node of a client, with coins of a faucet if there is one, and the work that
    /// carries it out. The load ends with the work.
    pub(crate) fn new(
        client: Client,
        faucet: Option<Client>,
    ) -> (Arc<Self>, impl Future<Output = ()>) {
        let (orders, waiting) = mpsc::channel(1);
        let loads = Arc::new(Self {
            orders,
            has_faucet: faucet.is_some(),
            run: Mutex::new(None),
        });
        let work = Arc::clone(&loads).work(client, faucet, waiting);
        (loads, work)
    }

    async fn work(
        self: Arc<Self>,
        client: Client,
        faucet: Option<Client>,
        mut waiting: mpsc::Receiver<Order>,
    ) {
        // Without a faucet no order asks for coins, and so nobody asks the node for one.
        let faucet = faucet.unwrap_or_else(|| client.clone());
        while let Some(order) = waiting.recv().await {
            let ended = self.carry_out(client.clone(), &faucet, order).await;
            self.enter(ended);
        }
    }

    async fn carry_out(&self, client: Client, faucet: &Client, order: Order) -> Stage {
        let Order { config, mut stop } = order;
        let prepared = tokio::select! {
            prepared = Spammer::prepare(client, faucet, config) => prepared,
            _ = stop.wait_for(|is_stopping| *is_stopping) => return Stage::Stopped(None),
        };
        match prepared {
            Ok(spammer) => {
                self.enter(Stage::Running(spammer.clone()));
                let summary = Box::new(spammer.run(stop.clone()).await);
                if *stop.borrow() && summary.accepted == 0 {
                    return Stage::Stopped(Some(summary));
                }
                Stage::Ended(summary)
            }
            Err(SpamError::Stopped) => Stage::Stopped(None),
            Err(error) => Stage::Failed(error.to_string()),
        }
    }

    fn enter(&self, stage: Stage) {
        if let Some(run) = &mut *self.lock() {
            run.stage = stage;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().expect("no holder panics")
    }
}

impl LoadGenerator for Loads {
    fn bounds(&self) -> LoadBounds {
        LoadBounds {
            rates: *SpamConfig::RATES.start()..=RATE_MAX,
            weight_max: SpamConfig::WEIGHT_MAX,
            size_bytes_max: SpamConfig::SIZE_BYTES_MAX,
            tag_bytes_max: SpamConfig::TAG_BYTES_MAX,
            seconds: 1..=SECONDS_MAX,
            has_coins: self.has_faucet,
        }
    }

    fn usual(&self) -> LoadOrder {
        LoadOrder {
            rate: 10.0,
            data: 1,
            value: 0,
            conflicts: 0,
            size_bytes: 64,
            tag: spam::TAG.to_owned(),
            seconds: 60,
        }
    }

    fn start(&self, order: LoadOrder) -> Result<(), LoadRefused> {
        let mut run = self.lock();
        if run.as_ref().is_some_and(|run| run.stage.is_open()) {
            return Err(LoadRefused::Running);
        }
        let (stop, stopping) = watch::channel(false);
        let sent = self.orders.try_send(Order {
            config: config(&order),
            stop: stopping,
        });
        // It has room, as no run goes on; without a worker the process ends.
        sent.map_err(|_| LoadRefused::Stopping)?;
        *run = Some(Run {
            order,
            stop,
            stage: Stage::Preparing,
        });
        Ok(())
    }

    fn stop(&self) {
        if let Some(run) = &*self.lock() {
            run.stop.send_replace(true);
        }
    }

    fn run(&self) -> Option<LoadRun> {
        let run = self.lock();
        let run = run.as_ref()?;
        let (phase, summary) = match &run.stage {
            Stage::Preparing => (LoadPhase::Preparing, None),
            Stage::Running(spammer) if spammer.is_sending() => {
                (LoadPhase::Sending, Some(spammer.summary()))
            }
            Stage::Running(spammer) => (LoadPhase::Settling, Some(spammer.summary())),
            Stage::Ended(summary) => (LoadPhase::Ended, Some(summary.as_ref().clone())),
            Stage::Stopped(summary) => (LoadPhase::Stopped, summary.as_deref().cloned()),
            Stage::Failed(reason) => (LoadPhase::Failed(reason.clone()), None),
        };
        Some(told(run.order.clone(), phase, summary))
    }
}

impl Stage {
    const fn is_open(&self) -> bool {
        matches!(self, Self::Preparing | Self::Running(_))
    }
}

fn config(order: &LoadOrder) -> SpamConfig {
    SpamConfig {
        rate: Some(order.rate),
        duration: Some(Duration::from_secs(order.seconds.into())),
        blocks_max: None,
        mix: Mix {
            data: order.data,
            value: order.value,
            conflicts: order.conflicts,
        },
        size_bytes: order.size_bytes.into(),
        tag: order.tag.clone().into_bytes(),
        connections: CONNECTIONS,
        // Other coins than those of the run before, of which some may not be decided.
        seed: rand::rng().random(),
    }
}

fn told(order: LoadOrder, phase: LoadPhase, summary: Option<SpamSummary>) -> LoadRun {
    let tag_start = SpamConfig::tag_start(order.tag.as_bytes()).to_vec();
    let Some(summary) = summary else {
        return LoadRun {
            tag_start,
            order,
            phase,
            seconds: 0.0,
            rate: 0.0,
            data: 0,
            value: 0,
            conflicts: 0,
            refused: 0,
            fates: Vec::new(),
        };
    };
    LoadRun {
        tag_start,
        order,
        phase,
        seconds: summary.seconds,
        rate: summary.rate,
        data: summary.data,
        value: summary.value,
        conflicts: summary.conflicts,
        refused: summary.refused,
        fates: spam::fates(&summary),
    }
}
