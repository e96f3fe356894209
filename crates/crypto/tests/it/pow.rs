//! Proof of work. The reference is the definition, trit by trit.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value;
use tangle_crypto::blake2b;
use tangle_crypto::pow::{self, Cancel, Kernel};

use crate::{bytes, list, number, text, vectors};

const TRYTES: &str = "9ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const KERNELS: [Kernel; 3] = [Kernel::Portable, Kernel::Avx2, Kernel::Avx512];

/// TIP-5.
fn encode(bytes: &[u8]) -> Vec<i8> {
    let tryte = |mut value: i32| {
        std::array::from_fn::<i8, 3, _>(|_| {
            let trit = (value + 1).rem_euclid(3) - 1;
            value = (value - trit) / 3;
            trit as i8
        })
    };
    let trytes = |byte: &u8| {
        let value = i32::from(*byte as i8) + 364;
        [value % 27 - 13, value / 27 - 13]
    };
    bytes.iter().flat_map(trytes).flat_map(tryte).collect()
}

/// Curl-P-81 of 243 trits.
fn curl(input: &[i8]) -> Vec<i8> {
    const TABLE: [i8; 11] = [1, 0, -1, 2, 1, -1, 0, 2, -1, 1, 0];
    assert_eq!(input.len(), 243);
    let mut state = [0_i8; 729];
    state[..243].copy_from_slice(input);
    for _ in 0..81 {
        let old = state;
        for (i, trit) in state.iter_mut().enumerate() {
            let (a, b) = (old[364 * i % 729], old[364 * (i + 1) % 729]);
            *trit = TABLE[(a + 4 * b + 5) as usize];
        }
    }
    state[..243].to_vec()
}

fn input_of(block: &[u8]) -> Vec<i8> {
    let (prefix, nonce) = block.split_at(block.len() - 8);
    let mut trits = encode(&blake2b::hash(prefix));
    trits.extend(encode(nonce));
    trits.extend([0; 3]);
    trits
}

fn zeros_of(hash: &[i8]) -> u32 {
    hash.iter().rev().take_while(|trit| **trit == 0).count() as u32
}

fn reference(block: &[u8]) -> u32 {
    zeros_of(&curl(&input_of(block)))
}

fn to_trytes(trits: &[i8]) -> String {
    let tryte = |trits: &[i8]| {
        let value = trits[0] + 3 * trits[1] + 9 * trits[2];
        TRYTES.as_bytes()[i32::from(value).rem_euclid(27) as usize] as char
    };
    trits.chunks(3).map(tryte).collect()
}

fn from_trytes(trytes: &Value) -> Vec<i8> {
    let trits = |tryte: char| {
        let index = TRYTES.find(tryte).expect("a tryte") as i32;
        let mut value = if index > 13 { index - 27 } else { index };
        std::array::from_fn::<i8, 3, _>(|_| {
            let trit = (value + 1).rem_euclid(3) - 1;
            value = (value - trit) / 3;
            trit as i8
        })
    };
    text(trytes).chars().flat_map(trits).collect()
}

fn with_nonce(prefix: &[u8], nonce: u64) -> Vec<u8> {
    [prefix, &nonce.to_le_bytes()].concat()
}

#[test]
fn reference_agrees_with_vectors() {
    let file = vectors("pow-ternary.json");
    for case in list(&file["b1t6_valid"]) {
        let trytes = to_trytes(&encode(&bytes(&case["bytes"])));
        assert_eq!(trytes, text(&case["trytes"]));
    }
    for name in ["curl_p81_named", "curl_p81_golden"] {
        for case in list(&file[name]) {
            assert_eq!(curl(&from_trytes(&case["in"])), from_trytes(&case["hash"]));
        }
    }
}

#[test]
fn blocks_score_as_published() {
    let file = vectors("pow-ternary.json");
    let cases = list(&file["pow"]);
    let message = |case: &Value| match case["message_zero_bytes"].as_u64() {
        Some(length) => vec![0; length as usize],
        None => bytes(&case["message"]),
    };
    let messages: Vec<_> = cases.iter().map(message).collect();
    for (case, message) in cases.iter().zip(&messages) {
        assert_eq!(to_trytes(&input_of(message)), case["curl_input_trytes"]);
        assert_eq!(
            to_trytes(&curl(&input_of(message))),
            case["curl_hash_trytes"]
        );
        let zeros = pow::trailing_zeros(message);
        assert_eq!(u64::from(zeros), number(&case["trailing_zero_trits"]));
        assert_eq!(zeros, reference(message));
        let score = 3_f64.powi(zeros as i32) / message.len() as f64;
        assert!((score - case["score"].as_f64().unwrap()).abs() < 1e-6);
    }
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    for kernel in KERNELS {
        let zeros = kernel.trailing_zeros_many(&messages);
        let expected: Vec<_> = messages.iter().map(|message| reference(message)).collect();
        assert_eq!(zeros, expected, "{kernel:?}");
    }
}

