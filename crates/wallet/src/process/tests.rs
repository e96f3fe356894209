use std::io::BufReader;

use tangle_crypto::mnemonic::Mnemonic;
use tangle_types::Essence;
use tangle_types::json::HexArray;

use super::*;
use crate::build::tests::{fixture, other};
use crate::keys::{COIN_IOTA, SeedSigner};
use crate::serve::serve;
use crate::signer_protocol::LINE_BYTES_MAX;

const FIRST: KeyPlace = KeyPlace {
    account: 0,
    is_internal: false,
    index: 0,
};

/// A program of the shell, which is at hand on every machine that runs the tests.
fn program(script: &str) -> ProcessSigner {
    let words = ["sh", "-c", script].map(str::to_owned);
    let patience = Patience {
        line: Duration::from_millis(300),
        answer: Duration::from_millis(600),
    };
    ProcessSigner::start(&words, COIN_IOTA, patience, Box::new(|_| {})).expect("a shell")
}

fn fails(script: &str) -> SignerError {
    let signer = program(script);
    signer.addresses(FIRST, 1).expect_err(script)
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let words = ["/nowhere/signer".to_owned()];
    let started = ProcessSigner::start(&words, COIN_IOTA, Patience::default(), Box::new(|_| {}));
    let text = started.expect_err("there is none").to_string();
    assert!(text.contains("/nowhere/signer"), "{text}");
    let empty = ProcessSigner::start(&[], COIN_IOTA, Patience::default(), Box::new(|_| {}));
    assert!(matches!(empty, Err(SignerError::Unreachable { .. })));
}

#[test]
fn hostile_programs_cost_bounded_time_and_memory() {
    let started = Instant::now();
    let silent = fails("sleep 60");
    assert!(matches!(silent, SignerError::Silent { .. }), "{silent}");
    let endless = fails("head -c 100000000 /dev/zero; sleep 60");
    assert!(matches!(endless, SignerError::Garbage(_)), "{endless}");
    assert!(endless.to_string().contains("more than"), "{endless}");
    let ended = fails("exit 0");
    assert!(matches!(ended, SignerError::Ended), "{ended}");
    let cut_off = fails("printf '{\"version\":1,'");
    assert!(matches!(cut_off, SignerError::Ended), "{cut_off}");
    let talks = fails("yes '{\"version\":1,\"answer\":\"waiting\",\"for\":\"x\"}'");
    assert!(matches!(talks, SignerError::Garbage(_)), "{talks}");
    // Nobody waits until they end by themselves.
    assert!(
        started.elapsed() < Duration::from_secs(40),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn answers_that_make_no_sense_are_refused_and_shown_harmlessly() {
    for (answer, part) in [
        ("hello", "makes no sense"),
        (
            r#"{"version":2,"answer":"addresses","addresses":[]}"#,
            "version 2",
        ),
        (
            r#"{"version":1,"answer":"addresses","addresses":[]}"#,
            "0 addresses",
        ),
        (
            r#"{"version":1,"answer":"addresses","addresses":["0x00"]}"#,
            "makes no sense",
        ),
        (
            r#"{"version":1,"answer":"signatures","signatures":[]}"#,
            "another question",
        ),
        (
            r#"{"version":1,"answer":"refused","reason":"no\u001b[2J\u202e"}"#,
            "refuses: no",
        ),
    ] {
        let error = fails(&format!("read x; printf '%s\\n' '{answer}'")).to_string();
        assert!(error.contains(part), "{answer}: {error}");
        assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error:?}");
    }
}

#[test]
fn a_program_that_does_not_read_stops_nobody() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let mut prepared = wallet.pay(400_000).expect("enough");
    // More than a pipe takes at once.
    let part = prepared.essence.outputs[0].clone();
    prepared.essence.outputs = vec![part; 128];
    let data = vec![7; 25 << 10];
    prepared.essence.payload = Some(tangle_types::TaggedData {
        tag: Vec::new(),
        data,
    });
    let error = program("sleep 60").sign(&prepared.request());
    assert!(
        matches!(error, Err(SignerError::Silent { .. })),
        "{error:?}"
    );
}

