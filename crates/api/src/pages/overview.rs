//! How the node is: health with its reason, rates, finality, memory, disk.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use tangle_node::Status;

use crate::pages::chart::Chart;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::samples::{Sample, Span, age_seconds};
use crate::pages::show::{self, fact};
use crate::pages::site::{Site, Trouble};

/// Time between two looks.
const RENEWED_MS: u32 = 2_000;
/// What the page tells of the node and its neighbours.
const INFO: &str = "/api/core/v2/info";
const SYNC: &str = "/api/tangle/v1/sync";

/// The page.
pub(crate) async fn page(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let span = match query.as_deref() {
        Some("span=day") => Span::Day,
        _ => Span::Minutes,
    };
    answer(&site, Place::Overview, made(&site, span))
}

fn made(site: &Site, span: Span) -> Result<Page, Trouble> {
    site.require(&[INFO])?;
    let status = site.node.status();
    let knows_more = site.may_read(SYNC);
    let mut html = Html::default();
    health(&mut html, &status, knows_more);
    let samples = site.samples.of(span);
    numbers(&mut html, &status, samples.last(), knows_more);
    spans(&mut html, span);
    html.tag("div", &[("class", "charts")], |html| {
        charts(html, &samples, span, knows_more);
    });
    facts(&mut html, site, &status);
    Ok(Page::new(Place::Overview, "Overview", html).renewed_every(RENEWED_MS))
}

fn health(html: &mut Html, status: &Status, knows_more: bool) {
    let class = if status.is_healthy {
        "card health good"
    } else {
        "card health bad"
    };
    html.tag("section", &[("class", class)], |html| {
        if status.is_healthy {
            html.plain("h1", "Healthy");
            html.plain("p", "The node knows the present state of its network.");
            return;
        }
        html.plain("h1", "Not healthy");
        if !knows_more {
            html.plain(
                "p",
                "The node does not know the present state of its network.",
            );
            return;
        }
        html.plain(
            "p",
            status
                .blocker
                .as_deref()
                .unwrap_or("The reason is not known."),
        );
        if let Some(advice) = &status.advice {
            html.leaf("p", "advice", advice);
        }
    });
}

/// The numbers that matter most.
fn numbers(html: &mut Html, status: &Status, newest: Option<&Sample>, knows_more: bool) {
    html.tag(
        "section",
        &[("class", "numbers"), ("aria-label", "Now")],
        |html| {
            let confirmed = &status.confirmed;
            let age = confirmed.timestamp.map(age_seconds);
            number(html, "Milestone", |html| {
                let path = show::milestone_path(confirmed.index);
                html.link(&path, show::grouped(confirmed.index.0.into()));
            });
            let age = age.map_or_else(|| "–".to_owned(), seconds);
            number(html, "Since the last", |html| html.text(age));
            let received = newest.map_or(status.blocks_per_second, |newest| newest.received);
            number(html, "Blocks a second", |html| {
                html.text(show::rate(received))
            });
            let referenced = status.referenced_blocks_per_second;
            number(html, "Confirmed a second", |html| {
                html.text(show::rate(referenced))
            });
            number(html, "Tips", |html| html.text(status.tip_count));
            if let Some(newest) = newest.filter(|_| knows_more) {
                number(html, "Memory", |html| html.text(show::size(newest.memory)));
                number(html, "Disk", |html| html.text(show::size(newest.disk)));
                let neighbours = status.neighbours.len();
                number(html, "Neighbours", |html| html.text(neighbours));
            }
        },
    );
}

fn number(html: &mut Html, name: &str, value: impl FnOnce(&mut Html)) {
    html.tag("div", &[("class", "card number")], |html| {
        html.leaf("span", "name", name);
        html.tag("b", &[], value);
    });
}

fn spans(html: &mut Html, span: Span) {
    html.tag(
        "nav",
        &[("class", "tabs"), ("aria-label", "Span of the charts")],
        |html| {
            for (path, name, is_here) in [
                ("/", "10 minutes", span == Span::Minutes),
                ("/?span=day", "24 hours", span == Span::Day),
            ] {
                let mut attributes = vec![("href", path)];
                if is_here {
                    attributes.push(("aria-current", "true"));
                }
                html.tag("a", &attributes, |html| html.text(name));
            }
        },
    );
}

fn charts(html: &mut Html, samples: &[Sample], span: Span, knows_more: bool) {
    let (length_max, span) = match span {
        Span::Minutes => (600, "10 min"),
        Span::Day => (480, "24 h"),
    };
    let line = |read: fn(&Sample) -> f64| samples.iter().map(read).collect::<Vec<_>>();
    let chart = |title, lines: &[_], write| {
        Chart {
            title,
            lines,
            length_max,
            span,
            write,
        }
        .draw(html)
    };
    let mut chart = chart;
    chart(
        "Blocks a second",
        &[
            ("received", line(|sample| sample.received)),
            ("confirmed", line(|sample| sample.referenced)),
        ],
        show::rate as fn(f64) -> String,
    );
    chart(
        "Time since the last milestone",
        &[("age", line(|sample| sample.milestone_age))],
        seconds,
    );
    if knows_more {
        chart(
            "Memory",
            &[("process", line(|sample| sample.memory))],
            show::size,
        );
        chart("Disk", &[("store", line(|sample| sample.disk))], show::size);
    }
}

/// A time, for people.
fn seconds(value: f64) -> String {
    match value {
        _ if value < 10.0 => format!("{value:.1} s"),
        _ if value < 120.0 => format!("{value:.0} s"),
        _ => tangle_types::words::span(value.min(f64::from(u32::MAX)) as u32),
    }
}

fn facts(html: &mut Html, site: &Site, status: &Status) {
    let parameters = &status.parameters;
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Network");
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Name", |html| html.text(&parameters.network_name));
            fact(html, "Protocol", |html| {
                html.text(format_args!(
                    "version {}, addresses begin with {}1",
                    parameters.version, parameters.bech32_hrp
                ));
            });
            fact(html, "Base token", |html| {
                let token = &site.api.base_token;
                html.text(format_args!("{} ({})", token.name, token.ticker_symbol));
            });
            fact(html, "Supply", |html| {
                html.text(site.unit.show(parameters.token_supply))
            });
            fact(html, "Proof of work", |html| {
                let score = parameters.pow_score_min;
                let who = if status.pow_enabled {
                    "the node does it for clients"
                } else {
                    "clients do it"
                };
                html.text(format_args!("score {score}; {who}"));
            });
            fact(html, "History", |html| match status.pruning_index.0 {
                0 => html.text("from the genesis on"),
                pruned => html.text(format_args!("from milestone {} on", pruned + 1)),
            });
            fact(html, "Waiting", |html| {
                html.text(format_args!(
                    "{} blocks that no milestone references yet",
                    show::grouped(status.unreferenced_count as u64)
                ));
            });
        });
    });
}
