//! `tangle wallet`: keys, balances and transactions for people.
//!
//! A command opens the wallet's folder, asks the node what is new where that matters, and prints
//! what came of it. The words are unsealed, or whoever else has the keys is asked, only for what
//! needs a key: new addresses, signatures, and showing the words.

mod args;
mod chains;
mod context;
mod failures;
mod history;
mod keys;
mod offline;
mod password;
mod pay;
mod people;
mod show;
mod signer;
mod transact;
mod voting;
mod watch;

pub(crate) use args::WalletArguments;
pub(crate) use pay::FAUCET_PATH;

use crate::failure::Outcome;
use crate::terminal::Terminal;
use args::WalletCommand;
use context::Context;

/// Does what `tangle wallet` is asked for.
// tidy: a table
pub(crate) fn run(arguments: WalletArguments, terminal: &Terminal) -> Outcome {
    let command = arguments.command.clone();
    match command {
        WalletCommand::Init(init) => return keys::init(&arguments, &init, terminal),
        WalletCommand::Restore(restore) => return keys::restore(&arguments, &restore, terminal),
        _ => {}
    }
    let mut context = Context::open(arguments, terminal)?;
    match command {
        WalletCommand::Init(_) | WalletCommand::Restore(_) => Ok(()),
        WalletCommand::Mnemonic { yes } => keys::mnemonic(&context, yes),
        WalletCommand::ChangePassword { new_password_file } => {
            keys::change_password(&context, new_password_file)
        }
        WalletCommand::Backup { file } => keys::backup(&context, &file),
        WalletCommand::Accounts => people::accounts(&mut context),
        WalletCommand::NewAccount { name } => people::new_account(&mut context, &name),
        WalletCommand::Address => people::address(&mut context),
        WalletCommand::Addresses { internal } => people::addresses(&mut context, internal),
        WalletCommand::NewAddress => people::new_address(&mut context),
        WalletCommand::Contacts { command } => people::contacts(&mut context, command),
        WalletCommand::Sync(sync) => show::sync(&mut context, &sync),
        WalletCommand::Balance => show::balance(&mut context),
        WalletCommand::History { format, since } => history::run(&mut context, format, since),
        WalletCommand::Transaction { id } => show::transaction(&mut context, id),
        WalletCommand::Outputs { all } => show::outputs(&mut context, all),
        WalletCommand::Output { id } => show::output(&mut context, id),
        WalletCommand::Watch { seconds } => watch::run(&mut context, seconds),
        WalletCommand::NodeInfo => show::node_info(&mut context),
        WalletCommand::SetNode { url } => people::set_node(&mut context, &url),
        WalletCommand::Faucet { url, timeout } => pay::faucet(&mut context, url, timeout),
        WalletCommand::Send(send) => pay::send(&mut context, &send),
        WalletCommand::Consolidate { how } => pay::consolidate(&mut context, &how),
        WalletCommand::ClaimableOutputs => show::claimable(&mut context),
        WalletCommand::Claim { ids, how } => pay::claim(&mut context, &ids, &how),
        WalletCommand::Voting(command) => voting::run(&mut context, command),
        WalletCommand::Signer => signer::run(&context),
        WalletCommand::Sign { prepared, signed } => offline::sign(&context, &prepared, &signed),
        WalletCommand::Submit { signed, wait } => offline::submit(&mut context, &signed, &wait),
        other => chains::run(&mut context, other),
    }
}
