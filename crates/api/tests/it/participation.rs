//! The participation API over HTTP; who counts is played by a table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::http::{Method, header};
use serde_json::{Value, json};
use tangle_api::{Auth, CounterError, CounterFuture, VoteCounter};
use tangle_types::participation::{
    AddressParticipations, EventId, EventParticipations, EventStatus, OutputParticipations,
    ParticipationEvent, TrackedParticipation,
};
use tangle_types::{Address, BlockId, MilestoneIndex, OutputId, TransactionId};

use crate::harness::{Client, address, client};

const API: &str = "/api/participation/v1";

/// Counts nothing, and remembers events. Owner 1 takes part in all of them with output 1.
#[derive(Default)]
struct Table(Mutex<BTreeMap<EventId, ParticipationEvent>>);

impl Table {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<EventId, ParticipationEvent>> {
        self.0.lock().expect("no holder panics")
    }
}

fn output_id() -> OutputId {
    OutputId::new(TransactionId([1; 32]), 0)
}

fn tracked() -> TrackedParticipation {
    TrackedParticipation {
        block_id: BlockId([2; 32]),
        amount: u64::MAX,
        start_milestone_index: MilestoneIndex(3),
        end_milestone_index: MilestoneIndex(0),
        answers: [1, 0].into_iter().collect(),
    }
}

impl VoteCounter for Table {
    fn events(&self) -> Vec<EventId> {
        self.lock().keys().copied().collect()
    }

    fn event(&self, id: &EventId) -> Option<ParticipationEvent> {
        self.lock().get(id).cloned()
    }

    fn index(&self) -> MilestoneIndex {
        MilestoneIndex(40)
    }

    fn status(
        &self,
        id: &EventId,
        at: Option<MilestoneIndex>,
    ) -> Result<Option<EventStatus>, CounterError> {
        let Some(event) = self.event(id) else {
            return Ok(None);
        };
        let at = at.unwrap_or(MilestoneIndex(40));
        match at.0 {
            7 => Err(CounterError::Forgotten("long ago".to_owned())),
            8 => Err(CounterError::Unavailable("it stands still".to_owned())),
            _ => Ok(Some(EventStatus::new(
                id,
                at,
                event.phase(at),
                vec![],
                None,
            ))),
        }
    }

    fn output(&self, id: &OutputId) -> OutputParticipations {
        let ids = self.events().into_iter().filter(|_| *id == output_id());
        OutputParticipations {
            participations: ids.map(|id| (id, tracked())).collect(),
        }
    }

    fn address(&self, of: &Address) -> Result<AddressParticipations, CounterError> {
        if *of == address(2) {
            return Err(CounterError::Refused("too many".to_owned()));
        }
        let owned = [(output_id(), self.output(&output_id()))];
        Ok(AddressParticipations {
            outputs: owned.into_iter().filter(|_| *of == address(1)).collect(),
        })
    }

    fn participations(&self, _: &EventId, are_active: bool) -> EventParticipations {
        let all = [(output_id(), tracked())];
        EventParticipations {
            participations: all.into_iter().filter(|_| are_active).collect(),
        }
    }

    fn add(&self, event: ParticipationEvent) -> CounterFuture<'_, EventId> {
        let id = event.id();
        let known = self.lock().insert(id, event).is_some();
        Box::pin(async move {
            if known {
                return Err(CounterError::Refused("it is known".to_owned()));
            }
            Ok(id)
        })
    }

    fn remove(&self, id: EventId) -> CounterFuture<'_, bool> {
        let removed = self.lock().remove(&id).is_some();
        Box::pin(async move { Ok(removed) })
    }
}

async fn counting(auth: Auth) -> Client {
    let node = client().await.node;
    Client::counting(node, auth, Some(Arc::new(Table::default())))
}

fn event() -> Value {
    json!({
        "name": "lunch",
        "milestoneIndexCommence": 10,
        "milestoneIndexStart": 20,
        "milestoneIndexEnd": 30,
        "payload": {
            "type": 0,
            "questions": [{
                "text": "what?",
                "answers": [{"value": 1, "text": "soup", "additionalInfo": ""}],
                "additionalInfo": "",
            }],
        },
        "additionalInfo": "",
    })
}

