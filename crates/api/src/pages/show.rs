//! How values stand on pages: ids as links, addresses, amounts, bytes that others chose.

use std::fmt::Display;

use tangle_types::words::{Part, Sentence, Words, date, harmless_text, span};
use tangle_types::{
    Address, BlockId, FoundryId, MilestoneIndex, Output, OutputId, TransactionId, UnixSeconds,
};

use crate::pages::html::Html;

/// Bytes of a text that are shown; as digits a quarter of it.
const BYTES_SHOWN_MAX: usize = 8_192;

/// Where a block's page is.
pub(crate) fn block_path(id: &BlockId) -> String {
    format!("/explorer/block/{id}")
}

/// Where a transaction's page is.
pub(crate) fn transaction_path(id: &TransactionId) -> String {
    format!("/explorer/transaction/{id}")
}

/// Where an output's page is.
pub(crate) fn output_path(id: &OutputId) -> String {
    format!("/explorer/output/{id}")
}

/// Where a milestone's page is.
pub(crate) fn milestone_path(index: MilestoneIndex) -> String {
    format!("/explorer/milestone/{index}")
}

/// Where a token's page is.
pub(crate) fn token_path(id: &FoundryId) -> String {
    format!("/explorer/token/{id}")
}

/// Where an address's page is.
pub(crate) fn address_path(address: &Address, words: &Words<'_>) -> String {
    format!("/explorer/address/{}", address.to_bech32(words.hrp))
}

/// Adds a link to something that an id names, with the whole id.
pub(crate) fn id(html: &mut Html, path: &str, id: impl Display) {
    html.tag("a", &[("href", path), ("class", "id")], |html| {
        html.text(id)
    });
}

/// Adds a link to something that an id names, with the ends of the id.
pub(crate) fn short_id(html: &mut Html, path: &str, id: impl Display) {
    let whole = id.to_string();
    let attributes = [("href", path), ("class", "id"), ("title", whole.as_str())];
    html.tag("a", &attributes, |html| html.text(shortened(&whole)));
}

/// The ends of a long id.
pub(crate) fn shortened(whole: &str) -> String {
    match (whole.get(..10), whole.get(whole.len().saturating_sub(6)..)) {
        (Some(head), Some(tail)) if whole.len() > 20 => format!("{head}…{tail}"),
        _ => whole.to_owned(),
    }
}

/// Adds a sentence about an output.
pub(crate) fn sentence(html: &mut Html, sentence: &Sentence, words: &Words<'_>) {
    for part in &sentence.0 {
        match part {
            Part::Text(text) => html.text(text),
            Part::Address(address) => {
                id(html, &address_path(address, words), words.address(address));
            }
            Part::Token(token) => id(html, &token_path(token), token),
        }
    }
}

/// A time and how far it is from the newest milestone.
pub(crate) fn time(html: &mut Html, time: UnixSeconds, now: UnixSeconds) {
    let distance = span(time.0.abs_diff(now.0));
    html.tag("time", &[], |html| {
        html.text(date(time));
        let words = if time > now {
            format!("in {distance}")
        } else {
            format!("{distance} ago")
        };
        html.text(" ");
        html.leaf("span", "quiet", words);
    });
}

/// Adds bytes that somebody chose, as text if they are one.
pub(crate) fn bytes(html: &mut Html, bytes: &[u8]) {
    if bytes.is_empty() {
        html.leaf("span", "quiet", "empty");
        return;
    }
    let is_text = text_of(bytes).is_some();
    let shown_max = if is_text {
        BYTES_SHOWN_MAX
    } else {
        BYTES_SHOWN_MAX / 4
    };
    let shown = &bytes[..floor_boundary(bytes, shown_max)];
    let pre = [("class", "bytes"), ("tabindex", "0"), ("dir", "auto")];
    html.tag("pre", &pre, |html| match text_of(shown) {
        Some(text) => html.text(text),
        None => html.text(format_args!("0x{}", hex::encode(shown))),
    });
    let rest = bytes.len() - shown.len();
    html.tag("p", &[("class", "quiet")], |html| {
        let kind = if is_text { "text" } else { "bytes" };
        html.text(format_args!("{kind} of {}", size(bytes.len() as f64)));
        if rest > 0 {
            html.text(format_args!("; the last {rest} bytes are not shown here"));
        }
    });
}

