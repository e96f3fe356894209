//! What happened to an address: on its page, and as a file for spreadsheets.

use std::fmt::Write;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tangle_node::Status;
use tangle_storage::{Happened, HistoryEntry, HistoryPage};
use tangle_types::words::date;
use tangle_types::{Address, MilestoneIndex, OutputId, TransactionId, UnixSeconds};

use super::tag::{place_text, read_place};
use crate::pages::html::Html;
use crate::pages::show::{self, State};
use crate::pages::site::{Site, Trouble};

/// Entries of a page.
const PAGE_SIZE: usize = 25;
/// Entries of a file.
const FILE_SIZE: usize = 1_000;
/// The part of an address's page.
const ANCHOR: &str = "history";
/// What the query of the address of a file begins with.
pub(super) const FILE: &str = "format=csv";

/// A part of an address's history.
pub(super) struct History {
    page: HistoryPage,
    from: Option<(UnixSeconds, OutputId)>,
}

impl History {
    /// Where a part begins, as the query of an address says.
    pub(super) fn place_of(query: Option<&str>) -> Option<&str> {
        let mut fields = query?.split('&');
        fields.find_map(|field| field.strip_prefix("history="))
    }

    /// Whether visitors may see what became of outputs.
    pub(super) fn is_open(site: &Site) -> bool {
        site.may_read(&format!("/api/core/v2/outputs/{}", OutputId::ZERO))
    }

    /// Looks a part up that begins at the place `from`, or at the newest end.
    pub(super) async fn find(
        site: &Site,
        address: Address,
        from: Option<&str>,
        size: usize,
    ) -> Result<Self, Trouble> {
        let from = from.map(read_place).transpose()?;
        let page = site
            .scan(move |node| node.reader().history(&address, from, size))
            .await?;
        Ok(Self { page, from })
    }

    /// As [`History::find`], as many entries as stand on a page.
    pub(super) async fn of_page(
        site: &Site,
        address: Address,
        from: Option<&str>,
    ) -> Result<Self, Trouble> {
        Self::find(site, address, from, PAGE_SIZE).await
    }

    /// Adds the card; `path` is the address of the page.
    pub(super) fn draw(&self, html: &mut Html, site: &Site, status: &Status, path: &str) {
        html.tag("section", &[("class", "card"), ("id", ANCHOR)], |html| {
            html.plain("h2", "History");
            html.tag("p", &[("class", "quiet")], |html| {
                html.text(
                    "Outputs that this address could unlock, now or at another time, as they came \
                     and were spent, newest first.",
                );
                if self.page.pruned_until > MilestoneIndex(0) {
                    let until = show::grouped(self.page.pruned_until.0.into());
                    html.text(format_args!(
                        " What was spent up to milestone {until} is pruned here: ask a node that \
                         keeps more."
                    ));
                }
            });
            if self.page.entries.is_empty() {
                html.plain("p", "There is none.");
            }
            html.tag("ul", &[("class", "outputs")], |html| {
                for entry in &self.page.entries {
                    html.tag("li", &[], |html| row(html, site, status, entry));
                }
            });
            self.links(html, path);
        });
    }

    fn links(&self, html: &mut Html, path: &str) {
        if self.page.entries.is_empty() && self.from.is_none() {
            return;
        }
        html.tag(
            "nav",
            &[("class", "more"), ("aria-label", "Parts of the history")],
            |html| {
                if self.from.is_some() {
                    html.link(&format!("{path}#{ANCHOR}"), "Newest");
                }
                if let Some(next) = self.page.next {
                    let next = place_text(next);
                    html.link(&format!("{path}?history={next}#{ANCHOR}"), "Older");
                }
                let from = self
                    .from
                    .map(|from| format!("&history={}", place_text(from)));
                let to = format!("{path}?{FILE}{}", from.unwrap_or_default());
                html.link(&to, format_args!("CSV of up to {FILE_SIZE}"));
            },
        );
    }
}

