//! Votes as they lie in tagged data, and events in bytes and JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tangle_fuzz::{check_json, read};
use tangle_types::Codec;
use tangle_types::json::{self, ParticipationEventJson, ParticipationsJson};
use tangle_types::participation::{ParticipationEvent, Participations};

fuzz_target!(|data: &[u8]| {
    let participations = read::<Participations>(data);
    if let Some(participations) = &participations {
        check_json::<_, ParticipationsJson>(participations);
    }
    match Participations::read_counted(data) {
        Ok(counted) => assert!(data.starts_with(&counted.to_bytes())),
        Err(_) => assert!(participations.is_none_or(|all| all.0.is_empty())),
    }
    if let Some(event) = read::<ParticipationEvent>(data) {
        check_json::<_, ParticipationEventJson>(&event);
    }
    if let Ok(json) = json::from_slice::<ParticipationEventJson>(data)
        && let Ok(event) = ParticipationEvent::try_from(json)
    {
        check_json::<_, ParticipationEventJson>(&event);
        let again = read::<ParticipationEvent>(&event.to_bytes());
        assert_eq!(again.map(|again| again.id()), Some(event.id()));
    }
    if let Ok(json) = json::from_slice::<ParticipationsJson>(data)
        && let Ok(participations) = Participations::try_from(json)
    {
        assert_eq!(read(&participations.to_bytes()), Some(participations));
    }
});
