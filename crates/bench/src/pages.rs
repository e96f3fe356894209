//! A person at the pages of a busy node: one page after the other at a fixed rate, of what was only
//! just sent.
//!
//! ```text
//! payer ──> newest payment ──┐
//! whoever posts ──> newest block ──> visitor: overview, explorer, block, transaction, …
//! ```
//!
//! A fetch counts from when it was due, so that a page which waits for the one before it counts as
//! slow too.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use tangle_client::{BasicOutputQuery, Client, InclusionState};
use tangle_types::{
    BlockId, Codec, DraftBlock, MilestoneIndex, OutputId, Payload, ProtocolParameters,
    TransactionId,
};

use crate::http::Connection;
use crate::report::{self, note, quantile};
use crate::workload::Wallet;

/// Human-readable part of addresses in a dev network.
const HRP: &str = "tst";
/// Who pays, and who is paid: numbers of wallets.
const PAYER: usize = 0;
const PAYEE: usize = 1;
/// Base coins of the payer.
const AMOUNT: u64 = 1_000_000_000_000;
/// Payments that the visitor has not looked at; with more the payer waits.
const PAYMENTS_MAX: usize = 4;
/// How long a payment may take to be confirmed.
const CONFIRM_WAIT: Duration = Duration::from_secs(15);
/// Pause between two looks at that.
const CONFIRM_PAUSE: Duration = Duration::from_millis(50);

/// The pages that are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Overview,
    Explorer,
    Block,
    Transaction,
    Output,
    Address,
    Milestone,
}

/// The block that was posted last.
#[derive(Debug)]
pub(crate) struct Newest(Mutex<BlockId>);

/// A payment that is confirmed.
#[derive(Clone, Copy, Debug)]
struct Payment {
    transaction: TransactionId,
    milestone: MilestoneIndex,
}

/// One who fetches pages, and one who pays, so that there is something to be seen.
#[derive(Debug)]
pub(crate) struct Visitor {
    is_over: Arc<AtomicBool>,
    payer: JoinHandle<Result<()>>,
    visits: JoinHandle<Result<Vec<Visits>>>,
}

/// Fetches of one kind of page.
#[derive(Clone, Debug, Default)]
struct Visits {
    latencies_ms: Vec<f64>,
    failed: u64,
}

/// How one kind of page was answered.
#[derive(Debug, Serialize)]
pub(crate) struct PageFigures {
    page: &'static str,
    fetched: usize,
    /// Those of them that were not answered with a page.
    failed: u64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

impl From<BlockId> for Newest {
    fn from(id: BlockId) -> Self {
        Self(Mutex::new(id))
    }
}

impl Newest {
    pub(crate) fn id(&self) -> BlockId {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, id: BlockId) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}

/// What a dev network has to be told for the payer to have coins.
pub(crate) fn allocation() -> String {
    let owner = Wallet::new(PAYER).address().to_bech32(HRP);
    format!("[[allocations]]\nowner = {owner:?}\namount = {AMOUNT}\n")
}

impl Visitor {
    /// Begins to pay, and once the first payment is confirmed, to fetch `rate` pages a second.
    pub(crate) fn start(node: SocketAddr, rate: f64, newest: &Arc<Newest>) -> Result<Self> {
        ensure!(
            (0.1..=10_000.0).contains(&rate),
            "0.1 to 10000 pages a second can be fetched"
        );
        let is_over = Arc::<AtomicBool>::default();
        let (paid, payments) = mpsc::sync_channel(PAYMENTS_MAX);
        let until = Arc::clone(&is_over);
        let payer = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(pay(node, &until, &paid))
        });
        let Ok(first) = payments.recv() else {
            payer.join().expect("no panic")?;
            bail!("nothing was paid");
        };
        let (until, newest) = (Arc::clone(&is_over), Arc::clone(newest));
        let visits = std::thread::spawn(move || {
            let mut payment = first;
            visit(node, rate, &until, |kind| {
                payment = payments.try_iter().last().unwrap_or(payment);
                kind.path(newest.id(), payment)
            })
        });
        Ok(Self {
            is_over,
            payer,
            visits,
        })
    }

    /// Ends both; how each kind of page was answered, and all of them together.
    pub(crate) fn finish(self) -> Result<Vec<PageFigures>> {
        self.is_over.store(true, Ordering::Relaxed);
        let visits = self.visits.join().expect("no panic")?;
        self.payer.join().expect("no panic")?;
        let all = Visits {
            latencies_ms: visits
                .iter()
                .flat_map(|visits| visits.latencies_ms.iter().copied())
                .collect(),
            failed: visits.iter().map(|visits| visits.failed).sum(),
        };
        let names = Kind::ALL.map(Kind::name).into_iter();
        let kinds = names.zip(visits).chain([("all", all)]);
        Ok(kinds.map(|(page, visits)| visits.figures(page)).collect())
    }
}

impl Visits {
    fn figures(mut self, page: &'static str) -> PageFigures {
        let latencies = &mut self.latencies_ms;
        PageFigures {
            page,
            fetched: latencies.len(),
            failed: self.failed,
            p50_ms: quantile(latencies, 0.5),
            p99_ms: quantile(latencies, 0.99),
            max_ms: quantile(latencies, 1.0),
        }
    }
}

