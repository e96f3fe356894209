//! How the node is: health with its reason, rates, finality, memory, disk.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use tangle_node::Status;

use crate::pages::chart::Chart;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::samples::{DAY_MAX, RECENT_MAX, STRIDE, Sample, Span, age_seconds};
use crate::pages::show::{self, fact, number};
use crate::pages::site::{Site, Trouble};

/// Time between two looks.
const RENEWED_MS: u32 = 2_000;
/// Samples that fill the width of a chart at least.
const COUNT_MIN: usize = 60;
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
            number(html, "Blocks/s", |html| html.text(show::rate(received)));
            let referenced = status.referenced_blocks_per_second;
            number(html, "Confirmed/s", |html| {
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
    let (count_max, seconds_each) = match span {
        Span::Minutes => (RECENT_MAX, 1),
        Span::Day => (DAY_MAX, STRIDE),
    };
    // A young node shows the little that it has over the whole width.
    let length = samples.len().clamp(COUNT_MIN.min(count_max), count_max);
    let span = tangle_types::words::span((length * seconds_each) as u32);
    let line = |read: fn(&Sample) -> f64| samples.iter().map(read).collect::<Vec<_>>();
    let mut chart = |title: &str, lines: &[(&str, Vec<f64>)], write: fn(f64) -> String| {
        Chart {
            title,
            lines,
            length,
            span: &span,
            write,
        }
        .draw(html)
    };
    chart(
        "Blocks a second",
        &[
            ("received", line(|sample| sample.received)),
            ("confirmed", line(|sample| sample.referenced)),
        ],
        show::rate,
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
