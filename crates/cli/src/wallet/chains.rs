//! Native tokens, NFTs, aliases.

use tangle_types::{AliasId, FoundryId, NativeToken, U256};
use tangle_wallet::Balance;
use tangle_wallet::actions::{ActionError, AliasPart, Terms};

use super::args::{AliasPartName, HowArguments, MintNftArguments, WalletCommand};
use super::context::Context;
use super::transact::{self, finish};
use crate::failure::{Code, Failure, Outcome};

/// Does what a command of these asks for.
// tidy: a table
pub(super) fn run(context: &mut Context<'_>, command: WalletCommand) -> Outcome {
    let sent = match command {
        WalletCommand::SendNativeToken {
            to,
            token,
            count,
            gift_deposit,
            how,
        } => return send_tokens(context, &to, (token, count), gift_deposit, &how),
        WalletCommand::CreateNativeToken {
            alias,
            count,
            maximum,
            metadata,
            how,
        } => return create_token(context, alias, (count, maximum), &metadata, &how),
        WalletCommand::MintNft(mint) => return mint_nft(context, &mint),
        WalletCommand::MintNativeToken { token, count, how } => {
            let title = format!("mint {count} of token {token}");
            transact::run(context, &title, &how, |source| source.mint(token, count))
        }
        WalletCommand::MeltNativeToken { token, count, how } => {
            let title = format!("melt {count} of token {token}");
            transact::run(context, &title, &how, |source| source.melt(token, count))
        }
        WalletCommand::BurnNativeToken { token, count, how } => {
            let title = format!("burn {count} of token {token}");
            transact::run(
                context,
                &title,
                &how,
                |source| Ok(source.burn(token, count)),
            )
        }
        WalletCommand::DestroyFoundry { id, how } => {
            let title = format!("destroy foundry {id}");
            transact::run(context, &title, &how, |source| source.destroy_foundry(id))
        }
        WalletCommand::SendNft { to, id, how } => {
            let network = context.network()?;
            let address = context.address(&to, &network)?;
            let title = format!("send NFT {id} → {to}");
            transact::run(context, &title, &how, |source| source.send_nft(id, address))
        }
        WalletCommand::BurnNft { id, how } => {
            let title = format!("burn NFT {id}");
            transact::run(context, &title, &how, |source| source.burn_nft(id))
        }
        WalletCommand::CreateAliasOutput {
            metadata,
            state_metadata,
            how,
        } => transact::run(context, "create an alias", &how, |source| {
            source.create_alias(state_metadata.as_bytes(), metadata.as_bytes())
        }),
        WalletCommand::SendAlias { to, id, part, how } => {
            let network = context.network()?;
            let address = context.address(&to, &network)?;
            let (part, what) = match part {
                AliasPartName::All => (AliasPart::All, "alias"),
                AliasPartName::State => (AliasPart::State, "the state control of alias"),
                AliasPartName::Governance => (AliasPart::Governance, "the governance of alias"),
            };
            let title = format!("send {what} {id} → {to}");
            transact::run(context, &title, &how, |source| {
                source.send_alias(id, address, part)
            })
        }
        WalletCommand::DestroyAlias { id, how } => {
            let title = format!("destroy alias {id}");
            transact::run(context, &title, &how, |source| source.destroy_alias(id))
        }
        _ => {
            return Err(Failure::new(
                Code::Unexpected,
                "the command was not expected here",
            ));
        }
    };
    finish(context, sent?)
}

fn send_tokens(
    context: &mut Context<'_>,
    to: &str,
    (token, count): (FoundryId, U256),
    gift_deposit: bool,
    how: &HowArguments,
) -> Outcome {
    if count.is_zero() {
        return Err(Failure::new(Code::Input, "none is nothing to send"));
    }
    let network = context.network()?;
    let address = context.address(to, &network)?;
    let title = format!("send {count} of token {token} → {to}");
    let sent = transact::run(context, &title, how, |source| {
        let terms = Terms {
            lends_deposit: !gift_deposit,
            ..Terms::default()
        };
        let tokens = vec![NativeToken {
            id: token,
            amount: count,
        }];
        source.parcel(address, 0, tokens, &terms)
    })?;
    finish(context, sent)
}

/// A foundry needs an alias: one that is named, the first that the account has, or a new one.
fn create_token(
    context: &mut Context<'_>,
    alias: Option<AliasId>,
    (count, maximum): (U256, U256),
    metadata: &str,
    how: &HowArguments,
) -> Outcome {
    context.sync(None)?;
    let network = context.network()?;
    let (account, _) = context.account()?;
    let first = |context: &Context<'_>| {
        let rent = &network.parameters.rent;
        let balance = Balance::of(&context.wallet.state, account, rent, context.now());
        balance.aliases.first().copied()
    };
    let alias = match alias.or_else(|| first(context)) {
        Some(alias) => alias,
        None if how.dry_run || how.prepare.is_some() || how.wait.no_wait => {
            return Err(
                Failure::new(Code::Transaction, "the account has no alias yet")
                    .help("make one first: tangle wallet create-alias-output"),
            );
        }
        None => {
            transact::run(context, "create an alias", how, |source| {
                source.create_alias(&[], &[])
            })?;
            first(context).ok_or_else(|| {
                Failure::new(Code::Undecided, "the new alias is not in the ledger yet")
            })?
        }
    };
    let mut token = None;
    let title = format!("create a token of alias {alias}");
    let sent = transact::run(context, &title, how, |source| {
        let (wish, id) = source.create_foundry(alias, count, maximum, metadata.as_bytes())?;
        token = Some(id);
        Ok::<_, ActionError>(wish)
    })?;
    if let (Some(token), false) = (token, context.terminal.is_json()) {
        context.terminal.line(&format!("  token  {token}"));
    }
    let sent = sent.map(|mut sent| {
        sent.value["tokenId"] = serde_json::json!(token);
        sent
    });
    finish(context, sent)
}

fn mint_nft(context: &mut Context<'_>, mint: &MintNftArguments) -> Outcome {
    let network = context.network()?;
    let (_, name) = context.account()?;
    let to = mint.to.as_deref().unwrap_or(&name);
    let address = context.address(to, &network)?;
    let sent = transact::run(
        context,
        &format!("mint an NFT for {to}"),
        &mint.how,
        |source| {
            source.mint_nft(
                address,
                mint.fixed_metadata.as_bytes(),
                mint.metadata.as_bytes(),
                mint.tag.as_bytes(),
                mint.issuer,
            )
        },
    )?;
    if let (Some(sent), false) = (&sent, context.terminal.is_json()) {
        let id = tangle_types::NftId::ZERO.or_from_output(&tangle_types::OutputId::new(sent.id, 0));
        context.terminal.line(&format!("  NFT    {id}"));
    }
    finish(context, sent)
}
