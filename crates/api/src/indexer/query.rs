//! The parameters of list queries (TIP-26): which route takes which, and what they may be.

use std::borrow::Cow;

use tangle_storage::{Kind, OutputQuery};
use tangle_types::{Address, NATIVE_TOKENS_MAX, OutputId, TAG_SIZE_BYTES_MAX, UnixSeconds};

use crate::params::{Decimal, shorten};

/// Most outputs of a page.
pub(crate) const PAGE_SIZE_MAX: usize = 1_000;
/// Most characters of a query: all parameters, each with a long address.
const QUERY_LENGTH_MAX: usize = 4_096;

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("the query is longer than {QUERY_LENGTH_MAX} characters")]
    Length,
    #[error("{name} is no parameter of this route")]
    Unknown { name: String },
    #[error("{name} is given twice")]
    Twice { name: String },
    #[error("{name}={value}: {needed}")]
    Value {
        name: String,
        value: String,
        needed: Cow<'static, str>,
    },
}

/// Reads the query of a list route.
pub(crate) fn parse(kind: Kind, query: &str, hrp: &str) -> Result<OutputQuery, QueryError> {
    if query.len() > QUERY_LENGTH_MAX {
        return Err(QueryError::Length);
    }
    let mut output = OutputQuery {
        kind,
        page_size: PAGE_SIZE_MAX,
        ..OutputQuery::default()
    };
    let mut page_size = None;
    let mut seen: Vec<Cow<'_, str>> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if seen.contains(&name) {
            return Err(QueryError::Twice {
                name: shorten(&name),
            });
        }
        if !allows(kind, &name) {
            return Err(QueryError::Unknown {
                name: shorten(&name),
            });
        }
        let wrong = |needed| QueryError::Value {
            name: name.to_string(),
            value: shorten(&value),
            needed,
        };
        set(&mut output, &mut page_size, &name, &value, hrp).map_err(wrong)?;
        seen.push(name);
    }
    // The size inside a cursor wins.
    if let Some(size) = page_size {
        output.page_size = size;
    }
    Ok(output)
}

/// Whether a route takes a parameter.
fn allows(kind: Kind, name: &str) -> bool {
    match name {
        "hasNativeTokens"
        | "minNativeTokenCount"
        | "maxNativeTokenCount"
        | "createdBefore"
        | "createdAfter"
        | "pageSize"
        | "cursor" => true,
        "unlockableByAddress" => kind != Kind::Foundry,
        "address"
        | "hasStorageDepositReturn"
        | "storageDepositReturnAddress"
        | "hasExpiration"
        | "expiresBefore"
        | "expiresAfter"
        | "expirationReturnAddress"
        | "hasTimelock"
        | "timelockedBefore"
        | "timelockedAfter"
        | "tag" => matches!(kind, Kind::Basic | Kind::Nft),
        "sender" => matches!(kind, Kind::Basic | Kind::Alias | Kind::Nft),
        "issuer" => matches!(kind, Kind::Alias | Kind::Nft),
        "stateController" | "governor" => kind == Kind::Alias,
        "aliasAddress" => kind == Kind::Foundry,
        _ => false,
    }
}

