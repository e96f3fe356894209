//! A test wallet in a browser: what its accounts have and did, and what they shall do.
//!
//! ```text
//! form ──> of this page, at this address? ──> order ──> sent before? ─ no ──> wallet
//!                                                            └─ yes ─┐           │
//!                                          page of its transaction <─┴───────────┘
//! ```
//!
//! There are no sessions, as there is nothing to protect but coins without value; only pages of
//! somebody else are kept from giving orders. A node that is not for tests hands over no wallet,
//! and has none of these pages.
//!
//! What an account is asked to do has a page of its own, which is not renewed while somebody types.

mod account;
mod accounts;
mod claim;
mod form;
mod handle;
mod mint;
mod send;
mod sent;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};
use tangle_node::Status;
use tangle_types::words::Words;
use tangle_types::{Address, Output, OutputId, TransactionId, UnixSeconds};
use tokio::sync::OnceCell;

pub use self::handle::{
    AccountDetails, AccountEvent, AccountSummary, AliasPart, HeldOutput, HeldToken, OrderError,
    Payment, SentTransaction, TestWallet, WalletAway, WalletFuture, WalletOrder,
};

use self::form::{Filled, KEY, Wrong};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::once::{Once, StaleKey};
use crate::pages::show;
use crate::pages::site::{Site, Trouble};

/// The site and the wallet that it shows.
#[derive(Clone)]
struct Context {
    site: Arc<Site>,
    wallet: Arc<dyn TestWallet>,
    once: Arc<Once<Made>>,
}

/// What an order led to: a transaction of the account of this name.
#[derive(Clone, Debug)]
struct Made {
    account: String,
    id: TransactionId,
}

/// All its routes.
pub(crate) fn routes(site: Arc<Site>, wallet: Arc<dyn TestWallet>) -> Router<Arc<Site>> {
    Router::new()
        .route("/wallet", get(accounts::page))
        .route("/wallet/{account}", get(account::page))
        .route("/wallet/{account}/send", send::coins::DEED.route())
        .route("/wallet/{account}/send-token", send::token::DEED.route())
        .route("/wallet/{account}/send-nft", send::nft::DEED.route())
        .route("/wallet/{account}/send-alias", send::alias::DEED.route())
        .route("/wallet/{account}/claim", claim::DEED.route())
        .route("/wallet/{account}/mint", mint::DEED.route())
        .route("/wallet/{account}/sent/{transaction}", get(sent::page))
        .with_state(Context {
            site,
            wallet,
            once: Arc::new(Once::new()),
        })
}

/// What an account can be asked to do, on a page with a form.
#[derive(Clone, Copy)]
struct Deed {
    /// The page's title, before the name of the account.
    title: &'static str,
    /// Its field for an amount, if it has one.
    amount: Option<&'static str>,
    /// Its field for the token, NFT or alias that is meant, if it has one.
    thing: Option<&'static str>,
    /// Reads the order from the form.
    read: fn(&Context, &Fields) -> Result<WalletOrder, Wrong>,
    /// Draws the page, with what was filled in and is wrong.
    show: fn(&Context, &AccountDetails, &Filled) -> Html,
}

impl Deed {
    fn route(self) -> MethodRouter<Context> {
        let page = move |State(context): State<Context>, Path(name): Path<String>| async move {
            let page = context.account(&name).await.map(|details| {
                let filled = Filled::empty(context.once.key());
                let html = (self.show)(&context, &details, &filled);
                Page::new(Place::Wallet, format!("{} {name}", self.title), html)
            });
            context.answer(page)
        };
        let take = move |context: State<Context>, Path(name): Path<String>, request| async move {
            context.take(&name, request, self).await
        };
        get(page).post(take)
    }
}

impl From<WalletAway> for Trouble {
    fn from(WalletAway(reason): WalletAway) -> Self {
        Self::Away(reason)
    }
}

impl Context {
    fn answer(&self, page: Result<Page, Trouble>) -> Response {
        answer(&self.site, Place::Wallet, page)
    }

