//! The wallet that the pages of a dev network show: its test accounts, over the node that shows it.
//!
//! ```text
//! page ──> question ──> worker: learn what is new, answer or send ──> page
//! ```
//!
//! One worker has keys and state, on a thread of its own, and answers one question after the other.
//! It waits for no milestone: what is on its way is looked at with the next question, and attached
//! again then if need be. Nothing of it is written to disk.

use std::collections::VecDeque;
use std::sync::Arc;

use tangle_api::{
    AccountDetails, AccountEvent, AccountSummary, HeldOutput, OrderError, Payment, TestWallet,
    WalletAway, WalletFuture, WalletOrder,
};
use tangle_client::Client;
use tangle_types::words::{Part, Sentence, Unit};
use tangle_types::{Address, BlockId, LedgerOutput, MilestoneIndex, TransactionId, UnixSeconds};
use tangle_wallet::actions::{ActionError, Terms};
use tangle_wallet::{
    Balance, BuildError, Change, Event, Holdings, Network, Pending, SeedSigner, Source, Standing,
    State, SyncError, Thing, Wish, history, send, sync,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Questions that wait; with more, pages wait with theirs.
const QUESTIONS_MAX: usize = 32;
/// Transactions on their way; with more, orders are refused.
const PENDING_MAX: usize = 64;
/// Transactions whose blocks are remembered; then the oldest is forgotten.
const SENT_MAX: usize = 256;
/// Spent outputs that are remembered; then the oldest are forgotten, and the history is shorter.
const SPENT_MAX: usize = 4_000;
/// Outputs, and events, that an account shows.
const SHOWN_MAX: usize = 50;

/// The wallet before it is started.
pub(crate) struct WalletService {
    pub(crate) signer: SeedSigner,
    /// Numbers and names of the accounts.
    pub(crate) accounts: Vec<(u32, String)>,
    /// Addresses with a name.
    pub(crate) named: Vec<(String, Address)>,
}

/// The wallet as the pages see it.
struct Counter {
    questions: mpsc::Sender<Question>,
    named: Vec<(String, Address)>,
}

/// Where an answer is waited for.
type Reply<T, E = WalletAway> = oneshot::Sender<Result<T, E>>;

/// What pages ask.
enum Question {
    /// What the accounts have.
    Accounts(Reply<Vec<AccountSummary>>),
    /// All about an account.
    Account(String, Reply<Option<AccountDetails>>),
    /// That an account does something.
    Order(String, WalletOrder, Reply<TransactionId, OrderError>),
    /// The blocks of a transaction.
    Blocks(String, TransactionId, Reply<Option<Vec<BlockId>>>),
}

/// A transaction that was sent.
struct Sent {
    id: TransactionId,
    account: u32,
    blocks: Vec<BlockId>,
}

struct Worker {
    client: Client,
    signer: SeedSigner,
    accounts: Vec<(u32, String)>,
    state: State,
    /// Oldest first.
    sent: VecDeque<Sent>,
    /// The history is whole after this milestone.
    forgotten: MilestoneIndex,
}

impl WalletService {
    /// Starts the worker, over the node of `client`; it ends when `stopping` says so. Must be
    /// called within a runtime.
    pub(crate) fn start(
        self,
        client: Client,
        mut stopping: watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> Arc<dyn TestWallet> {
        let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
        let mut state = State::default();
        for (number, _) in &self.accounts {
            state.accounts.entry(*number).or_default();
        }
        let worker = Worker {
            client,
            signer: self.signer,
            accounts: self.accounts,
            state,
            sent: VecDeque::new(),
            forgotten: MilestoneIndex(0),
        };
        // Keys are derived and signatures made there, which would hold up those who serve.
        let runtime = tokio::runtime::Handle::current();
        tasks.spawn_blocking(move || {
            runtime.block_on(async {
                tokio::select! {
                    // An error means that whoever could stop it is gone.
                    _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                    () = worker.run(asked) => {}
                }
            });
        });
        Arc::new(Counter {
            questions,
            named: self.named,
        })
    }
}

impl Counter {
    async fn ask<T, E: From<WalletAway>>(
        &self,
        question: impl FnOnce(Reply<T, E>) -> Question,
    ) -> Result<T, E> {
        let gone = || E::from(WalletAway("The network stops.".to_owned()));
        let (reply, answer) = oneshot::channel();
        let asked = self.questions.send(question(reply)).await;
        asked.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl TestWallet for Counter {
    fn named(&self) -> &[(String, Address)] {
        &self.named
    }

    fn accounts(&self) -> WalletFuture<'_, Result<Vec<AccountSummary>, WalletAway>> {
        Box::pin(self.ask(Question::Accounts))
    }

    fn account<'a>(
        &'a self,
        name: &'a str,
    ) -> WalletFuture<'a, Result<Option<AccountDetails>, WalletAway>> {
        Box::pin(self.ask(|reply| Question::Account(name.to_owned(), reply)))
    }

    fn carry_out<'a>(
        &'a self,
        name: &'a str,
        order: WalletOrder,
    ) -> WalletFuture<'a, Result<TransactionId, OrderError>> {
        Box::pin(self.ask(|reply| Question::Order(name.to_owned(), order, reply)))
    }

    fn blocks<'a>(
        &'a self,
        name: &'a str,
        id: TransactionId,
    ) -> WalletFuture<'a, Result<Option<Vec<BlockId>>, WalletAway>> {
        Box::pin(self.ask(move |reply| Question::Blocks(name.to_owned(), id, reply)))
    }
}

