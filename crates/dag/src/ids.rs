//! Maps keyed by block id. Their order never leaves this crate.

use tangle_types::BlockId;

/// A map from block ids.
pub(crate) type IdMap<V> = tangle_types::IdMap<BlockId, V>;
