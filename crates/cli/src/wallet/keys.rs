//! Words and passwords: `init`, `restore`, `mnemonic`, `change-password`, `backup`.

use std::path::{Path, PathBuf};

use serde_json::json;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_types::OutputId;
use tangle_wallet::{COIN_IOTA, Cost, KeyPlace, Vault, Wallet, extend_keys};

use super::args::{InitArguments, RestoreArguments, WalletArguments};
use super::context::{Context, folder};
use super::{failures, password};
use crate::dev::TEST_MNEMONIC;
use crate::failure::{Code, Failure, Outcome};
use crate::keys::{parse_mnemonic, random_mnemonic};
use crate::terminal::Terminal;

/// The node that a new wallet asks.
const NODE: &str = "http://127.0.0.1:14265";
/// Accounts that are looked for at most.
const ACCOUNTS_MAX: u32 = 10_000;
/// A key file has no more bytes.
const BACKUP_BYTES_MAX: u64 = 4096;

/// A wallet of new words, or of those of `tangle dev`.
pub(super) fn init(
    arguments: &WalletArguments,
    init: &InitArguments,
    terminal: &Terminal,
) -> Outcome {
    let (words, password, coin_type, names) = if init.dev {
        let names = ["alice", "bob", "faucet"].map(str::to_owned).to_vec();
        let password = password::DEV_PASSWORD.to_owned().into();
        (parse_mnemonic(TEST_MNEMONIC)?, password, COIN_IOTA, names)
    } else {
        refuse_existing(arguments)?;
        let file = arguments.password_file.as_deref();
        let password = password::ask_new(file, "--password-file FILE")?;
        let names = vec![init.first.clone()];
        (random_mnemonic(), password, init.kind.coin_type, names)
    };
    let mut wallet = create(arguments, &words, &password, coin_type)?;
    wallet.settings.is_test = init.dev;
    for (number, name) in (0..).zip(&names) {
        wallet.add_account(number, name).map_err(failures::wallet)?;
    }
    let signer = wallet.unlock(&password).map_err(failures::wallet)?;
    derive(&mut wallet, &signer)?;
    wallet.save().map_err(failures::wallet)?;
    if terminal.is_json() {
        terminal.json(&json!({ "folder": wallet.folder(), "accounts": names }));
        return Ok(());
    }
    terminal.line(&format!("wallet       {}", wallet.folder().display()));
    terminal.line(&format!("accounts     {}", names.join(", ")));
    if init.dev {
        terminal.line("words        those of `tangle dev`, known to everybody");
        terminal.line("try          tangle wallet send bob 25TST --from alice");
    } else {
        terminal.line("words        write them down now: tangle wallet mnemonic");
        terminal.line("try          tangle wallet address");
    }
    Ok(())
}

/// Before somebody types a password for nothing.
fn refuse_existing(arguments: &WalletArguments) -> Outcome {
    let folder = folder(arguments)?;
    if folder.join("wallet.json").exists() {
        return Err(failures::wallet(tangle_wallet::WalletError::Exists(folder)));
    }
    Ok(())
}

fn create(
    arguments: &WalletArguments,
    words: &Mnemonic,
    password: &str,
    coin_type: u32,
) -> Outcome<Wallet> {
    let node = arguments.node.as_deref().unwrap_or(NODE);
    let cost = Cost::default();
    Wallet::create(&folder(arguments)?, words, password, cost, coin_type, node)
        .map_err(failures::wallet)
}

/// Derives the first keys; the first address of each account counts as given out.
fn derive(wallet: &mut Wallet, signer: &tangle_wallet::SeedSigner) -> Outcome {
    extend_keys(&mut wallet.state, signer).map_err(|error| failures::wallet(error.into()))?;
    let numbers: Vec<u32> = wallet.settings.accounts.keys().copied().collect();
    for account in numbers {
        wallet.state.mark_used(KeyPlace {
            account,
            is_internal: false,
            index: 0,
        });
    }
    Ok(())
}

