//! Keys for a wallet in another process: `tangle wallet signer`.
//!
//! The other process is on standard input and output, so what a person reads is on standard error,
//! and a password is typed at the terminal or read from a file.

use std::io::{stdin, stdout};

use tangle_types::words::{explain, plain};
use tangle_wallet::{ServeError, Signer, SigningRequest, serve, tell_waiting};

use super::context::Context;
use super::{failures, password};
use crate::failure::{Code, Failure, Outcome};

/// Answers questions until there are no more.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    let signer = signer(context)?;
    let coin_type = context.wallet.settings.coin_type;
    let served = serve(
        &*signer,
        coin_type,
        stdin().lock(),
        stdout().lock(),
        |request| {
            show(context, request);
            Ok(())
        },
    );
    served.map_err(|error| match error {
        ServeError::Long(_) => Failure::new(Code::Input, error)
            .help("this is for another wallet: tangle wallet init --signer PROGRAM"),
        ServeError::File(_) => Failure::new(Code::Signer, error),
    })
}

fn signer(context: &Context<'_>) -> Outcome<Box<dyn Signer>> {
    let is_asked = context.wallet.settings.signer.is_none()
        && context.password_file().is_none()
        && !context.is_test();
    if !is_asked {
        return context.signer();
    }
    let what = "the password of the signer's wallet";
    tell_waiting(stdout().lock(), what).map_err(|error| Failure::new(Code::Signer, error))?;
    let typed = password::type_in_beside("password of the signer: ", "--password-file FILE")?;
    let signer = context.wallet.unlock(&typed).map_err(failures::wallet)?;
    Ok(Box::new(signer))
}

/// What is going to be signed: all that leaves, and what comes back to the keys that sign.
fn show(context: &Context<'_>, request: &SigningRequest<'_>) {
    let keys = request.keys();
    let account = keys.first().map_or(0, |place| place.account);
    let named = context.wallet.settings.accounts.get(&account);
    let account = named.map_or_else(|| format!("account {account}"), |name| plain(name));
    let say = |text: &str| context.terminal.complain(text);
    say(&format!(
        "signing with {} of {account}: {} inputs, essence 0x{}",
        if keys.len() == 1 {
            "a key".to_owned()
        } else {
            format!("{} keys", keys.len())
        },
        request.inputs.len(),
        hex::encode(request.essence.hash())
    ));
    context.with_words_offline(|words| {
        for (number, output) in (0_u16..).zip(&request.essence.outputs) {
            let is_change = request.change.iter().any(|(change, _)| *change == number);
            let title = if is_change { "comes back" } else { "leaves" };
            say(&format!(
                "  {title:<10}  {}",
                explain(output, words).join("; ")
            ));
        }
    });
}
