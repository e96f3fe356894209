//! Who may open an input: signatures, references, chains, time (conflicts 5, 6, 9, 10, 11).

use crate::check;

#[test]
fn owner_signs_once_and_refers_to_it_afterwards() {
    check(
        "genesis a: basic 10 alice
         genesis b: basic 10 alice
         genesis c: basic 10 bob
         tx t1: a/alice b/alice -> basic 20 carol       => 9  // the owner is open already
         tx t2: a/alice c/^0 -> basic 20 carol          => 9  // bob is not alice
         tx t3: c/bob a/alice b/^0 -> basic 30 carol    => 9  // the reference is to bob
         tx t4: a/bob -> basic 10 carol                 => 5
         tx t5: a/~alice -> basic 10 carol              => 5
         tx t6: a/alice b/@0 -> basic 20 carol          => 9
         tx t7: a/alice b/%0 -> basic 20 carol          => 9
         tx t8: c/bob a/alice b/^1 -> basic 30 carol    => included
         milestone 1",
    );
}

#[test]
fn reference_must_be_to_the_unlock_that_opened_the_owner() {
    check(
        "genesis a: basic 10 alice
         genesis b: basic 10 bob
         genesis c: basic 10 bob expire=alice@5
         tx t1: b/bob a/alice c/^0 -> basic 30 carol => 9 // it has expired
         tx t2: b/bob a/alice c/^1 -> basic 30 carol => included
         milestone 5",
    );
}

#[test]
fn commitment_must_be_that_of_the_inputs() {
    check(
        "genesis g: basic 10 alice
         tx a: g/alice -> basic 10 bob ; uncommitted   => 10
         tx b: g/~alice -> basic 10 bob ; uncommitted  => 10 // before signatures
         tx c: g/alice -> basic 10 bob                 => included
         milestone 1",
    );
}

#[test]
fn timelock_opens_at_its_time() {
    check(
        "genesis g: basic 10 alice timelock=100
         genesis h: nft 10 new owner=alice timelock=100 as=N
         tx a: g/alice -> basic 10 bob                    => 6
         tx b: h/alice -> basic 10 bob                    => 6
         tx c: g/~alice -> basic 10 bob ; uncommitted     => 6 // before everything else
         milestone 99
         tx d: g/alice -> basic 10 bob                    => included
         tx e: h/alice -> nft 10 N owner=bob              => included
         milestone 100",
    );
}

#[test]
fn timelock_of_any_input_holds_all() {
    check(
        "genesis g: basic 10 alice
         genesis h: basic 10 alice timelock=100
         tx a: g/alice h/^0 -> basic 20 bob => 6
         milestone 99",
    );
}

#[test]
fn expired_output_belongs_to_who_gave_it() {
    check(
        "genesis g: basic 10 alice expire=bob@100
         genesis h: basic 10 alice expire=bob@100
         genesis n: nft 10 new owner=alice expire=bob@100 as=N
         tx a: g/bob -> basic 10 carol         => 5
         tx b: g/alice -> basic 10 carol       => included
         milestone 99
         tx c: h/alice -> basic 10 carol       => 5
         tx d: n/alice -> basic 10 carol       => 5
         tx e: h/bob n/^0 -> basic 20 carol    => included
         milestone 100",
    );
}

#[test]
fn expiration_may_give_to_chains() {
    check(
        "genesis n: nft 10 N owner=bob
         genesis a: alias 10 A state=bob gov=bob
         genesis g: basic 10 alice expire=nft:N@5
         genesis h: basic 10 alice expire=alias:A@5
         tx t1: n/bob a/^0 g/alice -> basic 20 carol, alias 10 A state=bob gov=bob index=1 => 9
         tx t2: n/bob a/^0 g/%0 h/@1 -> basic 30 carol, alias 10 A state=bob gov=bob index=1 => included
         milestone 5",
    );
}

#[test]
fn nft_opens_what_it_owns() {
    check(
        "genesis n: nft 10 N owner=alice
         genesis g: basic 10 nft:N
         genesis h: basic 10 nft:N
         tx t1: n/alice g/^0 -> nft 20 N owner=alice        => 9
         tx t2: n/alice g/@0 -> nft 20 N owner=alice        => 9
         tx t3: n/alice g/alice -> nft 20 N owner=alice     => 9
         tx t4: n/alice g/%0 -> nft 20 N owner=alice        => included
         tx t5: t4.0/alice h/%0 -> basic 30 alice           => included // burned, it still opens
         milestone 1",
    );
}

