//! What a milestone made of a block, in twelve bytes.

use tangle_types::{BlockMetadata, ConflictReason, Inclusion, MilestoneIndex};

/// Length of the binary form.
pub(crate) const STANDING_BYTES: usize = 12;

/// One byte for an inclusion.
pub(crate) const fn inclusion_byte(inclusion: Inclusion) -> u8 {
    match inclusion {
        Inclusion::NoTransaction => 0,
        Inclusion::Included => 1,
        // The reasons are 1 to 12 and 255.
        Inclusion::Conflicting(ConflictReason::Other) => 255,
        Inclusion::Conflicting(reason) => 1 + reason as u8,
    }
}

/// Reads [`inclusion_byte`] back.
pub(crate) const fn inclusion_from_byte(byte: u8) -> Option<Inclusion> {
    Some(Inclusion::Conflicting(match byte {
        0 => return Some(Inclusion::NoTransaction),
        1 => return Some(Inclusion::Included),
        2 => ConflictReason::InputAlreadySpent,
        3 => ConflictReason::InputAlreadySpentInThisMilestone,
        4 => ConflictReason::InputNotFound,
        5 => ConflictReason::AmountMismatch,
        6 => ConflictReason::InvalidSignature,
        7 => ConflictReason::TimelockNotExpired,
        8 => ConflictReason::InvalidNativeTokens,
        9 => ConflictReason::StorageDepositReturnNotFulfilled,
        10 => ConflictReason::InvalidUnlock,
        11 => ConflictReason::InputsCommitmentMismatch,
        12 => ConflictReason::SenderNotUnlocked,
        13 => ConflictReason::InvalidChainTransition,
        255 => ConflictReason::Other,
        _ => return None,
    }))
}

/// Writes a standing: milestone, white-flag index, inclusion, and a check of three bytes. All zero
/// while no milestone has referenced the block. `seq` is the block's number; it goes into the
/// check.
pub(crate) fn to_bytes(standing: Option<&BlockMetadata>, seq: u64) -> [u8; STANDING_BYTES] {
    let mut bytes = [0; STANDING_BYTES];
    if let Some(standing) = standing {
        bytes[..4].copy_from_slice(&standing.referenced_by.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&standing.white_flag_index.to_le_bytes());
        bytes[8] = inclusion_byte(standing.inclusion);
        let check = check(&bytes[..9], seq);
        bytes[9..].copy_from_slice(&check);
    }
    bytes
}

/// Reads [`to_bytes`] back; an error when the bytes are not what was written for `seq`.
pub(crate) fn from_bytes(
    bytes: &[u8; STANDING_BYTES],
    seq: u64,
) -> Result<Option<BlockMetadata>, ()> {
    if *bytes == [0; STANDING_BYTES] {
        return Ok(None);
    }
    if bytes[9..] != check(&bytes[..9], seq) {
        return Err(());
    }
    let number =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Ok(Some(BlockMetadata {
        referenced_by: MilestoneIndex(number(0)),
        white_flag_index: number(4),
        inclusion: inclusion_from_byte(bytes[8]).ok_or(())?,
    }))
}

fn check(bytes: &[u8], seq: u64) -> [u8; 3] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes);
    hasher.update(&seq.to_le_bytes());
    let [a, b, c, _] = hasher.finalize().to_le_bytes();
    [a, b, c]
}
