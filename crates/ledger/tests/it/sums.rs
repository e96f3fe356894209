//! What goes in must come out: coins, deposits, tokens (conflicts 4, 7, 8).

use crate::check;

#[test]
fn coins_in_are_coins_out() {
    check(
        "genesis g: basic 100 alice
         tx a: g/alice -> basic 99 bob                => 4
         tx b: g/alice -> basic 101 bob               => 4
         tx c: g/alice -> basic 60 bob, basic 41 bob  => 4
         tx d: g/alice -> basic 60 bob, nft 40 new owner=bob => included
         milestone 1",
    );
}

#[test]
fn sums_above_64_bits_do_not_wrap() {
    check(
        "genesis g: basic 10 alice
         tx a: g/alice -> basic 18446744073709551615 bob, basic 11 bob => 4
         milestone 1",
    );
}

#[test]
fn storage_deposit_is_returned_in_a_simple_output() {
    check(
        "genesis g: basic 50 alice return=bob:20
         tx t1: g/alice -> basic 50 alice                                   => 8
         tx t2: g/alice -> basic 19 bob, basic 31 alice                     => 8
         tx t3: g/alice -> basic 20 bob tag=x, basic 30 alice               => 8
         tx t4: g/alice -> basic 20 bob timelock=5, basic 30 alice          => 8
         tx t5: g/alice -> nft 20 new owner=bob, basic 30 alice             => 8
         tx t6: g/alice -> basic 20 carol, basic 30 alice                   => 8
         tx t7: g/alice -> basic 12 bob, basic 8 bob, basic 30 alice        => included
         milestone 1",
    );
}

#[test]
fn simple_output_holds_no_tokens() {
    check(
        "genesis f: basic 10 alice tokens=X/1:5
         genesis g: basic 50 alice return=bob:20
         tx t1: g/alice f/^0 -> basic 20 bob tokens=X/1:5, basic 40 alice   => 8
         tx t2: g/alice f/^0 -> basic 20 bob, basic 40 alice tokens=X/1:5   => included
         milestone 1",
    );
}

#[test]
fn deposits_owed_to_one_add_up() {
    check(
        "genesis a: basic 50 alice return=bob:20
         genesis b: basic 50 alice return=bob:30
         genesis c: basic 50 alice return=carol:10
         tx t1: a/alice b/^0 c/^0 -> basic 49 bob, basic 10 carol, basic 91 alice  => 8
         tx t2: a/alice b/^0 c/^0 -> basic 50 bob, basic 9 carol, basic 91 alice   => 8
         tx t3: a/alice b/^0 c/^0 -> basic 50 bob, basic 10 carol, basic 90 alice  => included
         milestone 1",
    );
}

#[test]
fn expired_output_owes_nothing_to_who_opens_it() {
    check(
        "genesis a: basic 50 alice return=bob:20 expire=bob@5
         genesis b: basic 50 alice return=bob:20 expire=bob@5
         tx t1: a/alice -> basic 50 alice                  => 8
         tx t2: a/alice -> basic 20 bob, basic 30 alice    => included
         milestone 4
         tx t3: b/bob -> basic 50 carol                    => included
         milestone 5",
    );
}

// G-20: the deposit is waived exactly when the one who is owed opened the input.
#[test]
fn expired_output_still_owes_to_others() {
    check(
        "genesis a: basic 50 alice return=carol:20 expire=bob@5
         genesis b: basic 50 bob return=bob:20
         genesis n: nft 50 N owner=bob return=nft:N:20
         tx t1: a/bob -> basic 50 bob                      => 8
         tx t2: a/bob -> basic 20 carol, basic 30 bob      => included
         tx t3: b/bob -> basic 50 carol                    => included
         tx t4: n/bob -> basic 50 carol                    => included
         milestone 5",
    );
}

// The NFT opened the input; that its owner signed at the same place does not count for him.
#[test]
fn owner_of_an_nft_is_owed_by_what_the_nft_opens() {
    check(
        "genesis n: nft 50 N owner=bob
         genesis g: basic 50 nft:N return=bob:20
         genesis h: basic 50 nft:N return=nft:N:20
         tx t1: n/bob g/%0 -> nft 100 N owner=alice                         => 8
         tx t2: n/bob g/%0 h/%0 -> nft 130 N owner=alice, basic 20 bob      => included
         milestone 1",
    );
}

#[test]
fn reference_to_who_is_owed_waives_too() {
    check(
        "genesis a: basic 50 bob
         genesis b: basic 50 bob return=bob:20
         tx t1: a/bob b/^0 -> basic 100 carol => included
         milestone 1",
    );
}

#[test]
fn tokens_may_be_burned_but_not_made() {
    check(
        "genesis g: basic 10 alice tokens=X/1:100+X/2:5
         tx t1: g/alice -> basic 10 bob tokens=X/1:101                  => 7
         tx t2: g/alice -> basic 10 bob tokens=Y/1:1                    => 7
         tx t3: g/alice -> basic 5 bob tokens=X/1:60, basic 5 bob tokens=X/1:41 => 7
         tx t4: g/alice -> basic 5 bob tokens=X/1:60, basic 5 bob tokens=X/1:40+X/2:5 => included
         tx t5: t4.0/bob t4.1/^0 -> basic 10 bob tokens=X/1:99          => included
         tx t6: t5.0/bob -> basic 10 bob                                => included
         milestone 1",
    );
}

#[test]
fn token_sums_fit_256_bits() {
    check(
        "genesis g: basic 10 alice tokens=X/1:max
         genesis h: basic 10 alice tokens=X/1:1
         genesis i: basic 10 alice tokens=X/1:max
         tx t1: g/alice h/^0 -> basic 20 bob tokens=X/1:1                              => 7
         tx t2: g/alice -> basic 5 bob tokens=X/1:max, basic 5 bob tokens=X/1:1        => 7
         tx t3: g/alice -> basic 10 bob tokens=X/1:max                                 => included
         milestone 1",
    );
}

#[test]
fn at_most_64_kinds_of_tokens_take_part() {
    let tokens = |first: u32, last: u32| {
        let tokens: Vec<String> = (first..=last)
            .map(|serial| format!("X/{serial}:1"))
            .collect();
        tokens.join("+")
    };
    check(&format!(
        "genesis a: basic 10 alice tokens={}
         genesis b: basic 10 alice tokens={}
         genesis c: basic 10 alice tokens={}
         tx t1: a/alice b/^0 c/^0 -> basic 30 bob   => 7
         tx t2: a/alice b/^0 -> basic 20 bob        => included
         milestone 1",
        tokens(1, 40),
        tokens(41, 64),
        tokens(65, 65),
    ));
}
