//! The REST interface for people, made from its OpenAPI description.

use std::sync::{Arc, LazyLock};

use crate::description::{openapi, operations};
use axum::extract::State;
use axum::response::Response;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr, Required};

use crate::pages::assets;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::site::{Site, Trouble};

/// The page; the description never changes while the program runs.
static CONTENT: LazyLock<Html> = LazyLock::new(|| content(&openapi()));

/// The page.
pub(crate) async fn page(State(site): State<Arc<Site>>) -> Response {
    answer(&site, Place::Docs, made(&site))
}

fn made(site: &Site) -> Result<Page, Trouble> {
    site.require(&["/api/docs"])?;
    let mut page = Page::new(Place::Docs, "API", CONTENT.clone());
    page.script = Some(&*assets::TRY);
    Ok(page)
}

fn content(api: &OpenApi) -> Html {
    let mut html = Html::default();
    html.plain("h1", "REST interface");
    html.tag("p", &[], |html| {
        html.text("For programs: ");
        html.link("/api/openapi.json", "/api/openapi.json");
    });
    // Filled by the script, which offers it to those who have a token.
    html.tag("div", &[("id", "token")], |_| {});
    let mut tags: Vec<&str> = Vec::new();
    for (_, _, operation) in operations(api) {
        let tag = tag(operation);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    for group in tags {
        html.plain("h2", group);
        for (path, method, operation) in operations(api).filter(|entry| tag(entry.2) == group) {
            describe(&mut html, path, method, operation);
        }
    }
    html
}

fn describe(html: &mut Html, path: &str, method: &str, operation: &Operation) {
    let attributes = [
        ("class", "card operation"),
        ("data-method", method),
        ("data-path", path),
    ];
    html.tag("details", &attributes, |html| {
        html.tag("summary", &[], |html| {
            html.leaf("span", "method", method);
            html.text(" ");
            html.leaf("code", "id", path);
            html.leaf(
                "span",
                "quiet",
                operation.summary.as_deref().unwrap_or_default(),
            );
        });
        if let Some(text) = &operation.description {
            html.plain("p", text);
        }
        let parameters: Vec<&Parameter> = operation
            .parameters
            .iter()
            .flatten()
            .filter_map(|parameter| match parameter {
                RefOr::T(parameter) => Some(parameter),
                RefOr::Ref(_) => None,
            })
            .collect();
        if !parameters.is_empty() {
            html.plain("h3", "Parameters");
            html.tag("dl", &[("class", "facts")], |html| {
                parameters.iter().for_each(|known| parameter(html, known));
            });
        }
        if operation.request_body.is_some() {
            html.plain("h3", "Takes a body");
        }
        html.plain("h3", "Answers");
        html.tag("dl", &[("class", "facts")], |html| {
            for (status, response) in &operation.responses.responses {
                if let RefOr::T(response) = response {
                    html.tag("div", &[], |html| {
                        html.plain("dt", status);
                        html.plain("dd", &response.description);
                    });
                }
            }
        });
    });
}

fn parameter(html: &mut Html, parameter: &Parameter) {
    let place = match parameter.parameter_in {
        ParameterIn::Path => "path",
        _ => "query",
    };
    let attributes = [
        ("data-parameter", parameter.name.as_str()),
        ("data-in", place),
    ];
    html.tag("div", &attributes, |html| {
        html.tag("dt", &[], |html| html.plain("code", &parameter.name));
        html.tag("dd", &[], |html| {
            if !matches!(parameter.required, Required::True) {
                html.leaf("span", "quiet", "optional ");
            }
            html.text(parameter.description.as_deref().unwrap_or_default());
        });
    });
}

fn tag(operation: &Operation) -> &str {
    let first = operation.tags.as_ref().and_then(|tags| tags.first());
    first.map_or("other", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_names_every_path() {
        let page = CONTENT.clone().into_document();
        for path in openapi().paths.paths.keys() {
            assert!(page.contains(path.as_str()), "{path}");
        }
        for remote in ["http:", "https:"] {
            assert!(!page.contains(remote), "{remote}");
        }
    }
}
