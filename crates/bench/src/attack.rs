//! Peers that attack a node over real sockets, each in its own way.
//!
//! An attacker that is cut off comes back after a pause, as somebody else. What it sends it sends
//! as fast as the node takes it. A report says what became of all of them when the standard input
//! ends.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tangle_crypto::blake2b;
use tangle_network::{
    Identity, KnownPeer, NetworkConfig, NetworkEvent, NetworkEvents, NetworkHandle, PeerAddress,
};
use tangle_types::gossip::Message;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::forge::{Attack, Forge};
use crate::report::{self, quantile};

/// How long an attacker that was cut off stays away.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it tries to get in.
const ENTRY: Duration = Duration::from_secs(12);
/// How long it waits when the node takes nothing more.
const FULL: Duration = Duration::from_millis(1);
/// Messages in a row before others may run.
const TURN_MESSAGES: usize = 64;
/// Sockets of one attacker that opens connections and does not go on: fewer than may be on their
/// way at once, so that the other attackers get in.
const HALF_OPEN_SOCKETS: usize = 24;
/// What such a connection begins with: multistream-select, as libp2p speaks it.
const HALF_OPEN_BYTES: &[u8] = b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20";

/// Whom to attack, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct AttackArgs {
    /// The node: where it listens and who it is.
    #[arg(long)]
    target: PeerAddress,
    /// Id of its network.
    #[arg(long)]
    network_id: u64,
    /// Proof-of-work score that it asks for.
    #[arg(long, default_value_t = 1)]
    pow_score: u32,
    /// How, one for each attacker.
    #[arg(long, value_delimiter = ',', required = true)]
    kinds: Vec<Attack>,
}

/// What became of the attackers of a kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Conversations, or connections where it does not come to one.
    pub(crate) entered: u64,
    /// How many of them the node ended.
    pub(crate) dropped: u64,
    /// Times that an attacker did not get in.
    pub(crate) refused: u64,
    /// Messages handed over in them.
    pub(crate) messages: u64,
    /// Milliseconds from the beginning to the end of those that the node ended.
    pub(crate) drop_p50_ms: f64,
    pub(crate) drop_max_ms: f64,
    #[serde(skip)]
    drops_ms: Vec<f64>,
}

type Outcomes = Arc<Mutex<BTreeMap<Attack, Outcome>>>;

/// One attacker.
#[derive(Clone)]
struct Attacker {
    number: usize,
    kind: Attack,
    args: Arc<AttackArgs>,
    outcomes: Outcomes,
    stop: watch::Receiver<bool>,
}

pub(crate) fn run(args: &AttackArgs) -> Result<()> {
    ensure!(args.kinds.len() <= 64, "64 attackers are enough");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcomes = Outcomes::default();
    let (stopping, stop) = watch::channel(false);
    let args = Arc::new(args.clone());
    for (number, kind) in args.kinds.iter().enumerate() {
        let attacker = Attacker {
            number,
            kind: *kind,
            args: Arc::clone(&args),
            outcomes: Arc::clone(&outcomes),
            stop: stop.clone(),
        };
        runtime.spawn(attacker.run());
    }
    let mut rest = Vec::new();
    std::io::stdin().lock().read_to_end(&mut rest)?;
    // Whoever attacks on is ended with the runtime.
    let _ = stopping.send(true);
    runtime.shutdown_timeout(Duration::from_millis(100));
    let mut outcomes = outcomes.lock().expect("no holder panics").clone();
    for outcome in outcomes.values_mut() {
        outcome.drop_p50_ms = quantile(&mut outcome.drops_ms, 0.5);
        outcome.drop_max_ms = quantile(&mut outcome.drops_ms, 1.0);
    }
    report::json(&outcomes)
}

impl Attacker {
    async fn run(self) {
        for round in 0.. {
            if *self.stop.borrow() {
                return;
            }
            if self.kind == Attack::HalfOpen {
                self.open_halfway().await;
            } else if self.talk(round).await.is_none() {
                self.note(|outcome| outcome.refused += 1);
            }
            sleep(PAUSE).await;
        }
    }

