//! `tangle tool address`: an address as Bech32, as hexadecimal, and what it is of.

use clap::Args;
use tangle_types::{Address, AliasId, NftId};

use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// What to convert.
#[derive(Debug, Args)]
pub(crate) struct AddressArguments {
    /// An address in Bech32 or hexadecimal, or a public key with --public-key.
    value: String,
    /// The value is an Ed25519 public key.
    #[arg(long)]
    public_key: bool,
    /// What a value of 32 hexadecimal bytes is the address of.
    #[arg(long, value_enum, default_value = "ed25519")]
    kind: Kind,
    /// Human-readable part for the Bech32 form; by default that of the value, or else tst.
    #[arg(long)]
    hrp: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Kinds of addresses.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// Of a key.
    Ed25519,
    /// Of an alias.
    Alias,
    /// Of an NFT.
    Nft,
}

/// Prints the forms.
pub(crate) fn run(arguments: &AddressArguments, terminal: &Terminal) -> Outcome {
    let (found, address) = read(arguments)?;
    let hrp = arguments.hrp.clone().or(found).unwrap_or("tst".to_owned());
    let kind = match address {
        Address::Ed25519(_) => "ed25519",
        Address::Alias(_) => "alias",
        Address::Nft(_) => "nft",
    };
    let bytes = address.to_array();
    let rows = [
        ("kind", kind.to_owned()),
        ("hex", format!("0x{}", hex::encode(&bytes[1..]))),
        ("bytes", format!("0x{}", hex::encode(bytes))),
        ("bech32", address.to_bech32(&hrp)),
    ];
    super::print_rows(&rows, terminal);
    Ok(())
}

fn read(arguments: &AddressArguments) -> Outcome<(Option<String>, Address)> {
    let text = arguments.value.as_str();
    let refuse = |reason: String| Failure::new(Code::Input, format!("{text:?}: {reason}"));
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text));
    if arguments.public_key {
        let key: Option<[u8; 32]> = bytes.ok().and_then(|bytes| bytes.try_into().ok());
        let key = key.ok_or_else(|| refuse("not a public key of 64 hexadecimal digits".into()))?;
        return Ok((None, Address::from_public_key(&key)));
    }
    let Ok(bytes) = bytes else {
        let (hrp, address) =
            Address::from_bech32(text).map_err(|error| refuse(error.to_string()))?;
        return Ok((Some(hrp), address));
    };
    let (kind, id) = match (bytes.len(), arguments.kind) {
        (33, _) => (bytes[0], &bytes[1..]),
        (_, Kind::Ed25519) => (0, &bytes[..]),
        (_, Kind::Alias) => (8, &bytes[..]),
        (_, Kind::Nft) => (16, &bytes[..]),
    };
    let id: [u8; 32] = id
        .try_into()
        .map_err(|_| refuse("an address has 32 bytes, or 33 with its kind".into()))?;
    let address = match kind {
        0 => Address::Ed25519(id),
        8 => Address::Alias(AliasId(id)),
        16 => Address::Nft(NftId(id)),
        found => return Err(refuse(format!("there is no kind {found} of addresses"))),
    };
    Ok((None, address))
}
