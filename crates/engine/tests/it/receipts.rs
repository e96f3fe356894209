//! Receipts: what migrates from an old network, out of the treasury (TIP-34).

use bytes::Bytes;
use tangle_crypto::ed25519::SecretKey;
use tangle_engine::{Halt, Input, Source, Store};
use tangle_ledger::Lookup;
use tangle_types::{
    Address, BlockId, Essence, Inclusion, MigratedFunds, MilestoneId, MilestoneIndex,
    MilestoneOption, Output, OutputId, Parents, Payload, Receipt, TransactionId, Treasury,
    TreasuryTransaction, inputs_commitment,
};

use crate::harness::{Node, TREASURY, block, checked, owner, parameters};

const DEPOSIT: u64 = 1_000_000;

fn payee(number: u8) -> SecretKey {
    SecretKey::from_seed([50 + number; 32])
}

/// A receipt over two deposits that spends the treasury of milestone `input`, which holds `held`.
fn receipt(migrated_at: u32, is_final: bool, input: MilestoneId, held: u64) -> Receipt {
    let fund = |number: u8| MigratedFunds {
        tail_transaction_hash: [number; 49],
        address: Address::from_public_key(&payee(number).public_key()),
        deposit: DEPOSIT,
    };
    Receipt {
        migrated_at,
        is_final,
        funds: vec![fund(1), fund(2)],
        treasury_transaction: TreasuryTransaction {
            input,
            amount: held - 2 * DEPOSIT,
        },
    }
}

/// A follower that was given a first milestone with `first`, then a second one with what `second`
/// makes of the first one's id. Both come from the keys of the network.
fn follow(first: Receipt, second: impl FnOnce(MilestoneId) -> Option<Receipt>) -> Node {
    let mut leader = Node::new(true);
    leader.second();
    let mut follower = Node::new(false);
    let bytes = leader.forge(1, |milestone| {
        milestone.options = vec![MilestoneOption::Receipt(first)];
    });
    let id = give(&mut follower, bytes);
    let Some(second) = second(id.1) else {
        return follower;
    };
    let bytes = leader.forge(2, |milestone| {
        milestone.previous_milestone_id = id.1;
        milestone.parents = Parents::new(vec![id.0]).expect("one parent");
        let cone = [id.0.0];
        milestone.inclusion_merkle_root = tangle_crypto::merkle::root(&cone);
        milestone.options = vec![MilestoneOption::Receipt(second)];
    });
    give(&mut follower, bytes);
    follower
}

fn give(node: &mut Node, bytes: Bytes) -> (BlockId, MilestoneId) {
    let block = checked(bytes);
    let ids = (block.id(), block.milestone_id().expect("a milestone"));
    node.step(Input::Block(block, Source::Bulk));
    ids
}

/// Why the ledger stands still.
fn reason(node: &Node) -> Option<String> {
    match node.engine.summary().halted {
        Some(Halt::InvalidMilestone { reason, .. }) => Some(reason),
        None => None,
        other => panic!("halted by {other:?}"),
    }
}

#[test]
fn receipt_moves_the_treasury_and_its_outputs_can_be_spent() {
    let node = follow(receipt(7, false, MilestoneId::ZERO, TREASURY), |_| None);
    assert_eq!(reason(&node), None);
    let first = node.milestones().remove(0);
    let before = Treasury {
        milestone_id: MilestoneId::ZERO,
        amount: TREASURY,
    };
    let after = Treasury {
        milestone_id: first.id,
        amount: TREASURY - 2 * DEPOSIT,
    };
    let commit = node.disk.0.lock().expect("no panic").commits[0].clone();
    assert_eq!(commit.treasury, Some((before, after)));

    let migrated = |index| OutputId::new(TransactionId(first.id.0), index);
    for (index, number) in [(0, 1), (1, 2)] {
        let found = node.disk.output(&migrated(index)).expect("infallible");
        let Lookup::Unspent(output) = found else {
            panic!("output {index} is {found:?}");
        };
        let address = Address::from_public_key(&payee(number).public_key());
        assert_eq!(output.output, Output::basic(address, DEPOSIT));
        assert_eq!(output.milestone_index, MilestoneIndex(1));
        assert_eq!(output.block_id, BlockId::ZERO, "no block carried it");
    }

    // The store leads to the same state, and who owns migrated coins has them.
    let mut node = Node::open(node.disk, true, node.now);
    let spending = block(&[first.block_id], Some(spend(migrated(0), &payee(1))));
    assert!(node.submit(&spending));
    node.second();
    node.second();
    let metadata = node.metadata(&spending).expect("it was referenced");
    assert_eq!(metadata.inclusion, Inclusion::Included);
    let found = node.disk.output(&migrated(0)).expect("infallible");
    assert!(matches!(found, Lookup::Spent), "{found:?}");
}

