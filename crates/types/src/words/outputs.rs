//! What the conditions of an output mean, in words.

use crate::participation::{Participations, voting_output};
use crate::{Address, Codec, Feature, Output, TokenId, UnixSeconds, UnlockCondition};

use super::{Unit, date, span};

/// Bytes of a tag or of metadata that are shown.
const SHOWN_BYTES_MAX: usize = 64;
/// Events that are shown of those in which a voting output takes part.
const SHOWN_PARTS_MAX: usize = 16;

/// How addresses, amounts and times are written.
pub struct Words<'a> {
    /// Human-readable part of addresses.
    pub hrp: &'a str,
    /// The base coin.
    pub unit: &'a Unit,
    /// The time of the newest milestone.
    pub now: UnixSeconds,
    /// The name of an address, if it has one.
    pub name: &'a dyn Fn(&Address) -> Option<String>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Plain words.
    Text(String),
    /// Somebody.
    Address(Address),
    /// A native token.
    Token(TokenId),
}

/// One thing to know of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence(pub Vec<Part>);

impl Sentence {
    fn new(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    fn address(mut self, address: Address) -> Self {
        self.0.push(Part::Address(address));
        self
    }

    fn token(mut self, token: TokenId) -> Self {
        self.0.push(Part::Token(token));
        self
    }

    /// The whole sentence.
    #[must_use]
    pub fn to_text(&self, words: &Words<'_>) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Address(address) => words.address(address),
            Part::Token(token) => token.to_string(),
        });
        parts.collect()
    }
}

impl Words<'_> {
    /// An address, with its name.
    #[must_use]
    pub fn address(&self, address: &Address) -> String {
        let text = address.to_bech32(self.hrp);
        match (self.name)(address) {
            Some(name) => format!("{name} ({text})"),
            None => text,
        }
    }

    /// A time: how far it is from now.
    #[must_use]
    pub fn time(&self, time: UnixSeconds) -> String {
        let span = span(time.0.abs_diff(self.now.0));
        if time > self.now {
            format!("{} (in {span})", date(time))
        } else {
            format!("{} ({span} ago)", date(time))
        }
    }

    /// An output in sentences, one for each thing to know.
    #[must_use]
    pub fn sentences(&self, output: &Output) -> Vec<Sentence> {
        let mut sentences = vec![Sentence::new(self.head(output))];
        for token in output.native_tokens() {
            let held = Sentence::new(format!("holds {} of token ", token.amount));
            sentences.push(held.token(token.id));
        }
        let conditions = output.unlock_conditions().iter();
        sentences.extend(conditions.map(|condition| self.condition(condition)));
        if let Output::Alias(alias) = output
            && !alias.state_metadata.is_empty()
        {
            let state = printable(&alias.state_metadata);
            sentences.push(Sentence::new(format!("its state says {state}")));
        }
        sentences.extend(features(output));
        let fixed = output
            .immutable_features()
            .into_iter()
            .flat_map(|all| all.iter());
        sentences.extend(fixed.map(|fixed| feature(fixed).text(", for ever")));
        sentences
    }

    fn head(&self, output: &Output) -> String {
        let amount = self.unit.show(output.amount());
        match output {
            Output::Basic(_) if voting_output(output).is_some() => {
                format!("holds {amount}, kept apart for voting")
            }
            Output::Basic(_) => format!("holds {amount}"),
            Output::Alias(alias) => format!(
                "an alias in state {} that holds {amount}",
                alias.state_index
            ),
            Output::Foundry(foundry) => {
                let scheme = &foundry.token_scheme;
                let circulating = scheme.minted.saturating_sub(scheme.melted);
                format!(
                    "a foundry that holds {amount}; of its token {circulating} circulate, at most \
                     {} ever can",
                    scheme.maximum
                )
            }
            Output::Nft(_) => format!("an NFT that holds {amount}"),
        }
    }

    fn condition(&self, condition: &UnlockCondition) -> Sentence {
        match condition {
            UnlockCondition::Address(owner) => Sentence::new("belongs to ").address(*owner),
            UnlockCondition::StorageDepositReturn {
                return_address,
                amount,
            } => {
                let amount = self.unit.show(*amount);
                Sentence::new(format!("who takes it must return {amount} of it to "))
                    .address(*return_address)
            }
            UnlockCondition::Timelock(until) if *until > self.now => {
                Sentence::new(format!("cannot be spent before {}", self.time(*until)))
            }
            UnlockCondition::Timelock(until) => Sentence::new(format!(
                "was locked until {}; it is open",
                self.time(*until)
            )),
            UnlockCondition::Expiration {
                return_address,
                unix_time,
            } if *unix_time > self.now => {
                let time = self.time(*unix_time);
                Sentence::new(format!(
                    "must be taken before {time}; from then on it belongs to "
                ))
                .address(*return_address)
            }
            UnlockCondition::Expiration {
                return_address,
                unix_time,
            } => Sentence::new(format!("expired {}; it belongs to ", self.time(*unix_time)))
                .address(*return_address)
                .text(" now"),
            UnlockCondition::StateController(controller) => {
                Sentence::new("its state is changed by ").address(*controller)
            }
            UnlockCondition::Governor(governor) => {
                Sentence::new("it is governed, and can be destroyed, by ").address(*governor)
            }
            UnlockCondition::ImmutableAlias(alias) => {
                Sentence::new("belongs for ever to alias ").address(Address::Alias(*alias))
            }
        }
    }
}