    fn note(&self, note: impl FnOnce(&mut Outcome)) {
        let mut outcomes = self.outcomes.lock().expect("no holder panics");
        note(outcomes.entry(self.kind).or_default());
    }

    fn dropped(&self, since: Instant) {
        let took_ms = since.elapsed().as_secs_f64() * 1_000.0;
        self.note(|outcome| {
            outcome.dropped += 1;
            outcome.drops_ms.push(took_ms);
        });
    }

    /// Connects as somebody new and attacks until it is cut off. `None` when it does not get in.
    async fn talk(&self, round: u64) -> Option<()> {
        let seed = blake2b::hash(format!("attacker {} {round}", self.number).as_bytes());
        let identity = Identity::from_seed(seed);
        let mut config = NetworkConfig::new(identity, self.args.network_id);
        config.quic = false;
        config.known = vec![KnownPeer {
            address: self.args.target.clone(),
            alias: None,
        }];
        let (network, mut events) = tangle_network::start(config).await.ok()?;
        let entered = timeout(ENTRY, events.recv()).await;
        if let Ok(Some(NetworkEvent::Connected(key, _))) = entered {
            let since = Instant::now();
            self.note(|outcome| outcome.entered += 1);
            let forge = Forge::new(self.kind, seed, self.args.pow_score);
            let send = |message| network.send(key, message);
            self.flood(&network, send, &mut events, forge).await;
            if !*self.stop.borrow() {
                self.dropped(since);
            }
        }
        network.stop().await;
        entered.ok().flatten().map(|_| ())
    }

    /// Sends until the conversation is over.
    async fn flood(
        &self,
        network: &NetworkHandle,
        send: impl Fn(Message) -> bool,
        events: &mut NetworkEvents,
        mut forge: Forge,
    ) {
        while !*self.stop.borrow() {
            let mut sent = 0;
            while sent < TURN_MESSAGES
                && let Some(message) = forge.next()
                && send(message)
            {
                sent += 1;
            }
            self.note(|outcome| outcome.messages += sent as u64);
            if self.kind == Attack::Deaf {
                // Its end shows in that nothing can be sent any more.
                if network.peers().iter().all(|peer| peer.connection.is_none()) {
                    return;
                }
            } else {
                while let Some(event) = events.try_recv() {
                    match event {
                        NetworkEvent::Message(_, Message::Block(block)) => forge.hear(block),
                        NetworkEvent::Disconnected(..) => return,
                        _ => {}
                    }
                }
            }
            if sent < TURN_MESSAGES {
                sleep(FULL).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Opens many connections, says a little on each, and waits until the node closes them.
    async fn open_halfway(&self) {
        let Some(address) = socket_address(&self.args.target) else {
            return;
        };
        let mut sockets = JoinSet::new();
        for number in 0..HALF_OPEN_SOCKETS {
            sockets.spawn(self.clone().hold(address, number));
        }
        sockets.join_all().await;
    }

    /// Opens one connection, says so many bytes, and waits until the node closes it.
    async fn hold(self, address: SocketAddr, byte_count: usize) {
        let Ok(socket) = TcpStream::connect(address).await else {
            self.note(|outcome| outcome.refused += 1);
            return;
        };
        let since = Instant::now();
        self.note(|outcome| outcome.entered += 1);
        // A node that closes it at once makes this fail.
        let _ = socket.try_write(&HALF_OPEN_BYTES[..byte_count.min(HALF_OPEN_BYTES.len())]);
        let mut heard = [0; 1_024];
        while socket.readable().await.is_ok() {
            match socket.try_read(&mut heard) {
                Ok(0) => break,
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
        self.dropped(since);
    }
}

fn socket_address(target: &PeerAddress) -> Option<SocketAddr> {
    let text = target.address.to_string();
    let mut parts = text.split('/').skip(2).step_by(2);
    let (host, port) = (parts.next()?, parts.next()?);
    format!("{host}:{port}").parse().ok()
}
