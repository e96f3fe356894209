//! Words, seeds and keys.

use proptest::prelude::*;
use serde_json::Value;
use tangle_crypto::mnemonic::{Mnemonic, MnemonicError};
use tangle_crypto::slip10::{self, Path, PathError};
use tangle_crypto::{blake2b, ed25519::SecretKey};

use crate::{array, list, number, text, vectors};

fn key(words: &Value, path: &Path) -> SecretKey {
    let mnemonic = Mnemonic::parse(text(words)).expect("a published mnemonic");
    slip10::derive(&mnemonic.seed()[..], path)
}

#[test]
fn published_addresses_are_derived() {
    let file = vectors("wallet-derivation.json");
    for case in list(&file["address_generation"]) {
        let number = |name: &str| number(&case[name]) as u32;
        let path = Path::bip44(
            number("coin_type"),
            number("account_index"),
            case["internal"] == true,
            number("address_index"),
        );
        let key = key(&case["mnemonic"], &path.expect("small numbers"));
        let address = blake2b::hash(&key.public_key());
        assert_eq!(address, array(&case["ed25519_address"]));
    }
}

#[test]
fn further_published_addresses_are_derived() {
    let file = vectors("wallet-derivation.json");
    for case in list(&file["extra_addresses"]) {
        let number = |name: &str| number(&case[name]);
        let words = &file["address_generation"][number("mnemonic_index") as usize]["mnemonic"];
        let [coin, account, index] = ["coin_type", "account", "index"].map(|n| number(n) as u32);
        let path = Path::bip44(coin, account, false, index).expect("small numbers");
        let hash = blake2b::hash(&key(words, &path).public_key());
        let (_, address) = bech32::decode(text(&case["bech32"])).expect("a published address");
        assert_eq!(address, [&[0], &hash[..]].concat());
    }
}

#[test]
fn keys_of_the_private_tangle_are_derived() {
    let file = vectors("wallet-derivation.json");
    for case in list(&file["private_tangle"]) {
        let path: Path = text(&case["path"]).parse().expect("a published path");
        assert_eq!(path, Path::bip44(4218, 0, false, 0).expect("small numbers"));
        assert_eq!(path.to_string(), text(&case["path"]));
        let key = key(&case["mnemonic"], &path);
        assert_eq!(key.seed(), &array(&case["secret_seed"]));
        assert_eq!(key.public_key(), array(&case["public_key"]));
        assert_eq!(blake2b::hash(&key.public_key()), array(&case["address"]));
    }
}

#[test]
fn published_mnemonics_are_valid_or_not() {
    let file = vectors("wallet-derivation.json");
    for case in list(&file["mnemonic_validity"]) {
        let words = text(&case["mnemonic"]);
        assert_eq!(
            Mnemonic::parse(words).is_ok(),
            case["valid"] == true,
            "{words}"
        );
    }
}

#[test]
fn slip10_test_vectors() {
    // SLIP-10, test vector 1 for ed25519.
    let seed = hex::decode("000102030405060708090a0b0c0d0e0f").expect("hexadecimal");
    for (path, expected) in [
        (
            "m",
            "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7",
        ),
        (
            "m/0'",
            "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3",
        ),
        (
            "m/0'/1'",
            "b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2",
        ),
    ] {
        let key = slip10::derive(&seed, &path.parse().expect("a path"));
        assert_eq!(hex::encode(key.seed()), expected, "{path}");
    }
}

#[test]
fn bip39_test_vectors() {
    // The reference implementation's first: entropy of zeros. Its seed has a passphrase.
    let phrase = "abandon ".repeat(11) + "about";
    let mnemonic = Mnemonic::from_entropy(&[0; 16]).expect("16 bytes");
    assert_eq!(*mnemonic.phrase(), phrase);
    assert_eq!(Mnemonic::parse(&phrase), Ok(mnemonic.clone()));
    let seed = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
        9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4";
    assert_eq!(hex::encode(&mnemonic.seed()[..]), seed);
    let longest = Mnemonic::from_entropy(&[0xff; 32]).expect("32 bytes");
    assert_eq!(*longest.phrase(), "zoo ".repeat(23) + "vote");
}

#[test]
fn bad_mnemonics_are_explained() {
    let about = |text: &str| Mnemonic::parse(text).expect_err("not a mnemonic");
    let eleven = "abandon ".repeat(11);
    assert_eq!(about(&eleven), MnemonicError::WordCount { found: 11 });
    assert_eq!(about(""), MnemonicError::WordCount { found: 0 });
    assert_eq!(
        about(&"zoo ".repeat(27)),
        MnemonicError::WordCount { found: 27 }
    );
    assert_eq!(about(&"abandon ".repeat(12)), MnemonicError::Checksum);
    let unknown = eleven + "tangle";
    assert_eq!(about(&unknown), MnemonicError::Word { number: 12 });
    assert_eq!(about(&"ZOO ".repeat(12)), MnemonicError::Word { number: 1 });
    for length in [0, 15, 17, 33, 64] {
        let error = Mnemonic::from_entropy(&vec![0; length]).expect_err("a wrong length");
        assert_eq!(error, MnemonicError::Entropy { found: length });
    }
}

#[test]
fn mnemonic_is_not_printed() {
    let mnemonic = Mnemonic::from_entropy(&[0; 16]).expect("16 bytes");
    assert_eq!(format!("{mnemonic:?}"), "Mnemonic(..)");
}

#[test]
fn bad_paths_are_explained() {
    let about = |text: &str| text.parse::<Path>().expect_err("not a path");
    assert_eq!(about(""), PathError::Begin);
    assert_eq!(about("44'/0'"), PathError::Begin);
    for path in [
        "m/",
        "m/44",
        "m/'",
        "m/+1'",
        "m/-1'",
        "m/1''",
        "m/2147483648'",
        "m/99999999999'",
        "m//1'",
    ] {
        assert_eq!(about(path), PathError::Step, "{path}");
    }
    assert_eq!(
        about(&("m".to_owned() + &"/1'".repeat(11))),
        PathError::Length { found: 11 }
    );
    assert_eq!(Path::new(&[0; 11]), Err(PathError::Length { found: 11 }));
    assert_eq!(Path::bip44(1 << 31, 0, false, 0), Err(PathError::Step));
    assert!(Path::bip44(4218, 0, true, (1 << 31) - 1).is_ok());
}

proptest! {
    #[test]
    fn words_and_bytes_tell_the_same(entropy in prop::collection::vec(any::<u8>(), 32)) {
        for length in [16, 20, 24, 28, 32] {
            let mnemonic = Mnemonic::from_entropy(&entropy[..length]).expect("a right length");
            let phrase = mnemonic.phrase();
            prop_assert_eq!(phrase.split(' ').count(), length * 3 / 4);
            prop_assert_eq!(Mnemonic::parse(&phrase), Ok(mnemonic));
        }
    }

    #[test]
    fn paths_print_as_they_are_read(steps in prop::collection::vec(0..1_u32 << 31, 0..=10)) {
        let path = Path::new(&steps).expect("small numbers");
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }
}
