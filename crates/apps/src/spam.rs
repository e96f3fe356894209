//! The spammer: sends blocks to a node at an asked rate and tells what became of them.
//!
//! Some connections take turns at a schedule; each makes a block with data, a transfer, or a pair
//! of transfers that conflict, does the proof of work, and hands it in. A sample of the blocks and
//! all pairs are followed until a milestone decides.

mod connection;
mod follow;
mod purse;
mod schedule;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use tangle_client::{Client, ClientError};
use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::{blake2b, pow};
use tangle_types::{Address, BlockId, ProtocolParameters, TAG_SIZE_BYTES_MAX};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use tally::{Pairs, Refusal, Sample, SpamProgress, SpamSummary};

use crate::payment::Payer;
use connection::Connection;
use follow::FollowList;
use purse::Held;
use schedule::{Kind, Schedule};
use tally::Tally;

/// How long tips of the node serve.
const TIPS_FRESH: Duration = Duration::from_millis(200);
/// How long requests may take that are on their way when the run stops.
const DRAIN: Duration = Duration::from_secs(2);
/// How long the last blocks may take to be decided, at the end of a run.
const SETTLE: Duration = Duration::from_secs(15);
/// The same when a person ended it.
const SETTLE_STOPPED: Duration = Duration::from_secs(2);
/// Time between two looks whether all is decided.
const SETTLE_PAUSE: Duration = Duration::from_millis(20);
/// Time after which the ledger is asked for coins again, should all be gone.
const RELOAD_EVERY: Duration = Duration::from_secs(10);

/// What is sent, by weight. A pair counts once and is two blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Blocks with data.
    pub data: u32,
    /// Blocks with a transfer.
    pub value: u32,
    /// Pairs of transfers that spend the same output.
    pub conflicts: u32,
}

/// What a spammer does.
#[derive(Clone, Debug)]
pub struct SpamConfig {
    /// Blocks a second; `None` for as many as the node takes.
    pub rate: Option<f64>,
    /// How long.
    pub duration: Option<Duration>,
    /// How many blocks.
    pub blocks_max: Option<u64>,
    /// Of which kinds.
    pub mix: Mix,
    /// Bytes of data in a block with data.
    pub size_bytes: usize,
    /// Marks the blocks; at most 64 bytes.
    pub tag: Vec<u8>,
    /// Connections, each with one block at a time.
    pub connections: usize,
    /// What the key and the data follow from.
    pub seed: u64,
}

/// What people may ask for, wherever they do.
impl SpamConfig {
    /// Blocks a second.
    pub const RATES: RangeInclusive<f64> = 0.001..=1_000_000.0;
    /// Largest weight of a kind of blocks.
    pub const WEIGHT_MAX: u32 = 1_000_000;
    /// Largest data that fits into a block with its parents and its tag.
    pub const SIZE_BYTES_MAX: u16 = 32_000;
    /// Largest tag of a block.
    pub const TAG_BYTES_MAX: usize = TAG_SIZE_BYTES_MAX;
    /// Longest run that has an end.
    pub const SECONDS_MAX: u64 = 31_536_000;

    /// What the tags of all blocks of a run with this tag begin with; those of transfers have a
    /// digit more.
    #[must_use]
    pub fn tag_start(tag: &[u8]) -> &[u8] {
        &tag[..tag.len().min(TAG_SIZE_BYTES_MAX - 1)]
    }
}

/// Why a spammer does not start.
#[derive(Debug, thiserror::Error)]
pub enum SpamError {
    /// The node fails.
    #[error(transparent)]
    Node(#[from] ClientError),
    /// The node says nonsense about its network.
    #[error("the node states a token supply that is no number")]
    Parameters,
    /// The faucet fails.
    #[error("the faucet gives no coins: {0}")]
    Faucet(ClientError),
    /// The faucet's coins do not come.
    #[error("no coins have come to {address}")]
    NoCoins {
        /// The spammer's address.
        address: String,
    },
    /// The run was stopped before it began.
    #[error("stopped before the first block")]
    Stopped,
}

/// A spammer that is ready. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spammer {
    shared: Arc<Shared>,
}

