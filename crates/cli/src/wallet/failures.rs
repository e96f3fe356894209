//! What a person is told when a wallet cannot do something.

use tangle_wallet::actions::ActionError;
use tangle_wallet::{
    BuildError, SendError, SignError, SignerError, SyncError, VaultError, WalletError,
};

use crate::failure::{Code, Failure};
use crate::status::client_failure;

pub(super) fn wallet(error: WalletError) -> Box<Failure> {
    match error {
        WalletError::Vault(error) => vault(error),
        WalletError::Signer(error) => signer(&error),
        WalletError::Absent(_) => Failure::new(Code::Wallet, error)
            .help("make one: tangle wallet init; for a dev network: tangle wallet init --dev"),
        WalletError::Exists(_) => Failure::new(Code::Wallet, error)
            .help("use it, or name another folder: tangle wallet --dir DIR"),
        WalletError::Settings { .. } => Failure::new(Code::Wallet, error).help(
            "put the file right, or make the wallet anew in another folder: tangle wallet restore \
             --dir DIR",
        ),
        WalletError::State(_) => {
            Failure::new(Code::Wallet, error).help("make it anew: tangle wallet sync --rebuild")
        }
        WalletError::Name(..) => Failure::new(Code::Input, error),
        WalletError::File(_) => Failure::new(Code::Disk, error),
        _ => Failure::new(Code::Wallet, error),
    }
}

pub(super) fn vault(error: VaultError) -> Box<Failure> {
    match error {
        VaultError::Closed => Failure::new(Code::Password, error),
        VaultError::ShortPassword => Failure::new(Code::Input, error),
        VaultError::File(_) => Failure::new(Code::Disk, error),
        VaultError::Form(_) => Failure::new(Code::Wallet, error).help(
            "make the wallet anew in another folder, of a backup or of its words: tangle wallet \
             restore --dir DIR",
        ),
        _ => Failure::new(Code::Wallet, error),
    }
}

pub(super) fn sync(error: SyncError) -> Box<Failure> {
    match error {
        SyncError::Client(error) => client_failure(error),
        SyncError::Send(error) => send(error),
        SyncError::Signer(error) => signer(&error),
        SyncError::OtherNetwork { .. } => Failure::new(Code::Wallet, error)
            .help("name a node of the wallet's network: tangle wallet --node URL"),
        SyncError::NotSynced => {
            Failure::new(Code::Refused, error).help("see what it waits for: tangle status")
        }
        _ => Failure::new(Code::Refused, error),
    }
}

pub(super) fn send(error: SendError) -> Box<Failure> {
    match error {
        SendError::Client(error) => client_failure(error),
        SendError::Conflict { .. } => Failure::new(Code::Conflict, error),
        SendError::Undecided { .. } => {
            Failure::new(Code::Undecided, error).help("look again: tangle wallet sync")
        }
        SendError::NoTips => Failure::new(Code::Refused, error),
    }
}

pub(super) fn sign(error: &SignError) -> Box<Failure> {
    match error {
        SignError::Signer(error) => signer(error),
        SignError::OtherKey => Failure::new(Code::Signer, error).help(OWN_SIGNER),
        SignError::BadSignature => Failure::new(Code::Signer, error),
        SignError::Rule(_) => Failure::new(Code::Transaction, error),
    }
}

/// What to do when the keys are others.
const OWN_SIGNER: &str = "use the device or the program that the wallet was made with";

pub(super) fn signer(error: &SignerError) -> Box<Failure> {
    let failure = Failure::new(Code::Signer, error);
    match error {
        SignerError::OtherKeys => failure.help(OWN_SIGNER),
        SignerError::Silent { .. } => {
            failure.help("nothing was sent; try again when somebody is there to answer")
        }
        SignerError::Locked => failure.help("unlock it with its PIN, and try again"),
        SignerError::AppClosed(_) => failure.help("open the app at the device, and try again"),
        SignerError::AppTooOld(_) => failure.help("update the app with the vendor's program"),
        SignerError::BlindSigning => failure.help(
            "send plain coins, or less at once; or allow blind signing in the settings of the \
             device's app",
        ),
        _ => failure,
    }
}

/// Nobody can vote without.
pub(super) fn no_voting_output() -> Box<Failure> {
    Failure::new(Code::Transaction, ActionError::NoVotingOutput)
        .help("keep some apart: tangle wallet increase-voting-power AMOUNT")
}

/// `show` writes amounts of base coins, `name` gives an account's name.
pub(super) fn action(
    error: ActionError,
    show: impl Fn(u64) -> String,
    name: impl Fn(u32) -> String,
) -> Box<Failure> {
    match error {
        ActionError::OtherAccount { kind, id, account } => {
            let name = name(account);
            let text = format!("{kind} {id} belongs to another account of the wallet");
            Failure::new(Code::Transaction, text)
                .with("account", &name)
                .help(format!("use that account: --account {name}"))
        }
        ActionError::BelowDeposit { amount, needed } => Failure::new(
            Code::Funds,
            "the amount is below the storage deposit of an output",
        )
        .with("amount", show(amount))
        .with("needed", show(needed))
        .help("lend the deposit to the receiver for a day: --lend-deposit"),
        ActionError::Absent { .. } => Failure::new(Code::Transaction, error)
            .help("see what there is: tangle wallet balance, tangle wallet outputs"),
        ActionError::Bytes { .. } => Failure::new(Code::Input, error),
        ActionError::NoVotingOutput => no_voting_output(),
        ActionError::NotParticipating(_) => Failure::new(Code::Transaction, error)
            .help("see what the account votes for: tangle wallet voting-output"),
        ActionError::VotingMetadata(_) => Failure::new(Code::Transaction, error)
            .help("begin anew: tangle wallet decrease-voting-power by all that there is"),
        ActionError::VotingPower { power, amount } => Failure::new(
            Code::Funds,
            "fewer coins are kept apart for voting than that",
        )
        .with("power", show(power))
        .with("amount", show(amount)),
        ActionError::VotingDeposit { amount, needed } => Failure::new(
            Code::Funds,
            "the voting output would hold too little for the space that it takes",
        )
        .with("amount", show(amount))
        .with("needed", show(needed))
        .help("keep more apart: tangle wallet increase-voting-power AMOUNT"),
        _ => Failure::new(Code::Transaction, error),
    }
}

/// `show` writes amounts of base coins.
pub(super) fn build(error: BuildError, show: impl Fn(u64) -> String) -> Box<Failure> {
    match error {
        BuildError::Coins { missing } => Failure::new(
            Code::Funds,
            "the account has too little that it can spend now",
        )
        .with("missing", show(missing))
        .help(
            "see what there is: tangle wallet balance; what is still to be claimed: \
                     tangle wallet claimable-outputs",
        ),
        BuildError::Remainder { left, needed } => Failure::new(
            Code::Funds,
            "what is left over would be too little for an output",
        )
        .with("left", show(left))
        .with("needed", show(needed))
        .help("send a little less, or all of it"),
        BuildError::Tokens { token, missing } => Failure::new(
            Code::Funds,
            "the account has too few of the token that it can spend now",
        )
        .with("missing", missing)
        .with("token", token)
        .help("see what there is: tangle wallet balance"),
        BuildError::Inputs => Failure::new(Code::Funds, error)
            .help("put them together first, more than once if need be: tangle wallet consolidate"),
        BuildError::NotOurs { id, .. } => Failure::new(
            Code::Transaction,
            format!("output {id} cannot be opened by this account now"),
        ),
        _ => Failure::new(Code::Transaction, error),
    }
}