/// A wallet of words that exist: accounts are added as long as they have outputs.
pub(super) fn restore(
    arguments: &WalletArguments,
    restore: &RestoreArguments,
    terminal: &Terminal,
) -> Outcome {
    refuse_existing(arguments)?;
    let file = arguments.password_file.as_deref();
    let (words, password) = match (&restore.backup, &restore.mnemonic_file) {
        (Some(backup), _) => {
            let password = password::ask(file)?;
            let words = Vault::new(backup)
                .open(&password)
                .map_err(failures::vault)?;
            (words, password)
        }
        (None, Some(words)) => {
            let words = parse_mnemonic(&password::from_file(words)?)?;
            (words, password::ask_new(file, "--password-file FILE")?)
        }
        (None, None) => {
            let typed = password::type_in("words: ", "--mnemonic-file FILE")?;
            let words = parse_mnemonic(&typed)?;
            (words, password::ask_new(file, "--password-file FILE")?)
        }
    };
    let coin_type = restore.kind.coin_type;
    let wallet = create(arguments, &words, &password, coin_type)?;
    drop(words);
    let signer = wallet.unlock(&password).map_err(failures::wallet)?;
    let mut context = Context::new(wallet, arguments.clone(), terminal)?;
    let found = discover(&mut context, &signer, restore.account_gap);
    context.save()?;
    found?;
    super::people::accounts(&mut context)
}

/// Adds accounts until `gap` in a row have nothing; those are taken away again.
fn discover(context: &mut Context<'_>, signer: &tangle_wallet::SeedSigner, gap: u32) -> Outcome {
    let (mut next, mut last) = (0, 0);
    let mut synced = Ok(());
    while next <= last + gap && next < ACCOUNTS_MAX {
        let name = if next == 0 {
            "main".to_owned()
        } else {
            format!("account-{next}")
        };
        context
            .wallet
            .add_account(next, &name)
            .map_err(failures::wallet)?;
        derive(&mut context.wallet, signer)?;
        // The first sync asks for all addresses; later ones only for those that are new.
        if next > 0 {
            context.wallet.state.ledger = tangle_wallet::Point::default();
        }
        synced = context.sync(Some(signer)).map(|_| ());
        if synced.is_err() {
            break;
        }
        let has_outputs = context.wallet.state.records().iter().any(|record| {
            let output = &record.output.output;
            let standing =
                tangle_wallet::Standing::of(output, &context.wallet.state, context.now());
            standing.account() == Some(next)
        });
        if has_outputs {
            last = next;
        }
        next += 1;
    }
    for number in last + 1..next {
        context.wallet.settings.accounts.remove(&number);
        context.wallet.state.forget_account(number);
    }
    synced
}

/// Shows the words.
pub(super) fn mnemonic(context: &Context<'_>, yes: bool) -> Outcome {
    if !yes {
        password::confirm("Whoever sees the words can take everything. Show them?")?;
    }
    let words = context.wallet.vault().open(&context.password()?);
    let phrase = words.map_err(failures::vault)?.phrase();
    if context.terminal.is_json() {
        context.terminal.json(&json!({ "mnemonic": *phrase }));
    } else {
        context.terminal.line(&phrase);
    }
    Ok(())
}

/// Protects the words with another password.
pub(super) fn change_password(context: &Context<'_>, new: Option<PathBuf>) -> Outcome {
    let old = context.password()?;
    let vault = context.wallet.vault();
    // Before somebody thinks of a new one for nothing.
    vault.open(&old).map_err(failures::vault)?;
    let new = password::ask_new(new.as_deref(), "--new-password-file FILE")?;
    vault
        .change_password(&old, &new, Cost::default())
        .map_err(failures::vault)?;
    done(
        context,
        "the password is changed; older backups open with the old one",
    )
}

/// Copies the sealed words.
pub(super) fn backup(context: &Context<'_>, file: &Path) -> Outcome {
    let bytes = context.wallet.vault().bytes().map_err(failures::vault)?;
    if bytes.len() as u64 > BACKUP_BYTES_MAX {
        return Err(Failure::new(Code::Wallet, "the key file is too large"));
    }
    super::offline::write_new(file, &bytes)?;
    done(
        context,
        &format!("sealed words copied to {}", file.display()),
    )
}

fn done(context: &Context<'_>, text: &str) -> Outcome {
    if context.terminal.is_json() {
        context.terminal.json(&json!({ "done": text }));
    } else {
        context.terminal.line(text);
    }
    Ok(())
}

/// Ids in the order of their bytes are in no order for a person; the short form says enough.
pub(super) fn short(id: &OutputId) -> String {
    let text = id.to_string();
    format!("{}…{}", &text[..10], &text[text.len() - 6..])
}