#[test]
fn what_is_waited_for_is_told_before_the_answer() {
    let told = std::sync::Arc::new(Mutex::new(Vec::new()));
    let teller = told.clone();
    let waiting = r#"{"version":1,"answer":"waiting","for":"the button"}"#;
    let address = format!("0x{}", "ab".repeat(32));
    let answer = format!(r#"{{"version":1,"answer":"addresses","addresses":["{address}"]}}"#);
    let script = format!("read x; echo '{waiting}'; echo '{answer}'");
    let words = ["sh", "-c", &script].map(str::to_owned);
    let tell: Tell = Box::new(move |text| teller.lock().expect("ours").push(text.to_owned()));
    let signer = ProcessSigner::start(&words, COIN_IOTA, Patience::default(), tell);
    let found = signer.expect("a shell").addresses(FIRST, 1);
    assert_eq!(found.expect("an answer"), [[0xab; 32]]);
    assert_eq!(*told.lock().expect("ours"), ["the button"]);
}

/// What [`serve`] answers to lines.
fn answers(lines: &[Vec<u8>], refuses: bool) -> Vec<Answer> {
    let words = Mnemonic::from_entropy(&[5; 32]).expect("32 bytes");
    let signer = SeedSigner::new(&words, COIN_IOTA).expect("a coin type");
    let mut out = Vec::new();
    let show = |_: &SigningRequest<'_>| match refuses {
        true => Err("not today".to_owned()),
        false => Ok(()),
    };
    let questions = lines.concat();
    serve(
        &signer,
        COIN_IOTA,
        BufReader::new(&questions[..]),
        &mut out,
        show,
    )
    .expect("no file");
    let lines = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice::<Answered>(line)
                .expect("its own")
                .answer
        })
        .collect()
}

fn question(ask: Ask) -> Vec<u8> {
    to_line(&Asked {
        version: VERSION,
        ask,
    })
}

