//! The rules of the ledger, by what becomes of transactions in text.

mod chains;
mod owners;
mod sums;
mod whiteflag;

use tangle_testkit::ledger::check;
