//! Why bytes are refused.

/// Why bytes are not the form of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends too early.
    #[error("{needed} bytes are needed, {left} are left")]
    TooShort {
        /// Bytes wanted next.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// The value ends before the input does.
    #[error("{count} bytes are left over")]
    LeftOver {
        /// Bytes not consumed.
        count: usize,
    },
    /// A block is too large.
    #[error("a block has at most {max} bytes, this one has {found}", max = crate::BLOCK_SIZE_BYTES_MAX)]
    BlockSize {
        /// Bytes of this block.
        found: usize,
    },
    /// A list has too few or too many elements.
    #[error("{field}: {min} to {max} are allowed, there are {found}")]
    Count {
        /// Which list.
        field: &'static str,
        /// Elements stated.
        found: usize,
        /// Least number allowed.
        min: usize,
        /// Greatest number allowed.
        max: usize,
    },
    /// A byte string is too short or too long.
    #[error("{field}: {min} to {max} bytes are allowed, there are {found}")]
    Length {
        /// Which byte string.
        field: &'static str,
        /// Bytes stated.
        found: usize,
        /// Least number allowed.
        min: usize,
        /// Greatest number allowed.
        max: usize,
    },
    /// A type number that does not exist, or not in this place.
    #[error("{field}: type {found} is not allowed here")]
    Kind {
        /// What was to be read.
        field: &'static str,
        /// The type number.
        found: u32,
    },
    /// A list that must be ascending is not.
    #[error("{field}: number {index} (from 0) is not in ascending order")]
    Order {
        /// Which list.
        field: &'static str,
        /// Position of the element that is out of order.
        index: usize,
    },
    /// A list that must not repeat anything does.
    #[error("{field}: number {index} (from 0) repeats an earlier one")]
    Duplicate {
        /// Which list.
        field: &'static str,
        /// Position of the repetition.
        index: usize,
    },
    /// An unlock condition that this kind of output cannot do without is absent.
    #[error("the {output} output lacks unlock condition {kind}")]
    ConditionMissing {
        /// Kind of output.
        output: &'static str,
        /// Type of the condition.
        kind: u8,
    },
    /// An unlock condition that this kind of output cannot have.
    #[error("a {output} output cannot have unlock condition {kind}")]
    ConditionNotAllowed {
        /// Kind of output.
        output: &'static str,
        /// Type of the condition.
        kind: u8,
    },
    /// A feature that this kind of output cannot have in this place.
    #[error("a {output} output cannot have {kind} among its {field}")]
    FeatureNotAllowed {
        /// Kind of output.
        output: &'static str,
        /// `features` or `immutable features`.
        field: &'static str,
        /// Type of the feature.
        kind: u8,
    },
    /// A payload or record does not fill the length that was stated for it.
    #[error("{field}: {stated} bytes are stated, {used} are used")]
    StatedLength {
        /// Which value.
        field: &'static str,
        /// Length in front of it.
        stated: usize,
        /// Bytes that it takes.
        used: usize,
    },
    /// An input names an output that no transaction can create.
    #[error("input {index}: output index {found} is not below {max}", max = crate::INPUTS_MAX)]
    OutputIndex {
        /// Position of the input.
        index: usize,
        /// The output index.
        found: u16,
    },
    /// Not one unlock for each input.
    #[error("{inputs} inputs need as many unlocks, there are {unlocks}")]
    UnlockCount {
        /// Inputs of the transaction.
        inputs: usize,
        /// Unlocks stated.
        unlocks: usize,
    },
    /// An unlock refers to itself, to a later unlock, or to one of the wrong kind.
    #[error("unlock {index} cannot refer to unlock {target}")]
    UnlockReference {
        /// Position of the unlock.
        index: usize,
        /// Where it points.
        target: u16,
    },
    /// The nonce of a milestone's block is not zero.
    #[error("a milestone's block has nonce 0, not {found}")]
    MilestoneNonce {
        /// The nonce.
        found: u64,
    },
    /// A byte that stands for yes or no is neither 0 nor 1.
    #[error("{field}: a yes or no is 1 or 0, not {found}")]
    Bool {
        /// Which field.
        field: &'static str,
        /// The byte.
        found: u8,
    },
    /// Bytes that must be text are not.
    #[error("{field}: not a valid text")]
    Text {
        /// Which field.
        field: &'static str,
    },
    /// Something that must be there is not.
    #[error("{field}: it is missing")]
    Absent {
        /// What was to be read.
        field: &'static str,
    },
    /// An answer of a ballot has a value that means something else.
    #[error("an answer has a value of 1 to 254, not {found}")]
    AnswerValue {
        /// The value.
        found: u8,
    },
    /// The rewards of a staking event cannot be computed.
    #[error("numerator and denominator of the rewards must be above 0")]
    RewardRatio,
    /// A migrated fund is too small.
    #[error("migrated fund {index}: {found} is below the least deposit of {min}")]
    MigratedDeposit {
        /// Position of the fund.
        index: usize,
        /// Its deposit.
        found: u64,
        /// The least deposit.
        min: u64,
    },
    /// A file or message of another version.
    #[error("{field}: version {found}, this program knows {known}")]
    Version {
        /// What was to be read.
        field: &'static str,
        /// Version found.
        found: u8,
        /// Version known.
        known: u8,
    },
}
