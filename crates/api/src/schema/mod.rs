//! What the JSON of the protocol's values looks like, for the OpenAPI description.
//!
//! The values themselves are read and written by `tangle_types::json`; the types here are never
//! made, only described. That both agree is shown by property-based tests of the running interface.

#![allow(dead_code, reason = "the types are described, never made")]

mod block;
mod milestone;
mod output;
mod participation;

use utoipa::ToSchema;

pub(crate) use self::block::{BlockSchema, DraftBlockSchema, InclusionProofSchema};
pub(crate) use self::milestone::{
    MilestoneSchema, ParametersSchema, ProtocolParametersSchema, ReceiptSchema,
};
pub(crate) use self::output::OutputSchema;
pub(crate) use self::participation::{
    AddressParticipationsSchema, CreatedEventSchema, EventIdsSchema, EventParticipationsSchema,
    EventSchema, EventStatusSchema, OutputParticipationsSchema,
};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident as $title:ident, $pattern:literal) => {
        $(#[$doc])*
        #[derive(ToSchema)]
        #[schema(as = $title, pattern = $pattern)]
        pub(crate) struct $name(String);
    };
}

text!(
    /// Id of a block.
    BlockIdText as BlockId, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// Id of a transaction.
    TransactionIdText as TransactionId, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// Id of a milestone.
    MilestoneIdText as MilestoneId, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// Id of an output: a transaction and a position in it.
    OutputIdText as OutputId, "^0x[0-9a-fA-F]{68}$"
);
text!(
    /// Id of an alias.
    AliasIdText as AliasId, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// Id of an NFT.
    NftIdText as NftId, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// Id of a foundry and of its native token.
    FoundryIdText as FoundryId, "^0x[0-9a-fA-F]{76}$"
);
text!(
    /// Id of a participation event: the hash of its bytes.
    EventIdText as EventId, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// A BLAKE2b-256 hash.
    HashText as Hash, "^0x[0-9a-fA-F]{64}$"
);
text!(
    /// A number of 64 bits.
    DecimalText as Decimal, "^[0-9]{1,20}$"
);
text!(
    /// A number of 256 bits.
    NumberText as HexNumber, "^0x[0-9a-fA-F]{1,64}$"
);
text!(
    /// A byte string.
    BytesText as HexBytes, "^(0x([0-9a-fA-F]{2})*)?$"
);