/// What the tasks have in common. Each lock is held for a few instructions only, but that of the
/// tips, which one task fetches for all.
#[derive(Debug)]
struct Shared {
    client: Client,
    config: SpamConfig,
    parameters: ProtocolParameters,
    key: SecretKey,
    stop: watch::Sender<bool>,
    /// Ends proof of work.
    cancel: pow::Cancel,
    /// When sending began.
    began: OnceLock<Instant>,
    /// How long it went on; set when it ends.
    sent_for: OnceLock<Duration>,
    /// Data blocks so far.
    number: AtomicU64,
    schedule: Mutex<Schedule>,
    tally: Mutex<Tally>,
    /// Coins that can be spent, those that rested longest first.
    purse: Mutex<VecDeque<Held>>,
    reloaded: Mutex<Instant>,
    followed: Mutex<FollowList>,
    tips: tokio::sync::Mutex<Option<(Instant, Vec<BlockId>)>>,
}

impl Mix {
    fn weights(self) -> [i64; 3] {
        [self.data, self.value, self.conflicts].map(i64::from)
    }

    const fn needs_coins(self) -> bool {
        self.value > 0 || self.conflicts > 0
    }
}

impl Spammer {
    /// Asks the node about its network and, for transfers, gets coins from `faucet`.
    ///
    /// # Errors
    /// See [`SpamError`].
    pub async fn prepare(
        client: Client,
        faucet: &Client,
        config: SpamConfig,
    ) -> Result<Self, SpamError> {
        let protocol = client.info().await?.protocol;
        let parameters = protocol.parameters().ok_or(SpamError::Parameters)?;
        let seed = [&b"tangle spam"[..], &config.seed.to_le_bytes()].concat();
        let now = Instant::now();
        let schedule = Schedule::new(now, config.rate, config.mix, config.blocks_max);
        let needs_coins = config.mix.needs_coins();
        let shared = Shared {
            client,
            config,
            parameters,
            key: SecretKey::from_seed(blake2b::hash(&seed)),
            stop: watch::Sender::new(false),
            cancel: pow::Cancel::default(),
            began: OnceLock::new(),
            sent_for: OnceLock::new(),
            number: AtomicU64::new(0),
            schedule: Mutex::new(schedule),
            tally: Mutex::default(),
            purse: Mutex::default(),
            reloaded: Mutex::new(now),
            followed: Mutex::default(),
            tips: tokio::sync::Mutex::default(),
        };
        if needs_coins {
            purse::fill(&shared, faucet).await?;
        }
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> SpamProgress {
        self.shared.tally().progress()
    }

    /// What it did so far, and what became of it. What is not decided yet counts as undecided.
    #[must_use]
    pub fn summary(&self) -> SpamSummary {
        self.shared.summary()
    }

    /// Whether it still sends, or is about to; else it waits for milestones, or has ended.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        !self.shared.is_stopping()
    }

    /// Sends until a limit is reached or `stop` says so, then waits a while for what is undecided.
    /// Must be called once, within a runtime.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) -> SpamSummary {
        let started = *self.shared.began.get_or_init(Instant::now);
        let config = &self.shared.config;
        *self.shared.schedule() =
            Schedule::new(started, config.rate, config.mix, config.blocks_max);
        let mut connections = JoinSet::new();
        for _ in 0..config.connections {
            let shared = Arc::clone(&self.shared);
            connections.spawn(async move { Connection::new(&shared).run().await });
        }
        let mut follower = JoinSet::new();
        let shared = Arc::clone(&self.shared);
        follower.spawn(async move { follow::run(&shared).await });
        tokio::select! {
            () = join(&mut connections) => {}
            () = after(config.duration) => {}
            // An error means that whoever could stop it is gone.
            _ = stop.wait_for(|is_stopping| *is_stopping) => {}
        }
        self.shared.sent_for.get_or_init(|| started.elapsed());
        self.shared.halt();
        if tokio::time::timeout(DRAIN, join(&mut connections))
            .await
            .is_err()
        {
            tracing::debug!("requests were still on their way at the end");
            connections.shutdown().await;
        }
        let settle = async {
            while self.shared.tally().open > 0 {
                tokio::time::sleep(SETTLE_PAUSE).await;
            }
        };
        tokio::select! {
            () = settle => {}
            () = tokio::time::sleep(SETTLE) => {}
            () = stopped_for(&mut stop, SETTLE_STOPPED) => {}
        }
        follower.shutdown().await;
        self.summary()
    }
}

async fn join(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a task of the spammer does not panic");
    }
}

