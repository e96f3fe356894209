//! The wallet that the pages of a dev network show: its test accounts, over the node that shows it.
//!
//! ```text
//! page ──> question ──> worker: learn what is new, answer or send ──> page
//!                         ^ └─ on its way? ─┐
//!                         └──── look again ─┘
//! ```
//!
//! One worker has keys and state, on a thread of its own, and answers one question after the other.
//! It waits for no milestone. What is on its way it looks at again by itself, until a milestone has
//! decided: attaches it again when its blocks are too old, and promotes it. Nothing of it is
//! written to disk.

mod looks;
mod orders;
#[cfg(test)]
mod tests;
mod told;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tangle_api::{
    AccountDetails, AccountSummary, HeldOutput, HeldToken, OrderError, SentTransaction, TestWallet,
    WalletAway, WalletFuture, WalletOrder,
};
use tangle_client::Client;
use tangle_types::words::Unit;
use tangle_types::{
    Address, BlockId, LedgerOutput, MilestoneIndex, Output, TokenId, TransactionId, UnixSeconds,
};
use tangle_wallet::{
    Balance, Event, Holdings, Network, Pending, SeedSigner, Source, Standing, State, SyncError,
    TokenBalance, history, send, sync,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use looks::Pace;

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
/// Between two looks at what is on its way, at first.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
    /// A transaction that was sent.
    Sent(String, TransactionId, Reply<Option<SentTransaction>>),
}

/// A transaction that was sent.
struct Sent {
    id: TransactionId,
    account: u32,
    blocks: Vec<BlockId>,
    outputs: Vec<Output>,
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
    pace: Pace,
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
        let named = self.named.clone();
        let worker = self.worker(client, LOOK_EVERY);
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
        Arc::new(Counter { questions, named })
    }

    /// The worker, before it knows anything.
    fn worker(self, client: Client, look_every: Duration) -> Worker {
        let mut state = State::default();
        for (number, _) in &self.accounts {
            state.accounts.entry(*number).or_default();
        }
        Worker {
            client,
            signer: self.signer,
            accounts: self.accounts,
            state,
            sent: VecDeque::new(),
            forgotten: MilestoneIndex(0),
            pace: Pace::new(look_every),
        }
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

    fn sent<'a>(
        &'a self,
        name: &'a str,
        id: TransactionId,
    ) -> WalletFuture<'a, Result<Option<SentTransaction>, WalletAway>> {
        Box::pin(self.ask(move |reply| Question::Sent(name.to_owned(), id, reply)))
    }
}

impl Worker {
    async fn run(mut self, mut asked: mpsc::Receiver<Question>) {
        loop {
            let is_waiting = !self.state.pending.is_empty();
            tokio::select! {
                question = asked.recv() => match question {
                    Some(question) => self.answer(question).await,
                    None => return,
                },
                () = sleep_until(self.pace.next), if is_waiting => self.look().await,
            }
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
            Question::Sent(name, id, reply) => {
                let answer = self.sent(&name, id).await;
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
        let held_token = |(id, sum): (&TokenId, &TokenBalance)| HeldToken {
            id: *id,
            total: sum.total,
            available: sum.available,
        };
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
            tokens: tokens.map(held_token).collect(),
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
            events: events.map(|event| told::event(event, &unit)).collect(),
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
        let wish = orders::wish(&source, order).map_err(orders::unwished)?;
        let is_waiting = !self.state.pending.is_empty();
        let prepared = source
            .build(wish)
            .map_err(|error| orders::unbuilt(error, is_waiting))?;
        let transaction = prepared.sign(&self.signer);
        let transaction = transaction.map_err(|error| OrderError::Other(error.to_string()))?;
        let id = transaction.id();
        let outputs = transaction.essence.outputs.clone();
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
                tracing::warn!(%error, %id, "a transaction is sent at the next look at it");
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
            outputs,
        });
        self.pace.restart();
        Ok(id)
    }

    async fn sent(
        &mut self,
        name: &str,
        id: TransactionId,
    ) -> Result<Option<SentTransaction>, WalletAway> {
        let account = self.number(name);
        let is_it = |sent: &&Sent| sent.id == id && Some(sent.account) == account;
        if !self.sent.iter().any(|sent| is_it(&sent)) {
            return Ok(None);
        }
        self.learn().await?;
        Ok(self.sent.iter().find(is_it).map(|sent| SentTransaction {
            blocks: sent.blocks.clone(),
            outputs: sent.outputs.clone(),
        }))
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
