//! Aliases, foundries, NFTs: how they begin, go on and end (conflict 12).

use crate::check;

#[test]
fn chain_that_goes_on_must_be_there() {
    check(
        "genesis g: basic 10 alice
         tx t1: g/alice -> alias 10 A state=alice gov=alice => 12
         tx t2: g/alice -> nft 10 N owner=alice             => 12
         tx t3: g/alice -> foundry 10 A serial=1 max=5      => 12
         tx t4: g/alice -> nft 10 new owner=alice as=N      => included
         tx t5: t4.0/alice -> nft 10 N owner=bob            => included
         milestone 1",
    );
}

#[test]
fn issuer_must_be_unlocked_when_a_chain_begins() {
    check(
        "genesis g: basic 10 alice
         genesis h: basic 10 bob
         genesis n: nft 10 N owner=alice
         genesis a: alias 10 A state=alice gov=bob
         tx t1: g/alice -> nft 10 new owner=bob issuer=bob                    => 12
         tx t2: g/alice -> alias 10 new state=bob gov=bob issuer=bob          => 12
         tx t3: g/alice -> nft 10 new owner=bob issuer=nft:N                  => 12
         tx t4: a/bob g/alice -> alias 10 A state=alice gov=bob, nft 10 new owner=bob issuer=alias:A => 12
         tx t5: g/alice -> nft 10 new owner=bob issuer=alice as=M             => included
         tx t6: n/alice -> nft 5 N owner=alice, nft 5 new owner=bob issuer=nft:N => included
         tx t7: a/alice -> alias 5 A state=alice gov=bob index=1, nft 5 new owner=bob issuer=alias:A => included
         tx t8: h/bob -> alias 10 new state=bob gov=bob issuer=bob as=B       => included
         tx t9: t5.0/bob -> nft 10 M owner=carol issuer=alice                 => included // only at first
         milestone 1",
    );
}

#[test]
fn immutable_features_stay() {
    check(
        "genesis n: nft 10 N owner=alice issuer=bob imeta=x
         genesis a: alias 10 A state=alice gov=bob issuer=bob imeta=x
         tx t1: n/alice -> nft 10 N owner=bob issuer=alice imeta=x                  => 12
         tx t2: n/alice -> nft 10 N owner=bob imeta=x                               => 12
         tx t3: n/alice -> nft 10 N owner=bob issuer=bob imeta=y                    => 12
         tx t4: a/alice -> alias 10 A state=alice gov=bob index=1 issuer=bob        => 12
         tx t5: a/bob -> alias 10 A state=alice gov=bob imeta=x                     => 12
         tx t6: a/alice -> alias 10 A state=alice gov=bob index=1 issuer=bob imeta=x => included
         tx t7: n/alice -> nft 10 N owner=bob issuer=bob imeta=x meta=z tag=t       => included
         tx t8: t7.0/bob -> basic 10 bob                                            => included
         milestone 1",
    );
}

#[test]
fn state_change_keeps_governance() {
    check(
        "genesis a: alias 10 A state=alice gov=bob meta=x
         genesis g: basic 10 alice tokens=X/1:5
         tx t1: a/alice -> alias 10 A state=carol gov=bob index=1 meta=x             => 12
         tx t2: a/alice -> alias 10 A state=alice gov=alice index=1 meta=x           => 12
         tx t3: a/alice -> alias 10 A state=alice gov=bob index=1 meta=y             => 12
         tx t4: a/alice -> alias 10 A state=alice gov=bob index=1                    => 12
         tx t5: a/alice -> alias 10 A state=alice gov=bob index=1 meta=x counter=1   => 12
         tx t6: a/alice g/^0 -> alias 20 A state=alice gov=bob index=1 meta=x smeta=y sender=alice tokens=X/1:5 => included
         milestone 1",
    );
}

