//! Outputs and names in text.

use std::collections::BTreeMap;

use tangle_crypto::{blake2b, ed25519::SecretKey};
use tangle_types::{
    Address, AliasId, AliasOutput, BasicOutput, Feature, Features, FoundryId, FoundryOutput,
    NativeToken, NftId, NftOutput, Output, OutputId, SimpleTokenScheme, U256, UnixSeconds,
    UnlockCondition, UnlockConditions,
};

/// What names stand for.
#[derive(Debug, Default)]
pub struct Names {
    outputs: BTreeMap<String, OutputId>,
    chains: BTreeMap<String, [u8; 32]>,
}

/// The key of a named person.
#[must_use]
pub fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(blake2b::hash(name.as_bytes()))
}

impl Names {
    /// Names an output.
    pub fn name_output(&mut self, name: &str, id: OutputId) {
        self.outputs.insert(name.to_owned(), id);
    }

    /// The id of a named output; one that was never there for other names.
    #[must_use]
    pub fn output_id(&self, name: &str) -> OutputId {
        let never = || {
            let hash = blake2b::hash(name.as_bytes());
            OutputId::new(tangle_types::TransactionId(hash), 1)
        };
        self.outputs.get(name).copied().unwrap_or_else(never)
    }

    /// Names the chain that begins with an output.
    pub fn name_new(&mut self, name: &str, id: &OutputId) {
        self.chains.insert(name.to_owned(), blake2b::hash(&id.0));
    }

    fn chain(&self, name: &str) -> [u8; 32] {
        let never_new = || blake2b::hash(name.as_bytes());
        self.chains.get(name).copied().unwrap_or_else(never_new)
    }

    fn address(&self, text: &str) -> Address {
        match text.split_once(':') {
            Some(("alias", name)) => Address::Alias(AliasId(self.chain(name))),
            Some(("nft", name)) => Address::Nft(NftId(self.chain(name))),
            _ => Address::from_public_key(&key(text).public_key()),
        }
    }

    /// `X/1:5`, or `X/1` alone.
    fn token(&self, text: &str) -> (FoundryId, U256) {
        let (foundry, amount) = text.split_once(':').unwrap_or((text, "0"));
        let (alias, serial) = foundry.split_once('/').expect("alias/serial number");
        let serial = serial.parse().expect("a serial number");
        let id = FoundryId::new(&AliasId(self.chain(alias)), serial, 0);
        (id, number(amount))
    }

    /// Reads an output; a name that it gives to a new chain is passed to `name_new`.
    ///
    /// # Panics
    /// The text is not of the form.
    pub fn output(&mut self, text: &str, name_new: impl FnOnce(&mut Self, &str)) -> Output {
        let mut words = text.split_whitespace();
        let kind = words.next().expect("a kind of output");
        let amount: u64 = words.next().expect("an amount").parse().expect("an amount");
        let name = words.next().expect("an owner or a chain");
        let fields: BTreeMap<&str, &str> = words
            .map(|word| {
                word.split_once('=')
                    .unwrap_or_else(|| panic!("{word}: no field"))
            })
            .collect();
        let output = self.build(kind, amount, name, &fields);
        if let Some(new) = fields.get("as") {
            name_new(self, new);
        }
        output
    }

