//! Topics: what a subscriber can name (TIP-28), and the texts that name it.

use std::fmt;

use tangle_types::{
    Address, AliasId, BlockId, FoundryId, NftId, Output, OutputId, TransactionId, UnlockCondition,
};

/// Longest text of a topic: more than that of any topic there is.
pub(crate) const TOPIC_BYTES_MAX: usize = 256;
/// Longest tag of tagged data (TIP-23).
const TAG_BYTES_MAX: usize = 64;

/// What can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// The newest milestone known.
    Latest,
    /// The newest milestone confirmed.
    Confirmed,
    /// Milestone payloads.
    Milestones,
    /// Receipts of confirmed milestones.
    Receipts,
    /// Solid blocks of some kind.
    Blocks(BlockKind),
    /// The block that brings a transaction into the ledger.
    IncludedBlock(TransactionId),
    /// Where one block stands.
    BlockMetadata(BlockId),
    /// Where blocks stand that a milestone references.
    Referenced,
    /// Where blocks stand that become tips, or are tips no more.
    TipScores,
    /// One output.
    Output(OutputId),
    /// Each new output of an alias.
    Alias(AliasId),
    /// Each new output of an NFT.
    Nft(NftId),
    /// Each new output of a foundry.
    Foundry(FoundryId),
    /// Outputs that name an address in a condition.
    Unlock(Condition, Address, Change),
    /// What a page shows that is watched by people; not in TIP-28.
    Live,
}

/// Which blocks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BlockKind {
    All,
    Transaction,
    /// Transactions that carry tagged data: with this tag, or with any.
    TransactionTagged(Option<Vec<u8>>),
    /// Tagged data: with this tag, or with any.
    Tagged(Option<Vec<u8>>),
}

/// Where in an output an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Condition {
    Address,
    StorageReturn,
    Expiration,
    StateController,
    Governor,
    ImmutableAlias,
    /// Anywhere; the text is `+`.
    Any,
}

/// What became of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    Created,
    Spent,
}

/// Why a text names no topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TopicError {
    #[error("a topic has at most {TOPIC_BYTES_MAX} bytes")]
    Length,
    #[error("there is no such topic")]
    Unknown,
}

impl Condition {
    const ALL: [Self; 7] = [
        Self::Address,
        Self::StorageReturn,
        Self::Expiration,
        Self::StateController,
        Self::Governor,
        Self::ImmutableAlias,
        Self::Any,
    ];

    const fn text(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::StorageReturn => "storage-return",
            Self::Expiration => "expiration",
            Self::StateController => "state-controller",
            Self::Governor => "governor",
            Self::ImmutableAlias => "immutable-alias",
            Self::Any => "+",
        }
    }

    /// The conditions of an output that name an address, each with it.
    pub(crate) fn of(output: &Output) -> impl Iterator<Item = (Self, Address)> {
        output.unlock_conditions().iter().filter_map(|condition| {
            Some(match condition {
                UnlockCondition::Address(address) => (Self::Address, *address),
                UnlockCondition::StorageDepositReturn { return_address, .. } => {
                    (Self::StorageReturn, *return_address)
                }
                UnlockCondition::Expiration { return_address, .. } => {
                    (Self::Expiration, *return_address)
                }
                UnlockCondition::StateController(address) => (Self::StateController, *address),
                UnlockCondition::Governor(address) => (Self::Governor, *address),
                UnlockCondition::ImmutableAlias(alias) => {
                    (Self::ImmutableAlias, Address::Alias(*alias))
                }
                UnlockCondition::Timelock(_) => return None,
            })
        })
    }
}

impl Topic {
    /// Reads a topic as clients of the network `hrp` write it. There is one text for each topic.
    pub(crate) fn parse(text: &str, hrp: &str) -> Result<Self, TopicError> {
        if text.len() > TOPIC_BYTES_MAX {
            return Err(TopicError::Length);
        }
        let topic = Self::read(text, hrp).ok_or(TopicError::Unknown)?;
        // An id in capitals, say, is another text: nobody would hear of it under that name.
        let is_exact = topic.text(hrp) == text;
        is_exact.then_some(topic).ok_or(TopicError::Unknown)
    }

    fn read(text: &str, hrp: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(5, '/').collect();
        Some(match parts[..] {
            ["milestone-info", "latest"] => Self::Latest,
            ["milestone-info", "confirmed"] => Self::Confirmed,
            ["milestones"] => Self::Milestones,
            ["receipts"] => Self::Receipts,
            ["tip-score-updates"] => Self::TipScores,
            ["live"] => Self::Live,
            ["blocks"] => Self::Blocks(BlockKind::All),
            ["blocks", "transaction"] => Self::Blocks(BlockKind::Transaction),
            ["blocks", "tagged-data"] => Self::Blocks(BlockKind::Tagged(None)),
            ["blocks", "tagged-data", tag] => Self::Blocks(BlockKind::Tagged(Some(read_tag(tag)?))),
            ["blocks", "transaction", "tagged-data"] => {
                Self::Blocks(BlockKind::TransactionTagged(None))
            }
            ["blocks", "transaction", "tagged-data", tag] => {
                Self::Blocks(BlockKind::TransactionTagged(Some(read_tag(tag)?)))
            }
            ["transactions", id, "included-block"] => Self::IncludedBlock(id.parse().ok()?),
            ["block-metadata", "referenced"] => Self::Referenced,
            ["block-metadata", id] => Self::BlockMetadata(id.parse().ok()?),
            ["outputs", id] => Self::Output(id.parse().ok()?),
            ["outputs", "alias", id] => Self::Alias(id.parse().ok()?),
            ["outputs", "nft", id] => Self::Nft(id.parse().ok()?),
            ["outputs", "foundry", id] => Self::Foundry(id.parse().ok()?),
            ["outputs", "unlock", condition, address] => {
                read_unlock(condition, address, hrp, Change::Created)?
            }
            ["outputs", "unlock", condition, address, "spent"] => {
                read_unlock(condition, address, hrp, Change::Spent)?
            }
            _ => return None,
        })
    }

