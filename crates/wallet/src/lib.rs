//! A wallet: keys, outputs, transactions.
//!
//! What it is not: it talks to people in no way (that is `tangle wallet`), and it trusts no node
//! with a key. What a node says of outputs it believes, as every client must.
//!
//! - [`Vault`] keeps the words, sealed by a password; [`Signer`] is who has the keys: this process,
//!   or whom a [`KeyHolder`] names. [`serve()`] makes this process a signer for another one.
//! - [`State`] is what is known of keys and ledger; [`sync()`] brings it up to date.
//! - [`Source::build`] makes a [`Prepared`] transaction of a [`Wish`]; [`actions`] has the wishes.
//! - [`send`] and [`follow()`] bring a signed one into the ledger; or [`sync()`] and [`promote`],
//!   for all of them, whenever there is time.
//!
//! Begin with [`Wallet`], which holds the first two in a folder.

mod access;
pub mod actions;
mod balance;
mod build;
mod file;
mod folder;
mod follow;
mod history;
mod keys;
mod nano;
mod prepared;
mod process;
mod serve;
mod signer_protocol;
mod signers;
mod state;
mod state_file;
mod sync;
mod vault;
mod voting;

pub use access::{EXPIRY_MARGIN_SECONDS, Holdings, Standing};
pub use balance::{Balance, TokenBalance};
pub use build::{BuildError, Source, Wish};
pub use file::FileError;
pub use folder::{NAME_CHARS_MAX, Settings, Wallet, WalletError};
pub use follow::{Fate, SendError, Step, attach, fate, follow, promote, send};
pub use history::{Change, Deed, Event, Thing, history};
pub use keys::{
    COIN_IOTA, COIN_SHIMMER, KeyAndSignature, KeyPlace, SeedSigner, Signer, SignerError,
    SigningRequest,
};
pub use prepared::{Opener, Prepared, PreparedError, PreparedInput, RuleError, SignError};
pub use process::Tell;
pub use serve::{ServeError, serve, tell_waiting};
pub use signers::{KeyHolder, KeyHolderError};
pub use state::{AccountKeys, KeyChain, Pending, Point, Record, State};
pub use state_file::StateError;
pub use sync::{ADDRESS_GAP, Network, SyncError, SyncReport, extend_keys, sync};
pub use vault::{Cost, PASSWORD_CHARS_MIN, Vault, VaultError};
pub use voting::VotingOutput;