/// Pays again and again, each time when the payment before is confirmed, and tells of each.
async fn pay(
    node: SocketAddr,
    is_over: &AtomicBool,
    paid: &mpsc::SyncSender<Payment>,
) -> Result<()> {
    let client = Client::new(&format!("http://{node}"))?;
    let parameters = client.info().await?.protocol.parameters();
    let parameters = parameters.context("the node's protocol is not ours")?;
    let payee = Wallet::new(PAYEE).address();
    let mut payer = funded(&client).await?;
    while !is_over.load(Ordering::Relaxed) {
        let payload = payer.pay(payee, &parameters)?;
        let payment = confirm(&client, payload, &parameters).await?;
        if paid.send(payment).is_err() {
            break;
        }
    }
    Ok(())
}

/// The payer, with the coins that it has from the start.
async fn funded(client: &Client) -> Result<Wallet> {
    let mut payer = Wallet::new(PAYER);
    let query = BasicOutputQuery {
        address: payer.address().to_bech32(HRP),
        is_plain: true,
        page_size: 1,
        cursor: None,
    };
    let outputs = client.basic_outputs(&query).await?;
    let coins = outputs.items.first().context("the payer has no coins")?;
    payer.fund(*coins, AMOUNT);
    Ok(payer)
}

/// Hands in a transaction and waits until it is in the ledger.
async fn confirm(
    client: &Client,
    payload: Payload,
    parameters: &ProtocolParameters,
) -> Result<Payment> {
    let Payload::Transaction(transaction) = &payload else {
        bail!("a payment is a transaction");
    };
    let transaction = transaction.id();
    let draft = DraftBlock {
        protocol_version: parameters.version,
        parents: None,
        payload: Some(payload),
        nonce: 0,
    };
    let id = client.submit(draft.to_bytes()).await?;
    let started = Instant::now();
    while started.elapsed() < CONFIRM_WAIT {
        let status = client.block_status(&id).await?.context("a block is gone")?;
        if let Some(milestone) = status.referenced_by_milestone_index {
            ensure!(
                status.ledger_inclusion_state == Some(InclusionState::Included),
                "a payment was refused"
            );
            return Ok(Payment {
                transaction,
                milestone,
            });
        }
        tokio::time::sleep(CONFIRM_PAUSE).await;
    }
    bail!(
        "a payment was not confirmed in {} s",
        CONFIRM_WAIT.as_secs()
    );
}

impl Kind {
    /// In the order in which they are fetched.
    const ALL: [Self; 7] = [
        Self::Overview,
        Self::Explorer,
        Self::Block,
        Self::Transaction,
        Self::Output,
        Self::Address,
        Self::Milestone,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Explorer => "explorer",
            Self::Block => "block",
            Self::Transaction => "transaction",
            Self::Output => "output",
            Self::Address => "address",
            Self::Milestone => "milestone",
        }
    }

    /// Where it is.
    fn path(self, block: BlockId, payment: Payment) -> String {
        let Payment {
            transaction,
            milestone,
        } = payment;
        match self {
            Self::Overview => "/".to_owned(),
            Self::Explorer => "/explorer".to_owned(),
            Self::Block => format!("/explorer/block/{block}"),
            Self::Transaction => format!("/explorer/transaction/{transaction}"),
            Self::Output => format!("/explorer/output/{}", OutputId::new(transaction, 0)),
            Self::Address => {
                let payee = Wallet::new(PAYEE).address().to_bech32(HRP);
                format!("/explorer/address/{payee}")
            }
            Self::Milestone => format!("/explorer/milestone/{milestone}"),
        }
    }
}

/// Fetches pages in turn, at a fixed rate, until it is over.
fn visit(
    node: SocketAddr,
    rate: f64,
    is_over: &AtomicBool,
    mut path: impl FnMut(Kind) -> String,
) -> Result<Vec<Visits>> {
    let mut connection = Connection::open(node)?;
    let mut visits = vec![Visits::default(); Kind::ALL.len()];
    let started = Instant::now();
    let mut due = started;
    for number in 1_u64.. {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let position = (number % Kind::ALL.len() as u64) as usize;
        let path = path(Kind::ALL[position]);
        let (status, body) = connection.get(&path)?;
        let visits = &mut visits[position];
        let latency = due.elapsed();
        visits.latencies_ms.push(latency.as_secs_f64() * 1_000.0);
        if status != 200 {
            if visits.failed == 0 {
                note(&format!(
                    "{path}: {status} {}",
                    String::from_utf8_lossy(&body)
                ));
            }
            visits.failed += 1;
        }
        due = started + Duration::from_secs_f64(number as f64 / rate);
    }
    Ok(visits)
}

/// Prints a row for each kind of page.
pub(crate) fn print(pages: &[PageFigures]) -> Result<()> {
    let heads = ["page", "fetched", "failed", "p50 ms", "p99 ms", "max ms"];
    let row = |page: &PageFigures| {
        vec![
            page.page.to_owned(),
            page.fetched.to_string(),
            page.failed.to_string(),
            format!("{:.2}", page.p50_ms),
            format!("{:.2}", page.p99_ms),
            format!("{:.2}", page.max_ms),
        ]
    };
    let rows: Vec<_> = pages.iter().map(row).collect();
    report::table(&heads, &rows)
}
