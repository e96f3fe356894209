//! Blocks as the parts of their binary form, each of which can be anything.
//!
//! Written apart from the encoder of `tangle-types`, which cannot write what must not be. Where a
//! count or length is `None`, the right one is written.

use tangle_types::{NetworkId, ProtocolParameters, U256};

/// Writes bytes and remembers where each field ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) marks: Vec<(&'static str, usize)>,
}

impl Writer {
    fn field(&mut self, name: &'static str, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.marks.push((name, self.bytes.len()));
    }

    fn list(&mut self, name: &'static str, width: usize, list: &List) {
        let count = list.count.unwrap_or(list.items.len());
        self.field(name, &count.to_le_bytes()[..width]);
        for item in &list.items {
            self.field(name, item);
        }
    }
}

/// Elements, and how many there are said to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) count: Option<usize>,
    pub(crate) items: Vec<Vec<u8>>,
}

impl List {
    pub(crate) fn of(items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            count: None,
            items: items.into_iter().collect(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RawBlock {
    pub(crate) version: u8,
    pub(crate) parents: List,
    pub(crate) payload_length: Option<u32>,
    pub(crate) payload: Vec<u8>,
    pub(crate) nonce: u64,
    /// After the end.
    pub(crate) tail: Vec<u8>,
}

impl RawBlock {
    pub(crate) fn new(payload: Vec<u8>) -> Self {
        Self {
            version: 2,
            parents: List::of([vec![0x11; 32], vec![0x22; 32]]),
            payload_length: None,
            payload,
            nonce: 0,
            tail: Vec::new(),
        }
    }

    pub(crate) fn write(&self) -> Writer {
        let mut out = Writer::default();
        out.field("protocol version", &[self.version]);
        out.list("parents", 1, &self.parents);
        let length = self.payload_length.unwrap_or(self.payload.len() as u32);
        out.field("payload length", &length.to_le_bytes());
        out.field("payload", &self.payload);
        out.field("nonce", &self.nonce.to_le_bytes());
        out.field("tail", &self.tail);
        out
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RawTaggedData {
    pub(crate) kind: u32,
    pub(crate) tag_length: Option<u8>,
    pub(crate) tag: Vec<u8>,
    pub(crate) data_length: Option<u32>,
    pub(crate) data: Vec<u8>,
}

impl RawTaggedData {
    pub(crate) fn new() -> Self {
        Self {
            kind: 5,
            tag_length: None,
            tag: b"tag".to_vec(),
            data_length: None,
            data: b"data".to_vec(),
        }
    }

    pub(crate) fn write(&self) -> Writer {
        let mut out = Writer::default();
        out.field("type", &self.kind.to_le_bytes());
        let length = self.tag_length.unwrap_or(self.tag.len() as u8);
        out.field("tag length", &[length]);
        out.field("tag", &self.tag);
        let length = self.data_length.unwrap_or(self.data.len() as u32);
        out.field("data length", &length.to_le_bytes());
        out.field("data", &self.data);
        out
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RawTransaction {
    pub(crate) kind: u32,
    pub(crate) essence_kind: u8,
    pub(crate) network_id: u64,
    pub(crate) inputs: List,
    pub(crate) outputs: List,
    pub(crate) payload_length: Option<u32>,
    pub(crate) payload: Vec<u8>,
    pub(crate) unlocks: List,
}

impl RawTransaction {
    /// One input and signature, and these outputs.
    pub(crate) fn new(parameters: &ProtocolParameters, outputs: Vec<Vec<u8>>) -> Self {
        Self {
            kind: 6,
            essence_kind: 1,
            network_id: NetworkId::from_name(&parameters.network_name).0,
            inputs: List::of([input(0x31, 0)]),
            outputs: List::of(outputs),
            payload_length: None,
            payload: Vec::new(),
            unlocks: List::of([signature_unlock(0x51)]),
        }
    }

    pub(crate) fn write(&self) -> Writer {
        let mut out = Writer::default();
        out.field("type", &self.kind.to_le_bytes());
        out.field("essence type", &[self.essence_kind]);
        out.field("network id", &self.network_id.to_le_bytes());
        out.list("inputs", 2, &self.inputs);
        out.field("inputs commitment", &[0x41; 32]);
        out.list("outputs", 2, &self.outputs);
        let length = self.payload_length.unwrap_or(self.payload.len() as u32);
        out.field("essence payload length", &length.to_le_bytes());
        out.field("essence payload", &self.payload);
        out.list("unlocks", 2, &self.unlocks);
        out
    }
}

/// An input that names output `index` of a made-up transaction.
pub(crate) fn input(transaction: u8, index: u16) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend([transaction; 32]);
    bytes.extend(index.to_le_bytes());
    bytes
}

/// A signature unlock, with a made-up key and signature.
pub(crate) fn signature_unlock(key: u8) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(signature(key));
    bytes
}

/// A made-up Ed25519 signature with its type and key.
pub(crate) fn signature(key: u8) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend([key; 32]);
    bytes.extend([0x61; 64]);
    bytes
}

/// An unlock of type 1, 2 or 3.
pub(crate) fn reference_unlock(kind: u8, target: u16) -> Vec<u8> {
    let [low, high] = target.to_le_bytes();
    vec![kind, low, high]
}

/// Which of the four outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Basic,
    Alias,
    Foundry,
    Nft,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Basic, Self::Alias, Self::Foundry, Self::Nft];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Alias => "alias",
            Self::Foundry => "foundry",
            Self::Nft => "NFT",
        }
    }

