use super::*;
use crate::Identity;

const ANYWHERE: fn(&Multiaddr) -> bool = |_| true;

struct Fixture {
    book: Book,
    now: Instant,
}

fn address(text: &str) -> Multiaddr {
    text.parse().expect("an address")
}

fn book(change: impl FnOnce(&mut NetworkConfig)) -> Fixture {
    let mut config = NetworkConfig::new(Identity::from_seed([1; 32]), 1);
    change(&mut config);
    Fixture {
        book: Book::new(&config),
        now: Instant::now(),
    }
}

impl Fixture {
    fn know(&mut self, text: &str) -> PeerId {
        let id = PeerId::random();
        let peer = KnownPeer {
            address: PeerAddress {
                id,
                address: address(text),
            },
            alias: None,
        };
        assert!(self.book.add_known(peer, true, self.now));
        id
    }

    fn due(&mut self, found_count: usize) -> Vec<Dial> {
        self.book.due(self.now, found_count, ANYWHERE)
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }
}

fn discovering(peer_count: usize, spare_count: usize) -> Fixture {
    book(|config| {
        config.discovery = Some(Discovery {
            peer_count,
            spare_count,
        });
    })
}

#[test]
fn known_peer_is_dialed_for_ever_with_growing_pauses() {
    let mut fixture = book(|_| {});
    fixture.know("/ip4/192.0.2.1/tcp/15600");
    let mut pauses = Vec::new();
    for _ in 0..40 {
        let mut waited = 0;
        let dial = loop {
            if let Some(dial) = fixture.due(0).pop() {
                break dial;
            }
            fixture.wait(100);
            waited += 100;
            assert!(waited <= 40_000, "it is never given up");
        };
        assert_eq!(fixture.due(0), [], "it is being dialed");
        fixture
            .book
            .failed(&dial, "refused".to_owned(), fixture.now);
        pauses.push(waited);
    }
    assert_eq!(pauses[0], 0);
    assert!((900..=1_300).contains(&pauses[1]), "{pauses:?}");
    assert!(pauses[3] > pauses[1] && pauses[39] >= 30_000, "{pauses:?}");
}

#[test]
fn conversation_that_lasted_starts_the_pauses_anew() {
    let mut fixture = book(|_| {});
    let peer = fixture.know("/ip4/192.0.2.1/tcp/15600");
    for (lasted, pause_max) in [(1, 2_000), (1, 3_000), (3_600, 1_300), (1, 3_000)] {
        assert_eq!(fixture.due(0).len(), 1);
        fixture.book.connected(peer, fixture.now);
        assert_eq!(fixture.due(0), []);
        let lasted = Duration::from_secs(lasted);
        fixture
            .book
            .disconnected(peer, lasted, "gone".to_owned(), fixture.now);
        assert_eq!(fixture.due(0), [], "not at once");
        fixture.wait(pause_max);
    }
}

#[test]
fn quic_is_tried_first_and_tcp_at_once_when_it_fails() {
    let mut fixture = book(|_| {});
    let peer = fixture.know("/ip4/192.0.2.1/tcp/15600");
    let quic = address("/ip4/192.0.2.1/udp/15600/quic-v1");
    fixture
        .book
        .learn(peer, std::slice::from_ref(&quic), fixture.now);
    let dial = fixture.due(0).pop().expect("due");
    assert_eq!(
        (dial.kind, &dial.addresses[..]),
        (TransportKind::Quic, &[quic][..])
    );
    fixture
        .book
        .failed(&dial, "no answer".to_owned(), fixture.now);
    let dial = fixture.due(0).pop().expect("due at once");
    assert_eq!(dial.kind, TransportKind::Tcp);
    fixture
        .book
        .failed(&dial, "refused".to_owned(), fixture.now);
    fixture.wait(10_000);
    assert_eq!(fixture.due(0).pop().expect("due").kind, TransportKind::Tcp);
}

#[test]
fn without_quic_only_tcp_is_dialed() {
    let mut fixture = book(|config| config.quic = false);
    let peer = fixture.know("/ip4/192.0.2.1/udp/15600/quic-v1");
    assert_eq!(fixture.due(0), []);
    let trouble = fixture
        .book
        .entries
        .get(&peer)
        .and_then(|entry| entry.trouble.clone());
    assert!(trouble.is_some_and(|trouble| trouble.contains("no address")));
}