impl Worker {
    async fn run(mut self, mut asked: mpsc::Receiver<Question>) {
        while let Some(question) = asked.recv().await {
            self.answer(question).await;
        }
    }

    /// Whoever does not wait for the answer any more gets none.
    async fn answer(&mut self, question: Question) {
        match question {
            Question::Accounts(reply) => {
                let answer = self.summaries().await;
                let _ = reply.send(answer);
            }
            Question::Account(name, reply) => {
                let answer = self.details(&name).await;
                let _ = reply.send(answer);
            }
            Question::Order(name, order, reply) => {
                let answer = self.carry_out(&name, order).await;
                let _ = reply.send(answer);
            }
            Question::Blocks(name, id, reply) => {
                let answer = self.blocks(&name, id).await;
                let _ = reply.send(answer);
            }
        }
    }

    /// Brings the state up to date.
    async fn learn(&mut self) -> Result<Network, WalletAway> {
        let network = Network::ask(&self.client)
            .await
            .map_err(|error| away(&error))?;
        let learned = sync(&self.client, &network, &mut self.state, Some(&self.signer)).await;
        for pending in &self.state.pending {
            let id = pending.transaction.id();
            if let Some(sent) = self.sent.iter_mut().find(|sent| sent.id == id) {
                sent.blocks.clone_from(&pending.blocks);
            }
        }
        if let Some(last) = self.state.forget_spent(SPENT_MAX) {
            self.forgotten = last;
        }
        learned.map_err(|error| away(&error))?;
        Ok(network)
    }

    fn number(&self, name: &str) -> Option<u32> {
        let mut accounts = self.accounts.iter();
        let found = accounts.find(|(_, known)| known == name);
        found.map(|(number, _)| *number)
    }

    /// The time of the newest milestone that is known.
    const fn now(&self) -> UnixSeconds {
        self.state.ledger.time
    }

    fn source<'a>(&'a self, account: u32, network: &'a Network) -> Source<'a> {
        Source {
            state: &self.state,
            account,
            parameters: &network.parameters,
            now: self.now(),
        }
    }

    async fn summaries(&mut self) -> Result<Vec<AccountSummary>, WalletAway> {
        let network = self.learn().await?;
        let accounts = self.accounts.iter();
        let summaries = accounts.map(|(number, name)| self.summary(*number, name, &network));
        Ok(summaries.collect())
    }

