//! What a visitor filled into a form.

use axum::extract::Request;

use crate::origin::{self, is_foreign_form};
use crate::pages::site::{Site, Trouble};

/// The fields of a form of these pages, which sent it.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form. Only those of the node's own pages are taken.
    pub(crate) async fn read(site: &Site, request: Request) -> Result<Self, Trouble> {
        if is_foreign_form(request.headers()) {
            return Err(Trouble::Forged);
        }
        let (parts, body) = request.into_parts();
        let body = site.forms.read(&parts.headers, body).await;
        let body = body.map_err(|_| {
            Trouble::Wrong("The form is too long, or did not come whole.".to_owned())
        })?;
        let fields = form_urlencoded::parse(&body).into_owned();
        Ok(Self(fields.collect()))
    }

    /// Reads a form that is good without a session: it must come from a page that was opened at an
    /// address, as a name could have been made to lead here from elsewhere.
    pub(crate) async fn read_open(site: &Site, request: Request) -> Result<Self, Trouble> {
        if !origin::is_at_fixed_host(request.headers()) {
            return Err(Trouble::Named);
        }
        Self::read(site, request).await
    }

    /// The text of a field without white space around it; empty if there is no such field.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value.trim())
    }
}
