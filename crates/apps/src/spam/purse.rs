//! The coins that transfers move: from the faucet, split into many, spent again and again.
//!
//! A transfer pays its coin back to the spammer, so that none is used up. A coin may be spent
//! before a milestone has confirmed it; its block then approves the one that made it.

use std::time::{Duration, Instant};

use tangle_client::{Client, ClientError};
use tangle_types::{BlockId, Payload};

use super::connection::Connection;
use super::{Shared, SpamError};
use crate::payment::{self, Coin, PAYMENTS_MAX, Payment};

/// Most coins.
pub(super) const COINS_MAX: usize = 1_016;
/// Base coins of one of them, if there are so many.
const AMOUNT: u64 = 1_000_000;
/// Seconds of the asked rate for which coins are made: a pair keeps its coin until a milestone.
const SECONDS: f64 = 4.0;
/// How long the faucet may take.
const FAUCET_WAIT: Duration = Duration::from_secs(30);
/// Time between two looks at what the faucet did.
const FAUCET_PAUSE: Duration = Duration::from_millis(250);

/// A coin, and the block that made it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) coin: Coin,
    /// The block and when it was sent; `None` when a milestone has confirmed the coin.
    pub(super) carrier: Option<(BlockId, Instant)>,
}

/// Gets coins: what the key has from an earlier run, or else from the faucet; then as many as the
/// run needs.
pub(super) async fn fill(shared: &Shared, faucet: &Client) -> Result<(), SpamError> {
    let mut coins = load(shared).await?;
    let deposit_min = deposit_min(shared);
    let needed = needed(shared);
    let is_rich = |coins: &[Coin]| payment::sum(coins) / AMOUNT.max(deposit_min) > needed as u64;
    if !is_rich(&coins) {
        let before = payment::sum(&coins);
        let address = shared.address();
        let asked = faucet.ask_faucet(&address).await;
        if coins.is_empty() {
            asked.map_err(SpamError::Faucet)?;
        }
        let since = Instant::now();
        while payment::sum(&coins) <= before && since.elapsed() < FAUCET_WAIT {
            tokio::time::sleep(FAUCET_PAUSE).await;
            coins = load(shared).await?;
        }
    }
    if coins.is_empty() {
        return Err(SpamError::NoCoins {
            address: shared.address(),
        });
    }
    split(shared, coins, needed, AMOUNT.max(deposit_min)).await
}

/// What the ledger says that the key has.
pub(super) async fn load(shared: &Shared) -> Result<Vec<Coin>, ClientError> {
    payment::coins(&shared.client, shared.address(), COINS_MAX as u16).await
}

fn deposit_min(shared: &Shared) -> u64 {
    tangle_types::basic_deposit_min(&shared.parameters.rent, &shared.owner())
}

fn needed(shared: &Shared) -> usize {
    match shared.config.rate {
        Some(rate) => ((rate * SECONDS) as usize).clamp(PAYMENTS_MAX, COINS_MAX),
        None => COINS_MAX,
    }
}

/// Splits the largest coin until there are enough, or nothing is left to split.
async fn split(
    shared: &Shared,
    mut coins: Vec<Coin>,
    needed: usize,
    amount: u64,
) -> Result<(), SpamError> {
    coins.sort_by_key(|coin| coin.output.amount());
    let largest = coins.pop().expect("there is one");
    let mut count = coins.len();
    shared.put_back(coins.into_iter().map(|coin| Held {
        coin,
        carrier: None,
    }));
    let mut rest = Held {
        coin: largest,
        carrier: None,
    };
    let mut connection = Connection::new(shared);
    while count + 1 < needed {
        let funds = payment::spendable(rest.coin.output.amount(), deposit_min(shared));
        let parts = usize::try_from(funds / amount).unwrap_or(usize::MAX);
        let parts = parts.min(PAYMENTS_MAX).min(needed - count - 1);
        if parts == 0 {
            break;
        }
        let payment = Payment {
            address: shared.owner(),
            amount,
        };
        let payments = vec![payment; parts];
        let tag = shared.mark(0);
        let (transaction, left) = payment::build(shared.payer(&tag), &[rest.coin], &payments);
        let id = transaction.id();
        let outputs = transaction.essence.outputs.clone();
        let before = rest.carrier.map(|(block, _)| block);
        let payload = Payload::Transaction(Box::new(transaction));
        let block = connection
            .attempt(&payload, before)
            .await?
            .ok_or(SpamError::Stopped)?;
        let carrier = Some((block, Instant::now()));
        let made = outputs.into_iter().take(parts).enumerate();
        shared.put_back(made.map(|(index, output)| Held {
            coin: Coin {
                id: tangle_types::OutputId::new(id, index as u16),
                output,
            },
            carrier,
        }));
        count += parts;
        rest = Held {
            coin: left,
            carrier,
        };
    }
    shared.put_back([rest]);
    Ok(())
}
