//! The Indexer API (TIP-26): lists of unspent outputs, and the output of a chain.

pub(crate) mod query;
mod routes;
#[cfg(test)]
mod tests;

pub(crate) use self::routes::routes;