#[test]
fn governance_change_keeps_state() {
    check(
        "genesis a: alias 10 A state=alice gov=bob smeta=x index=7 counter=3 tokens=X/1:5
         genesis g: basic 10 bob
         tx t1: a/bob g/^0 -> alias 20 A state=alice gov=bob smeta=x index=7 counter=3 tokens=X/1:5 => 12
         tx t2: a/bob -> alias 10 A state=alice gov=bob smeta=y index=7 counter=3 tokens=X/1:5      => 12
         tx t3: a/bob -> alias 10 A state=alice gov=bob smeta=x index=7 counter=4 tokens=X/1:5      => 12
         tx t4: a/bob -> alias 10 A state=alice gov=bob smeta=x index=7 counter=3 tokens=X/1:4      => 12
         tx t5: a/bob -> alias 10 A state=alice gov=bob smeta=x index=7 counter=3                   => 12
         tx t6: a/bob -> alias 10 A state=alice gov=bob smeta=x index=6 counter=3 tokens=X/1:5      => 12
         tx t7: a/bob -> alias 10 A state=dave gov=carol smeta=x index=7 counter=3 tokens=X/1:5 meta=m sender=bob => included
         tx t8: t7.0/carol -> alias 10 A state=dave gov=carol smeta=x index=7 counter=3 tokens=X/1:5 sender=carol => included
         milestone 1",
    );
}

#[test]
fn foundry_lives_from_first_token_to_last() {
    check(
        "genesis a: alias 10 A state=alice gov=bob
         genesis g: basic 50 alice
         tx t1: a/alice g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=100 max=1000, basic 40 alice tokens=A/1:100 => included
         tx t2: t1.0/alice t1.1/@0 t1.2/^0 -> alias 10 A state=alice gov=bob index=2 counter=1, foundry 10 A serial=1 minted=150 max=1000 tokens=A/1:50, basic 40 alice tokens=A/1:100 => included
         milestone 1
         tx t3: t2.0/alice t2.1/@0 t2.2/^0 -> alias 10 A state=alice gov=bob index=3 counter=1, foundry 10 A serial=1 minted=150 melted=50 max=1000, basic 40 alice tokens=A/1:100 => included
         tx t4: t3.0/alice t3.1/@0 -> alias 20 A state=alice gov=bob index=4 counter=1 => 12 // tokens are left
         tx t5: t3.0/alice t3.1/@0 t3.2/^0 -> alias 20 A state=alice gov=bob index=4 counter=1, basic 40 alice tokens=A/1:1 => 12
         tx t6: t3.0/alice t3.1/@0 t3.2/^0 -> alias 20 A state=alice gov=bob index=4 counter=1, basic 40 alice => included
         tx t7: t6.0/bob -> basic 20 bob => included
         milestone 2",
    );
}

#[test]
fn foundry_whose_tokens_were_burned_outside_cannot_end() {
    check(
        "genesis a: alias 10 A state=alice gov=bob counter=1
         genesis f: foundry 10 A serial=1 minted=100 melted=0 max=100
         genesis g: basic 10 alice tokens=A/1:100
         tx t1: g/alice -> basic 10 alice tokens=A/1:60 => included
         tx t2: a/alice f/@0 t1.0/^0 -> alias 30 A state=alice gov=bob index=1 counter=1 => 12
         milestone 1",
    );
}

#[test]
fn minting_is_what_the_foundry_says() {
    check(
        "genesis a: alias 10 A state=alice gov=bob counter=1
         genesis f: foundry 10 A serial=1 minted=100 melted=40 max=100
         genesis g: basic 10 alice tokens=A/1:60
         tx t1: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=110 melted=40 max=100, basic 10 alice tokens=A/1:71 => 12
         tx t2: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=110 melted=40 max=100, basic 10 alice tokens=A/1:69 => 12
         tx t3: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=110 melted=41 max=100, basic 10 alice tokens=A/1:70 => 12
         tx t4: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=90 melted=40 max=100, basic 10 alice tokens=A/1:60 => 12
         tx t5: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=110 melted=40 max=101, basic 10 alice tokens=A/1:70 => 12
         tx t6: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=110 melted=40 max=100, basic 10 alice tokens=A/1:60 => 12
         tx t7: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=110 melted=40 max=100 meta=m, basic 10 alice tokens=A/1:70 => included
         milestone 1",
    );
}

