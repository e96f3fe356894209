//! Signing on a machine that has the keys and no node.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};
use tangle_types::words::explain;
use tangle_types::{Codec, Transaction};
use tangle_wallet::{Opener, Prepared};

use super::args::WaitArguments;
use super::context::Context;
use super::{failures, transact};
use crate::failure::{Code, Failure, Outcome};

/// Largest file: a transaction and what it consumes, 128 outputs of 8 KiB, in hexadecimal.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Signs what `--prepare` wrote.
pub(super) fn sign(context: &Context<'_>, from: &Path, to: &Path) -> Outcome {
    let text = read(from)?;
    let prepared = Prepared::from_json(&text)
        .map_err(|error| Failure::new(Code::Input, error).with("file", from.display()))?;
    // Whatever the file says, only keys of this wallet sign, and of one account only.
    let account = prepared.account;
    let name = context.wallet.settings.accounts.get(&account);
    if let (Some(wanted), Some(name)) = (context.named_account()?, name)
        && wanted != account
    {
        let text = "the transaction was prepared for another account of the wallet";
        return Err(Failure::new(Code::Input, text)
            .with("file", from.display())
            .with("account", name)
            .help(format!("use that account: --account {name}")));
    }
    let is_ours = prepared.inputs.iter().all(|input| match input.opener {
        Opener::Key { place, address } => {
            place.account == account && context.wallet.state.address(place) == Some(address)
        }
        Opener::Chain(_) => true,
    });
    if !is_ours {
        return Err(Failure::new(
            Code::Input,
            "the transaction was prepared for another wallet, or for keys that this one has not \
             derived yet",
        )
        .with("file", from.display()));
    }
    // Before somebody types a password for nothing.
    if to.exists() {
        return Err(taken(to));
    }
    if !context.terminal.is_json() {
        show(context, &prepared);
    }
    let signer = context.signer()?;
    let signed = prepared
        .sign(&*signer)
        .map_err(|error| failures::sign(&error))?;
    let file = json!({
        "version": 1,
        "account": prepared.account,
        "transactionId": signed.id(),
        "transaction": hex::encode(signed.to_bytes()),
    });
    write_new(to, file.to_string().as_bytes())?;
    let value = json!({ "transactionId": signed.id(), "signed": to });
    let text = format!(
        "  signed into {0}; send it: tangle wallet submit {0}",
        to.display()
    );
    super::people::say(context, &value, &text)
}

/// What is going to be signed.
fn show(context: &Context<'_>, prepared: &Prepared) {
    let consumed = prepared.inputs.iter().map(|input| &input.output.output);
    let created = prepared.essence.outputs.iter();
    let all = consumed.map(|output| ("consumes", output));
    context.with_words_offline(|words| {
        for (title, output) in all.chain(created.map(|output| ("creates", output))) {
            let text = explain(output, words).join("; ");
            context.terminal.line(&format!("  {title:<9} {text}"));
        }
    });
}

/// Sends what `sign` wrote.
pub(super) fn submit(context: &mut Context<'_>, file: &Path, wait: &WaitArguments) -> Outcome {
    let text = read(file)?;
    let refuse = || {
        Failure::new(Code::Input, "the file holds no signed transaction")
            .with("file", file.display())
            .help("sign one that --prepare wrote: tangle wallet sign PREPARED SIGNED")
    };
    let value: Value = serde_json::from_str(&text).map_err(|_| refuse())?;
    let bytes = value["transaction"]
        .as_str()
        .and_then(|text| hex::decode(text).ok());
    let transaction = bytes.and_then(|bytes| Transaction::from_bytes(&bytes).ok());
    let account = value["account"]
        .as_u64()
        .and_then(|number| u32::try_from(number).ok());
    let (Some(transaction), Some(account)) = (transaction, account) else {
        return Err(refuse());
    };
    context.sync(None)?;
    let sent = transact::submit(context, transaction, account, wait)?;
    transact::finish(context, Some(sent))
}

fn read(path: &Path) -> Outcome<String> {
    let refuse =
        |error: std::io::Error| Failure::new(Code::Input, error).with("file", path.display());
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(refuse)?;
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(refuse)?;
    Ok(text)
}

/// Writes a new file that only its owner may read; never over an existing one.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Outcome {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    })
    .map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(path),
        _ => Failure::new(Code::Disk, error).with("file", path.display()),
    })
}

fn taken(path: &Path) -> Box<Failure> {
    Failure::new(Code::Disk, "the file exists, and is not overwritten")
        .with("file", path.display())
        .help("name another one")
}