#[test]
fn candidates_are_dialed_until_there_are_enough_and_spares_are_tried() {
    let mut fixture = discovering(2, 1);
    let mut peers = Vec::new();
    for number in 1..=10 {
        let peer = PeerId::random();
        let place = address(&format!("/ip4/192.0.{number}.1/tcp/15600"));
        fixture.book.learn(peer, &[place], fixture.now);
        peers.push(peer);
    }
    let dials = fixture.due(0);
    let count =
        |dials: &[Dial], purpose| dials.iter().filter(|dial| dial.purpose == purpose).count();
    assert_eq!(count(&dials, Purpose::Gossip), 2);
    assert!((1..=3).contains(&count(&dials, Purpose::Trial)));
    for dial in &dials {
        match dial.purpose {
            Purpose::Gossip => fixture.book.connected(dial.peer, fixture.now),
            Purpose::Trial => fixture.book.tried(&dial.peer, true, fixture.now),
        }
    }
    assert_eq!(fixture.due(2), [], "enough neighbours and spares");

    let lost = dials
        .iter()
        .find(|dial| dial.purpose == Purpose::Gossip)
        .expect("one")
        .peer;
    let steady = Duration::from_secs(100);
    fixture
        .book
        .disconnected(lost, steady, "gone".to_owned(), fixture.now);
    let next = fixture.due(1);
    let next = next
        .iter()
        .find(|dial| dial.purpose == Purpose::Gossip)
        .expect("another");
    let was_spare = |dial: &&Dial| dial.purpose == Purpose::Trial;
    let spares = dials
        .iter()
        .filter(was_spare)
        .map(|dial| dial.peer)
        .collect::<Vec<_>>();
    assert!(spares.contains(&next.peer), "a spare takes over");
}

#[test]
fn candidate_whose_network_is_full_is_not_dialed() {
    let mut fixture = discovering(2, 0);
    fixture.book.learn(
        PeerId::random(),
        &[address("/ip4/192.0.2.1/tcp/1")],
        fixture.now,
    );
    assert_eq!(fixture.book.due(fixture.now, 0, |_| false), []);
    assert_eq!(fixture.due(0).len(), 1);
}

#[test]
fn candidates_are_bounded_and_those_that_failed_give_way() {
    let mut fixture = discovering(1, 0);
    let place = [address("/ip4/192.0.2.1/tcp/1")];
    for _ in 0..2 * CANDIDATES_MAX {
        fixture.book.learn(PeerId::random(), &place, fixture.now);
    }
    assert_eq!(fixture.book.entries.len(), CANDIDATES_MAX);
    let dial = fixture.due(0).pop().expect("one is dialed");
    fixture
        .book
        .failed(&dial, "refused".to_owned(), fixture.now);
    let fresh = PeerId::random();
    fixture.book.learn(fresh, &place, fixture.now);
    assert!(fixture.book.entries.contains_key(&fresh));
    assert!(!fixture.book.entries.contains_key(&dial.peer));
    assert_eq!(fixture.book.entries.len(), CANDIDATES_MAX);
}

#[test]
fn nobody_is_learned_of_without_discovery_and_never_the_node_itself() {
    let place = [address("/ip4/192.0.2.1/tcp/1")];
    let mut fixture = book(|_| {});
    fixture.book.learn(PeerId::random(), &place, fixture.now);
    let mut finder = discovering(1, 0);
    let own = finder.book.own;
    finder.book.learn(own, &place, finder.now);
    assert!(fixture.book.entries.is_empty() && finder.book.entries.is_empty());
}

#[test]
fn known_peers_and_their_addresses_are_bounded() {
    let mut fixture = book(|_| {});
    let first = fixture.know("/ip4/192.0.2.1/tcp/1");
    for port in 2..40 {
        let peer = KnownPeer {
            address: PeerAddress {
                id: first,
                address: address(&format!("/ip4/192.0.2.1/tcp/{port}")),
            },
            alias: Some("x".repeat(1_000)),
        };
        assert!(fixture.book.add_known(peer, true, fixture.now));
    }
    let entry = fixture.book.entries.get(&first).expect("known");
    assert_eq!(entry.addresses.len(), ADDRESSES_MAX);
    assert_eq!(
        entry.alias.as_ref().map(String::len),
        Some(ALIAS_LENGTH_MAX)
    );
    assert_eq!(fixture.book.kept().len(), ADDRESSES_MAX);
    for _ in 1..KNOWN_MAX {
        fixture.know("/ip4/192.0.2.1/tcp/1");
    }
    let peer = KnownPeer {
        address: PeerAddress {
            id: PeerId::random(),
            address: address("/ip4/192.0.2.1/tcp/1"),
        },
        alias: None,
    };
    assert!(!fixture.book.add_known(peer, true, fixture.now));
    assert!(fixture.book.remove(&first) && !fixture.book.remove(&first));
}
