//! The recorded answers are the real app's; the fake device of `testkit` has to give the same, so
//! that it stands for the app where nothing was recorded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tangle_crypto::ed25519::{self, Signed};
use tangle_crypto::mnemonic::Mnemonic;
use tangle_testkit::nano::FakeNano;
use tangle_types::Reader;

use super::*;
use crate::build::tests::{Fixture, fixture};
use crate::keys::SeedSigner;
use crate::sync::extend_keys;

impl Transport for FakeNano {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.answer(command))
    }
}

impl<T: Transport> Transport for Arc<Mutex<T>> {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.lock().expect("no test fails here").exchange(command)
    }
}

/// Plays what was recorded; any other command fails the test.
struct Recorded(VecDeque<(Vec<u8>, Vec<u8>)>);

impl Transport for Recorded {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, SignerError> {
        let (wanted, answer) = self.0.pop_front().expect("no more was recorded");
        assert_eq!(hex::encode(command), hex::encode(wanted));
        Ok(answer)
    }
}

type Exchange = (Vec<u8>, Vec<u8>);

struct Session {
    model: u8,
    account: u32,
    /// From the reset to the choice of the account.
    head: Vec<Exchange>,
    /// What made an address or a signature.
    tasks: Vec<Vec<Exchange>>,
}