#[tokio::test]
async fn event_is_added_read_and_removed() {
    let client = counting(Auth::open()).await;
    let routes = client.read("/api/routes").await["routes"].clone();
    assert!(
        routes
            .as_array()
            .unwrap()
            .contains(&json!("participation/v1"))
    );
    let events = format!("{API}/events");
    assert_eq!(client.read(&events).await, json!({"eventIds": []}));
    let admin = format!("{API}/admin/events");
    let added = client.post_json(&admin, &event()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let id = added.json()["eventId"].as_str().unwrap().to_owned();
    assert_eq!(added.headers[header::LOCATION], id);
    assert_eq!(
        client.post_json(&admin, &event()).await.error(400),
        "invalid parameter, error: it is known"
    );
    assert_eq!(client.read(&format!("{events}/{id}")).await, event());
    for (query, ids) in [
        ("", 1),
        ("?type=0", 1),
        ("?type=1", 0),
        ("?type=1&type=0", 1),
    ] {
        let found = client.read(&format!("{events}{query}")).await;
        assert_eq!(found["eventIds"].as_array().unwrap().len(), ids, "{query}");
    }
    let gone = client
        .request(Method::DELETE, &format!("{admin}/{id}"))
        .await;
    assert_eq!((gone.status.as_u16(), &gone.body[..]), (204, &b""[..]));
    let path = format!("{admin}/{id}");
    client.request(Method::DELETE, &path).await.error(404);
    client.get(&format!("{events}/{id}")).await.error(404);
    client
        .get(&format!("{events}/{id}/status"))
        .await
        .error(404);
}

#[tokio::test]
async fn state_and_participations_are_told_with_numbers() {
    let client = counting(Auth::open()).await;
    let added = client
        .post_json(&format!("{API}/admin/events"), &event())
        .await;
    let id = added.json()["eventId"].as_str().unwrap().to_owned();
    let status = format!("{API}/events/{id}/status");
    for (query, index, phase) in [
        ("", 40, "ended"),
        ("?milestoneIndex=0", 40, "ended"),
        ("?milestoneIndex=", 40, "ended"),
        ("?milestoneIndex=5", 5, "upcoming"),
        ("?milestoneIndex=10", 10, "commencing"),
        ("?milestoneIndex=29", 29, "holding"),
    ] {
        let found = client.read(&format!("{status}{query}")).await;
        assert_eq!(found["milestoneIndex"], index, "{query}");
        assert_eq!(found["status"], phase, "{query}");
        assert!(found["checksum"].as_str().unwrap().starts_with("0x"));
    }
    client
        .get(&format!("{status}?milestoneIndex=7"))
        .await
        .error(404);
    client
        .get(&format!("{status}?milestoneIndex=8"))
        .await
        .error(503);
    let part = json!({
        "blockId": BlockId([2; 32]).to_string(),
        "amount": u64::MAX,
        "startMilestoneIndex": 3,
        "endMilestoneIndex": 0,
        "answers": [1, 0],
    });
    let (by_event, by_output) = (json!({&id: part}), json!({output_id().to_string(): part}));
    let found = client.read(&format!("{API}/outputs/{}", output_id())).await;
    assert_eq!(found, json!({"participations": by_event}));
    let owner = address(1).to_bech32("tst");
    let found = client
        .read(&format!("{API}/addresses/{owner}/outputs"))
        .await;
    let output = json!({"participations": by_event});
    assert_eq!(found, json!({"outputs": {output_id().to_string(): output}}));
    let found = client.read(&format!("{API}/addresses/{owner}")).await;
    assert_eq!(found, json!({"rewards": {}, "milestoneIndex": 40}));
    let found = client
        .read(&format!("{API}/addresses/{owner}?milestoneIndex=9"))
        .await;
    assert_eq!(found["milestoneIndex"], 9);
    let found = client
        .read(&format!("{API}/admin/events/{id}/active"))
        .await;
    assert_eq!(found, json!({"participations": by_output}));
    let found = client.read(&format!("{API}/admin/events/{id}/past")).await;
    assert_eq!(found, json!({"participations": {}}));
    let nobody = address(3).to_bech32("tst");
    let found = client
        .read(&format!("{API}/addresses/{nobody}/outputs"))
        .await;
    assert_eq!(found, json!({"outputs": {}}));
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let client = counting(Auth::open()).await;
    let owner = address(1).to_bech32("other");
    let many = address(2).to_bech32("tst");
    let id = format!("0x{}", "00".repeat(32));
    for path in [
        "events?type=2",
        "events?type=x",
        "events/0x00",
        "events/xyz/status",
        &format!("events/{id}/status?milestoneIndex=-1"),
        &format!("events/{id}/status?milestoneIndex=4294967296"),
        "outputs/0x00",
        "addresses/xyz",
        "addresses/xyz/outputs",
        &format!("addresses/{owner}"),
        &format!("addresses/{owner}/outputs"),
        &format!("addresses/{many}/outputs"),
        "admin/events/0x00/active",
    ] {
        client.get(&format!("{API}/{path}")).await.error(400);
    }
    let unknown = OutputId::new(TransactionId([9; 32]), 0);
    client
        .get(&format!("{API}/outputs/{unknown}"))
        .await
        .error(404);
    client
        .get(&format!("{API}/admin/events/{id}/rewards"))
        .await
        .error(404);
    let admin = format!("{API}/admin/events");
    client.post(&admin, "text/plain", "{}").await.error(415);
    let wrong = |change: fn(&mut Value)| {
        let mut event = event();
        change(&mut event);
        event
    };
    for event in [
        wrong(|event| event["payload"] = Value::Null),
        wrong(|event| event["payload"]["questions"] = json!([])),
        wrong(|event| event["payload"]["type"] = json!(2)),
        wrong(|event| event["milestoneIndexStart"] = json!(10)),
        wrong(|event| event["milestoneIndexEnd"] = json!(20)),
        wrong(|event| event["name"] = json!("x".repeat(256))),
        wrong(|event| event["payload"]["questions"][0]["answers"][0]["value"] = json!(0)),
        wrong(|event| event["payload"]["questions"][0]["answers"][0]["value"] = json!(255)),
        json!([]),
    ] {
        client.post_json(&admin, &event).await.error(400);
    }
}

#[tokio::test]
async fn operator_s_routes_need_a_token_and_the_others_do_not() {
    let client = counting(Auth::usual(None)).await;
    client.read(&format!("{API}/events")).await;
    let id = format!("0x{}", "00".repeat(32));
    for path in [
        "",
        &format!("/{id}"),
        &format!("/{id}/active"),
        &format!("/{id}/past"),
    ] {
        client
            .get(&format!("{API}/admin/events{path}"))
            .await
            .error(403);
    }
    client
        .post_json(&format!("{API}/admin/events"), &event())
        .await
        .error(403);
}

#[tokio::test]
async fn node_that_counts_nothing_has_no_such_routes() {
    let client = client().await;
    let routes = client.read("/api/routes").await["routes"].clone();
    assert!(
        !routes
            .as_array()
            .unwrap()
            .contains(&json!("participation/v1"))
    );
    client.get(&format!("{API}/events")).await.error(404);
}
