//! Signatures by ZIP-215, alone and in batches.

use proptest::prelude::*;
use tangle_crypto::blake2b;
use tangle_crypto::ed25519::{SecretKey, Signed, verify, verify_batch};

use crate::{array, list, text, vectors};

/// A signature with everything it needs.
#[derive(Clone, Debug)]
struct Case {
    public_key: [u8; 32],
    signature: [u8; 64],
    message: Vec<u8>,
    valid: bool,
}

impl Case {
    fn signed(&self) -> Signed<'_> {
        Signed {
            public_key: &self.public_key,
            signature: &self.signature,
            message: &self.message,
        }
    }
}

/// All 208 published cases.
fn published() -> Vec<Case> {
    let file = vectors("ed25519-zip215.json");
    let tip14 = list(&file["tip14"]).iter().map(|case| Case {
        public_key: array(&case["pub_key"]),
        signature: array(&case["signature"]),
        message: crate::bytes(&case["message"]),
        valid: case["signature_valid_alone"] == true,
    });
    let message = text(&file["small_order_message_ascii"]).as_bytes();
    let small_order = list(&file["small_order"]).iter().map(|case| Case {
        public_key: array(&case[0]),
        signature: array(&case[1]),
        message: message.to_vec(),
        valid: true,
    });
    tip14.chain(small_order).collect()
}

/// A signature made here, with one bit of it turned when it is to be bad.
fn made(number: u32, valid: bool) -> Case {
    let secret = SecretKey::from_seed(blake2b::hash(&(number / 3).to_le_bytes()));
    let message = number.to_le_bytes().to_vec();
    let mut signature = secret.sign(&message);
    if !valid {
        signature[number as usize * 7 % 63] ^= 1 << (number % 8);
    }
    Case {
        public_key: secret.public_key(),
        signature,
        message,
        valid,
    }
}

fn check(cases: &[Case]) {
    let items: Vec<_> = cases.iter().map(Case::signed).collect();
    let expected: Vec<_> = cases.iter().map(|case| case.valid).collect();
    assert_eq!(verify_batch(&items), expected);
}

#[test]
fn published_cases_alone() {
    let cases = published();
    assert_eq!(cases.len(), 208);
    for case in &cases {
        assert_eq!(verify(&case.signed()), case.valid, "{case:?}");
    }
}

#[test]
fn published_cases_in_batches() {
    let cases = published();
    check(&cases);
    let (good, bad): (Vec<_>, Vec<_>) = cases.iter().cloned().partition(|case| case.valid);
    check(&good);
    check(&bad);
    for start in 0..12 {
        check(&cases[start..]);
        check(&cases[..12 + 3 * start]);
    }
}

#[test]
fn owner_of_key_is_not_part_of_signature() {
    // TIP-14: entry 10 is refused for its address only; the key is hashed as given.
    let file = vectors("ed25519-zip215.json");
    for case in list(&file["tip14"]) {
        let address = [&[0], &blake2b::hash(&array::<32>(&case["pub_key"]))[..]].concat();
        let owned = address == crate::bytes(&case["address"]);
        let valid = case["signature_valid_alone"] == true;
        assert_eq!(case["valid"] == true, valid && owned);
    }
}

#[test]
fn any_single_bad_signature_is_found() {
    let cases: Vec<_> = (0..150).map(|number| made(number, true)).collect();
    check(&cases);
    for bad in [0, 1, 15, 16, 17, 64, 126, 127, 128, 149] {
        let mut cases = cases.clone();
        cases[bad as usize] = made(bad, false);
        check(&cases);
    }
}

#[test]
fn batches_of_every_small_size() {
    check(&[]);
    for count in 1..20 {
        check(
            &(0..count)
                .map(|number| made(number, true))
                .collect::<Vec<_>>(),
        );
        check(
            &(0..count)
                .map(|number| made(number, false))
                .collect::<Vec<_>>(),
        );
        let mixed = (0..count).map(|number| made(number, number % 4 != 1));
        check(&mixed.collect::<Vec<_>>());
    }
}

#[test]
fn parts_that_are_no_points_or_scalars_are_bad() {
    let good = made(1, true);
    let not_a_point = (0..=255_u8)
        .map(|byte| blake2b::hash(&[byte]))
        .find(|key| !verify_with_key(&good, *key))
        .expect("half of all texts are no points");
    let with_key = Case {
        public_key: not_a_point,
        valid: false,
        ..good.clone()
    };
    let mut with_scalar = Case {
        valid: false,
        ..good.clone()
    };
    with_scalar.signature[32..].fill(0xff);
    let cases = [good.clone(), with_key, good.clone(), with_scalar, good];
    check(&cases);
    check(&cases.iter().cycle().take(40).cloned().collect::<Vec<_>>());
}

fn verify_with_key(case: &Case, public_key: [u8; 32]) -> bool {
    verify(&Signed {
        public_key: &public_key,
        ..case.signed()
    })
}

#[test]
fn secret_key_is_not_printed() {
    let secret = SecretKey::from_seed([7; 32]);
    assert_eq!(format!("{secret:?}"), "SecretKey(..)");
    assert_eq!(secret.seed(), &[7; 32]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn batch_agrees_with_single(valid in prop::collection::vec(prop::bool::weighted(0.9), 0..180)) {
        let cases: Vec<_> = valid.iter().zip(0..).map(|(valid, n)| made(n, *valid)).collect();
        let items: Vec<_> = cases.iter().map(Case::signed).collect();
        let alone: Vec<_> = items.iter().map(verify).collect();
        prop_assert_eq!(&alone, &valid);
        prop_assert_eq!(verify_batch(&items), alone);
    }
}
