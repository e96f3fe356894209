//! The blocks of an attack, for somebody who looks on.

use super::Trial;
use super::duel::Duel;
use super::sight::{Author, Side};

/// What came of one attack, and the blocks of it.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The outcome.
    pub trial: Trial,
    /// All blocks in order of issue, the genesis first; none where the attack is a race of numbers
    /// only.
    pub blocks: Vec<SeenBlock>,
}

/// A block of an attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenBlock {
    /// When it was issued, in nanoseconds; a delay is a second.
    pub issued_ns: u64,
    /// When the first others saw it; never, if the trial ended before.
    pub revealed_ns: Option<u64>,
    /// Numbers of its parents.
    pub parents: Vec<u32>,
    /// What it is to the attack.
    pub role: Role,
}

/// What a block is to an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An honest block that approves neither spend.
    Honest,
    /// An honest block that approves the payment.
    ForPayment,
    /// An honest block that approves the second spend.
    ForDouble,
    /// The payment.
    Payment,
    /// The second spend.
    Double,
    /// Another block of the attacker's.
    Attacker,
}

impl Duel<'_> {
    /// All blocks, at the end.
    pub(super) fn into_seen(self) -> Vec<SeenBlock> {
        let (payment, double) = (self.payment, self.double);
        let seen = self.blocks.into_iter().zip(0..).map(|(block, serial)| {
            let role = match (block.author, block.side) {
                _ if payment == Some(serial) => Role::Payment,
                _ if double == Some(serial) => Role::Double,
                (Author::Attacker, _) => Role::Attacker,
                (Author::Honest(_), Side::Payment) => Role::ForPayment,
                (Author::Honest(_), Side::Double | Side::Both) => Role::ForDouble,
                (Author::Honest(_), Side::Neither) => Role::Honest,
            };
            SeenBlock {
                issued_ns: block.issued,
                revealed_ns: block.seen,
                parents: block.parents,
                role,
            }
        });
        seen.collect()
    }
}