    /// Calls `tell` with the words for outputs, which call accounts by their names.
    fn with_words<T>(&self, status: &Status, tell: impl FnOnce(&Words<'_>) -> T) -> T {
        let named = self.wallet.named();
        let name = |address: &Address| {
            let found = named.iter().find(|(_, known)| known == address);
            found.map(|(name, _)| name.clone())
        };
        tell(&Words {
            hrp: &status.parameters.bech32_hrp,
            unit: &self.site.unit,
            now: status.confirmed.timestamp.unwrap_or(UnixSeconds(0)),
            name: &name,
        })
    }

    async fn account(&self, name: &str) -> Result<AccountDetails, Trouble> {
        let found = self.wallet.account(name).await?;
        found.ok_or_else(no_account)
    }

    /// Takes a form: reads an order from it and has it carried out, if the form was not sent
    /// before. The page is shown again when something is wrong.
    async fn take(&self, name: &str, request: Request, deed: Deed) -> Response {
        let fields = match Fields::read_open(&self.site, request).await {
            Ok(fields) => fields,
            Err(trouble) => return self.answer(Err(trouble)),
        };
        let place = self.once.place(fields.text(KEY));
        let refused = match ((deed.read)(self, &fields), place) {
            (Ok(order), Ok(place)) => match self.carry_out(name, order, place).await {
                Ok((Made { account, id }, is_first)) => {
                    let query = if is_first { "" } else { sent::AGAIN };
                    let path = format!("/wallet/{account}/sent/{id}{query}");
                    return Redirect::to(&path).into_response();
                }
                Err(OrderError::NoAccount) => return self.answer(Err(no_account())),
                Err(error) => Wrong::of(error, &deed, &self.site.unit),
            },
            (Err(wrong), _) => Ok(wrong),
            (Ok(_), Err(StaleKey)) => Ok(Wrong::anywhere(
                "This form was opened long ago, or before the network was started. The account's \
                 history tells whether it was sent before; if it was not, send it again.",
            )),
        };
        let wrong = match refused {
            Ok(wrong) => wrong,
            Err(trouble) => return self.answer(Err(trouble)),
        };
        let details = match self.account(name).await {
            Ok(details) => details,
            Err(trouble) => return self.answer(Err(trouble)),
        };
        let filled = Filled::again(self.once.key(), fields, wrong);
        let html = (deed.show)(self, &details, &filled);
        let mut page = Page::new(Place::Wallet, "Not sent", html);
        page.status = axum::http::StatusCode::BAD_REQUEST;
        self.answer(Ok(page))
    }

    /// Has an order carried out, unless `place` says what it led to; and whether it was this time.
    async fn carry_out(
        &self,
        name: &str,
        order: WalletOrder,
        place: Arc<OnceCell<Made>>,
    ) -> Result<(Made, bool), OrderError> {
        let (wallet, account) = (Arc::clone(&self.wallet), name.to_owned());
        // A browser that sends a form again gives up waiting for the first answer, and its request
        // ends. The order goes on nevertheless, until the wallet has answered, and whoever sends it
        // again waits here for what it leads to.
        let work = tokio::spawn(async move {
            let mut is_first = false;
            let carried_out = async {
                is_first = true;
                let id = wallet.carry_out(&account, order).await?;
                Ok::<_, OrderError>(Made { account, id })
            };
            let made = place.get_or_try_init(|| carried_out).await.cloned();
            made.map(|made| (made, is_first))
        });
        let broken_off = || WalletAway("The order was broken off.".to_owned());
        work.await.unwrap_or_else(|_| Err(broken_off().into()))
    }
}

fn no_account() -> Trouble {
    Trouble::NotFound {
        what: "The wallet has no account of this name.".to_owned(),
        advice: "Choose one of those that the page of the wallet lists.".to_owned(),
    }
}

/// Adds the head of a page about an account, with the way to its other pages.
fn head(html: &mut Html, account: &AccountSummary, words: &Words<'_>, here: &str) {
    html.tag("section", &[("class", "title")], |html| {
        html.plain("h1", &account.name);
        html.tag("p", &[("class", "id")], |html| {
            let path = show::address_path(&account.address, words);
            show::id(html, &path, account.address.to_bech32(words.hrp));
        });
    });
    let tabs = [("class", "tabs"), ("aria-label", "Account")];
    html.tag("nav", &tabs, |html| {
        let own = format!("/wallet/{}", account.name);
        for (path, name) in [
            ("/wallet".to_owned(), "All accounts"),
            (own.clone(), "Account"),
            (format!("{own}/send"), "Send"),
            (format!("{own}/claim"), "Claim"),
            (format!("{own}/mint"), "Mint an NFT"),
        ] {
            let mut attributes = vec![("href", path.as_str())];
            if name == here {
                attributes.push(("aria-current", "page"));
            }
            html.tag("a", &attributes, |html| html.text(name));
        }
    });
}

/// Adds outputs in words.
fn outputs(html: &mut Html, outputs: &[HeldOutput], words: &Words<'_>) {
    html.tag("ul", &[("class", "outputs")], |html| {
        for held in outputs {
            html.tag("li", &[], |html| output(html, held, words));
        }
    });
}

fn output(html: &mut Html, held: &HeldOutput, words: &Words<'_>) {
    html.tag("p", &[("class", "head")], |html| {
        output_head(html, &held.id, &held.output, words);
        html.text(" ");
        html.leaf("span", "mark", held.standing);
        html.text(" ");
        show::short_id(html, &show::output_path(&held.id), held.id);
    });
    output_words(html, &held.output, words);
}

/// Adds what an output is, with the id of an NFT or alias.
fn output_head(html: &mut Html, id: &OutputId, output: &Output, words: &Words<'_>) {
    html.plain("b", words.unit.show(output.amount()));
    html.text(" ");
    html.leaf("span", "quiet", show::kind(output));
    match output {
        Output::Nft(nft) => {
            let id = nft.nft_id.or_from_output(id);
            html.text(" ");
            show::short_id(html, &format!("/explorer/nft/{id}"), id);
        }
        Output::Alias(alias) => {
            let id = alias.alias_id.or_from_output(id);
            html.text(" ");
            show::short_id(html, &format!("/explorer/alias/{id}"), id);
        }
        Output::Basic(_) | Output::Foundry(_) => {}
    }
}

/// Adds what an output means, but for its amount.
fn output_words(html: &mut Html, output: &Output, words: &Words<'_>) {
    html.tag("ul", &[("class", "words")], |html| {
        // The first sentence tells the amount.
        for sentence in words.sentences(output).iter().skip(1) {
            html.tag("li", &[], |html| show::sentence(html, sentence, words));
        }
    });
}