    /// Types of conditions that it must have.
    pub(crate) const fn conditions(self) -> &'static [u8] {
        match self {
            Self::Basic | Self::Nft => &[0],
            Self::Alias => &[4, 5],
            Self::Foundry => &[6],
        }
    }

    /// Types of conditions that it may have, in order.
    pub(crate) const fn conditions_allowed(self) -> &'static [u8] {
        match self {
            Self::Basic | Self::Nft => &[0, 1, 2, 3],
            Self::Alias => &[4, 5],
            Self::Foundry => &[6],
        }
    }

    /// Types of features that it may have, in order; and of immutable ones.
    pub(crate) const fn features_allowed(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Basic => (&[0, 2, 3], &[]),
            Self::Alias => (&[0, 2], &[1, 2]),
            Self::Foundry => (&[2], &[2]),
            Self::Nft => (&[0, 2, 3], &[1, 2]),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RawOutput {
    pub(crate) kind: u8,
    pub(crate) amount: u64,
    pub(crate) tokens: List,
    /// What only this kind of output has, between tokens and conditions.
    pub(crate) own: Vec<u8>,
    pub(crate) conditions: List,
    pub(crate) features: List,
    /// `None` for a basic output.
    pub(crate) immutable_features: Option<List>,
}

impl RawOutput {
    pub(crate) fn new(kind: Kind) -> Self {
        let (number, own) = match kind {
            Kind::Basic => (3, Vec::new()),
            Kind::Alias => (4, alias(0, 0, &[], 0)),
            Kind::Foundry => (5, foundry(1, scheme(0, 1.into(), 0.into(), 10.into()))),
            Kind::Nft => (6, vec![0; 32]),
        };
        Self {
            kind: number,
            amount: 10_000_000,
            tokens: List::default(),
            own,
            conditions: List::of(kind.conditions().iter().map(|kind| condition(*kind))),
            features: List::default(),
            immutable_features: (kind != Kind::Basic).then(List::default),
        }
    }

    /// With everything that it may have.
    pub(crate) fn full(kind: Kind) -> Self {
        let (features, immutable) = kind.features_allowed();
        let all =
            |kinds: &[u8], make: fn(u8) -> Vec<u8>| List::of(kinds.iter().map(|kind| make(*kind)));
        Self {
            tokens: List::of([token(1, 5), token(2, 5)]),
            conditions: all(kind.conditions_allowed(), condition),
            features: all(features, feature),
            immutable_features: (kind != Kind::Basic).then(|| all(immutable, feature)),
            ..Self::new(kind)
        }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.field("output type", &[self.kind]);
        out.field("amount", &self.amount.to_le_bytes());
        out.list("native tokens", 1, &self.tokens);
        out.field("own fields", &self.own);
        out.list("unlock conditions", 1, &self.conditions);
        out.list("features", 1, &self.features);
        if let Some(features) = &self.immutable_features {
            out.list("immutable features", 1, features);
        }
        out.bytes
    }
}

/// The fields of an alias output.
pub(crate) fn alias(id: u8, state_index: u32, metadata: &[u8], foundries: u32) -> Vec<u8> {
    let mut bytes = vec![id; 32];
    bytes.extend(state_index.to_le_bytes());
    bytes.extend((metadata.len() as u16).to_le_bytes());
    bytes.extend(metadata);
    bytes.extend(foundries.to_le_bytes());
    bytes
}

/// The fields of a foundry output.
pub(crate) fn foundry(serial_number: u32, scheme: Vec<u8>) -> Vec<u8> {
    let mut bytes = serial_number.to_le_bytes().to_vec();
    bytes.extend(scheme);
    bytes
}

/// A token scheme.
pub(crate) fn scheme(kind: u8, minted: U256, melted: U256, maximum: U256) -> Vec<u8> {
    let mut bytes = vec![kind];
    for number in [minted, melted, maximum] {
        bytes.extend(number.to_little_endian());
    }
    bytes
}

/// An amount of a made-up native token.
pub(crate) fn token(number: u8, amount: u64) -> Vec<u8> {
    let mut bytes = token_id(number).to_vec();
    bytes.extend(U256::from(amount).to_little_endian());
    bytes
}

/// The id of a made-up native token.
pub(crate) fn token_id(number: u8) -> [u8; 38] {
    let mut id = [0; 38];
    id[0] = 8;
    id[1..33].fill(number);
    id[33] = 1;
    id
}

/// An address of this type, of a made-up owner.
pub(crate) fn address(kind: u8) -> Vec<u8> {
    let mut bytes = vec![0x71; 33];
    bytes[0] = kind;
    bytes
}

/// A sound unlock condition of this type.
pub(crate) fn condition(kind: u8) -> Vec<u8> {
    let mut bytes = vec![kind];
    match kind {
        1 => {
            bytes.extend(address(0));
            bytes.extend(1_000_000_u64.to_le_bytes());
        }
        2 => bytes.extend(1_000_u32.to_le_bytes()),
        3 => {
            bytes.extend(address(0));
            bytes.extend(1_000_u32.to_le_bytes());
        }
        6 => bytes.extend(address(8)),
        _ => bytes.extend(address(0)),
    }
    bytes
}

/// A sound feature of this type.
pub(crate) fn feature(kind: u8) -> Vec<u8> {
    match kind {
        2 => metadata_feature(3),
        3 => tag_feature(3),
        _ => [vec![kind], address(0)].concat(),
    }
}

/// A metadata feature of this many bytes.
pub(crate) fn metadata_feature(length: u16) -> Vec<u8> {
    let mut bytes = vec![2];
    bytes.extend(length.to_le_bytes());
    bytes.resize(bytes.len() + usize::from(length), 0x81);
    bytes
}

/// A tag feature of this many bytes.
pub(crate) fn tag_feature(length: u8) -> Vec<u8> {
    let mut bytes = vec![3, length];
    bytes.resize(bytes.len() + usize::from(length), 0x82);
    bytes
}

#[derive(Clone, Debug)]
pub(crate) struct RawMilestone {
    pub(crate) index: u32,
    pub(crate) parents: List,
    pub(crate) metadata: Vec<u8>,
    pub(crate) options: List,
    pub(crate) signatures: List,
}

impl RawMilestone {
    pub(crate) fn new() -> Self {
        Self {
            index: 7,
            parents: List::of([vec![0x11; 32], vec![0x22; 32]]),
            metadata: Vec::new(),
            options: List::default(),
            signatures: List::of([signature(1), signature(2)]),
        }
    }

    pub(crate) fn write(&self) -> Writer {
        let mut out = Writer::default();
        out.field("type", &7_u32.to_le_bytes());
        out.field("index", &self.index.to_le_bytes());
        out.field("timestamp", &1_000_u32.to_le_bytes());
        out.field("protocol version", &[2]);
        out.field("previous milestone", &[0x91; 32]);
        out.list("parents", 1, &self.parents);
        out.field("inclusion root", &[0x92; 32]);
        out.field("applied root", &[0x93; 32]);
        let length = self.metadata.len() as u16;
        out.field("metadata length", &length.to_le_bytes());
        out.field("metadata", &self.metadata);
        out.list("options", 1, &self.options);
        out.list("signatures", 1, &self.signatures);
        out
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RawReceipt {
    pub(crate) is_final: u8,
    pub(crate) funds: List,
    pub(crate) treasury_length: u32,
    pub(crate) treasury_kind: u32,
    pub(crate) input_kind: u8,
    pub(crate) output_kind: u8,
    pub(crate) treasury: u64,
}

impl RawReceipt {
    pub(crate) fn new() -> Self {
        Self {
            is_final: 1,
            funds: List::of([fund(1, 0, 1_000_000), fund(2, 0, 2_000_000)]),
            treasury_length: 46,
            treasury_kind: 4,
            input_kind: 1,
            output_kind: 2,
            treasury: 1_000,
        }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.field("option type", &[0]);
        out.field("migrated at", &5_u32.to_le_bytes());
        out.field("final", &[self.is_final]);
        out.list("funds", 2, &self.funds);
        out.field("treasury length", &self.treasury_length.to_le_bytes());
        out.field("treasury type", &self.treasury_kind.to_le_bytes());
        out.field("input type", &[self.input_kind]);
        out.field("milestone", &[0x94; 32]);
        out.field("output type", &[self.output_kind]);
        out.field("treasury", &self.treasury.to_le_bytes());
        out.bytes
    }
}

/// Funds that were migrated to a made-up address of this type.
pub(crate) fn fund(tail: u8, address_kind: u8, deposit: u64) -> Vec<u8> {
    let mut bytes = vec![tail; 49];
    bytes.extend(address(address_kind));
    bytes.extend(deposit.to_le_bytes());
    bytes
}

/// A parameters option with a blob of this many bytes.
pub(crate) fn parameters_option(length: u16) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(20_u32.to_le_bytes());
    bytes.push(2);
    bytes.extend(length.to_le_bytes());
    bytes.resize(bytes.len() + usize::from(length), 0x95);
    bytes
}
