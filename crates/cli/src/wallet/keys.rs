//! Words and passwords: `init`, `restore`, `mnemonic`, `change-password`, `backup`.

use std::path::{Path, PathBuf};

use serde_json::json;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_types::OutputId;
use tangle_types::words::plain;
use tangle_wallet::{COIN_IOTA, Cost, KeyHolder, KeyPlace, Signer, Vault, Wallet, extend_keys};
use zeroize::Zeroizing;

use super::args::{InitArguments, KindArguments, RestoreArguments, WalletArguments};
use super::context::{Context, folder, open_signer};
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

/// A wallet of new words, or of those of `tangle dev`, or of keys that somebody else has.
pub(super) fn init(
    arguments: &WalletArguments,
    init: &InitArguments,
    terminal: &Terminal,
) -> Outcome {
    let names = if init.dev {
        ["alice", "bob", "faucet"].map(str::to_owned).to_vec()
    } else {
        vec![init.first.clone()]
    };
    let (mut wallet, signer) = if init.dev {
        let words = parse_mnemonic(TEST_MNEMONIC)?;
        create(arguments, &words, password::DEV_PASSWORD, COIN_IOTA)?
    } else {
        refuse_existing(arguments)?;
        match &init.kind.signer {
            Some(holder) => create_without_words(arguments, holder, &init.kind, terminal)?,
            None => {
                let file = arguments.password_file.as_deref();
                let password = password::ask_new(file, "--password-file FILE")?;
                create(
                    arguments,
                    &random_mnemonic(),
                    &password,
                    init.kind.coin_type,
                )?
            }
        }
    };
    wallet.settings.is_test = init.dev;
    for (number, name) in (0..).zip(&names) {
        wallet.add_account(number, name).map_err(failures::wallet)?;
    }
    derive(&mut wallet, &*signer)?;
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
    } else if let Some(holder) = &wallet.settings.signer {
        terminal.line(&format!("keys         with {}", plain(&holder.to_string())));
        terminal.line("try          tangle wallet address");
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

/// A new wallet and its keys.
type New = (Wallet, Box<dyn Signer>);

fn create(
    arguments: &WalletArguments,
    words: &Mnemonic,
    password: &str,
    coin_type: u32,
) -> Outcome<New> {
    let node = arguments.node.as_deref().unwrap_or(NODE);
    let cost = Cost::default();
    let wallet = Wallet::create(&folder(arguments)?, words, password, cost, coin_type, node)
        .map_err(failures::wallet)?;
    let signer = wallet.unlock(password).map_err(failures::wallet)?;
    Ok((wallet, Box::new(signer)))
}

fn create_without_words(
    arguments: &WalletArguments,
    holder: &KeyHolder,
    kind: &KindArguments,
    terminal: &Terminal,
) -> Outcome<New> {
    let holder = with_whole_path(holder)?;
    let signer = open_signer(&holder, kind.coin_type, terminal)?;
    // Before there is a folder: whoever has the keys has to answer.
    let first = KeyPlace {
        account: 0,
        is_internal: false,
        index: 0,
    };
    signer
        .addresses(first, 1)
        .map_err(|error| failures::signer(&error))?;
    let node = arguments.node.as_deref().unwrap_or(NODE);
    let folder = folder(arguments)?;
    let wallet = Wallet::create_without_words(&folder, holder, kind.coin_type, node)
        .map_err(failures::wallet)?;
    Ok((wallet, signer))
}

/// A program named by a path is found from everywhere.
fn with_whole_path(holder: &KeyHolder) -> Outcome<KeyHolder> {
    let mut holder = holder.clone();
    if let KeyHolder::Program(words) = &mut holder
        && let Some(name) = words.first_mut().filter(|name| name.contains('/'))
    {
        let whole = std::path::absolute(&*name)
            .map_err(|error| Failure::new(Code::Input, error).with("program", &*name))?;
        // A folder whose name is no text cannot be written into wallet.json.
        if let Some(text) = whole.to_str() {
            text.clone_into(name);
        }
    }
    Ok(holder)
}

/// Derives the first keys; the first address of each account counts as given out.
fn derive(wallet: &mut Wallet, signer: &dyn Signer) -> Outcome {
    extend_keys(&mut wallet.state, signer).map_err(|error| failures::signer(&error))?;
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
    let kind = &restore.kind;
    let (wallet, signer) = if let Some(holder) = &kind.signer {
        create_without_words(arguments, holder, kind, terminal)?
    } else {
        let (words, password) = known_words(restore, file)?;
        create(arguments, &words, &password, kind.coin_type)?
    };
    let mut context = Context::new(wallet, arguments.clone(), terminal)?;
    let found = discover(&mut context, &*signer, restore.account_gap);
    context.save()?;
    found?;
    super::people::accounts(&mut context)
}

/// The words that exist, and the password that shall protect them here.
fn known_words(
    restore: &RestoreArguments,
    file: Option<&Path>,
) -> Outcome<(Mnemonic, Zeroizing<String>)> {
    Ok(match (&restore.backup, &restore.mnemonic_file) {
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
    })
}

/// Adds accounts until `gap` in a row have nothing; those are taken away again.
fn discover(context: &mut Context<'_>, signer: &dyn Signer, gap: u32) -> Outcome {
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

/// The sealed words of the wallet, if it has any.
fn vault(context: &Context<'_>) -> Outcome<Vault> {
    match &context.wallet.settings.signer {
        None => Ok(context.wallet.vault()),
        Some(holder) => Err(Failure::new(
            Code::Wallet,
            "the wallet has no words and no password: its keys are elsewhere",
        )
        .with("keys", format!("with {holder}"))
        .help("ask for it where the keys are")),
    }
}

/// Shows the words.
pub(super) fn mnemonic(context: &Context<'_>, yes: bool) -> Outcome {
    let vault = vault(context)?;
    if !yes {
        password::confirm("Whoever sees the words can take everything. Show them?")?;
    }
    let words = vault.open(&context.password()?);
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
    let vault = vault(context)?;
    let old = context.password()?;
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
    let bytes = vault(context)?.bytes().map_err(failures::vault)?;
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