/// The text that bytes are, when it has lines of letters and nothing else.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_plain = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    text.chars().all(is_plain).then_some(text)
}

/// The last place up to `limit` at which a text may be cut.
fn floor_boundary(bytes: &[u8], limit: usize) -> usize {
    if bytes.len() <= limit {
        return bytes.len();
    }
    // A byte that goes on with a letter has the form 10xxxxxx; a letter has at most four bytes.
    let is_inside = |at: &usize| bytes[*at] & 0xc0 == 0x80;
    let mut inside = (limit.saturating_sub(3)..=limit)
        .rev()
        .filter(|at| !is_inside(at));
    inside.next().unwrap_or(limit)
}

/// A tag in short: as text where that is harmless.
pub(crate) fn tag(bytes: &[u8]) -> String {
    match harmless_text(bytes) {
        Some(text) => text.to_owned(),
        None => format!("0x{}", hex::encode(bytes)),
    }
}

/// A number of bytes, for people.
pub(crate) fn size(bytes: f64) -> String {
    let mut value = bytes;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1_024.0 {
            return if unit == "B" {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1_024.0;
    }
    format!("{value:.1} TiB")
}

/// A rate, for people.
pub(crate) fn rate(value: f64) -> String {
    match value {
        _ if value >= 100.0 => grouped(value.round() as u64),
        _ if value >= 10.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// A whole number with groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            // Does not break, and screen readers read the number as one.
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// What kind of output it is.
pub(crate) const fn kind(output: &Output) -> &'static str {
    match output {
        Output::Basic(_) => "Basic output",
        Output::Alias(_) => "Alias",
        Output::Foundry(_) => "Foundry",
        Output::Nft(_) => "NFT",
    }
}

/// Adds a row of a list of facts.
pub(crate) fn fact(html: &mut Html, name: &str, value: impl FnOnce(&mut Html)) {
    html.tag("div", &[], |html| {
        html.plain("dt", name);
        html.tag("dd", &[], value);
    });
}

/// Adds one of the numbers that matter most.
pub(crate) fn number(html: &mut Html, name: &str, value: impl FnOnce(&mut Html)) {
    html.tag("div", &[("class", "card number")], |html| {
        html.leaf("span", "name", name);
        html.tag("b", &[], value);
    });
}

/// Adds a mark that tells a state by colour and word.
pub(crate) fn mark(html: &mut Html, state: State) {
    let (class, word) = match state {
        State::Pending => ("mark pending", "pending"),
        State::Referenced => ("mark good", "confirmed"),
        State::Included => ("mark good", "included"),
        State::Conflicting => ("mark bad", "conflicting"),
        State::Milestone => ("mark milestone", "milestone"),
        State::Unspent => ("mark good", "unspent"),
        State::Spent => ("mark quiet", "spent"),
        State::Received => ("mark good", "received"),
        State::PassedOn => ("mark quiet", "received and spent"),
        State::Good => ("mark good", "healthy"),
        State::Bad => ("mark bad", "not healthy"),
    };
    html.leaf("span", class, word);
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Referenced,
    Included,
    Conflicting,
    Milestone,
    Unspent,
    Spent,
    Received,
    PassedOn,
    Good,
    Bad,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(size(512.0), "512 B");
        assert_eq!(size(1_536.0), "1.5 KiB");
        assert_eq!(size(5.0 * 1_024.0 * 1_024.0 * 1_024.0 * 1_024.0), "5.0 TiB");
        assert_eq!(rate(0.25), "0.2");
        assert_eq!(rate(12_345.4), "12\u{202f}345");
        assert_eq!(
            shortened("0x0123456789abcdef0123456789"),
            "0x01234567…456789"
        );
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let long = "ä".repeat(BYTES_SHOWN_MAX);
        let mut html = Html::default();
        bytes(&mut html, format!("x{long}").as_bytes());
        let page = html.into_document();
        assert!(page.contains("xäää"));
        assert!(!page.contains("0x"), "it is still a text");
        assert!(page.contains("bytes are not shown here"));
    }
}
