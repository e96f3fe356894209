//! The values and the rules of the ledger, compared with those of the official SDK.

mod encodings;
mod participation;
mod rules;

// The same transactions in text as the ledger's own tests, which find `check` here.
#[path = "../../../crates/ledger/tests/it/chains.rs"]
mod chains;
#[path = "../../../crates/ledger/tests/it/owners.rs"]
mod owners;
#[path = "../../../crates/ledger/tests/it/sums.rs"]
mod sums;
#[path = "../../../crates/ledger/tests/it/whiteflag.rs"]
mod whiteflag;

/// Checks a text, and that the SDK judges its transactions alike.
fn check(text: &str) {
    tangle_testkit::ledger::check_with(text, &mut rules::compare);
}
