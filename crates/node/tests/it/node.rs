//! A running node: what a client sees of it.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tangle_consensus::{KeyRange, Pace};
use tangle_crypto::ed25519::SecretKey;
use tangle_node::{CoordinatorConfig, Handle, Node, NodeConfig, PruneTarget, SubmitError, start};
use tangle_storage::{Allocation, BaseToken, Genesis, StorageConfig};
use tangle_testkit::arbitrary;
use tangle_types::{
    Address, BlockId, Codec, DraftBlock, Inclusion, MilestoneIndex, Parents, Payload,
    ProtocolParameters, RentStructure, TaggedData, UnixSeconds,
};

const SUPPLY: u64 = 1_000_000_000;

fn key() -> SecretKey {
    SecretKey::from_seed([3; 32])
}

pub(crate) fn genesis(pow_score_min: u32) -> Genesis {
    Genesis {
        parameters: ProtocolParameters {
            network_name: "node-test".to_owned(),
            pow_score_min,
            rent: RentStructure {
                v_byte_cost: 1,
                ..arbitrary::parameters().rent
            },
            token_supply: SUPPLY,
            ..arbitrary::parameters()
        },
        token: BaseToken::default(),
        index: MilestoneIndex(0),
        timestamp: UnixSeconds(0),
        allocations: vec![Allocation {
            address: Address::from_public_key(&key().public_key()),
            amount: SUPPLY,
        }],
        treasury: 0,
        milestone_keys: vec![KeyRange {
            public_key: key().public_key(),
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        }],
        milestone_key_threshold: 1,
    }
}

pub(crate) fn config(folder: &Path) -> NodeConfig {
    NodeConfig::new(StorageConfig {
        path: folder.to_owned(),
        ..StorageConfig::default()
    })
}

pub(crate) fn start_in(folder: &Path) -> Node {
    start_with(&config(folder), &genesis(0))
}

fn start_with(config: &NodeConfig, genesis: &Genesis) -> Node {
    let coordinator = CoordinatorConfig {
        interval_ms: 1_000,
        pace: Pace::Steady,
        keys: vec![key()],
    };
    start(config, genesis, Some(coordinator)).expect("the node starts")
}

pub(crate) fn draft(text: &str) -> DraftBlock {
    let data = TaggedData {
        tag: b"node".to_vec(),
        data: text.as_bytes().to_vec(),
    };
    DraftBlock {
        protocol_version: 2,
        parents: None,
        payload: Some(Payload::TaggedData(data)),
        nonce: 0,
    }
}

/// Polls until `probe` gives something.
async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{what} did not happen"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn first_milestone(node: &Handle) {
    eventually("the first milestone", async || {
        node.status().is_healthy.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_block_can_be_read_at_once_and_is_confirmed_soon() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = start_in(folder.path());
    let handle = node.handle();
    first_milestone(&handle).await;
    let id = handle
        .submit_draft(draft("hello"))
        .await
        .expect("it is taken");
    let bytes = handle
        .block(&id)
        .await
        .expect("the store works")
        .expect("it is stored");
    assert_eq!(BlockId(tangle_crypto::blake2b::hash(&bytes)), id);
    let state = eventually("the confirmation", async || {
        let state = handle
            .block_state(&id)
            .await
            .expect("the store works")
            .expect("it is known");
        state.referenced.is_some().then_some(state)
    })
    .await;
    assert!(state.is_solid);
    assert_eq!(
        state.referenced.map(|one| one.inclusion),
        Some(Inclusion::NoTransaction)
    );
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_node_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = start_in(folder.path());
    let handle = node.handle();
    first_milestone(&handle).await;
    let id = handle
        .submit_draft(draft("before the stop"))
        .await
        .expect("it is taken");
    let before = handle.status().confirmed.index;
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
    let late = handle.submit_draft(draft("after the stop")).await;
    assert!(
        matches!(late, Err(SubmitError::Stopping | SubmitError::Busy)),
        "{late:?}"
    );
    drop(handle);

    let node = start_in(folder.path());
    let handle = node.handle();
    assert!(handle.reader().ledger_index() >= before);
    eventually("the confirmation", async || {
        let state = handle
            .block_state(&id)
            .await
            .expect("the store works")
            .expect("it is known");
        state.referenced
    })
    .await;
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn block_that_breaks_a_rule_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = start_in(folder.path());
    let handle = node.handle();
    first_milestone(&handle).await;
    let reason = |result: Result<BlockId, SubmitError>| match result {
        Err(SubmitError::Invalid(reason)) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    };
    let garbage = handle.submit(Bytes::from_static(&[2, 1, 2, 3])).await;
    assert!(!reason(garbage).is_empty());
    let unknown = Parents::new(vec![BlockId([9; 32])]);
    let orphan = DraftBlock {
        parents: unknown,
        ..draft("orphan")
    };
    assert!(reason(handle.submit_draft(orphan).await).contains("not solid"));
    let long_tag = DraftBlock {
        payload: Some(Payload::TaggedData(TaggedData {
            tag: vec![0; 65],
            data: Vec::new(),
        })),
        ..draft("")
    };
    assert!(!reason(handle.submit_draft(long_tag).await).is_empty());
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_mines_for_its_clients_only_when_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let genesis = genesis(10);
    let mut config = config(folder.path());
    let node = start_with(&config, &genesis);
    first_milestone(&node.handle()).await;
    let id = node
        .handle()
        .submit_draft(draft("mine me"))
        .await
        .expect("it is mined");
    let bytes = node
        .handle()
        .block(&id)
        .await
        .expect("the store works")
        .expect("it is stored");
    let zeros = tangle_crypto::pow::trailing_zeros(&bytes);
    assert!(tangle_crypto::pow::is_sufficient(zeros, bytes.len(), 10));
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");

    config.pow_enabled = false;
    let node = start_with(&config, &genesis);
    first_milestone(&node.handle()).await;
    let refused = node.handle().submit_draft(draft("mine me too")).await;
    assert!(
        matches!(refused, Err(SubmitError::PowUnavailable)),
        "{refused:?}"
    );
    let mut unmined = draft("")
        .complete(Parents::new(vec![id]).expect("one parent"), 1)
        .to_bytes();
    let last = unmined.len() - 1;
    unmined[last] ^= 0x55;
    let weak = node.handle().submit(Bytes::from(unmined)).await;
    assert!(matches!(weak, Err(SubmitError::Invalid(_))), "{weak:?}");
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_milestones_cannot_be_pruned() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = start_in(folder.path());
    let handle = node.handle();
    first_milestone(&handle).await;
    let refused = handle
        .prune(PruneTarget::Index(handle.status().confirmed.index))
        .await;
    assert!(refused.is_err());
    assert_eq!(handle.reader().pruning_index(), MilestoneIndex(0));
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_is_answered_however_many_are_asked_at_once() {
    const COUNT: usize = 5_000;
    let folder = tempfile::tempdir().expect("a folder");
    let node = start_in(folder.path());
    let handle = node.handle();
    first_milestone(&handle).await;
    let mut questions = tokio::task::JoinSet::new();
    for _ in 0..COUNT {
        let handle = handle.clone();
        questions.spawn(async move { handle.tips(1, false).await });
    }
    let answers = questions.join_all().await;
    let unanswered = answers.iter().filter(|answer| answer.is_err()).count();
    assert_eq!((answers.len(), unanswered), (COUNT, 0));
    tokio::task::spawn_blocking(|| node.stop())
        .await
        .expect("it stops");
}
