//! The rules of the ledger, by what becomes of transactions in text.

mod chains;
mod independent;
mod owners;
mod sums;
mod whiteflag;

/// Checks a text, and that the SDK judges its transactions alike.
fn check(text: &str) {
    tangle_testkit::ledger::check_with(text, &mut independent::compare);
}