/// The file: a row for each thing that happened, in base coins of the smallest unit. When there is
/// more, the answer's head says where it goes on.
pub(super) async fn file(
    site: &Site,
    address: Address,
    from: Option<&str>,
    path: &str,
) -> Result<Response, Trouble> {
    if !History::is_open(site) {
        return Err(Trouble::Closed);
    }
    let history = History::find(site, address, from, FILE_SIZE).await?;
    let mut text = String::from("time,milestone,change,amount,tokens,kind,output,transaction\n");
    for entry in &history.page.entries {
        for (is_spend, transaction) in transactions(entry) {
            csv_row(&mut text, entry, is_spend, transaction);
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"history.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let mut response = (headers, text).into_response();
    if let Some(next) = history.page.next {
        let next = place_text(next);
        let link = format!("<{path}?{FILE}&history={next}>; rel=\"next\"");
        let link = HeaderValue::try_from(link);
        let link = link.expect("an address and a place have letters and digits only");
        let name: HeaderName = header::LINK;
        response.headers_mut().insert(name, link);
    }
    Ok(response)
}

/// What happened, newest first: whether it is a spend, and the transaction; none for what came with
/// the genesis or from the legacy network.
fn transactions(entry: &HistoryEntry) -> impl Iterator<Item = (bool, Option<TransactionId>)> {
    let is_spent = entry.happened != Happened::Received;
    let is_received = entry.happened != Happened::Spent;
    let spend = entry.spend.filter(|_| is_spent);
    let created = (!entry.output.block_id.is_zero()).then(|| entry.output.id.transaction_id());
    let spend = spend.map(|spend| (true, Some(spend.transaction_id)));
    let receipt = is_received.then_some((false, created));
    spend.into_iter().chain(receipt)
}

/// No field can hold a comma or a quote: there are numbers, ids and words of our own.
fn csv_row(
    text: &mut String,
    entry: &HistoryEntry,
    is_spend: bool,
    transaction: Option<TransactionId>,
) {
    let (milestone, time) = entry.milestone();
    let output = &entry.output.output;
    let (change, sign) = if is_spend {
        ("spent", "-")
    } else {
        ("received", "")
    };
    let tokens = output.native_tokens().iter();
    let tokens = tokens.map(|token| format!("{}:{sign}{}", token.id, token.amount));
    writeln!(
        text,
        "{},{milestone},{change},{sign}{},{},{},{},{}",
        date(time),
        output.amount(),
        tokens.collect::<Vec<_>>().join(" "),
        show::kind(output),
        entry.output.id,
        transaction.map(|id| id.to_string()).unwrap_or_default(),
    )
    .expect("a string takes any text");
}

fn row(html: &mut Html, site: &Site, status: &Status, entry: &HistoryEntry) {
    let output = &entry.output.output;
    let (state, sign) = match entry.happened {
        Happened::Received => (State::Received, "+"),
        Happened::Spent => (State::Spent, "−"),
        Happened::PassedOn => (State::PassedOn, "±"),
    };
    let (milestone, time) = entry.milestone();
    html.tag("p", &[("class", "head")], |html| {
        show::mark(html, state);
        let amount = site.unit.show(output.amount());
        html.plain("b", format_args!("{sign}{amount}"));
        html.leaf("span", "quiet", show::kind(output));
        let id = entry.output.id;
        show::short_id(html, &show::output_path(&id), id);
    });
    for token in output.native_tokens() {
        html.tag("p", &[("class", "quiet")], |html| {
            html.text(format_args!("{sign}{} of ", token.amount));
            show::short_id(html, &show::token_path(&token.id), token.id);
        });
    }
    html.tag("p", &[("class", "quiet")], |html| {
        let now = status.confirmed.timestamp.unwrap_or_default();
        show::time(html, time, now);
        html.text(", milestone ");
        let shown = show::grouped(milestone.0.into());
        html.link(&show::milestone_path(milestone), shown);
        for (is_spend, transaction) in transactions(entry) {
            let by = if is_spend { "spent by" } else { "made by" };
            match transaction {
                Some(id) => {
                    html.text(format_args!(", {by} "));
                    show::short_id(html, &show::transaction_path(&id), id);
                }
                None => html.text(", from the genesis or the legacy network"),
            }
        }
    });
}