fn vectors() -> Value {
    let path = format!(
        "{}/../testkit/vectors/ledger-nano.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn words() -> Mnemonic {
    let file = vectors();
    Mnemonic::parse(file["mnemonic"].as_str().expect("words")).expect("words")
}

fn sessions() -> Vec<Session> {
    let file = vectors();
    let read = |value: &Value| hex::decode(value.as_str().expect("a text")).expect("hexadecimal");
    let session = |value: &Value| {
        let exchanges = value["exchanges"].as_array().expect("a list").iter();
        // A flow on the screen and the mode without buttons are for people and tests.
        let exchanges = exchanges.map(|pair| (read(&pair[0]), read(&pair[1])));
        let mut all: Vec<Exchange> = exchanges
            .filter(|(command, _)| ![0x90, 0x67].contains(&command[1]))
            .collect();
        let rest = all.split_off(4);
        let mut tasks: Vec<Vec<Exchange>> = Vec::new();
        for exchange in rest {
            if exchange.0[1] == Instruction::ClearBuffer as u8 {
                tasks.push(Vec::new());
            }
            tasks
                .last_mut()
                .expect("a task clears first")
                .push(exchange);
        }
        Session {
            model: if value["device"] == "nanos" { 0 } else { 2 },
            account: u32::try_from(value["account"].as_u64().expect("a number")).expect("small"),
            head: all,
            tasks,
        }
    };
    let all = file["sessions"].as_array().expect("a list");
    all.iter().map(session).collect()
}

fn told_nothing() -> Tell {
    Box::new(|_| {})
}

/// What was written in a task, and what was asked to be signed in it.
fn request(task: &[Exchange]) -> (Essence, Vec<KeyPlace>) {
    let blocks = task
        .iter()
        .filter(|(command, _)| command[1] == Instruction::WriteBlock as u8);
    let data: Vec<u8> = blocks
        .flat_map(|(command, _)| command[5..].to_vec())
        .collect();
    let mut reader = Reader::new(&data);
    let essence = Essence::read(&mut reader).expect("an essence of Stardust");
    let number = |bytes: &[u8]| {
        let number = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        number & !HARDENED
    };
    let places = reader.rest()[..8 * essence.inputs.len()].chunks(8);
    let places = places.map(|bytes| KeyPlace {
        account: 0,
        is_internal: number(&bytes[4..]) == 1,
        index: number(&bytes[..4]),
    });
    let places = places.collect();
    (essence, places)
}

#[test]
fn commands_are_those_of_the_official_client_and_answers_are_understood() {
    let (mut addresses, mut signatures) = (0, 0);
    for session in sessions() {
        for task in &session.tasks {
            let script = [&session.head[..], &task[..]].concat();
            let transport = Arc::new(Mutex::new(Recorded(script.into())));
            let signer = NanoSigner::new(transport.clone(), COIN_TEST, told_nothing());
            let signer = signer.expect("the coin type of tests");
            let seed = SeedSigner::new(&words(), COIN_TEST).expect("a coin type");
            if task[1].0[1] == Instruction::GenerateAddresses as u8 {
                let number = |at: usize| {
                    let bytes = task[1].0[at..at + 4].try_into().expect("four bytes");
                    u32::from_le_bytes(bytes) & !HARDENED
                };
                let place = KeyPlace {
                    account: session.account,
                    is_internal: number(9) == 1,
                    index: number(5),
                };
                let found = signer.addresses(place, number(13)).expect("as recorded");
                assert_eq!(found, seed.addresses(place, number(13)).expect("small"));
                addresses += found.len();
            } else {
                let (essence, mut places) = request(task);
                places
                    .iter_mut()
                    .for_each(|place| place.account = session.account);
                let request = SigningRequest {
                    essence: &essence,
                    inputs: places.into_iter().map(Some).collect(),
                    change: Vec::new(),
                };
                let signed = signer.sign(&request).expect("as recorded");
                assert_eq!(signed, seed.sign(&request).expect("small numbers"));
                signatures += signed.len();
            }
            let left = transport.lock().expect("ours").0.len();
            assert_eq!(
                left, 0,
                "commands of the official client that were not sent"
            );
        }
    }
    assert_eq!((addresses, signatures), (12, 13));
}

#[test]
fn the_fake_device_answers_as_the_real_app() {
    for session in sessions() {
        let mut device = FakeNano::new(words(), session.model);
        device.is_shimmer = true;
        for (command, answer) in session.head.iter().chain(session.tasks.iter().flatten()) {
            let found = device.answer(command);
            assert_eq!(
                hex::encode(found),
                hex::encode(answer),
                "{}",
                hex::encode(command)
            );
        }
    }
}

#[test]
fn a_remainder_is_named_as_the_official_client_names_it() {
    let file = vectors();
    let commands = file["remainders"].as_array().expect("a list");
    for command in commands {
        let command = hex::decode(command.as_str().expect("a text")).expect("hexadecimal");
        let number = u16::from_le_bytes([command[5], command[6]]);
        let index = u32::from_le_bytes(command[7..11].try_into().expect("four bytes"));
        let change = u32::from_le_bytes(command[11..15].try_into().expect("four bytes"));
        let place = KeyPlace {
            account: 0,
            is_internal: change == HARDENED | 1,
            index: index & !HARDENED,
        };
        let done = vec![0x90, 0x00];
        let state = vec![0, 0, 0, 251, 6, 0x90, 0x00];
        let script = [
            (vec![0x7b, 0x83, 0, 0, 0], done.clone()),
            (vec![0x7b, 0x80, 0, 0, 0], state.clone()),
            (command, done),
            (vec![0x7b, 0x80, 0, 0, 0], state),
        ];
        let mut device = Device {
            transport: Recorded(script.into()),
        };
        device
            .prepare(&[], Some(&(number, place)))
            .expect("as recorded");
    }
    assert_eq!(commands.len(), 4);
}

/// A wallet of the words of the device, that holds coins.
fn wallet(device: &Arc<Mutex<FakeNano>>) -> (Fixture, NanoSigner<Arc<Mutex<FakeNano>>>) {
    let signer = NanoSigner::new(device.clone(), COIN_IOTA, told_nothing()).expect("a coin type");
    let mut wallet = fixture();
    wallet.state = crate::State::default();
    wallet.state.accounts.entry(0).or_default();
    extend_keys(&mut wallet.state, &signer).expect("the device tells addresses");
    wallet.coins(0, 10_000_000);
    (wallet, signer)
}

fn device() -> Arc<Mutex<FakeNano>> {
    Arc::new(Mutex::new(FakeNano::new(words(), 0)))
}

fn screens(device: &Arc<Mutex<FakeNano>>) -> Vec<String> {
    device.lock().expect("ours").screens.clone()
}

#[test]
fn a_payment_is_shown_with_its_remainder_and_signed() {
    let device = device();
    let (wallet, signer) = wallet(&device);
    let prepared = wallet.pay(4_000_000).expect("enough");
    let signed = prepared.sign(&signer).expect("somebody accepts");
    let seed = SeedSigner::new(&words(), COIN_IOTA).expect("a coin type");
    assert_eq!(signed, prepared.sign(&seed).expect("the same words"));
    assert_eq!(screens(&device), ["pays 4000000, remainder 6000000"]);
    let others = SeedSigner::new(
        &Mnemonic::from_entropy(&[1; 32]).expect("32 bytes"),
        COIN_IOTA,
    );
    let mut state = wallet.state.clone();
    state.accounts.entry(1).or_default();
    let refused = extend_keys(&mut state, &others.expect("a coin type"));
    assert!(
        matches!(refused, Err(SignerError::OtherKeys)),
        "{refused:?}"
    );
}

#[test]
fn what_the_app_cannot_show_is_signed_blindly_only_where_that_is_allowed() {
    let device = device();
    let (mut wallet, signer) = wallet(&device);
    let nft = wallet
        .source()
        .mint_nft(wallet.own(0), b"art", b"", b"", true)
        .expect("free");
    let prepared = wallet.source().build(nft).expect("enough");
    let refused = prepared.sign(&signer);
    assert!(refused.is_err_and(|error| error.to_string().contains("blindly")));
    assert_eq!(screens(&device), [] as [&str; 0], "it was not bothered");
    device.lock().expect("ours").signs_blindly = true;
    let signed = prepared.sign(&signer).expect("somebody accepts");
    assert_eq!(signed.unlocks.len(), prepared.inputs.len());
    let hash = hex::encode(prepared.essence.hash());
    assert_eq!(screens(&device), [format!("hash {hash}")]);
    // More inputs than its buffer can hold, of two keys.
    for _ in 0..60 {
        wallet.coins(1, 1_000_000);
    }
    let many = wallet.pay(50_000_000).expect("enough");
    assert!(many.inputs.len() > 40);
    let signed = many.sign(&signer).expect("somebody accepts");
    let Some(tangle_types::Unlock::Signature {
        public_key,
        signature,
    }) = signed.unlocks.first()
    else {
        panic!("a key opens the first");
    };
    let message = many.essence.hash();
    assert!(ed25519::verify(&Signed {
        public_key,
        signature,
        message: &message
    }));
    assert!(screens(&device)[1].starts_with("hash"));
    // With the larger buffer of another model it can be shown.
    device.lock().expect("ours").model = 1;
    many.sign(&signer).expect("somebody accepts");
    assert!(screens(&device)[2].starts_with("pays 50000000"));
}

#[test]
fn addresses_come_in_as_many_parts_as_the_buffer_needs() {
    let device = device();
    let signer = NanoSigner::new(device, COIN_IOTA, told_nothing()).expect("a coin type");
    let seed = SeedSigner::new(&words(), COIN_IOTA).expect("a coin type");
    let first = KeyPlace {
        account: 7,
        is_internal: true,
        index: 3,
    };
    let found = signer.addresses(first, 100).expect("the device tells them");
    assert_eq!(found, seed.addresses(first, 100).expect("small numbers"));
    for (index, account) in [(HARDENED, 0), (HARDENED - 1, 0), (0, HARDENED)] {
        let place = KeyPlace {
            index,
            account,
            is_internal: false,
        };
        let refused = signer.addresses(place, 2);
        assert!(matches!(refused, Err(SignerError::Path(_))), "{refused:?}");
    }
}

type Change = fn(&mut FakeNano);

#[test]
fn what_has_to_be_done_at_the_device_is_said() {
    let device = device();
    let (wallet, signer) = wallet(&device);
    let prepared = wallet.pay(4_000_000).expect("enough");
    let change = |change: Change| {
        let mut device = device.lock().expect("ours");
        (device.is_closed, device.is_locked, device.is_shimmer) = (false, false, false);
        device.accepts = true;
        device.version = [0, 8, 6];
        change(&mut device);
    };
    let cases: [(Change, &str); 5] = [
        (|device| device.accepts = false, "rejected at the device"),
        (|device| device.is_locked = true, "the device is locked"),
        (
            |device| device.is_closed = true,
            "has not opened its IOTA or Shimmer app",
        ),
        (
            |device| device.is_shimmer = true,
            "has not opened its IOTA app",
        ),
        (|device| device.version = [0, 7, 9], "version 0.7.9"),
    ];
    for (state, part) in cases {
        change(state);
        let text = prepared.sign(&signer).expect_err(part).to_string();
        assert!(text.contains(part), "{part}: {text}");
    }
    change(|_| {});
    prepared.sign(&signer).expect("all is well again");
    let other = NanoSigner::new(device.clone(), 60, told_nothing());
    assert!(matches!(other, Err(SignerError::Refused(_))));
}

/// Answers each command with the next of some answers.
struct Hostile(Vec<Vec<u8>>);

impl Transport for Hostile {
    fn exchange(&mut self, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.0.pop().ok_or(SignerError::Ended)
    }
}

#[test]
fn a_hostile_device_is_refused() {
    let ok = vec![0x90, 0x00];
    let config = vec![0, 8, 0, 0, 0, 0, 0x90, 0x00];
    let state = |used: u8, size: u8, count: u8| vec![used, 0, 1, size, count, 0x90, 0x00];
    let begin = [ok.clone(), config, state(0, 251, 6), ok.clone()];
    let long = vec![0; 253];
    for answers in [
        vec![Vec::new()],
        vec![vec![1]],
        vec![vec![7, 0x90, 0x00]],
        vec![ok.clone(), vec![0, 8, 0x90, 0x00]],
        vec![ok.clone(), begin[1].clone(), state(0, 0, 6)],
        vec![ok.clone(), begin[1].clone(), state(0, 251, 0)],
        // Addresses: too many, a block of another size, of another kind.
        [&begin[..], &[ok.clone(), ok.clone(), state(255, 251, 6)]].concat(),
        [
            &begin[..],
            &[ok.clone(), ok.clone(), state(33, 251, 6), ok.clone()],
        ]
        .concat(),
        [
            &begin[..],
            &[
                ok.clone(),
                ok.clone(),
                state(33, 251, 6),
                [&[9; 251][..], &ok[..]].concat(),
            ],
        ]
        .concat(),
        vec![long],
    ] {
        let script = answers.iter().rev().cloned().collect();
        let signer = NanoSigner::new(Hostile(script), COIN_IOTA, told_nothing());
        let place = KeyPlace {
            account: 0,
            is_internal: false,
            index: 0,
        };
        let refused = signer.expect("a coin type").addresses(place, 1);
        let is_refused = matches!(
            refused,
            Err(SignerError::Garbage(_) | SignerError::Status(_))
        );
        assert!(is_refused, "{answers:?}: {refused:?}");
    }
}

#[test]
fn an_emulator_is_reached_by_tcp() {
    let device = device();
    let address = FakeNano::listen(device.clone());
    let tcp = Tcp::connect(&address, Duration::from_secs(20)).expect("it listens");
    let signer = NanoSigner::new(tcp, COIN_IOTA, told_nothing()).expect("a coin type");
    let (wallet, _) = wallet(&device);
    let prepared = wallet.pay(4_000_000).expect("enough");
    prepared.sign(&signer).expect("somebody accepts");
    let nobody = Tcp::connect("127.0.0.1:1", Duration::from_secs(1));
    assert!(matches!(nobody, Err(SignerError::Unreachable { .. })));
    // Says that its answer is longer than any.
    let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = door.local_addr().expect("it has one").to_string();
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let (mut visitor, _) = door.accept().expect("somebody comes");
        visitor.write_all(&[0xff; 4]).expect("it reads");
        std::thread::park_timeout(Duration::from_millis(500));
    });
    let mut tcp = Tcp::connect(&address, Duration::from_secs(20)).expect("it listens");
    assert!(matches!(
        tcp.exchange(&[0; 5]),
        Err(SignerError::Garbage(_))
    ));
    server.join().expect("it answered");
}
