//! The Tangle as it grows, drawn by a script from the stream of live events.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::json;
use tangle_types::words::harmless_text;
use tangle_types::{Block, BlockId, Codec, Inclusion, TAG_SIZE_BYTES_MAX};

use crate::events::tag_digits;
use crate::pages::assets;
use crate::pages::explorer::what;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::site::{Site, Trouble};

/// Where the events come from.
pub(crate) const STREAM: &str = "/api/events/v1";
/// Where the page is.
pub(crate) const PATH: &str = "/visualizer";

/// What an address of the page asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// A block to follow.
    followed: Option<BlockId>,
    /// What the tags of blocks have to begin with to be drawn.
    tag_start: Vec<u8>,
}

/// Where the page is that draws blocks only whose tags begin with these bytes.
pub(crate) fn path_of_tag(start: &[u8]) -> String {
    if start.is_empty() {
        return PATH.to_owned();
    }
    format!("{PATH}?tag=0x{}", hex::encode(start))
}

/// The page.
pub(crate) async fn page(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let page = made(&site, query.as_deref()).await;
    answer(&site, Place::Visualizer, page)
}

async fn made(site: &Site, query: Option<&str>) -> Result<Page, Trouble> {
    site.require(&[STREAM])?;
    let wanted = Wanted::of(query.unwrap_or_default());
    let mut html = Html::default();
    html.plain("h1", "Tangle visualizer");
    html.tag("noscript", &[], |html| {
        html.leaf(
            "p",
            "card",
            "This page draws with a script. The explorer shows the latest blocks without one.",
        );
    });
    controls(&mut html, &wanted);
    let known = match wanted.followed {
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

impl Wanted {
    /// Reads the query of an address. What makes no sense is left out.
    fn of(query: &str) -> Self {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "follow" => wanted.followed = value.parse().ok(),
                "tag" => wanted.tag_start = read_tag(&value).unwrap_or_default(),
                _ => {}
            }
        }
        wanted
    }
}

/// Reads a tag as the script does: as digits after `0x`, or as the text that it is.
fn read_tag(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x");
    let tag = match digits.map(hex::decode) {
        Some(Ok(bytes)) => bytes,
        _ => text.as_bytes().to_vec(),
    };
    (tag.len() <= TAG_SIZE_BYTES_MAX).then_some(tag)
}

/// A tag as [`read_tag`] reads it.
fn written(tag: &[u8]) -> String {
    match harmless_text(tag) {
        Some(text) if !text.starts_with("0x") && text.trim() == text => text.to_owned(),
        _ => format!("0x{}", hex::encode(tag)),
    }
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
    let payload = Block::from_bytes(&block).ok();
    let payload = payload.and_then(|block| block.payload);
    let known = json!({
        "blockId": id, "parents": state.parents, "payload": what(&block), "state": standing,
        "tag": payload.as_ref().map(tag_digits),
    });
    Ok(Some(known.to_string()))
}

fn controls(html: &mut Html, wanted: &Wanted) {
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
            html.text("Tag begins with ");
            let start = written(&wanted.tag_start);
            html.void(
                "input",
                &[
                    ("id", "tag"),
                    ("value", start.as_str()),
                    ("placeholder", "text or 0x…"),
                    ("autocomplete", "off"),
                    ("autocapitalize", "none"),
                    ("spellcheck", "false"),
                    ("maxlength", "130"),
                ],
            );
        });
        html.tag("label", &[], |html| {
            html.text("Follow block ");
            let followed = wanted.followed.map(|id| id.to_string());
            let followed = followed.unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_written() {
        for (text, bytes) in [
            ("load", &b"load"[..]),
            ("0x6c6F", b"lo"),
            ("0x6c6", b"0x6c6"),
            ("0xload", b"0xload"),
            ("0x", b""),
            ("", b""),
            ("über", "über".as_bytes()),
        ] {
            assert_eq!(read_tag(text).as_deref(), Some(bytes), "{text}");
            assert_eq!(read_tag(&written(bytes)).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(written(b"load"), "load");
        assert_eq!(written(b"\x1b[2J"), "0x1b5b324a");
        assert_eq!(written(b" x"), "0x2078", "white space around it is cut off");
        assert_eq!(read_tag(&"t".repeat(TAG_SIZE_BYTES_MAX + 1)), None);
    }

    #[test]
    fn what_makes_no_sense_in_an_address_is_left_out() {
        let id = format!("0x{}", "07".repeat(32));
        let wanted = Wanted {
            followed: id.parse().ok(),
            tag_start: b"a&b".to_vec(),
        };
        let path = path_of_tag(b"a&b");
        let (_, query) = path.split_once('?').expect("it has one");
        assert_eq!(Wanted::of(&format!("follow={id}&{query}")), wanted);
        assert_eq!(Wanted::of(&format!("{query}&x=1&follow={id}")), wanted);
        let long = format!("follow=0x07&tag={}", "t".repeat(10_000));
        assert_eq!(Wanted::of(&long), Wanted::default());
        assert_eq!(path_of_tag(b""), PATH);
    }
}
