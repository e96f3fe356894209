//! From names to IP addresses, by the system's resolver.

use std::time::Duration;

use libp2p_core::Multiaddr;
use tokio::time::timeout;

use crate::address::{name, resolved};
use crate::book::Dial;

/// Longest time for a name.
const LOOKUP: Duration = Duration::from_secs(5);
/// Addresses that are dialed for one peer.
const ADDRESSES_MAX: usize = 8;

/// The dial with all names replaced by IP addresses; names that are not found are left out, and
/// told when nothing else is left.
pub(crate) async fn resolve(mut dial: Dial) -> (Dial, Option<String>) {
    let mut addresses = Vec::new();
    let mut trouble = None;
    for address in &dial.addresses {
        match look_up(address).await {
            Ok(found) => addresses.extend(found),
            Err(error) => trouble = Some(error),
        }
    }
    addresses.truncate(ADDRESSES_MAX);
    dial.addresses = addresses;
    (dial, trouble)
}

async fn look_up(address: &Multiaddr) -> Result<Vec<Multiaddr>, String> {
    let Some((host, port, fits)) = name(address) else {
        return Ok(vec![address.clone()]);
    };
    let found = timeout(LOOKUP, tokio::net::lookup_host((host.as_str(), port)))
        .await
        .map_err(|_| format!("{host} was not looked up within {LOOKUP:?}"))?
        .map_err(|error| format!("{host} cannot be looked up: {error}"))?;
    let ips = found.map(|found| found.ip()).filter(fits);
    let found = ips
        .map(|ip| resolved(address, ip))
        .take(ADDRESSES_MAX)
        .collect::<Vec<_>>();
    if found.is_empty() {
        return Err(format!(
            "{host} has no address of the kind that {address} asks for"
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use libp2p_identity::PeerId;

    use super::*;
    use crate::address::TransportKind;
    use crate::book::Purpose;

    async fn resolve_one(address: &str) -> (Vec<String>, Option<String>) {
        let (dial, trouble) = resolve(Dial {
            peer: PeerId::random(),
            addresses: vec![address.parse().expect("an address")],
            kind: TransportKind::Tcp,
            purpose: Purpose::Gossip,
        })
        .await;
        (
            dial.addresses.iter().map(ToString::to_string).collect(),
            trouble,
        )
    }

    #[tokio::test]
    async fn name_of_this_machine_is_found_and_addresses_stay() {
        let (found, trouble) = resolve_one("/dns4/localhost/tcp/15600").await;
        assert_eq!(
            (found, trouble),
            (vec!["/ip4/127.0.0.1/tcp/15600".to_owned()], None)
        );
        let (found, _) = resolve_one("/ip4/192.0.2.1/tcp/1").await;
        assert_eq!(found, ["/ip4/192.0.2.1/tcp/1"]);
    }
}
