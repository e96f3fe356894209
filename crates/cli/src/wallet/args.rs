//! The command line of `tangle wallet`.

mod voting;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use tangle_types::{AliasId, FoundryId, NftId, OutputId, TransactionId, U256};
use tangle_wallet::KeyHolder;

pub(crate) use voting::VotingCommand;

/// Title above the flags that all commands have, apart from those of one command.
const EVERYWHERE: &str = "Options of every wallet command";

/// Flags of `tangle wallet`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WalletArguments {
    /// Folder of the wallet; by default tangle/wallet in the user's data folder.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The node, instead of the one that the wallet remembers.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "URL")]
    pub(crate) node: Option<String>,
    /// Name of the account; by default the first.
    #[arg(
        long,
        short,
        global = true,
        help_heading = EVERYWHERE,
        value_name = "NAME",
        visible_alias = "from"
    )]
    pub(crate) account: Option<String>,
    /// File with the password, readable by its owner only; without it the password is asked for.
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: WalletCommand,
}

/// What to do with a wallet.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Make a wallet of new words.
    Init(InitArguments),
    /// Make a wallet of words that exist, and find their accounts; or of a backup.
    Restore(RestoreArguments),
    /// Show the words, after asking.
    Mnemonic {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Protect the words with another password.
    ChangePassword {
        /// File with the new password, readable by its owner only.
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
    /// Copy the sealed key file; the password opens the copy too.
    Backup {
        /// The copy; never overwritten.
        file: PathBuf,
    },

    /// List the accounts with what they have.
    Accounts,
    /// Add an account.
    NewAccount {
        /// Its name.
        name: String,
    },
    /// Print the account's newest address.
    Address,
    /// List the account's addresses.
    Addresses {
        /// Those for the account's own change too.
        #[arg(long)]
        internal: bool,
    },
    /// Give out another address.
    NewAddress,
    /// Keep addresses of others under names.
    Contacts {
        #[command(subcommand)]
        command: Option<ContactsCommand>,
    },

    /// Learn what is new on the ledger.
    Sync(SyncArguments),
    /// Print what the account has.
    Balance,
    /// List what happened, as a table, CSV or JSON.
    #[command(visible_alias = "transactions")]
    History {
        /// In which form.
        #[arg(long, value_enum, default_value = "table")]
        format: HistoryFormat,
        /// From this day on, as 2026-01-31 (UTC).
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
    /// Print one transaction of the account: what it consumed and created.
    Transaction {
        /// Its id.
        id: TransactionId,
    },
    /// List the account's outputs.
    #[command(visible_alias = "unspent-outputs")]
    Outputs {
        /// Spent ones too.
        #[arg(long)]
        all: bool,
    },
    /// Explain an output in words.
    Output {
        /// Its id.
        id: OutputId,
    },
    /// Print what comes in and goes out, as it happens.
    Watch {
        /// Stop after this many seconds; 0 goes on until interrupted.
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        seconds: u64,
    },
    /// Print what the node and its network are like.
    NodeInfo,
    /// Remember another node.
    #[command(visible_alias = "set-node-url")]
    SetNode {
        /// Its address, such as http://127.0.0.1:14265.
        url: String,
    },
    /// Ask a faucet for test coins and wait for them.
    Faucet {
        /// The faucet; by default the one of the node.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Seconds to wait.
        #[arg(long, value_name = "SECONDS", default_value_t = 30)]
        timeout: u64,
    },

    /// Send coins: `tangle wallet send bob 25TST`.
    Send(SendArguments),
    /// Put small outputs together.
    Consolidate {
        #[command(flatten)]
        how: HowArguments,
    },
    /// List what can be claimed: outputs that expire, or whose deposit has to be returned.
    ClaimableOutputs,
    /// Take what can be claimed.
    Claim {
        /// Only these outputs.
        ids: Vec<OutputId>,
        #[command(flatten)]
        how: HowArguments,
    },

    /// Send native tokens. The deposit is lent, unless it is given away.
    SendNativeToken {
        /// An address, or the name of an account or contact.
        to: String,
        /// The token.
        token: FoundryId,
        /// How many.
        #[arg(value_parser = parse_number)]
        count: U256,
        /// Give the storage deposit away, instead of lending it for a day.
        #[arg(long)]
        gift_deposit: bool,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Make a token: a foundry of an alias, and its first tokens.
    #[command(visible_alias = "create-foundry")]
    CreateNativeToken {
        /// The alias; by default the account's first, or a new one if it has none.
        #[arg(long)]
        alias: Option<AliasId>,
        /// How many tokens to make now.
        #[arg(value_parser = parse_number)]
        count: U256,
        /// How many there can ever be.
        #[arg(value_parser = parse_number)]
        maximum: U256,
        /// What the token is (IRC-30), or any text; for ever.
        #[arg(long, value_name = "TEXT", default_value = "")]
        metadata: String,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Make more of a token.
    MintNativeToken {
        /// The token.
        token: FoundryId,
        /// How many.
        #[arg(value_parser = parse_number)]
        count: U256,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Give tokens back to their foundry, which can make them again.
    MeltNativeToken {
        /// The token.
        token: FoundryId,
        /// How many.
        #[arg(value_parser = parse_number)]
        count: U256,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Destroy tokens for ever, without their foundry.
    BurnNativeToken {
        /// The token.
        token: FoundryId,
        /// How many.
        #[arg(value_parser = parse_number)]
        count: U256,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Destroy a foundry, with all of its tokens; the account must have them all.
    DestroyFoundry {
        /// The foundry, which has the id of its token.
        id: FoundryId,
        #[command(flatten)]
        how: HowArguments,
    },

    /// Make an NFT.
    MintNft(MintNftArguments),
    /// Send an NFT.
    SendNft {
        /// An address, or the name of an account or contact.
        to: String,
        /// The NFT.
        id: NftId,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Destroy an NFT; its deposit comes back.
    BurnNft {
        /// The NFT.
        id: NftId,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Make an alias that the account controls.
    #[command(visible_alias = "create-alias")]
    CreateAliasOutput {
        /// What it is, for ever.
        #[arg(long, value_name = "TEXT", default_value = "")]
        metadata: String,
        /// The first state.
        #[arg(long, value_name = "TEXT", default_value = "")]
        state_metadata: String,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Send an alias, with the foundries that it has.
    SendAlias {
        /// An address, or the name of an account or contact.
        to: String,
        /// The alias.
        id: AliasId,
        /// Which part of it.
        #[arg(long, value_enum, default_value = "all")]
        part: AliasPartName,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Destroy an alias; its deposit comes back.
    DestroyAlias {
        /// The alias.
        id: AliasId,
        #[command(flatten)]
        how: HowArguments,
    },

    #[command(flatten)]
    Voting(VotingCommand),

    /// Sign a transaction that `--prepare` wrote; needs no node.
    Sign {
        /// The prepared transaction.
        prepared: PathBuf,
        /// File for the signed one; never overwritten.
        signed: PathBuf,
    },
    /// Sign for a wallet elsewhere that has no words: answer what it asks on standard input.
    Signer,
    /// Send a transaction that `sign` wrote.
    Submit {
        /// The signed transaction.
        signed: PathBuf,
        #[command(flatten)]
        wait: WaitArguments,
    },
}

/// Flags of `tangle wallet init`.
#[derive(Clone, Debug, Args)]
pub(crate) struct InitArguments {
    #[command(flatten)]
    pub(crate) kind: KindArguments,
    /// Name of the first account.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) first: String,
    /// Take the published words of `tangle dev`, with its test accounts alice, bob and faucet, and
    /// never ask for a password. Never for coins of value.
    #[arg(long, conflicts_with_all = ["first", "coin_type", "password_file", "signer"])]
    pub(crate) dev: bool,
}

/// Flags of `tangle wallet restore`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreArguments {
    #[command(flatten)]
    pub(crate) kind: KindArguments,
    /// File with the words, readable by its owner only; without it they are asked for.
    #[arg(long, value_name = "FILE", conflicts_with = "signer")]
    pub(crate) mnemonic_file: Option<PathBuf>,
    /// A copy that `backup` made, instead of words.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mnemonic_file", "signer"])]
    pub(crate) backup: Option<PathBuf>,
    /// Accounts without outputs that are looked at behind the last one with outputs.
    #[arg(long, value_name = "COUNT", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) account_gap: u32,
}

/// What kind of wallet is made.
#[derive(Clone, Debug, Args)]
pub(crate) struct KindArguments {
    /// Coin type below which the keys are (SLIP-44): 4218 is IOTA's, 4219 Shimmer's.
    #[arg(long, value_name = "NUMBER", default_value_t = tangle_wallet::COIN_IOTA)]
    pub(crate) coin_type: u32,
    /// Who has the keys, instead of words in the folder: ledger-nano for a device at this machine,
    /// ledger-nano-tcp:HOST:PORT for one behind a port, or a program with its arguments, such as
    /// 'ssh vault tangle wallet signer'.
    #[arg(long, value_name = "SIGNER")]
    pub(crate) signer: Option<KeyHolder>,
}

/// What to do with the address book.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ContactsCommand {
    /// List names and addresses.
    List,
    /// Remember an address.
    Add {
        /// The name.
        name: String,
        /// The address.
        address: String,
    },
    /// Forget a name.
    Remove {
        /// The name.
        name: String,
    },
}

/// Flags of `tangle wallet sync`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SyncArguments {
    /// Forget the outputs, and ask for those of every address.
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// Also look for addresses that another copy of the wallet has given out; asks for the
    /// password.
    #[arg(long)]
    pub(crate) discover: bool,
}

/// In which form the history is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryFormat {
    /// For people.
    Table,
    /// With a line of names, amounts in the smallest unit.
    Csv,
    /// One array.
    Json,
}

/// What of an alias is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AliasPartName {
    /// Everything: who changes its state and who governs it.
    All,
    /// Who changes its state, and mints the tokens of its foundries.
    State,
    /// Who governs it: says who changes its state, and can destroy it.
    Governance,
}

/// Flags of `tangle wallet send`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SendArguments {
    /// An address, or the name of an account or contact.
    pub(crate) to: String,
    /// How much, with its unit: 1.5TST, or 1500000u in the smallest unit.
    pub(crate) amount: String,
    /// Lend the storage deposit where the amount is below it; the receiver has to return it within
    /// a day.
    #[arg(long)]
    pub(crate) lend_deposit: bool,
    /// Comes back after so many seconds unless the receiver took it.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) expires_in: Option<u32>,
    /// Cannot be spent within so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) locked_for: Option<u32>,
    /// A tag on the output.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) tag: String,
    /// Metadata on the output.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) metadata: String,
    #[command(flatten)]
    pub(crate) how: HowArguments,
}

/// Flags of `tangle wallet mint-nft`.
#[derive(Clone, Debug, Args)]
pub(crate) struct MintNftArguments {
    /// For whom: an address, or the name of an account or contact; by default the account itself.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// What it is (IRC-27), or any text; for ever.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) fixed_metadata: String,
    /// Metadata that its owner may change.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) metadata: String,
    /// A tag.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) tag: String,
    /// Say for ever that this account has issued it.
    #[arg(long)]
    pub(crate) issuer: bool,
    #[command(flatten)]
    pub(crate) how: HowArguments,
}

/// What is done with a transaction.
#[derive(Clone, Debug, Args)]
pub(crate) struct HowArguments {
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the transaction to a file, to be signed elsewhere, and send nothing.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(crate) prepare: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) wait: WaitArguments,
}

/// How long a transaction is followed.
#[derive(Clone, Debug, Args)]
pub(crate) struct WaitArguments {
    /// Do not wait for the milestone.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Seconds to wait for the milestone.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) timeout: u64,
}

/// A number in decimal, or hexadecimal after 0x.
fn parse_number(text: &str) -> Result<U256, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => U256::from_str_radix(digits, 16).ok(),
        None => U256::from_dec_str(text).ok(),
    };
    parsed.ok_or_else(|| format!("{text:?} is not a whole number below 2^256"))
}