    // tidy: a table
    fn build(&self, kind: &str, amount: u64, name: &str, fields: &BTreeMap<&str, &str>) -> Output {
        let chain = if name == "new" {
            [0; 32]
        } else {
            self.chain(name)
        };
        let count = |field: &str| {
            fields
                .get(field)
                .map_or(0, |text| text.parse().expect(field))
        };
        let bytes = |field: &str| {
            fields
                .get(field)
                .map_or(Vec::new(), |text| text.as_bytes().to_vec())
        };
        let mut conditions = self.conditions(fields);
        let native_tokens = self.tokens(fields);
        let features = self.features(fields, ["sender", "", "meta", "tag"]);
        let immutable_features = self.features(fields, ["", "issuer", "imeta", ""]);
        let conditions_of = |conditions| UnlockConditions::new(conditions).expect("one of each");
        match kind {
            "basic" => {
                conditions.push(UnlockCondition::Address(self.address(name)));
                Output::Basic(BasicOutput {
                    amount,
                    native_tokens,
                    unlock_conditions: conditions_of(conditions),
                    features,
                })
            }
            "alias" => Output::Alias(Box::new(AliasOutput {
                amount,
                native_tokens,
                alias_id: AliasId(chain),
                state_index: count("index"),
                state_metadata: bytes("smeta"),
                foundry_counter: count("counter"),
                unlock_conditions: conditions_of(conditions),
                features,
                immutable_features,
            })),
            "foundry" => {
                conditions.push(UnlockCondition::ImmutableAlias(AliasId(chain)));
                let amount_of =
                    |field: &str| fields.get(field).map_or(U256::zero(), |it| number(it));
                Output::Foundry(Box::new(FoundryOutput {
                    amount,
                    native_tokens,
                    serial_number: count("serial"),
                    token_scheme: SimpleTokenScheme {
                        minted: amount_of("minted"),
                        melted: amount_of("melted"),
                        maximum: amount_of("max"),
                    },
                    unlock_conditions: conditions_of(conditions),
                    features,
                    immutable_features,
                }))
            }
            "nft" => Output::Nft(Box::new(NftOutput {
                amount,
                native_tokens,
                nft_id: NftId(chain),
                unlock_conditions: conditions_of(conditions),
                features,
                immutable_features,
            })),
            other => panic!("no output is a {other}"),
        }
    }

    fn conditions(&self, fields: &BTreeMap<&str, &str>) -> Vec<UnlockCondition> {
        let mut conditions = Vec::new();
        for (field, text) in fields {
            conditions.push(match *field {
                "owner" => UnlockCondition::Address(self.address(text)),
                "timelock" => UnlockCondition::Timelock(seconds(text)),
                "expire" => {
                    let (address, time) = text.rsplit_once('@').expect("who@when");
                    UnlockCondition::Expiration {
                        return_address: self.address(address),
                        unix_time: seconds(time),
                    }
                }
                "return" => {
                    let (address, amount) = text.rsplit_once(':').expect("whom:amount");
                    UnlockCondition::StorageDepositReturn {
                        return_address: self.address(address),
                        amount: amount.parse().expect("an amount"),
                    }
                }
                "state" => UnlockCondition::StateController(self.address(text)),
                "gov" => UnlockCondition::Governor(self.address(text)),
                _ => continue,
            });
        }
        conditions
    }

    fn tokens(&self, fields: &BTreeMap<&str, &str>) -> Vec<NativeToken> {
        let Some(text) = fields.get("tokens") else {
            return Vec::new();
        };
        let token = |text| {
            let (id, amount) = self.token(text);
            NativeToken { id, amount }
        };
        let mut tokens: Vec<NativeToken> = text.split('+').map(token).collect();
        tokens.sort_by_key(|token| token.id);
        tokens
    }

    /// Features by the names of the fields for sender, issuer, metadata and tag.
    fn features(&self, fields: &BTreeMap<&str, &str>, names: [&str; 4]) -> Features {
        let field = |index: usize| fields.get(names[index]);
        let bytes = |index| field(index).map(|text| text.as_bytes().to_vec());
        let features = [
            field(0).map(|text| Feature::Sender(self.address(text))),
            field(1).map(|text| Feature::Issuer(self.address(text))),
            bytes(2).map(Feature::Metadata),
            bytes(3).map(Feature::Tag),
        ];
        Features::new(features.into_iter().flatten().collect()).expect("one of each")
    }
}

/// A number, or `max` for the greatest.
fn number(text: &str) -> U256 {
    if text == "max" {
        return U256::MAX;
    }
    U256::from_dec_str(text).unwrap_or_else(|_| panic!("{text} is no number"))
}

fn seconds(text: &str) -> UnixSeconds {
    UnixSeconds(text.parse().expect("a time"))
}
