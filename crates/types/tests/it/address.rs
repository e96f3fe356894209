//! Addresses as text (TIP-31).

use tangle_types::{Address, AddressError, Codec};

use crate::{bytes, list, text, vector};

#[test]
fn published_addresses_read_back() {
    let mut count = 0;
    for entry in list(&vector("bech32-addresses.json")["addresses"]) {
        let address = Address::from_bytes(&bytes(&entry["address_bytes"])).expect("an address");
        if let Some(key) = entry.get("public_key") {
            let key = bytes(key).try_into().expect("32 bytes");
            assert_eq!(Address::from_public_key(&key), address);
        }
        for (hrp, bech32) in entry["bech32"]
            .as_object()
            .expect("texts by human-readable part")
        {
            assert_eq!(address.to_bech32(hrp), text(bech32));
            let expected = Ok((hrp.clone(), address));
            assert_eq!(Address::from_bech32(text(bech32)), expected);
            assert_eq!(Address::from_bech32(&text(bech32).to_uppercase()), expected);
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn bech32_of_other_things_is_no_address() {
    let file = vector("bech32-addresses.json");
    for entry in list(&file["decode_invalid"]) {
        let error = Address::from_bech32(text(&entry["bech32"])).expect_err("not Bech32");
        assert!(matches!(
            error,
            AddressError::NotBech32 | AddressError::Length { .. }
        ));
    }
    for entry in list(&file["codec_valid"]) {
        let data = bytes(&entry["data"]);
        let read = Address::from_bech32(text(&entry["bech32"]));
        match Address::from_bytes(&data) {
            Ok(address) => assert_eq!(read.map(|(_, address)| address), Ok(address)),
            Err(_) if data.len() == Address::LENGTH => {
                assert_eq!(read, Err(AddressError::Kind { found: data[0] }));
            }
            Err(_) => assert_eq!(read, Err(AddressError::Size { found: data.len() })),
        }
    }
}

#[test]
fn damaged_addresses_are_refused() {
    let address = Address::Ed25519([7; 32]).to_bech32("tst");
    for index in 0..address.len() {
        let mut damaged = address.clone().into_bytes();
        damaged[index] = if damaged[index] == b'q' { b'p' } else { b'q' };
        let damaged = String::from_utf8(damaged).expect("ASCII");
        assert_eq!(
            Address::from_bech32(&damaged),
            Err(AddressError::NotBech32),
            "{damaged}"
        );
    }
    let mixed = address.replace("tst", "TST");
    assert_eq!(Address::from_bech32(&mixed), Err(AddressError::NotBech32));
    let long = address.repeat(2);
    assert_eq!(
        Address::from_bech32(&long),
        Err(AddressError::Length { found: long.len() })
    );
}