fn refused(answer: &Answer) -> &str {
    match answer {
        Answer::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// A question to sign a payment with change, which `change` may alter.
fn sign_question(change: impl FnOnce(&mut Vec<Option<[u32; 3]>>, &mut Vec<Change>)) -> Vec<u8> {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let prepared = wallet.pay(400_000).expect("enough");
    let mut inputs = vec![Some([0, 0, 0])];
    let mut kept = vec![Change {
        output: 1,
        key: [0, 0, 0],
    }];
    change(&mut inputs, &mut kept);
    question(Ask::Sign {
        coin_type: COIN_IOTA,
        essence: HexBytes(prepared.essence.to_bytes()),
        inputs,
        change: kept,
    })
}

#[test]
fn a_served_wallet_signs_as_if_it_had_the_words() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let prepared = wallet.pay(400_000).expect("enough");
    let request = prepared.request();
    assert_eq!(request.inputs, [Some(FIRST)]);
    assert_eq!(request.change, [(1, FIRST)], "the payment is none");
    let wanted = wallet.sign(&prepared);
    let answered = answers(&[sign_question(|_, _| {})], false);
    let [Answer::Signatures { signatures }] = &answered[..] else {
        panic!("{answered:?}");
    };
    let [
        tangle_types::Unlock::Signature {
            public_key,
            signature,
        },
    ] = &wanted.unlocks[..]
    else {
        panic!("one key");
    };
    assert_eq!(signatures[0].public_key, HexArray(*public_key));
    assert_eq!(signatures[0].signature, HexArray(**signature));
}

#[test]
fn a_signer_refuses_what_it_cannot_vouch_for() {
    let addresses = |coin_type, first, count| {
        question(Ask::Addresses {
            coin_type,
            first,
            count,
        })
    };
    let other_version = to_line(&Asked {
        version: 2,
        ask: Ask::Addresses {
            coin_type: COIN_IOTA,
            first: [0, 0, 0],
            count: 1,
        },
    });
    for (line, part) in [
        (b"{}\n".to_vec(), "makes no sense"),
        (b"\xff\n".to_vec(), "makes no sense"),
        (other_version, "version 2"),
        (addresses(4219, [0, 0, 0], 1), "coin type 4218, not 4219"),
        (addresses(COIN_IOTA, [0, 2, 0], 1), "key path"),
        (addresses(COIN_IOTA, [0, 0, u32::MAX], 1), "key path"),
        (addresses(COIN_IOTA, [0, 0, 0], 0), "at once"),
        (addresses(COIN_IOTA, [0, 0, 0], 257), "at once"),
        (sign_question(|inputs, _| inputs.clear()), "for each input"),
        (sign_question(|inputs, _| inputs[0] = None), "no key"),
        // The payment is called change, with a key that signs.
        (
            sign_question(|_, change| change[0].output = 0),
            "somebody else",
        ),
        (
            sign_question(|_, change| change[0].output = 9),
            "somebody else",
        ),
        (
            sign_question(|_, change| change[0].key = [0, 0, 1]),
            "somebody else",
        ),
    ] {
        let shown = String::from_utf8_lossy(&line).into_owned();
        let answered = answers(&[line], false);
        let reason = refused(&answered[0]);
        assert!(reason.contains(part), "{shown}: {reason}");
    }
    // After a refusal the next question is answered.
    let answered = answers(
        &[sign_question(|_, _| {}), addresses(4218, [0, 0, 0], 2)],
        true,
    );
    assert_eq!(refused(&answered[0]), "not today");
    assert!(matches!(&answered[1], Answer::Addresses { addresses } if addresses.len() == 2));
}

#[test]
fn the_longest_question_fits_a_line_and_a_longer_one_ends_the_service() {
    let place = [u32::MAX; 3];
    let longest = question(Ask::Sign {
        coin_type: u32::MAX,
        essence: HexBytes(vec![0xff; 32 << 10]),
        inputs: vec![Some(place); 128],
        change: (0..128)
            .map(|_| Change {
                output: u16::MAX,
                key: place,
            })
            .collect(),
    });
    assert!(longest.len() < LINE_BYTES_MAX, "{}", longest.len());
    assert!(Essence::from_bytes(&[0xff; 32 << 10]).is_err());
    let words = Mnemonic::from_entropy(&[5; 32]).expect("32 bytes");
    let signer = SeedSigner::new(&words, COIN_IOTA).expect("a coin type");
    let endless = BufReader::new(std::io::repeat(b'x'));
    let ended = serve(&signer, COIN_IOTA, endless, Vec::new(), |_| Ok(()));
    assert!(matches!(ended, Err(crate::serve::ServeError::Long(_))));
}

#[test]
fn a_signature_of_another_key_or_essence_is_not_used() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let prepared = wallet.pay(400_000).expect("enough");
    let good = wallet.sign(&prepared);
    let [
        tangle_types::Unlock::Signature {
            public_key,
            signature,
        },
    ] = &good.unlocks[..]
    else {
        panic!("one key");
    };
    let answer = |public_key: &[u8; 32], signature: &[u8; 64], count: usize| {
        let signed = format!(
            r#"{{"publicKey":"0x{}","signature":"0x{}"}}"#,
            hex::encode(public_key),
            hex::encode(signature)
        );
        let all = vec![signed; count].join(",");
        let line = format!(r#"{{"version":1,"answer":"signatures","signatures":[{all}]}}"#);
        prepared.sign(&program(&format!("read x; echo '{line}'")))
    };
    assert_eq!(answer(public_key, signature, 1).expect("it is right"), good);
    let mut bad = **signature;
    bad[40] ^= 1;
    let mut key = *public_key;
    key[0] ^= 1;
    assert!(answer(public_key, &bad, 1).is_err());
    assert!(answer(&key, signature, 1).is_err());
    assert!(answer(public_key, signature, 0).is_err());
    assert!(answer(public_key, signature, 2).is_err());
    // Another key, with its own good signature.
    let mut elsewhere = prepared.clone();
    elsewhere.essence.outputs.reverse();
    let of_other = wallet.sign(&elsewhere);
    let [tangle_types::Unlock::Signature { signature, .. }] = &of_other.unlocks[..] else {
        panic!("one key");
    };
    assert!(answer(public_key, signature, 1).is_err());
    assert_ne!(other(), wallet.own(0));
}