/// An output in sentences, as plain text.
#[must_use]
pub fn explain(output: &Output, words: &Words<'_>) -> Vec<String> {
    let sentences = words.sentences(output);
    sentences
        .iter()
        .map(|sentence| sentence.to_text(words))
        .collect()
}

/// The features of an output; those of a voting output say in what it takes part.
fn features(output: &Output) -> Vec<Sentence> {
    let said = voting_output(output).and_then(|basic| basic.features.metadata());
    let said = said.and_then(|bytes| Participations::from_bytes(bytes).ok());
    let is_said = |feature: &&Feature| match feature {
        Feature::Tag(_) => voting_output(output).is_some(),
        Feature::Metadata(_) => said.is_some(),
        Feature::Sender(_) | Feature::Issuer(_) => false,
    };
    let rest = output.features().iter().filter(|feature| !is_said(feature));
    let mut sentences: Vec<Sentence> = rest.map(feature).collect();
    let parts = said.iter().flat_map(|said| &said.0);
    sentences.extend(parts.take(SHOWN_PARTS_MAX).map(|part| {
        let answers: Vec<String> = part.answers.iter().map(u8::to_string).collect();
        let answers = match answers.len() {
            0 => String::new(),
            1 => format!(" with answer {}", answers[0]),
            _ => format!(" with answers {}", answers.join(", ")),
        };
        Sentence::new(format!("takes part in event {}{answers}", part.event_id))
    }));
    let more = said
        .as_ref()
        .map_or(0, |said| said.0.len().saturating_sub(SHOWN_PARTS_MAX));
    if more > 0 {
        sentences.push(Sentence::new(format!("takes part in {more} events more")));
    }
    sentences
}

fn feature(feature: &Feature) -> Sentence {
    match feature {
        Feature::Sender(sender) => Sentence::new("sent by ").address(*sender),
        Feature::Issuer(issuer) => Sentence::new("issued by ").address(*issuer),
        Feature::Metadata(bytes) => Sentence::new(format!("metadata {}", printable(bytes))),
        Feature::Tag(bytes) => Sentence::new(format!("tag {}", printable(bytes))),
    }
}

/// Bytes that somebody else chose: as text where they are harmless text, else as digits.
fn printable(bytes: &[u8]) -> String {
    let is_text = std::str::from_utf8(bytes).is_ok();
    let mut end = bytes.len().min(SHOWN_BYTES_MAX);
    // A letter of a text is not cut in two: what goes on with one has the form 10xxxxxx.
    while is_text && end > 0 && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    let shown = &bytes[..end];
    let rest = match bytes.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} bytes more"),
    };
    match harmless_text(shown) {
        Some(text) => format!("{text:?}{rest}"),
        None => format!("0x{}{rest}", hex::encode(shown)),
    }
}

/// The text that bytes are, if nothing in it steers a terminal or turns the direction of a text.
#[must_use]
pub fn harmless_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(is_harmless).then_some(text)
}

/// A line that somebody else wrote, such as a node: what would steer a terminal, or turn the
/// direction of a text, is written out.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_hidden = letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if is_hidden {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

