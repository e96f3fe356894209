//! The OpenAPI description, made from the code that answers.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, Info, License, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::content;
use crate::events;
use crate::participation;
use crate::router::{acting, operating, reading};

/// Where the description is served.
pub(crate) const JSON_PATH: &str = "/api/openapi.json";

/// The description of the whole interface.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut api) = reading()
        .merge(events::routes())
        .merge(acting())
        .merge(operating())
        .merge(participation::reading())
        .merge(participation::operating())
        .split_for_parts();
    let mut info = Info::new("Tangle", "2.0.0");
    info.description = Some(
        "Core API v2 (TIP-25), Indexer API v1 (TIP-26) and Event API v1 (TIP-28) of a Tangle \
         node; and where it counts votes, Participation API v1. Errors have the form \
         {\"error\":{\"code\":\"404\",\"message\":\"…\"}}."
            .to_owned(),
    );
    info.license = Some(License::new("Apache-2.0"));
    api.info = info;
    for item in api.paths.paths.values_mut() {
        for operation in operations_mut(item) {
            add_common_answers(operation);
        }
    }
    api
}

/// [`openapi`] as text, ending in a line feed.
///
/// # Panics
/// Never: the description can be written as JSON.
#[must_use]
pub fn json() -> String {
    let mut text = openapi()
        .to_pretty_json()
        .expect("the description consists of texts and numbers");
    text.push('\n');
    text
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// Adds what every operation may answer.
fn add_common_answers(operation: &mut Operation) {
    let mut common = vec![
        ("401", "The token is not valid."),
        ("403", "Nobody may use this path."),
        ("500", "The node failed; its log says more."),
    ];
    // Without a token where one is needed.
    common.push(("400", "A token is needed."));
    if operation.request_body.is_some() {
        common.push(("408", "The body came too slowly."));
        common.push(("413", "The body is too large."));
    }
    for (status, description) in common {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(error_answer(description)));
    }
}

fn error_answer(description: &str) -> Response {
    let schema = Ref::from_schema_name("ErrorBody");
    ResponseBuilder::new()
        .description(description)
        .content(content::JSON, Content::new(Some(schema)))
        .build()
}

/// All operations with their paths and methods.
pub(crate) fn operations(api: &OpenApi) -> impl Iterator<Item = (&str, &str, &Operation)> {
    api.paths.paths.iter().flat_map(|(path, item)| {
        [
            ("GET", &item.get),
            ("POST", &item.post),
            ("DELETE", &item.delete),
        ]
        .into_iter()
        .filter_map(move |(method, operation)| Some((path.as_str(), method, operation.as_ref()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_says_what_it_answers_and_every_reference_leads_somewhere() {
        let api = openapi();
        let (mut count, mut ids) = (0, Vec::new());
        for (path, method, operation) in operations(&api) {
            count += 1;
            assert!(operation.summary.is_some(), "{method} {path}");
            assert!(operation.responses.responses.len() > 3, "{method} {path}");
            ids.push(operation.operation_id.clone());
        }
        assert!(count >= 36, "{count}");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "operation ids are unique");
        let text = json();
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(value["openapi"], "3.1.0");
        let schemas = value["components"]["schemas"].as_object().expect("schemas");
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().expect("a name");
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
