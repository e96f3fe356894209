//! Lists of outputs: those with a tag, and those of an address.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tangle_node::Status;
use tangle_storage::{OutputQuery, OutputRecord};
use tangle_types::{OutputId, TAG_SIZE_BYTES_MAX, UnixSeconds};

use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show;
use crate::pages::site::{Site, Trouble};

/// Outputs of a page.
const PAGE_SIZE: usize = 25;

/// A page of outputs.
pub(super) struct List {
    records: Vec<OutputRecord>,
    next: Option<(UnixSeconds, OutputId)>,
    is_first: bool,
}

/// The page of a tag.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(tag): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = made(&site, &tag, query.as_deref()).await;
    answer(&site, Place::Explorer, page)
}

async fn made(site: &Site, text: &str, query: Option<&str>) -> Result<Page, Trouble> {
    site.require(&[
        "/api/indexer/v1/outputs/basic",
        "/api/indexer/v1/outputs/nft",
    ])?;
    let tag = read(text).ok_or_else(|| {
        Trouble::Wrong(format!(
            "A tag has 1 to {TAG_SIZE_BYTES_MAX} bytes, written as 0x and their digits."
        ))
    })?;
    let wanted = OutputQuery {
        tag: Some(tag.clone()),
        ..OutputQuery::default()
    };
    let list = List::find(site, wanted, query).await?;
    let path = format!("/explorer/tag/0x{}", hex::encode(&tag));
    let status = site.node.status();
    let mut html = Html::default();
    html.tag("section", &[("class", "title")], |html| {
        html.plain("h1", "Tag");
        html.leaf("p", "id", show::tag(&tag));
    });
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Unspent outputs");
        html.leaf(
            "p",
            "quiet",
            "Outputs with this tag, oldest first. Tags of data blocks are not indexed.",
        );
        list.draw(html, site, &status, &path);
    });
    Ok(Page::new(Place::Explorer, "Tag", html))
}

/// Reads a tag in digits.
fn read(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    let is_short = (2..=2 * TAG_SIZE_BYTES_MAX).contains(&digits.len());
    is_short.then(|| hex::decode(digits).ok()).flatten()
}

impl List {
    /// Looks a page up; the query of the address says where it begins.
    pub(super) async fn find(
        site: &Site,
        wanted: OutputQuery,
        query: Option<&str>,
    ) -> Result<Self, Trouble> {
        let cursor = query.and_then(|query| query.strip_prefix("from="));
        let cursor = cursor.map(read_place);
        let wanted = OutputQuery {
            cursor: cursor.transpose()?,
            page_size: PAGE_SIZE,
            ..wanted
        };
        let is_first = wanted.cursor.is_none();
        let (records, next) = site
            .scan(move |node| {
                let reader = node.reader();
                let page = reader.outputs(&wanted)?;
                let records = page.items.iter().map(|id| reader.output_record(id));
                let records: Result<Vec<_>, _> = records.collect();
                Ok((records?.into_iter().flatten().collect(), page.next))
            })
            .await?;
        Ok(Self {
            records,
            next,
            is_first,
        })
    }

    /// Adds the list; `path` is the address of its page.
    pub(super) fn draw(&self, html: &mut Html, site: &Site, status: &Status, path: &str) {
        if self.records.is_empty() {
            html.plain("p", "There are none.");
        }
        html.tag("ul", &[("class", "outputs")], |html| {
            for record in &self.records {
                html.tag("li", &[], |html| row(html, site, status, record));
            }
        });
        if self.is_first && self.next.is_none() {
            return;
        }
        html.tag(
            "nav",
            &[("class", "more"), ("aria-label", "Parts of the list")],
            |html| {
                if !self.is_first {
                    html.link(path, "Beginning");
                }
                if let Some(next) = self.next {
                    html.link(&format!("{path}?from={}", place_text(next)), "More");
                }
            },
        );
    }
}

fn row(html: &mut Html, site: &Site, status: &Status, record: &OutputRecord) {
    let output = &record.output.output;
    html.tag("p", &[("class", "head")], |html| {
        html.plain("b", site.unit.show(output.amount()));
        html.text(" ");
        html.leaf("span", "quiet", show::kind(output));
        html.text(" ");
        let id = record.output.id;
        show::short_id(html, &show::output_path(&id), id);
    });
    site.with_words(status, |words| {
        html.tag("ul", &[("class", "words")], |html| {
            // The first sentence tells the amount.
            for sentence in words.sentences(output).iter().skip(1) {
                html.tag("li", &[], |html| show::sentence(html, sentence, words));
            }
        });
    });
}

/// A place in a list of outputs, as it stands in links.
pub(super) fn place_text((time, id): (UnixSeconds, OutputId)) -> String {
    format!("{:08x}{}", time.0, hex::encode(id.0))
}

/// Reads a place in a list of outputs.
pub(super) fn read_place(text: &str) -> Result<(UnixSeconds, OutputId), Trouble> {
    parse_place(text).ok_or_else(|| Trouble::Wrong("There is no such place.".to_owned()))
}

fn parse_place(text: &str) -> Option<(UnixSeconds, OutputId)> {
    let (time, id) = text.split_at_checked(8)?;
    let mut bytes = [0; 4];
    hex::decode_to_slice(time, &mut bytes).ok()?;
    let mut id_bytes = [0; OutputId::LENGTH];
    hex::decode_to_slice(id, &mut id_bytes).ok()?;
    Some((UnixSeconds(u32::from_be_bytes(bytes)), OutputId(id_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_places_are_read_strictly() {
        assert_eq!(read("0x6869"), Some(b"hi".to_vec()));
        for bad in [
            "",
            "hi",
            "0x",
            "0x1",
            "0xzz",
            &format!("0x{}", "00".repeat(65)),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let place = (UnixSeconds(7), OutputId([3; 34]));
        let text = format!("00000007{}", "03".repeat(34));
        assert_eq!(place_text(place), text);
        assert_eq!(parse_place(&text), Some(place));
        assert_eq!(parse_place("00000007"), None);
        assert_eq!(parse_place("ä"), None);
    }
}
