//! Inputs: resolved in order, within a milestone and across milestones (conflicts 1 to 3).

use crate::check;

#[test]
fn outputs_of_one_milestone_are_spent_in_it_and_after_it() {
    check(
        "genesis g: basic 100 alice
         tx a: g/alice -> basic 60 bob, basic 40 alice => included
         tx b: a.0/bob a.1/alice -> basic 100 carol    => included
         milestone 1
         tx c: b.0/carol -> basic 100 alice            => included
         milestone 2",
    );
}

#[test]
fn second_spend_conflicts_by_when_the_first_one_was() {
    check(
        "genesis g: basic 100 alice
         genesis h: basic 100 alice
         tx a: g/alice -> basic 100 bob   => included
         tx b: g/alice -> basic 100 carol => 2
         tx c: a.0/bob -> basic 100 bob   => included
         tx d: a.0/bob -> basic 100 alice => 2
         milestone 1
         tx e: g/alice -> basic 100 carol => 1
         tx f: a.0/bob -> basic 100 alice => 1
         milestone 2",
    );
}

#[test]
fn input_never_created_is_not_found() {
    check(
        "genesis g: basic 100 alice
         tx a: nothing/alice -> basic 100 bob         => 3
         tx b: a.0/bob -> basic 100 bob               => 3
         tx c: g/alice nothing/^0 -> basic 100 bob    => 3
         tx d: g/alice -> basic 100 bob               => included
         milestone 1",
    );
}

#[test]
fn first_input_that_fails_decides() {
    check(
        "genesis g: basic 100 alice
         genesis h: basic 100 alice
         tx a: g/alice -> basic 100 bob                          => included
         milestone 1
         tx b: h/alice -> basic 100 bob                          => included
         tx c: nothing/alice g/^0 h/^0 -> basic 100 bob          => 3
         tx d: g/alice nothing/^0 h/^0 -> basic 100 bob          => 1
         tx e: h/alice nothing/^0 g/^0 -> basic 100 bob          => 2
         milestone 2",
    );
}

#[test]
fn conflicting_transaction_leaves_its_inputs_unspent() {
    check(
        "genesis g: basic 100 alice
         genesis h: basic 50 bob
         tx a: g/alice h/~bob -> basic 150 carol => 5
         tx b: g/alice -> basic 100 bob          => included
         tx c: h/bob -> basic 50 carol           => included
         milestone 1",
    );
}

#[test]
fn reattached_transaction_conflicts_with_itself() {
    check(
        "genesis g: basic 100 alice
         tx a: g/alice -> basic 100 bob => included
         again a                        => 2
         milestone 1
         again a                        => 1
         milestone 2",
    );
}

#[test]
fn transaction_that_was_too_early_may_come_again() {
    check(
        "genesis g: basic 100 alice timelock=20
         tx a: g/alice -> basic 100 bob => 6
         again a                        => 6
         milestone 10
         again a                        => included
         again a                        => 2
         milestone 20",
    );
}

// The course of Hornet's test with several conflicts.
#[test]
fn money_moves_past_conflicts() {
    check(
        "genesis g: basic 2779530283277761 alice
         tx a: g/alice -> basic 1000000 bob, basic 2779530282277761 alice     => included
         tx b: a.1/alice -> basic 2000000 bob, basic 2779530280277761 alice   => included
         tx c: c0/carol -> basic 1000000 bob                                  => 3
         milestone 1
         tx d: d0/dave -> basic 1500000 bob                                   => 3
         tx e: a.0/bob b.0/^0 -> basic 1500000 dave, basic 1500000 bob        => included
         milestone 2
         tx f: g/alice -> basic 1000000 bob, basic 2779530282277761 alice     => 1
         milestone 3
         tx x: e.0/dave -> basic 1500000 carol                                => included
         tx y: e.0/dave -> basic 1500000 bob                                  => 2
         milestone 4",
    );
}
