//! Paying: coins of one key, transactions that pay many addresses with them, blocks around these.

use tangle_client::{BasicOutputQuery, Client, ClientError};
use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::pow;
use tangle_types::{
    Address, Block, Codec, Essence, INPUTS_MAX, Output, OutputId, PROTOCOL_VERSION, Parents,
    Payload, ProtocolParameters, TaggedData, Transaction, inputs_commitment,
};

/// Payments of one transaction; one output is for what is left over.
pub(crate) const PAYMENTS_MAX: usize = INPUTS_MAX - 1;

/// Coins for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) address: Address,
    pub(crate) amount: u64,
}

/// An output that can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coin {
    pub(crate) id: OutputId,
    pub(crate) output: Output,
}

/// Whom a payment comes from, and how it is marked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payer<'a> {
    /// What the network agrees on.
    pub(crate) parameters: &'a ProtocolParameters,
    /// Owns the coins.
    pub(crate) key: &'a SecretKey,
    /// Marks the transactions.
    pub(crate) tag: &'a [u8],
}

/// At most `count_max` unspent basic outputs of `address` that have no further conditions.
pub(crate) async fn plain_outputs(
    client: &Client,
    address: String,
    count_max: u16,
) -> Result<Vec<OutputId>, ClientError> {
    let query = BasicOutputQuery {
        address,
        is_plain: true,
        page_size: count_max,
        cursor: None,
    };
    Ok(client.basic_outputs(&query).await?.items)
}

/// The coins of `address`, at most `count_max`: plain outputs without native tokens, which can be
/// spent without care.
pub(crate) async fn coins(
    client: &Client,
    address: String,
    count_max: u16,
) -> Result<Vec<Coin>, ClientError> {
    let mut coins = Vec::new();
    for id in plain_outputs(client, address, count_max).await? {
        let output = client.output(&id).await?;
        coins.extend(output.filter(is_plain).map(|output| Coin { id, output }));
    }
    Ok(coins)
}

fn is_plain(output: &Output) -> bool {
    output.native_tokens().is_empty()
}

/// Base coins in all of `coins`.
pub(crate) fn sum(coins: &[Coin]) -> u64 {
    coins
        .iter()
        .fold(0, |sum, coin| sum.saturating_add(coin.output.amount()))
}

/// What may be paid out of `funds` so that what is left over is nothing or can be an output: the
/// storage deposit is kept.
pub(crate) const fn spendable(funds: u64, deposit_min: u64) -> u64 {
    funds.saturating_sub(deposit_min)
}

/// Pays with `coins`, all owned by the payer; gives the coin that is left over. The payments are at
/// most what is [`spendable`].
pub(crate) fn build(payer: Payer<'_>, coins: &[Coin], payments: &[Payment]) -> (Transaction, Coin) {
    let own = Address::from_public_key(&payer.key.public_key());
    let paid: u64 = payments.iter().map(|payment| payment.amount).sum();
    let rest = sum(coins)
        .checked_sub(paid)
        .expect("a batch is taken within the funds");
    let mut outputs: Vec<Output> = payments
        .iter()
        .map(|payment| Output::basic(payment.address, payment.amount))
        .collect();
    outputs.push(Output::basic(own, rest));
    let essence = Essence {
        network_id: payer.parameters.network_id(),
        inputs: coins.iter().map(|coin| coin.id).collect(),
        inputs_commitment: inputs_commitment(coins.iter().map(|coin| &coin.output)),
        outputs,
        payload: Some(TaggedData {
            tag: payer.tag.to_vec(),
            data: Vec::new(),
        }),
    };
    let transaction = essence.signed_by(payer.key);
    let index = u16::try_from(payments.len()).expect("there are at most 127 payments");
    let left = Coin {
        id: OutputId::new(transaction.id(), index),
        output: Output::basic(own, rest),
    };
    (transaction, left)
}

/// The bytes of a block, with its proof of work; `None` when `cancel` was set meanwhile.
pub(crate) async fn block_bytes(
    parents: Parents,
    payload: Payload,
    score_min: u32,
    cancel: &pow::Cancel,
) -> Option<Vec<u8>> {
    let block = Block {
        protocol_version: PROTOCOL_VERSION,
        parents,
        payload: Some(payload),
        nonce: 0,
    };
    let mut bytes = block.to_bytes();
    let zeros = pow::zeros_needed(bytes.len(), score_min);
    if zeros == 0 {
        return Some(bytes);
    }
    let cancel = cancel.clone();
    let mined = tokio::task::spawn_blocking(move || {
        let nonce_at = bytes.len() - size_of::<u64>();
        let nonce = pow::mine(&bytes[..nonce_at], zeros, 1, &cancel)?;
        bytes[nonce_at..].copy_from_slice(&nonce.to_le_bytes());
        Some(bytes)
    });
    mined.await.expect("mining does not panic")
}

#[cfg(test)]
mod tests {
    use tangle_testkit::arbitrary;
    use tangle_types::{BlockId, TransactionId, validate};

    use super::*;

    fn parameters() -> ProtocolParameters {
        ProtocolParameters {
            network_name: "faucet-test".to_owned(),
            token_supply: 1_000_000_000_000,
            ..arbitrary::parameters()
        }
    }

    #[test]
    fn largest_batch_keeps_the_rules_and_the_coins() {
        let key = SecretKey::from_seed([1; 32]);
        let own = Address::from_public_key(&key.public_key());
        let coin = |number: u8| Coin {
            id: OutputId::new(TransactionId([number; 32]), 0),
            output: Output::basic(own, 100_000_000),
        };
        let coins = [coin(1), coin(2)];
        let payments: Vec<Payment> = (0..PAYMENTS_MAX)
            .map(|number| Payment {
                address: Address::Ed25519([number as u8; 32]),
                amount: 1_000_000,
            })
            .collect();
        let parameters = parameters();
        let payer = Payer {
            parameters: &parameters,
            key: &key,
            tag: b"test",
        };
        let (transaction, left) = build(payer, &coins, &payments);
        assert_eq!(left.output.amount(), 200_000_000 - 127_000_000);
        assert_eq!(left.id.transaction_id(), transaction.id());
        let block = Block {
            protocol_version: 2,
            parents: Parents::new(vec![BlockId([1; 32])]).expect("one parent"),
            payload: Some(Payload::Transaction(Box::new(transaction))),
            nonce: 0,
        };
        assert_eq!(validate(&block, &parameters), Ok(()));
    }

    #[test]
    fn storage_deposit_of_the_rest_is_kept() {
        assert_eq!(spendable(100, 40), 60);
        assert_eq!(spendable(30, 40), 0);
    }
}