#[test]
fn zeros_needed_is_exact() {
    let file = vectors("pow-ternary.json");
    for case in list(&file["target_trailing_zeros"]) {
        let length = number(&case["block_length"]) as usize;
        let score = number(&case["min_score"]) as u32;
        let zeros = number(&case["zeros"]);
        assert_eq!(u64::from(pow::zeros_needed(length, score)), zeros);
    }
    assert_eq!(pow::zeros_needed(46, 0), 0);
    assert_eq!(pow::zeros_needed(0, u32::MAX), 0);
    assert_eq!(pow::zeros_needed(1, 1), 0);
    assert_eq!(pow::zeros_needed(usize::MAX, u32::MAX), 61);
    // Where floating point would go wrong: at and beside every power of three.
    for zeros in 1..20 {
        let power = 3_usize.pow(zeros);
        assert_eq!(pow::zeros_needed(power, 1), zeros);
        assert_eq!(pow::zeros_needed(power - 1, 1), zeros);
        assert_eq!(pow::zeros_needed(power + 1, 1), zeros + 1);
        assert_eq!(pow::zeros_needed(1, power as u32), zeros);
        assert!(pow::is_sufficient(zeros, power, 1));
        assert!(!pow::is_sufficient(zeros, power + 1, 1));
    }
}

#[test]
fn text_without_nonce_has_no_zeros() {
    let block = with_nonce(b"", 163_019);
    assert_eq!(pow::trailing_zeros(&block), 10);
    let blocks: [&[u8]; 4] = [&[], &[0; 7], &block, &[0; 7]];
    assert_eq!(pow::trailing_zeros_many(&blocks), [0, 0, 10, 0]);
    assert!(pow::trailing_zeros_many(&[]).is_empty());
}

#[test]
fn every_lane_and_every_byte_counts() {
    // Enough for a full and a partly filled round of the widest kernel.
    let blocks: Vec<_> = (0..700_u32)
        .map(|index| {
            let digest = blake2b::hash(&index.to_le_bytes());
            with_nonce(
                &digest[..index as usize % 33],
                u64::from(index) << (index % 60),
            )
        })
        .collect();
    let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
    let expected = KERNELS[0].trailing_zeros_many(&blocks);
    for index in (0..blocks.len()).step_by(7) {
        assert_eq!(expected[index], reference(blocks[index]), "block {index}");
    }
    for kernel in KERNELS {
        assert_eq!(kernel.trailing_zeros_many(&blocks), expected, "{kernel:?}");
    }
}

#[test]
fn first_nonce_is_found() {
    let prefix = b"where nonces begin at zero, one thread finds the first that will do";
    let expected = (0..).find(|nonce| reference(&with_nonce(prefix, *nonce)) >= 4);
    for kernel in KERNELS {
        let nonce = kernel.mine(prefix, 4, 1, &Cancel::default());
        assert_eq!(nonce, expected, "{kernel:?}");
    }
}

#[test]
fn several_threads_find_a_nonce() {
    for kernel in KERNELS {
        for thread_count in [0, 2, 3] {
            let prefix = format!("{kernel:?} on {thread_count} threads");
            let prefix = prefix.as_bytes();
            let nonce = kernel.mine(prefix, 8, thread_count, &Cancel::default());
            assert!(reference(&with_nonce(prefix, nonce.unwrap())) >= 8);
        }
    }
}

#[test]
fn cancelled_search_ends() {
    for zeros in [0, 243] {
        assert_eq!(pow::mine(b"", zeros, 2, &Cancel::new(true.into())), None);
    }
    assert_eq!(pow::mine(b"", 244, 2, &Cancel::default()), None);
    let cancel = Cancel::default();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let search = scope.spawn(|| pow::mine(b"", 243, 2, &cancel));
        std::thread::sleep(Duration::from_millis(20));
        cancel.store(true, Ordering::Relaxed);
        assert_eq!(search.join().unwrap(), None);
    });
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn available_kernels_try_what_they_say() {
    let kernels = Kernel::available();
    assert_eq!(kernels[0], Kernel::Portable);
    for kernel in kernels {
        let tried = pow::probe(kernel, 1_000);
        assert!((1_000..2_000).contains(&tried));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn kernels_agree_with_reference(
        blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 8..200), 1..12),
    ) {
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let expected: Vec<_> = blocks.iter().map(|block| reference(block)).collect();
        for kernel in KERNELS {
            prop_assert_eq!(&kernel.trailing_zeros_many(&blocks), &expected);
        }
        prop_assert_eq!(pow::trailing_zeros(blocks[0]), expected[0]);
    }

    #[test]
    fn mined_nonces_verify(prefix in prop::collection::vec(any::<u8>(), 0..100), zeros in 0..7_u32) {
        for kernel in KERNELS {
            let nonce = kernel.mine(&prefix, zeros, 2, &Cancel::default()).unwrap();
            prop_assert!(reference(&with_nonce(&prefix, nonce)) >= zeros);
        }
    }
}
