//! Which transactions are votes.

use bytes::Bytes;
use tangle_types::participation::{Participations, TAG};
use tangle_types::{
    Address, BasicOutput, BlockId, Output, OutputId, ParsedBlock, Payload, Transaction, Unlock,
};

/// A transaction that takes part in events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastVote {
    /// Its output, whose coins vote until it is spent.
    pub output_id: OutputId,
    /// The block that brought it into the ledger.
    pub block_id: BlockId,
    /// Who owns the output.
    pub address: Address,
    /// Base coins of the output.
    pub amount: u64,
    /// What it says, in the order in which it says it.
    pub participations: Participations,
}

impl CastVote {
    /// The vote in a block whose transaction the ledger took; `None` if it has none.
    ///
    /// A vote has one output, a basic one that nobody but its owner can ever unlock, whose owner
    /// signed the transaction; and participations as tagged data. So does `inx-participation`
    /// decide it: inputs of others may be among those that are swept into the output, and the
    /// output itself need not have a tag.
    #[must_use]
    pub fn of_block(bytes: Bytes) -> Option<Self> {
        let parsed = ParsedBlock::parse(bytes).ok()?;
        let Some(Payload::Transaction(transaction)) = &parsed.block.payload else {
            return None;
        };
        let essence = &transaction.essence;
        let data = essence.payload.as_ref().filter(|data| data.tag == TAG)?;
        let [Output::Basic(output)] = &essence.outputs[..] else {
            return None;
        };
        let address = *plain_owner(output)?;
        if !is_signed_by(transaction, &address) {
            return None;
        }
        Some(Self {
            output_id: OutputId::new(parsed.transaction?.id, 0),
            block_id: parsed.id,
            address,
            amount: output.amount,
            participations: Participations::read_counted(&data.data).ok()?,
        })
    }
}

/// The owner of an output that no other condition ties.
fn plain_owner(output: &BasicOutput) -> Option<&Address> {
    let conditions = &output.unlock_conditions;
    let is_plain = conditions.storage_deposit_return().is_none()
        && conditions.timelock().is_none()
        && conditions.expiration().is_none();
    conditions.address().filter(|_| is_plain)
}

fn is_signed_by(transaction: &Transaction, address: &Address) -> bool {
    transaction.unlocks.iter().any(|unlock| match unlock {
        Unlock::Signature { public_key, .. } => Address::from_public_key(public_key) == *address,
        Unlock::Reference(_) | Unlock::Alias(_) | Unlock::Nft(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use tangle_crypto::ed25519::SecretKey;
    use tangle_types::participation::{EventId, Participation};
    use tangle_types::{
        Block, Codec, Essence, NetworkId, PROTOCOL_VERSION, Parents, TaggedData, TransactionId,
        UnixSeconds, UnlockCondition, UnlockConditions, inputs_commitment,
    };

    use super::*;

    const AMOUNT: u64 = 5_000_000;

    fn key(number: u8) -> SecretKey {
        SecretKey::from_seed([number; 32])
    }

    fn owner(number: u8) -> Address {
        Address::from_public_key(&key(number).public_key())
    }

    fn participations() -> Participations {
        Participations(vec![Participation {
            event_id: EventId([3; 32]),
            answers: vec![10, 20, 30, 40],
        }])
    }

    /// A block with a transaction of these outputs and this data, signed by owner 1 and by others.
    fn block(outputs: Vec<Output>, payload: Option<TaggedData>, signers: &[u8]) -> Block {
        let inputs = (0_u8..).zip(signers);
        let essence = Essence {
            network_id: NetworkId(1),
            inputs: inputs
                .map(|(number, _)| OutputId::new(TransactionId([number; 32]), 0))
                .collect(),
            inputs_commitment: inputs_commitment(&[]),
            outputs,
            payload,
        };
        let hash = essence.hash();
        let unlocks = signers
            .iter()
            .map(|signer| Unlock::signed(&key(*signer), &hash));
        let transaction = Transaction {
            unlocks: unlocks.collect(),
            essence,
        };
        Block {
            protocol_version: PROTOCOL_VERSION,
            parents: Parents::new(vec![BlockId([1; 32])]).expect("one parent"),
            payload: Some(Payload::Transaction(Box::new(transaction))),
            nonce: 0,
        }
    }

    fn data(tag: &[u8], data: Vec<u8>) -> Option<TaggedData> {
        Some(TaggedData {
            tag: tag.to_vec(),
            data,
        })
    }

    fn vote(outputs: Vec<Output>, payload: Option<TaggedData>, signers: &[u8]) -> Option<CastVote> {
        CastVote::of_block(block(outputs, payload, signers).to_bytes().into())
    }

    fn plain(number: u8) -> Vec<Output> {
        vec![Output::basic(owner(number), AMOUNT)]
    }

    fn tied(condition: UnlockCondition) -> Vec<Output> {
        let conditions = vec![UnlockCondition::Address(owner(1)), condition];
        vec![Output::Basic(BasicOutput {
            amount: AMOUNT,
            native_tokens: Vec::new(),
            unlock_conditions: UnlockConditions::new(conditions).expect("two kinds"),
            features: Default::default(),
        })]
    }

    /// `TestTaggedDataPayloads` of `inx-participation`, and what else its code refuses.
    #[test]
    fn vote_is_a_transaction_to_oneself_with_answers() {
        let good = || data(TAG, participations().to_bytes());
        let ok = block(plain(1), good(), &[1]);
        let bytes = ok.to_bytes();
        let parsed = ParsedBlock::parse(bytes.clone().into()).expect("a block");
        let id = parsed.transaction.expect("a transaction").id;
        let expected = CastVote {
            output_id: OutputId::new(id, 0),
            block_id: parsed.id,
            address: owner(1),
            amount: AMOUNT,
            participations: participations(),
        };
        assert_eq!(CastVote::of_block(bytes.into()), Some(expected));
        let swept = vote(plain(1), good(), &[2, 1]);
        assert_eq!(swept.map(|vote| vote.address), Some(owner(1)));
        let mut longer = participations().to_bytes();
        longer.extend([1, 2, 3]);
        let rest = vote(plain(1), data(TAG, longer), &[1]);
        assert_eq!(rest.map(|vote| vote.participations), Some(participations()));

        let none = |what: &str, found: Option<CastVote>| assert_eq!(found, None, "{what}");
        none("no data", vote(plain(1), None, &[1]));
        none(
            "other tag",
            vote(plain(1), data(b"PARTICIPATE ", vec![]), &[1]),
        );
        none("no participation", vote(plain(1), data(TAG, vec![0]), &[1]));
        none("empty", vote(plain(1), data(TAG, vec![]), &[1]));
        none("to another", vote(plain(2), good(), &[1]));
        let two = vec![Output::basic(owner(1), 1), Output::basic(owner(1), 2)];
        none("two outputs", vote(two, good(), &[1]));
        let return_address = owner(1);
        let lock = UnlockCondition::Timelock(UnixSeconds(9));
        none("timelock", vote(tied(lock), good(), &[1]));
        let expiration = UnlockCondition::Expiration {
            return_address,
            unix_time: UnixSeconds(9),
        };
        none("expiration", vote(tied(expiration), good(), &[1]));
        let deposit = UnlockCondition::StorageDepositReturn {
            return_address,
            amount: 1,
        };
        none("deposit return", vote(tied(deposit), good(), &[1]));
        none("no block", CastVote::of_block(vec![1; 60].into()));
    }
}
