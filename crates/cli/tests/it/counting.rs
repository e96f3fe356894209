//! Events of the configuration: every node counts them, from its start on.

use serde_json::{Value, json};

use crate::network::{Network, eventually, failure, get};
use crate::votes::event;

const CONFIG: &str = "[dev]\nnodes = 2\n[participation.counting]\nevents = [\"kitchen.json\"]\n";

fn folder_with(event: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("dev.toml"), CONFIG).expect("a file");
    std::fs::write(folder.path().join("kitchen.json"), event).expect("a file");
    folder
}

const DEV: [&str; 5] = ["dev", "--port", "0", "--config", "dev.toml"];

/// The ids of the events that the nodes count, once each counts `count`.
fn counted(network: &Network, count: usize) -> Vec<Value> {
    let nodes = network.urls["nodes"].as_array().expect("a list").iter();
    nodes
        .map(|node| {
            let rest = node["rest"].as_str().expect("an address");
            let events = rest.replace("core/v2", "participation/v1/events");
            eventually(&format!("{count} events at {events}"), || {
                let ids = get(&events).1["eventIds"].clone();
                (ids.as_array()?.len() == count).then_some(ids)
            })
        })
        .collect()
}

#[test]
fn events_of_the_configuration_are_counted_by_all_nodes_and_after_a_restart() {
    let mut event = event();
    event["milestoneIndexCommence"] = json!(500_000);
    event["milestoneIndexStart"] = json!(500_001);
    let folder = folder_with(&event.to_string());
    let network = Network::start(folder.path(), &DEV);
    let ids = counted(&network, 1);
    assert_eq!(ids[0], ids[1], "both count the same one");
    let id = ids[0][0].as_str().expect("an id");
    let rest = network.url("rest").replace("core/v2", "participation/v1");
    let (status, told) = get(&format!("{rest}/events/{id}"));
    assert_eq!((status, &told["name"]), (200, &event["name"]));
    assert_eq!(network.stop().code(), Some(0));

    // It is known already, which is no error; and a second file adds a second one.
    event["name"] = json!("Cellar");
    let config = CONFIG.replace("kitchen.json\"", "kitchen.json\", \"cellar.json\"");
    std::fs::write(folder.path().join("dev.toml"), config).expect("a file");
    std::fs::write(folder.path().join("cellar.json"), event.to_string()).expect("a file");
    let network = Network::start(folder.path(), &DEV);
    let ids = counted(&network, 2);
    assert!(ids[0].as_array().expect("a list").contains(&json!(id)));
    assert_eq!(network.stop().code(), Some(0));
}

#[test]
fn file_that_is_no_event_is_named() {
    for (text, words) in [
        ("{", "this is no event"),
        ("{}", "missing field"),
        (&event().to_string().replace("20", "5"), "this is no event"),
    ] {
        let (code, message) = failure(folder_with(text).path(), &DEV);
        assert_ne!(code, 0);
        for part in [words, "kitchen.json", "participation.counting.events"] {
            assert!(message.contains(part), "{message:?} has {part:?}");
        }
    }
    let folder = folder_with("{}");
    std::fs::remove_file(folder.path().join("kitchen.json")).expect("it was there");
    let (_, message) = failure(folder.path(), &DEV);
    assert!(message.contains("cannot be read"), "{message}");
}