fn is_harmless(letter: char) -> bool {
    letter.is_ascii_graphic() || letter == ' ' || (letter.is_alphanumeric() && !letter.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AliasId, AliasOutput, Features, NftId, NftOutput, UnlockConditions};

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(printable(b"hello"), "\"hello\"");
        assert_eq!(printable(b"a\x1b[2J"), "0x611b5b324a");
        assert_eq!(printable("a\u{202e}b".as_bytes()), "0x61e280ae62");
        let long = printable(&[b'x'; 8192]);
        assert!(
            long.len() < 100 && long.contains("8128 bytes more"),
            "{long}"
        );
        // No letter is cut in two.
        let long = printable("\u{4f60}".repeat(30).as_bytes());
        assert!(long.ends_with("\" and 27 bytes more"), "{long}");
        assert_eq!(
            plain("a\u{1b}[2J\nb\u{202e}c"),
            "a\\u{1b}[2J\\u{a}b\\u{202e}c"
        );
        assert_eq!(plain("grüße 你好"), "grüße 你好");
    }

    /// Words of a network with the coin `unit`, in its first second.
    fn words<'a>(unit: &'a Unit, name: &'a dyn Fn(&Address) -> Option<String>) -> Words<'a> {
        Words {
            hrp: "tst",
            unit,
            now: UnixSeconds(0),
            name,
        }
    }

    /// Texts that somebody would put into a tag, metadata or a name.
    fn hostile_texts() -> Vec<Vec<u8>> {
        let mut texts: Vec<Vec<u8>> = [
            "<script>alert(1)</script>",
            "\u{1b}[2J\u{1b}[H\u{1b}]0;owned\u{7}",
            "\u{9b}31m",
            "\rholds 1000000 TST",
            "\nholds 1000000 TST",
            "\u{8}\u{8}\u{8}",
            "\u{202e}gpj.exe",
            "\u{2066}a\u{2069}",
            "\u{200b}\u{feff}",
            "\u{e0041}",
            "\"; holds 1000000 TST; \"",
            "\\",
            "\0",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
        texts.push(vec![0xff; 64]);
        let long: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| text.iter().copied().cycle().take(8 << 10).collect())
            .collect();
        texts.extend(long);
        texts
    }

    #[test]
    fn hostile_texts_of_every_output_are_one_short_harmless_line() {
        let owner = Address::Ed25519([7; 32]);
        let unit = Unit::new("TST", 6);
        let words = words(&unit, &|_| None);
        for text in hostile_texts() {
            let tag = Feature::Tag(text[..text.len().min(64)].to_vec());
            let said = Feature::Metadata(text.clone());
            let all = Features::new(vec![tag, said.clone()]).expect("two kinds");
            let fixed = Features::new(vec![said]).expect("one kind");
            let own = UnlockConditions::new(vec![UnlockCondition::Address(owner)]);
            let outputs = [
                Output::Nft(Box::new(NftOutput {
                    amount: 1,
                    native_tokens: Vec::new(),
                    nft_id: NftId::ZERO,
                    unlock_conditions: own.expect("one kind"),
                    features: all.clone(),
                    immutable_features: fixed.clone(),
                })),
                Output::Alias(Box::new(AliasOutput {
                    amount: 1,
                    native_tokens: Vec::new(),
                    alias_id: AliasId::ZERO,
                    state_index: 0,
                    state_metadata: text.clone(),
                    foundry_counter: 0,
                    unlock_conditions: UnlockConditions::default(),
                    features: all,
                    immutable_features: fixed,
                })),
            ];
            for line in outputs.iter().flat_map(|output| explain(output, &words)) {
                assert!(line.len() < 250, "{line:?}");
                assert_eq!(plain(&line), line, "nothing had to be written out");
                // Whoever closes the quotes himself is written with a mark before each.
                let is_forged = line.contains("holds 1000000") && !line.contains("\\\"; holds");
                assert!(!is_forged, "{line:?}");
            }
        }
    }

    #[test]
    fn a_voting_output_says_for_what() {
        let unit = Unit::new("TST", 6);
        let words = words(&unit, &|_| None);
        let said = |metadata: &[u8]| {
            let Output::Basic(mut basic) = Output::basic(Address::Ed25519([7; 32]), 1) else {
                unreachable!("it is basic");
            };
            let tag = Feature::Tag(b"PARTICIPATE".to_vec());
            let metadata = Feature::Metadata(metadata.to_vec());
            basic.features = Features::new(vec![tag, metadata]).expect("two kinds");
            let lines = explain(&Output::Basic(basic), &words);
            assert_eq!(lines[0], "holds 0.000001 TST, kept apart for voting");
            lines[2..].join("; ")
        };
        let part = |event: u8, answers: &[u8]| {
            let count = u8::try_from(answers.len()).expect("few");
            [&[event; 32][..], &[count], answers].concat()
        };
        let id = |event: u8| format!("0x{}", hex::encode([event; 32]));
        let two = [&[2][..], &part(1, &[1, 0]), &part(2, &[])].concat();
        let words = format!(
            "takes part in event {} with answers 1, 0; takes part in event {}",
            id(1),
            id(2)
        );
        assert_eq!(said(&two), words);
        assert_eq!(said(&[0]), "");
        assert_eq!(said(b"hello"), "metadata \"hello\"");
        let many: Vec<u8> = (0..20).flat_map(|event| part(event, &[3])).collect();
        let many = said(&[&[20][..], &many].concat());
        assert!(
            many.ends_with("with answer 3; takes part in 4 events more"),
            "{many}"
        );
    }

    #[test]
    fn sentences_know_who_is_meant() {
        let owner = Address::Ed25519([7; 32]);
        let unit = Unit::new("TST", 6);
        let name = |address: &Address| (*address == owner).then(|| "alice".to_owned());
        let words = words(&unit, &name);
        let output = Output::basic(owner, 1_500_000);
        let sentences = words.sentences(&output);
        assert_eq!(sentences[1].0[1], Part::Address(owner));
        let text = format!("belongs to alice ({})", owner.to_bech32("tst"));
        assert_eq!(explain(&output, &words), ["holds 1.5 TST", &text]);
    }
}
