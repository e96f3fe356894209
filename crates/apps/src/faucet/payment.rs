//! The transaction of a batch: coins of one key to many addresses.

use tangle_crypto::ed25519::SecretKey;
use tangle_types::{
    Address, Essence, INPUTS_MAX, Output, OutputId, ProtocolParameters, TaggedData, Transaction,
    inputs_commitment,
};

use super::queue::Payment;

/// Payments of one transaction; one output is for what is left over.
pub(super) const PAYMENTS_MAX: usize = INPUTS_MAX - 1;
/// Marks the faucet's transactions.
const TAG: &[u8] = b"TANGLE FAUCET";

/// An output that the faucet can spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coin {
    pub(super) id: OutputId,
    pub(super) output: Output,
}

/// Base coins in all of `coins`.
pub(super) fn sum(coins: &[Coin]) -> u64 {
    coins
        .iter()
        .fold(0, |sum, coin| sum.saturating_add(coin.output.amount()))
}

/// What may be paid out of `funds` so that what is left over is nothing or can be an output: the
/// storage deposit is kept.
pub(super) const fn spendable(funds: u64, deposit_min: u64) -> u64 {
    funds.saturating_sub(deposit_min)
}

/// Pays with `coins`, all owned by `key`; gives the coin that is left over. The payments are at
/// most what is [`spendable`].
pub(super) fn build(
    parameters: &ProtocolParameters,
    key: &SecretKey,
    coins: &[Coin],
    payments: &[Payment],
) -> (Transaction, Coin) {
    let own = Address::from_public_key(&key.public_key());
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
        network_id: parameters.network_id(),
        inputs: coins.iter().map(|coin| coin.id).collect(),
        inputs_commitment: inputs_commitment(coins.iter().map(|coin| &coin.output)),
        outputs,
        payload: Some(TaggedData {
            tag: TAG.to_vec(),
            data: Vec::new(),
        }),
    };
    let transaction = essence.signed_by(key);
    let index = u16::try_from(payments.len()).expect("there are at most 127 payments");
    let left = Coin {
        id: OutputId::new(transaction.id(), index),
        output: Output::basic(own, rest),
    };
    (transaction, left)
}

#[cfg(test)]
mod tests {
    use tangle_testkit::arbitrary;
    use tangle_types::{Block, BlockId, Parents, Payload, TransactionId, validate};

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
        let (transaction, left) = build(&parameters(), &key, &coins, &payments);
        assert_eq!(left.output.amount(), 200_000_000 - 127_000_000);
        assert_eq!(left.id.transaction_id(), transaction.id());
        let block = Block {
            protocol_version: 2,
            parents: Parents::new(vec![BlockId([1; 32])]).expect("one parent"),
            payload: Some(Payload::Transaction(Box::new(transaction))),
            nonce: 0,
        };
        assert_eq!(validate(&block, &parameters()), Ok(()));
    }

    #[test]
    fn storage_deposit_of_the_rest_is_kept() {
        assert_eq!(spendable(100, 40), 60);
        assert_eq!(spendable(30, 40), 0);
    }
}
