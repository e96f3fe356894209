//! The OpenAPI description, made from the code that answers.

use std::fmt::Write;

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{
    Content, Info, License, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
};

use crate::content;
use crate::events;
use crate::router::{acting, operating, reading};

/// Where the description is served.
pub(crate) const JSON_PATH: &str = "/api/openapi.json";
/// Where people read it.
pub(crate) const PAGE_PATH: &str = "/api/docs";

/// The description of the whole interface.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut api) = reading()
        .merge(events::routes())
        .merge(acting())
        .merge(operating())
        .split_for_parts();
    let mut info = Info::new("Tangle", "2.0.0");
    info.description = Some(
        "Core API v2 (TIP-25), Indexer API v1 (TIP-26) and Event API v1 (TIP-28) of a Tangle \
         node. Errors have the form \
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

/// The description as a page without anything from elsewhere.
#[must_use]
pub(crate) fn page() -> String {
    let api = openapi();
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Tangle API</title><style>\
         body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
         code{background:#8882;padding:.1em .3em;border-radius:.2em}h2{margin-top:2rem}\
         dt{margin-top:1rem}dd{margin:0 0 0 2rem}</style><h1>Tangle API</h1>\
         <p>For programs: <a href=\"/api/openapi.json\"><code>/api/openapi.json</code></a></p>",
    );
    let mut tags: Vec<&str> = Vec::new();
    for (_, _, operation) in operations(&api) {
        let tag = tag(operation);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    for group in tags {
        push(&mut html, format_args!("<h2>{}</h2><dl>", Escaped(group)));
        for (path, method, operation) in operations(&api).filter(|entry| tag(entry.2) == group) {
            describe(&mut html, path, method, operation);
        }
        html.push_str("</dl>");
    }
    html.push_str("</html>\n");
    html
}

fn describe(html: &mut String, path: &str, method: &str, operation: &Operation) {
    let text = operation.summary.as_deref().unwrap_or_default();
    push(
        html,
        format_args!(
            "<dt><code>{method} {}</code></dt><dd>{}<ul>",
            Escaped(path),
            Escaped(text)
        ),
    );
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else {
            continue;
        };
        let is_needed = matches!(parameter.required, Required::True);
        push(
            html,
            format_args!(
                "<li><code>{}</code>{} {}</li>",
                Escaped(&parameter.name),
                if is_needed { "" } else { " (optional)" },
                Escaped(parameter.description.as_deref().unwrap_or_default())
            ),
        );
    }
    for (status, response) in &operation.responses.responses {
        if let RefOr::T(response) = response {
            push(
                html,
                format_args!(
                    "<li>{}: {}</li>",
                    Escaped(status),
                    Escaped(&response.description)
                ),
            );
        }
    }
    html.push_str("</ul></dd>");
}

fn operations(api: &OpenApi) -> impl Iterator<Item = (&str, &str, &Operation)> {
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

fn tag(operation: &Operation) -> &str {
    operation
        .tags
        .as_ref()
        .and_then(|tags| tags.first())
        .map_or("other", String::as_str)
}

fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).expect("a string takes any text");
}

/// A text inside HTML.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
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

    #[test]
    fn page_names_every_path_and_needs_nothing_from_elsewhere() {
        let page = page();
        let api = openapi();
        for path in api.paths.paths.keys() {
            assert!(page.contains(&path.replace('&', "&amp;")), "{path}");
        }
        for remote in ["http:", "https:", "<script"] {
            assert!(!page.contains(remote), "{remote}");
        }
    }
}