    /// The text that names it.
    pub(crate) fn text(&self, hrp: &str) -> String {
        match self {
            Self::Latest => "milestone-info/latest".to_owned(),
            Self::Confirmed => "milestone-info/confirmed".to_owned(),
            Self::Milestones => "milestones".to_owned(),
            Self::Receipts => "receipts".to_owned(),
            Self::TipScores => "tip-score-updates".to_owned(),
            Self::Live => "live".to_owned(),
            Self::Blocks(kind) => format!("blocks{kind}"),
            Self::IncludedBlock(id) => format!("transactions/{id}/included-block"),
            Self::BlockMetadata(id) => format!("block-metadata/{id}"),
            Self::Referenced => "block-metadata/referenced".to_owned(),
            Self::Output(id) => format!("outputs/{id}"),
            Self::Alias(id) => format!("outputs/alias/{id}"),
            Self::Nft(id) => format!("outputs/nft/{id}"),
            Self::Foundry(id) => format!("outputs/foundry/{id}"),
            Self::Unlock(condition, address, change) => {
                let spent = match change {
                    Change::Created => "",
                    Change::Spent => "/spent",
                };
                let condition = condition.text();
                format!(
                    "outputs/unlock/{condition}/{}{spent}",
                    address.to_bech32(hrp)
                )
            }
        }
    }
}

impl fmt::Display for BlockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, tag) = match self {
            Self::All => ("", None),
            Self::Transaction => ("/transaction", None),
            Self::TransactionTagged(tag) => ("/transaction/tagged-data", tag.as_ref()),
            Self::Tagged(tag) => ("/tagged-data", tag.as_ref()),
        };
        f.write_str(path)?;
        tag.map_or(Ok(()), |tag| write!(f, "/0x{}", hex::encode(tag)))
    }
}

fn read_tag(text: &str) -> Option<Vec<u8>> {
    let tag = hex::decode(text.strip_prefix("0x")?).ok()?;
    (1..=TAG_BYTES_MAX).contains(&tag.len()).then_some(tag)
}

fn read_unlock(condition: &str, address: &str, hrp: &str, change: Change) -> Option<Topic> {
    let mut all = Condition::ALL.into_iter();
    let condition = all.find(|known| known.text() == condition)?;
    let (found, address) = Address::from_bech32(address).ok()?;
    (found == hrp).then_some(Topic::Unlock(condition, address, change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_read_and_written_alike() {
        let address = Address::Ed25519([7; 32]).to_bech32("tst");
        let id = format!("0x{}", "ab".repeat(32));
        let foundry = format!("0x08{}", "01".repeat(37));
        for text in [
            "milestone-info/latest",
            "milestone-info/confirmed",
            "milestones",
            "receipts",
            "tip-score-updates",
            "live",
            "blocks",
            "blocks/transaction",
            "blocks/transaction/tagged-data",
            "blocks/transaction/tagged-data/0x00ff",
            "blocks/tagged-data",
            "blocks/tagged-data/0x01",
            &format!("blocks/tagged-data/0x{}", "01".repeat(64)),
            &format!("transactions/{id}/included-block"),
            &format!("block-metadata/{id}"),
            "block-metadata/referenced",
            &format!("outputs/{id}0100"),
            &format!("outputs/alias/{id}"),
            &format!("outputs/nft/{id}"),
            &format!("outputs/foundry/{foundry}"),
            &format!("outputs/unlock/+/{address}"),
            &format!("outputs/unlock/+/{address}/spent"),
            &format!("outputs/unlock/address/{address}"),
            &format!("outputs/unlock/storage-return/{address}"),
            &format!("outputs/unlock/expiration/{address}/spent"),
            &format!("outputs/unlock/state-controller/{address}"),
            &format!("outputs/unlock/governor/{address}"),
            &format!("outputs/unlock/immutable-alias/{address}"),
        ] {
            let topic = Topic::parse(text, "tst");
            let topic = topic.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(topic.text("tst"), text);
        }
    }

    #[test]
    fn other_texts_are_no_topics() {
        let address = Address::Ed25519([7; 32]);
        let (ours, foreign) = (address.to_bech32("tst"), address.to_bech32("smr"));
        for text in [
            "",
            "/",
            "#",
            "+",
            "blocks/",
            "blocks/#",
            "blocks/tagged-data/0x",
            "blocks/tagged-data/0xAB",
            "blocks/tagged-data/ab",
            &format!("blocks/tagged-data/0x{}", "01".repeat(65)),
            "milestone-info",
            "outputs/0x00",
            &format!("block-metadata/0x{}", "AB".repeat(32)),
            &format!("outputs/unlock/address/{foreign}"),
            &format!("outputs/unlock/nobody/{ours}"),
            &format!("outputs/unlock/address/{ours}/"),
            &format!("outputs/unlock/address/{}", ours.to_uppercase()),
        ] {
            let found = Topic::parse(text, "tst");
            assert_eq!(found, Err(TopicError::Unknown), "{text}");
        }
        let long = "a".repeat(TOPIC_BYTES_MAX + 1);
        assert_eq!(Topic::parse(&long, "tst"), Err(TopicError::Length));
    }
}
