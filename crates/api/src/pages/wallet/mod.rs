//! A test wallet in a browser: what its accounts have and did, and what they shall do.
//!
//! ```text
//! form ──> of this page, at this address? ──> order ──> wallet ──> transaction ──> its page
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
use tangle_types::{Address, UnixSeconds};

pub use self::handle::{
    AccountDetails, AccountEvent, AccountSummary, HeldOutput, OrderError, Payment, TestWallet,
    WalletAway, WalletFuture, WalletOrder,
};

use self::form::{Filled, Wrong};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show;
use crate::pages::site::{Site, Trouble};

/// The site and the wallet that it shows.
#[derive(Clone)]
struct Context {
    site: Arc<Site>,
    wallet: Arc<dyn TestWallet>,
}

/// All its routes.
pub(crate) fn routes(site: Arc<Site>, wallet: Arc<dyn TestWallet>) -> Router<Arc<Site>> {
    Router::new()
        .route("/wallet", get(accounts::page))
        .route("/wallet/{account}", get(account::page))
        .route("/wallet/{account}/send", send::DEED.route())
        .route("/wallet/{account}/claim", claim::DEED.route())
        .route("/wallet/{account}/mint", mint::DEED.route())
        .route("/wallet/{account}/sent/{transaction}", get(sent::page))
        .with_state(Context { site, wallet })
}

/// What an account can be asked to do, on a page with a form.
#[derive(Clone, Copy)]
struct Deed {
    /// The page's title, before the name of the account.
    title: &'static str,
    /// Reads the order from the form.
    read: fn(&Context, &Fields) -> Result<WalletOrder, Wrong>,
    /// Draws the page, with what was filled in and is wrong.
    show: fn(&Context, &AccountDetails, &Filled) -> Html,
}

impl Deed {
    fn route(self) -> MethodRouter<Context> {
        let page = move |State(context): State<Context>, Path(name): Path<String>| async move {
            let page = context.account(&name).await.map(|details| {
                let html = (self.show)(&context, &details, &Filled::default());
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

    /// Takes a form: reads an order from it and has it carried out. The page is shown again when
    /// something is wrong.
    async fn take(&self, name: &str, request: Request, deed: Deed) -> Response {
        let fields = match Fields::read_open(&self.site, request).await {
            Ok(fields) => fields,
            Err(trouble) => return self.answer(Err(trouble)),
        };
        let refused = match (deed.read)(self, &fields) {
            Ok(order) => match self.wallet.carry_out(name, order).await {
                Ok(id) => {
                    let path = format!("/wallet/{name}/sent/{id}");
                    return Redirect::to(&path).into_response();
                }
                Err(OrderError::NoAccount) => return self.answer(Err(no_account())),
                Err(error) => Wrong::of(error, &self.site.unit),
            },
            Err(wrong) => Ok(wrong),
        };
        let wrong = match refused {
            Ok(wrong) => wrong,
            Err(trouble) => return self.answer(Err(trouble)),
        };
        let details = match self.account(name).await {
            Ok(details) => details,
            Err(trouble) => return self.answer(Err(trouble)),
        };
        let filled = Filled::again(fields, wrong);
        let html = (deed.show)(self, &details, &filled);
        let mut page = Page::new(Place::Wallet, "Not sent", html);
        page.status = axum::http::StatusCode::BAD_REQUEST;
        self.answer(Ok(page))
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
        html.plain("b", words.unit.show(held.output.amount()));
        html.text(" ");
        html.leaf("span", "quiet", show::kind(&held.output));
        html.text(" ");
        html.leaf("span", "mark", held.standing);
        html.text(" ");
        show::short_id(html, &show::output_path(&held.id), held.id);
    });
    html.tag("ul", &[("class", "words")], |html| {
        // The first sentence tells the amount.
        for sentence in words.sentences(&held.output).iter().skip(1) {
            html.tag("li", &[], |html| show::sentence(html, sentence, words));
        }
    });
}