#[test]
fn melting_takes_tokens_away() {
    let tx = |name: &str, minted: u32, melted: u32, left: u32, verdict: &str| {
        format!(
            "tx {name}: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, \
             foundry 10 A serial=1 minted={minted} melted={melted} max=100, \
             basic 10 alice tokens=A/1:{left} => {verdict}\n"
        )
    };
    let mut text = "genesis a: alias 10 A state=alice gov=bob counter=1
         genesis f: foundry 10 A serial=1 minted=100 melted=40 max=100
         genesis g: basic 10 alice tokens=A/1:60\n"
        .to_owned();
    text += &tx("t1", 100, 51, 50, "12"); // melts more than goes
    text += &tx("t2", 100, 50, 60, "12"); // melts what stays
    text += &tx("t3", 110, 40, 50, "12"); // G-26: mints while tokens go
    text += &tx("t4", 110, 50, 60, "12"); // mints and melts at once
    text += &tx("t5", 100, 39, 61, "12"); // melted goes down
    text += &tx("t6", 100, 45, 50, "included"); // 5 melted, 5 burned
    text += "milestone 1";
    check(&text);
}

#[test]
fn tokens_may_be_burned_beside_an_unchanged_foundry() {
    check(
        "genesis a: alias 10 A state=alice gov=bob counter=1
         genesis f: foundry 10 A serial=1 minted=100 melted=0 max=100
         genesis g: basic 10 alice tokens=A/1:100
         tx t1: a/alice f/@0 g/^0 -> alias 10 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 minted=100 max=100, basic 10 alice tokens=A/1:90 => included
         milestone 1",
    );
}

#[test]
fn foundry_moves_only_with_its_alias() {
    check(
        "genesis a: alias 10 A state=alice gov=bob counter=1
         genesis f: foundry 10 A serial=1 max=100
         tx t1: f/alice -> foundry 10 A serial=1 max=100                                          => 9
         tx t2: a/bob f/@0 -> alias 10 A state=alice gov=bob counter=1, foundry 10 A serial=1 max=100 => 9
         tx t3: a/bob f/@0 -> basic 20 alice                                                      => 9
         tx t4: a/alice f/@0 -> alias 20 A state=alice gov=bob index=1 counter=1                  => included
         milestone 1",
    );
}

#[test]
fn new_foundry_has_the_next_serial_number() {
    let tx = |name: &str, counter: u32, foundries: &str, verdict: &str| {
        format!(
            "tx {name}: a/alice -> alias 10 A state=alice gov=bob index=1 counter={counter}\
             {foundries} => {verdict}\n"
        )
    };
    let mut text = "genesis a: alias 30 A state=alice gov=bob counter=2\n".to_owned();
    let foundry = |amount: u32, serial: u32| format!(", foundry {amount} A serial={serial} max=9");
    text += &tx("t1", 2, &foundry(20, 3), "12"); // the counter must count it
    text += &tx("t2", 4, &foundry(20, 3), "12");
    text += &tx("t3", 3, &foundry(20, 2), "12");
    text += &tx("t4", 3, &foundry(20, 4), "12");
    text += &tx("t5", 4, &(foundry(10, 4) + &foundry(10, 3)), "12"); // in order
    text += &tx("t6", 1, ", basic 20 alice", "12"); // the counter goes down
    text += &tx("t7", 3, ", basic 20 alice", "12");
    text += &tx(
        "t8",
        3,
        ", foundry 20 A serial=3 minted=1 melted=1 max=9",
        "12",
    );
    text += &tx("t9", 3, ", foundry 20 A serial=3 minted=5 max=9", "12"); // minted nothing
    text += &tx("t10", 4, &(foundry(10, 3) + &foundry(10, 4)), "included");
    text += "milestone 1";
    check(&text);
}

#[test]
fn new_foundry_needs_a_state_change_of_its_alias() {
    check(
        "genesis a: alias 30 A state=alice gov=bob
         genesis g: basic 30 alice
         tx t1: g/alice -> foundry 30 A serial=1 max=9                                            => 12
         tx t2: a/bob g/alice -> alias 30 A state=alice gov=bob, foundry 30 A serial=1 max=9      => 12
         tx t3: a/bob g/alice -> foundry 60 A serial=1 max=9                                      => 12
         tx t4: g/alice -> alias 10 new state=alice gov=bob, foundry 20 A serial=1 max=9          => 12
         milestone 1",
    );
}

#[test]
fn foundry_takes_other_tokens_too() {
    check(
        "genesis a: alias 10 A state=alice gov=bob counter=1
         genesis f: foundry 10 A serial=1 max=100 tokens=X/1:7
         genesis g: basic 10 alice tokens=X/1:3
         tx t1: a/alice f/@0 g/^0 -> alias 20 A state=alice gov=bob index=1 counter=1, foundry 10 A serial=1 max=100 tokens=X/1:10 => included
         milestone 1",
    );
}