    fn summary(&self, account: u32, name: &str, network: &Network) -> AccountSummary {
        let rent = &network.parameters.rent;
        let balance = Balance::of(&self.state, account, rent, self.now());
        let tokens = balance.tokens.iter();
        let own = self.state.pending.iter();
        let own = own.filter(|pending| pending.account == account);
        AccountSummary {
            name: name.to_owned(),
            address: self
                .source(account, network)
                .own_address()
                .expect("a sync with a signer derives keys for every account"),
            available: balance.available,
            deposit: balance.deposit,
            locked: balance.locked,
            claimable: balance.claimable,
            returning: balance.returning,
            voting: balance.voting,
            tokens: tokens.map(|(id, sum)| (*id, sum.total)).collect(),
            nfts: balance.nfts,
            aliases: balance.aliases,
            foundries: balance.foundries,
            pending: own.map(|pending| pending.transaction.id()).collect(),
        }
    }

    async fn details(&mut self, name: &str) -> Result<Option<AccountDetails>, WalletAway> {
        let Some(account) = self.number(name) else {
            return Ok(None);
        };
        let network = self.learn().await?;
        let holdings = Holdings::of(&self.state, account, self.now());
        let mut outputs = self.state.records();
        outputs.retain(|record| record.spent.is_none() && holdings.has(&record.output.output));
        let output_count = outputs.len();
        let newest = outputs.into_iter().rev().take(SHOWN_MAX);
        let source = self.source(account, &network);
        let claimable = source.claimable().into_iter().take(SHOWN_MAX);
        let unit = &network.node.base_token;
        let unit = Unit::new(&unit.unit, unit.decimals);
        let events = history(&self.state, account);
        let is_whole = |event: &&Event| event.milestone.is_none_or(|at| at > self.forgotten);
        let events = events.iter().rev().filter(is_whole).take(SHOWN_MAX);
        Ok(Some(AccountDetails {
            summary: self.summary(account, name, &network),
            outputs: newest.map(|record| self.held(&record.output)).collect(),
            output_count,
            claimable: claimable.map(|held| self.held(held)).collect(),
            events: events.map(|event| told(event, &unit)).collect(),
        }))
    }

    fn held(&self, held: &LedgerOutput) -> HeldOutput {
        let standing = if self.state.is_reserved(&held.id) {
            "on its way"
        } else {
            Standing::of(&held.output, &self.state, self.now()).name()
        };
        HeldOutput {
            id: held.id,
            output: held.output.clone(),
            standing,
        }
    }

    async fn carry_out(
        &mut self,
        name: &str,
        order: WalletOrder,
    ) -> Result<TransactionId, OrderError> {
        let account = self.number(name).ok_or(OrderError::NoAccount)?;
        let network = self.learn().await?;
        if self.state.pending.len() >= PENDING_MAX {
            let text = "Too many transactions are on their way. Try again in a moment.";
            return Err(OrderError::Other(text.to_owned()));
        }
        let source = self.source(account, &network);
        let wish = wish(&source, order).map_err(unwished)?;
        let is_waiting = !self.state.pending.is_empty();
        let prepared = source
            .build(wish)
            .map_err(|error| unbuilt(error, is_waiting))?;
        let transaction = prepared.sign(&self.signer);
        let transaction = transaction.map_err(|error| OrderError::Other(error.to_string()))?;
        let id = transaction.id();
        // Noted before the node can know of it: its inputs are not used again.
        self.state.pending.push(Pending {
            transaction,
            blocks: Vec::new(),
            account,
            made: self.now(),
        });
        let blocks = match send(&self.client, &network.parameters, &mut self.state, id).await {
            Ok(block) => vec![block],
            Err(error) if error.is_refused() => {
                // The node has not taken it, and would not take it again.
                let pending = &mut self.state.pending;
                pending.retain(|pending| pending.transaction.id() != id);
                return Err(OrderError::Other(sentence(&error)));
            }
            Err(error) => {
                tracing::warn!(%error, %id, "a transaction waits for the next look at the wallet");
                Vec::new()
            }
        };
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent {
            id,
            account,
            blocks,
        });
        Ok(id)
    }

    async fn blocks(
        &mut self,
        name: &str,
        id: TransactionId,
    ) -> Result<Option<Vec<BlockId>>, WalletAway> {
        let account = self.number(name);
        let is_it = |sent: &&Sent| sent.id == id && Some(sent.account) == account;
        if !self.sent.iter().any(|sent| is_it(&sent)) {
            return Ok(None);
        }
        self.learn().await?;
        Ok(self.sent.iter().find(is_it).map(|sent| sent.blocks.clone()))
    }
}