async fn after(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

async fn stopped_for(stop: &mut watch::Receiver<bool>, time: Duration) {
    // An error means that whoever could stop it is gone.
    let _ = stop.wait_for(|is_stopping| *is_stopping).await;
    tokio::time::sleep(time).await;
}

impl Shared {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().expect("no holder panics")
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("no holder panics")
    }

    fn purse(&self) -> MutexGuard<'_, VecDeque<Held>> {
        self.purse.lock().expect("no holder panics")
    }

    fn followed(&self) -> MutexGuard<'_, FollowList> {
        self.followed.lock().expect("no holder panics")
    }

    /// Puts coins where they can be taken from; more than there ever should be are let go.
    fn put_back(&self, coins: impl IntoIterator<Item = Held>) {
        let mut purse = self.purse();
        purse.extend(coins);
        purse.truncate(2 * purse::COINS_MAX);
    }

    /// Follows a block of the sample.
    fn sample(&self, block: BlockId, kind: Kind) {
        let is_followed = self.followed().sample(block, kind);
        if is_followed {
            let mut tally = self.tally();
            tally.sample.blocks += 1;
            tally.open += 1;
        }
    }

    /// Whether it is time to ask the ledger for coins again; then it is that for one task only. It
    /// is not while pairs are open, which keep coins that the ledger does not know to be spent.
    fn reload_due(&self) -> bool {
        if self.tally().open_pairs() > 0 {
            return false;
        }
        let mut reloaded = self.reloaded.lock().expect("no holder panics");
        let is_due = reloaded.elapsed() > RELOAD_EVERY;
        if is_due {
            *reloaded = Instant::now();
        }
        is_due
    }

    fn halt(&self) {
        self.stop.send_replace(true);
        self.cancel.store(true, Ordering::Relaxed);
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits; whether the run goes on.
    async fn wait(&self, time: Duration) -> bool {
        let mut stop = self.stop.subscribe();
        let stopping = stop.wait_for(|is_stopping| *is_stopping);
        tokio::time::timeout(time, stopping).await.is_err()
    }

    /// Tips of the node, as of a moment ago.
    async fn tips(&self) -> Result<Vec<BlockId>, ClientError> {
        let mut tips = self.tips.lock().await;
        if let Some((at, tips)) = &*tips
            && at.elapsed() < TIPS_FRESH
        {
            return Ok(tips.clone());
        }
        let now = self.client.tips().await?;
        *tips = Some((Instant::now(), now.clone()));
        Ok(now)
    }

    fn owner(&self) -> Address {
        Address::from_public_key(&self.key.public_key())
    }

    fn address(&self) -> String {
        self.owner().to_bech32(&self.parameters.bech32_hrp)
    }

    const fn payer<'a>(&'a self, tag: &'a [u8]) -> Payer<'a> {
        Payer {
            parameters: &self.parameters,
            key: &self.key,
            tag,
        }
    }

    /// The tag of a transfer; transfers of the same coin have other numbers.
    fn mark(&self, number: u8) -> Vec<u8> {
        let mut tag = SpamConfig::tag_start(&self.config.tag).to_vec();
        tag.push(b'0' + number);
        tag
    }

    /// Data that no other block of this seed has.
    fn data(&self) -> Vec<u8> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let from = [self.config.seed, number].map(u64::to_le_bytes).concat();
        let hash = blake2b::hash(&from);
        hash.into_iter()
            .cycle()
            .take(self.config.size_bytes)
            .collect()
    }

    fn summary(&self) -> SpamSummary {
        let so_far = || self.began.get().map(Instant::elapsed).unwrap_or_default();
        let seconds = self.sent_for.get().copied().unwrap_or_else(so_far);
        let seconds = seconds.as_secs_f64();
        let missed = self.schedule().missed();
        // Copied, so that nobody waits while times are sorted.
        let tally = self.tally().clone();
        let progress = tally.progress();
        let [data, value, conflicts] = tally.accepted;
        let mut pairs = tally.pairs.clone();
        pairs.undecided += tally.open_pairs();
        SpamSummary {
            seed: self.config.seed,
            seconds,
            asked_rate: self.config.rate.unwrap_or_default(),
            rate: progress.accepted as f64 / seconds.max(f64::MIN_POSITIVE),
            accepted: progress.accepted,
            data,
            value,
            conflicts,
            missed,
            refused: progress.refused,
            refusals: tally.refusals.clone(),
            sample: tally.sample(),
            pairs,
        }
    }
}

/// A run that is given up leaves no proof of work behind.
impl Drop for Shared {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}