/// Sets one parameter; what would be needed is the error.
fn set(
    query: &mut OutputQuery,
    page_size: &mut Option<usize>,
    name: &str,
    value: &str,
    hrp: &str,
) -> Result<(), Cow<'static, str>> {
    match name {
        "hasNativeTokens" => query.has_native_tokens = Some(boolean(value)?),
        "minNativeTokenCount" => query.native_token_count_min = Some(token_count(value)?),
        "maxNativeTokenCount" => query.native_token_count_max = Some(token_count(value)?),
        "createdBefore" => query.created_before = Some(time(value)?),
        "createdAfter" => query.created_after = Some(time(value)?),
        "unlockableByAddress" => query.unlockable_by_address = Some(address(value, hrp)?),
        "address" => query.address = Some(address(value, hrp)?),
        "hasStorageDepositReturn" => query.has_storage_deposit_return = Some(boolean(value)?),
        "storageDepositReturnAddress" => {
            query.storage_deposit_return_address = Some(address(value, hrp)?);
        }
        "hasExpiration" => query.has_expiration = Some(boolean(value)?),
        "expiresBefore" => query.expires_before = Some(time(value)?),
        "expiresAfter" => query.expires_after = Some(time(value)?),
        "expirationReturnAddress" => query.expiration_return_address = Some(address(value, hrp)?),
        "hasTimelock" => query.has_timelock = Some(boolean(value)?),
        "timelockedBefore" => query.timelocked_before = Some(time(value)?),
        "timelockedAfter" => query.timelocked_after = Some(time(value)?),
        "sender" => query.sender = Some(address(value, hrp)?),
        "issuer" => query.issuer = Some(address(value, hrp)?),
        "tag" => query.tag = Some(tag(value)?),
        "stateController" => query.state_controller = Some(address(value, hrp)?),
        "governor" => query.governor = Some(address(value, hrp)?),
        "aliasAddress" => match address(value, hrp)? {
            Address::Alias(id) => query.alias_address = Some(id),
            _ => return Err("the address of an alias is expected".into()),
        },
        "pageSize" => query.page_size = page(number(value)?),
        "cursor" => {
            let (start, size) = cursor(value)
                .ok_or("a cursor is expected: 76 hexadecimal digits, a dot, a page size")?;
            query.cursor = Some(start);
            *page_size = Some(size);
        }
        other => unreachable!("{other} is allowed on no route"),
    }
    Ok(())
}

fn boolean(value: &str) -> Result<bool, Cow<'static, str>> {
    value
        .parse()
        .map_err(|_| "true or false is expected".into())
}

fn number(value: &str) -> Result<u32, Cow<'static, str>> {
    match value.parse() {
        Ok(Decimal(number)) => Ok(number),
        Err(error) => Err(error.to_string().into()),
    }
}

fn token_count(value: &str) -> Result<u32, Cow<'static, str>> {
    number(value)
        .ok()
        .filter(|count| *count as usize <= NATIVE_TOKENS_MAX)
        .ok_or_else(|| format!("a number from 0 to {NATIVE_TOKENS_MAX} is expected").into())
}

fn time(value: &str) -> Result<UnixSeconds, Cow<'static, str>> {
    number(value).map(UnixSeconds)
}

fn address(value: &str, hrp: &str) -> Result<Address, Cow<'static, str>> {
    let (found, address) =
        Address::from_bech32(value).map_err(|error| Cow::Owned(error.to_string()))?;
    if found != hrp {
        return Err(format!("an address of this network starts with {hrp}1").into());
    }
    Ok(address)
}

fn tag(value: &str) -> Result<Vec<u8>, Cow<'static, str>> {
    value
        .strip_prefix("0x")
        .filter(|digits| digits.len() <= 2 * TAG_SIZE_BYTES_MAX)
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| {
            format!(
                "0x and the hexadecimal digits of at most {TAG_SIZE_BYTES_MAX} bytes are expected"
            )
            .into()
        })
}

/// A page has 1 to 1000 outputs; other sizes mean the largest.
fn page(size: u32) -> usize {
    match size as usize {
        size @ 1..=PAGE_SIZE_MAX => size,
        _ => PAGE_SIZE_MAX,
    }
}

/// Reads a cursor: where to go on, and the size of pages.
fn cursor(text: &str) -> Option<((UnixSeconds, OutputId), usize)> {
    let (start, size) = text.split_once('.')?;
    let (time, id) = start.split_at_checked(8)?;
    let mut bytes = [0; 4];
    hex::decode_to_slice(time, &mut bytes).ok()?;
    let mut id_bytes = [0; OutputId::LENGTH];
    hex::decode_to_slice(id, &mut id_bytes).ok()?;
    let Decimal(size) = size.parse().ok()?;
    let start = (UnixSeconds(u32::from_be_bytes(bytes)), OutputId(id_bytes));
    Some((start, page(size)))
}

/// Writes a cursor; it can be given back to the same route.
pub(crate) fn write_cursor((time, id): (UnixSeconds, OutputId), page_size: usize) -> String {
    format!("{:08x}{}.{page_size}", time.0, hex::encode(id.0))
}
