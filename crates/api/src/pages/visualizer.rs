//! The Tangle as it grows, drawn by a script from the stream of live events.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::json;
use tangle_types::{BlockId, Inclusion};

use crate::pages::assets;
use crate::pages::explorer::what;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::site::{Site, Trouble};

/// Where the events come from.
pub(crate) const STREAM: &str = "/api/events/v1";

/// The page.
pub(crate) async fn page(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let page = made(&site, query.as_deref()).await;
    answer(&site, Place::Visualizer, page)
}

async fn made(site: &Site, query: Option<&str>) -> Result<Page, Trouble> {
    site.require(&[STREAM])?;
    let followed = query.and_then(|query| query.strip_prefix("follow="));
    let followed = followed.and_then(|text| text.parse::<BlockId>().ok());
    let mut html = Html::default();
    html.plain("h1", "Tangle visualizer");
    html.tag("noscript", &[], |html| {
        html.leaf(
            "p",
            "card",
            "This page draws with a script. The explorer shows the latest blocks without one.",
        );
    });
    controls(&mut html, followed);
    let known = match followed {
        Some(id) => known(site, id).await?,
        None => None,
    };
    let stream = format!("{STREAM}?topics=live");
    html.tag("figure", &[("class", "card tangle")], |html| {
        let mut canvas = vec![
            ("id", "tangle"),
            ("role", "img"),
            ("aria-label", "Blocks as they come; time runs to the right"),
            ("data-stream", stream.as_str()),
        ];
        canvas.extend(known.iter().map(|known| ("data-known", known.as_str())));
        html.tag("canvas", &canvas, |_| {});
        html.tag("figcaption", &[], |html| {
            legend(html);
            html.tag("p", &[("id", "said"), ("class", "quiet")], |html| {
                html.text("Waiting for the stream.");
            });
            html.tag("p", &[("hidden", "")], |html| {
                html.tag(
                    "a",
                    &[("id", "about"), ("class", "id"), ("href", "/explorer")],
                    |_| {},
                );
                html.leaf("span", "quiet", "");
            });
        });
    });
    let mut page = Page::new(Place::Visualizer, "Visualizer", html);
    page.script = Some(&*assets::VISUALIZER);
    Ok(page)
}

/// A block that came before the page was opened, which the stream does not tell of.
async fn known(site: &Site, id: BlockId) -> Result<Option<String>, Trouble> {
    let path = format!("/api/core/v2/blocks/{id}");
    if !site.may_read(&path) || !site.may_read(&format!("{path}/metadata")) {
        return Ok(None);
    }
    let (block, state) = (
        site.node.block(&id).await?,
        site.node.block_state(&id).await?,
    );
    let (Some(block), Some(state)) = (block, state) else {
        return Ok(None);
    };
    let inclusion = state.referenced.map(|metadata| metadata.inclusion);
    let standing = match inclusion {
        None => "pending",
        Some(Inclusion::Conflicting(_)) => "conflicting",
        Some(Inclusion::Included | Inclusion::NoTransaction) => "confirmed",
    };
    let known = json!({
        "blockId": id, "parents": state.parents, "payload": what(&block), "state": standing,
    });
    Ok(Some(known.to_string()))
}

fn controls(html: &mut Html, followed: Option<BlockId>) {
    html.tag("div", &[("class", "controls")], |html| {
        let pause = [
            ("id", "pause"),
            ("type", "button"),
            ("aria-pressed", "false"),
        ];
        html.tag("button", &pause, |html| html.text("Pause"));
        choice(
            html,
            ("filter", "Show"),
            &[
                ("all", "all blocks"),
                ("transaction", "transactions"),
                ("data", "data"),
                ("milestone", "milestones"),
                ("pending", "pending"),
                ("conflicting", "conflicting"),
            ],
        );
        choice(
            html,
            ("span", "Span"),
            &[("20", "20 s"), ("60", "1 min"), ("120", "2 min")],
        );
        html.tag("label", &[], |html| {
            html.text("Follow block ");
            let followed = followed.map(|id| id.to_string()).unwrap_or_default();
            html.void(
                "input",
                &[
                    ("id", "follow"),
                    ("value", followed.as_str()),
                    ("placeholder", "0x…"),
                    ("autocomplete", "off"),
                    ("spellcheck", "false"),
                    ("maxlength", "66"),
                ],
            );
        });
    });
}

fn choice(html: &mut Html, (id, name): (&'static str, &str), values: &[(&'static str, &str)]) {
    html.tag("label", &[], |html| {
        html.text(format_args!("{name} "));
        html.tag("select", &[("id", id)], |html| {
            for (value, name) in values {
                html.tag("option", &[("value", value)], |html| html.text(name));
            }
        });
    });
}

fn legend(html: &mut Html) {
    html.tag("ul", &[("class", "legend")], |html| {
        for (class, name) in [
            ("dot pending", "pending"),
            ("dot confirmed", "confirmed"),
            ("dot conflicting", "conflicting"),
            ("dot milestone", "milestone"),
            ("past", "past of the block under the pointer"),
            ("future", "its future"),
        ] {
            html.leaf("li", class, name);
        }
    });
}