#[test]
fn next_receipt_spends_what_the_one_before_left() {
    let left = TREASURY - 2 * DEPOSIT;
    for (is_final, migrated_at) in [(false, 7), (false, 8), (true, 8)] {
        let first = receipt(7, is_final, MilestoneId::ZERO, TREASURY);
        let node = follow(first, |id| Some(receipt(migrated_at, false, id, left)));
        assert_eq!(reason(&node), None);
        assert_eq!(node.milestones().len(), 2);
    }
}

#[test]
fn receipt_out_of_order_stops_the_ledger() {
    let left = TREASURY - 2 * DEPOSIT;
    for (is_final, migrated_at, text) in [
        (false, 6, "milestone 6 of the old network, after one for 7"),
        (true, 7, "after one for 7, the last of its kind"),
    ] {
        let first = receipt(7, is_final, MilestoneId::ZERO, TREASURY);
        let node = follow(first, |id| Some(receipt(migrated_at, false, id, left)));
        let reason = reason(&node).expect("it stands still");
        assert!(reason.contains(text), "{reason}");
        assert_eq!(node.milestones().len(), 1);
    }
}

#[test]
fn receipt_over_another_treasury_or_sum_stops_the_ledger() {
    for (input, held) in [
        (MilestoneId([9; 32]), TREASURY),
        (MilestoneId::ZERO, TREASURY - 1),
    ] {
        let node = follow(receipt(7, false, input, held), |_| None);
        assert!(reason(&node).is_some(), "{input}, {held}");
        assert!(node.milestones().is_empty());
    }
}

#[test]
fn order_of_receipts_holds_over_a_restart() {
    let mut leader = Node::new(true);
    leader.second();
    let mut follower = follow(receipt(7, true, MilestoneId::ZERO, TREASURY), |_| None);
    follower = Node::open(follower.disk, false, follower.now);
    let first = follower.milestones().remove(0);
    let bytes = leader.forge(2, |milestone| {
        milestone.previous_milestone_id = first.id;
        milestone.parents = Parents::new(vec![first.block_id]).expect("one parent");
        let cone = [first.block_id.0];
        milestone.inclusion_merkle_root = tangle_crypto::merkle::root(&cone);
        let again = receipt(7, false, first.id, TREASURY - 2 * DEPOSIT);
        milestone.options = vec![MilestoneOption::Receipt(again)];
    });
    give(&mut follower, bytes);
    assert!(reason(&follower).is_some_and(|reason| reason.contains("the last of its kind")));
}

/// Spends a migrated output to the owner of the genesis.
fn spend(id: OutputId, key: &SecretKey) -> Payload {
    let input = Output::basic(Address::from_public_key(&key.public_key()), DEPOSIT);
    let payee = Address::from_public_key(&owner().public_key());
    let essence = Essence {
        network_id: parameters().network_id(),
        inputs: vec![id],
        inputs_commitment: inputs_commitment([&input]),
        outputs: vec![Output::basic(payee, DEPOSIT)],
        payload: None,
    };
    Payload::Transaction(Box::new(essence.signed_by(key)))
}
