//! What the pages ask for, as wishes of the wallet, and why they are not fulfilled.

use tangle_api::{OrderError, Payment, WalletOrder};
use tangle_types::{NativeToken, UnixSeconds};
use tangle_wallet::actions::{ActionError, AliasPart, Terms};
use tangle_wallet::{BuildError, Source, Wish};

use super::sentence;

/// What an order asks of the wallet.
pub(super) fn wish(source: &Source<'_>, order: WalletOrder) -> Result<Wish, ActionError> {
    match order {
        WalletOrder::Send(payment) => {
            let Payment { to, amount, .. } = payment;
            let later = |seconds: u32| UnixSeconds(source.now.0.saturating_add(seconds));
            let terms = Terms {
                timelock: None,
                expiration: payment.expires_in_seconds.map(later),
                lends_deposit: payment.lends_deposit,
                tag: payment.tag,
                metadata: payment.metadata,
            };
            source.parcel(to, amount, Vec::new(), &terms)
        }
        WalletOrder::SendTokens {
            to,
            token,
            amount,
            lends_deposit,
        } => {
            let terms = Terms {
                lends_deposit,
                ..Terms::default()
            };
            let tokens = vec![NativeToken { id: token, amount }];
            source.parcel(to, 0, tokens, &terms)
        }
        WalletOrder::SendNft { to, nft } => source.send_nft(nft, to),
        WalletOrder::SendAlias { to, alias, part } => {
            let part = match part {
                tangle_api::AliasPart::All => AliasPart::All,
                tangle_api::AliasPart::State => AliasPart::State,
                tangle_api::AliasPart::Governance => AliasPart::Governance,
            };
            source.send_alias(alias, to, part)
        }
        WalletOrder::Claim => source.claim(&[]),
        WalletOrder::MintNft { metadata, tag } => {
            let own = source.own_address();
            let own = own.ok_or(ActionError::Nothing("the account has no key yet"))?;
            source.mint_nft(own, &metadata, &[], &tag, true)
        }
    }
}

/// Why an order cannot be wished for, as the page tells it.
pub(super) fn unwished(error: ActionError) -> OrderError {
    match error {
        ActionError::BelowDeposit { needed, .. } => OrderError::BelowDeposit { needed },
        error @ (ActionError::Absent { .. } | ActionError::OtherAccount { .. }) => {
            OrderError::Thing(sentence(&error))
        }
        error => OrderError::Other(sentence(&error)),
    }
}

/// Why no transaction could be made of an order, as the page tells it.
pub(super) fn unbuilt(error: BuildError, is_waiting: bool) -> OrderError {
    match error {
        BuildError::Coins { missing } => OrderError::Coins {
            missing,
            is_waiting,
        },
        BuildError::Tokens { missing, .. } => OrderError::Tokens {
            missing,
            is_waiting,
        },
        BuildError::Remainder { left, needed } => OrderError::Remainder { left, needed },
        BuildError::Reserved(_) => {
            let text = "It is in a transaction on its way. Try again in a moment.";
            OrderError::Thing(text.to_owned())
        }
        BuildError::NotOurs { .. } => {
            let text = "The account cannot send it now: it is locked, it belongs to an alias, or \
                        somebody else governs it.";
            OrderError::Thing(text.to_owned())
        }
        error => OrderError::Other(sentence(&error)),
    }
}