fn wish(source: &Source<'_>, order: WalletOrder) -> Result<Wish, ActionError> {
    match order {
        WalletOrder::Send(payment) => {
            let Payment { to, amount, .. } = payment;
            let later = |seconds: u32| UnixSeconds(source.now.0.saturating_add(seconds));
            let terms = Terms {
                timelock: None,
                expiration: payment.expires_in_seconds.map(later),
                lends_deposit: payment.lends_deposit,
                tag: payment.tag,
                metadata: payment.metadata,
            };
            source.parcel(to, amount, Vec::new(), &terms)
        }
        WalletOrder::Claim => source.claim(&[]),
        WalletOrder::MintNft { metadata, tag } => {
            let own = source.own_address();
            let own = own.ok_or(ActionError::Nothing("the account has no key yet"))?;
            source.mint_nft(own, &metadata, &[], &tag, true)
        }
    }
}

fn unwished(error: ActionError) -> OrderError {
    match error {
        ActionError::BelowDeposit { needed, .. } => OrderError::BelowDeposit { needed },
        error => OrderError::Other(sentence(&error)),
    }
}

fn unbuilt(error: BuildError, is_waiting: bool) -> OrderError {
    match error {
        BuildError::Coins { missing } => OrderError::Coins {
            missing,
            is_waiting,
        },
        BuildError::Remainder { left, needed } => OrderError::Remainder { left, needed },
        error => OrderError::Other(sentence(&error)),
    }
}

fn away(error: &SyncError) -> WalletAway {
    WalletAway(format!("The wallet learns nothing of the ledger: {error}."))
}

/// An error as a sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn told(event: &Event, unit: &Unit) -> AccountEvent {
    let is_known = event.transaction != TransactionId::ZERO;
    let changes = event.changes.iter();
    AccountEvent {
        time: event.time,
        milestone: event.milestone,
        transaction: is_known.then_some(event.transaction),
        received: event.received,
        spent: event.spent,
        changes: changes.map(|change| in_words(change, unit)).collect(),
    }
}

fn in_words(change: &Change, unit: &Unit) -> Sentence {
    let deed = change.deed.name();
    let mut parts = match change.thing {
        Thing::Coins(amount) => vec![Part::Text(format!("{deed} {}", unit.show(amount)))],
        Thing::Token(id, count) => vec![
            Part::Text(format!("{deed} {count} of token ")),
            Part::Token(id),
        ],
        Thing::Nft(id) => vec![
            Part::Text(format!("{deed} NFT ")),
            Part::Address(Address::Nft(id)),
        ],
        Thing::Alias(id) => vec![
            Part::Text(format!("{deed} alias ")),
            Part::Address(Address::Alias(id)),
        ],
        Thing::Foundry(id) => vec![Part::Text(format!("{deed} foundry ")), Part::Token(id)],
    };
    if let Some(address) = change.address {
        parts.push(Part::Text(format!(" {} ", change.preposition())));
        parts.push(Part::Address(address));
    }
    Sentence(parts)
}