#[test]
fn owner_must_come_before_what_it_owns() {
    check(
        "genesis n: nft 10 N owner=alice
         genesis m: nft 10 M owner=nft:N
         genesis g: basic 10 nft:M
         tx t1: n/alice g/%0 m/%0 -> basic 30 alice => 9
         tx t2: n/alice m/%0 g/%0 -> basic 30 alice => 9
         tx t3: n/alice m/%0 g/%1 -> basic 30 alice => included
         milestone 1",
    );
}

#[test]
fn alias_opens_what_it_owns_only_when_its_state_changes() {
    check(
        "genesis a: alias 10 A state=alice gov=bob
         genesis g: basic 10 alias:A
         tx t1: a/bob g/@0 -> alias 10 A state=alice gov=bob, basic 10 carol           => 9
         tx t2: a/bob g/@0 -> basic 20 carol                                           => 9
         tx t3: a/alice g/%0 -> alias 20 A state=alice gov=bob index=1                 => 9
         tx t4: a/alice g/^0 -> alias 20 A state=alice gov=bob index=1                 => 9
         tx t5: a/alice g/@0 -> alias 20 A state=alice gov=bob index=1                 => included
         milestone 1",
    );
}

#[test]
fn chain_that_begins_opens_from_its_next_transaction_on() {
    check(
        "genesis g: basic 40 alice
         tx t1: g/alice -> alias 10 new state=alice gov=bob as=A, nft 10 new owner=alice as=N, basic 20 alice => included
         tx t2: t1.2/alice -> basic 10 alias:A, basic 10 nft:N                                    => included
         milestone 1
         tx t3: t1.0/alice t1.1/^0 t2.0/@0 t2.1/%1 -> alias 20 A state=alice gov=bob index=1, nft 20 N owner=bob => included
         milestone 2",
    );
}

#[test]
fn controllers_open_an_alias_by_what_changes() {
    check(
        "genesis a: alias 10 A state=alice gov=bob
         tx t1: a/alice -> alias 10 A state=alice gov=alice                        => 5 // governance
         tx t2: a/bob -> alias 10 A state=alice gov=bob index=1                    => 5 // state
         tx t3: a/alice -> basic 10 carol                                          => 5 // end
         tx t4: a/alice -> alias 10 A state=alice gov=bob index=2                  => 12
         tx t5: a/bob -> alias 10 A state=carol gov=carol                          => included
         tx t6: t5.0/carol -> alias 10 A state=carol gov=carol index=1 smeta=x     => included
         tx t7: t6.0/carol -> basic 10 carol                                       => included
         milestone 1",
    );
}

#[test]
fn sender_must_be_unlocked() {
    check(
        "genesis g: basic 10 alice
         genesis n: nft 10 N owner=bob
         genesis a: alias 10 A state=carol gov=dave
         tx t1: g/alice -> basic 10 bob sender=bob                                       => 11
         tx t2: g/alice -> nft 10 new owner=bob sender=nft:N                             => 11
         tx t3: g/alice -> alias 10 new state=bob gov=bob sender=alias:A                 => 11
         tx t4: a/dave g/alice -> alias 10 A state=carol gov=dave, basic 10 bob sender=alias:A => 11
         tx t5: g/alice n/bob -> basic 20 bob sender=nft:N                               => included // burned
         tx t6: a/carol -> alias 10 A state=carol gov=dave index=1 sender=alias:A        => included
         tx t7: t6.0/carol t5.0/bob -> alias 10 A state=carol gov=dave index=2, basic 20 x sender=carol => included
         milestone 1",
    );
}

#[test]
fn sender_may_be_who_an_expired_output_went_back_to() {
    check(
        "genesis g: basic 10 alice expire=bob@5
         tx t1: g/bob -> basic 10 x sender=alice => 11
         tx t2: g/bob -> basic 10 x sender=bob   => included
         milestone 5",
    );
}
