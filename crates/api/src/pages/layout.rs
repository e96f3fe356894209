//! The frame of every page, and the answers that have one.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::pages::html::Html;
use crate::pages::site::{Site, Trouble};
use crate::pages::{assets, load, peers, visualizer};

/// What the pages are allowed to do in a browser: nothing but use the node's own files.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// A place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Visualizer,
    Explorer,
    Peers,
    Faucet,
    Wallet,
    Load,
    Docs,
    Operator,
}

impl Place {
    const ALL: [Self; 9] = [
        Self::Overview,
        Self::Visualizer,
        Self::Explorer,
        Self::Peers,
        Self::Faucet,
        Self::Wallet,
        Self::Load,
        Self::Docs,
        Self::Operator,
    ];

    const fn path_and_name(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("/", "Overview"),
            Self::Visualizer => (visualizer::PATH, "Visualizer"),
            Self::Explorer => ("/explorer", "Explorer"),
            Self::Peers => ("/peers", "Peers"),
            Self::Faucet => ("/faucet", "Faucet"),
            Self::Wallet => ("/wallet", "Wallet"),
            Self::Load => (load::PATH, "Load"),
            Self::Docs => ("/api/docs", "API"),
            Self::Operator => ("/maintenance", "Operator"),
        }
    }

    /// Whether there is something to see for everybody.
    fn is_open(self, site: &Site) -> bool {
        match self {
            Self::Overview => site.may_read("/api/core/v2/info"),
            Self::Visualizer => site.may_read(visualizer::STREAM),
            Self::Explorer => true,
            Self::Peers => site.may_read(peers::PATH),
            Self::Faucet => site.beside.faucet.is_some(),
            Self::Wallet => site.beside.wallet.is_some(),
            Self::Load => site.beside.load.is_some(),
            Self::Docs => site.may_read("/api/docs"),
            Self::Operator => site.api.auth.has_tokens(),
        }
    }
}

/// A page without its frame.
pub(crate) struct Page {
    pub(crate) place: Place,
    pub(crate) title: String,
    pub(crate) status: StatusCode,
    pub(crate) content: Html,
    /// After how many milliseconds the page is asked for again, if what it shows moves.
    pub(crate) renewed_ms: Option<u32>,
    /// Whether there is nothing to do on the page but to wait, so that a browser without scripts
    /// asks for it again too.
    pub(crate) is_awaited: bool,
    /// Whether the content has the field of the search, so that the frame needs none.
    pub(crate) has_search: bool,
    /// Scripts besides the one that renews.
    pub(crate) script: Option<&'static assets::Asset>,
}

impl Page {
    pub(crate) fn new(place: Place, title: impl Into<String>, content: Html) -> Self {
        Self {
            place,
            title: title.into(),
            status: StatusCode::OK,
            content,
            renewed_ms: None,
            is_awaited: false,
            has_search: false,
            script: None,
        }
    }

    /// The page asks for itself again every so many milliseconds.
    pub(crate) fn renewed_every(mut self, milliseconds: u32) -> Self {
        self.renewed_ms = Some(milliseconds);
        self
    }

    /// The page asks for itself again until it shows what is waited for, also without scripts.
    pub(crate) fn awaited(mut self, milliseconds: u32) -> Self {
        self.is_awaited = true;
        self.renewed_every(milliseconds)
    }
}

/// What frames a page: who serves it, where its navigation leads, and what it is written with.
pub(crate) struct Frame<'a> {
    /// The network, or what else is beside the name.
    pub(crate) network: &'a str,
    /// Addresses, names, and which of them is this page.
    pub(crate) places: Vec<(&'a str, &'a str, bool)>,
    pub(crate) has_search: bool,
    /// Whether a browser without scripts asks for the page again.
    pub(crate) is_awaited: bool,
    pub(crate) styles: Vec<&'a assets::Asset>,
    pub(crate) scripts: Vec<&'a assets::Asset>,
    /// Program and version.
    pub(crate) program: (&'a str, &'a str),
}

/// The answer with a page, or with why there is none.
pub(crate) fn answer(site: &Site, place: Place, page: Result<Page, Trouble>) -> Response {
    let page = page.unwrap_or_else(|trouble| trouble_page(place, &trouble));
    let status = site.node.status();
    let places = Place::ALL.into_iter().filter(|place| place.is_open(site));
    let places = places.map(|place| {
        let (path, name) = place.path_and_name();
        (path, name, place == page.place)
    });
    let frame = Frame {
        network: &status.parameters.network_name,
        places: places.collect(),
        has_search: !page.has_search,
        is_awaited: page.is_awaited,
        styles: vec![&assets::STYLE],
        scripts: page.script.into_iter().chain([&*assets::LIVE]).collect(),
        program: (&site.api.name, &site.api.version),
    };
    frame.answer(page.status, &page.title, &page.content, page.renewed_ms)
}

/// Adds what every answer says to browsers.
pub(crate) async fn guarded(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With less, browsers do not say of a form that it is of the node's own page.
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn trouble_page(place: Place, trouble: &Trouble) -> Page {
    let (title, what, advice) = match trouble {
        Trouble::NotFound { what, advice } => ("Not found", what.as_str(), advice.as_str()),
        Trouble::Wrong(what) => ("Not understood", what.as_str(), "Go back and correct it."),
        Trouble::Closed => (
            "Not for everybody",
            "The operator of this node keeps this to those with a token.",
            "Sign in with a token, use the command line with one, or ask another node.",
        ),
        Trouble::Forged => (
            "Not taken",
            "This form is not of this page, or of a session that ended.",
            "Open the page anew, and use its form.",
        ),
        Trouble::Named => (
            "Not taken",
            "This page was opened under a name, which somebody else could make lead here.",
            "Open it at an IP address or at localhost, and use its form there.",
        ),
        Trouble::Away(reason) => ("Not now", reason.as_str(), "Try again in a moment."),
        Trouble::Failed => (
            "The node failed",
            "The page could not be made.",
            "The node's log says why. Try again in a moment.",
        ),
    };
    let mut html = Html::default();
    html.tag("section", &[("class", "card trouble")], |html| {
        html.plain("h1", title);
        html.leaf("p", "lead", what);
        html.plain("p", advice);
        if place == Place::Explorer {
            search_form(html, "");
        }
    });
    let mut page = Page::new(place, title, html);
    page.status = trouble.status();
    page.has_search = place == Place::Explorer;
    page
}

/// The field that finds everything.
pub(crate) fn search_form(html: &mut Html, query: &str) {
    let form = [
        ("action", "/explorer/search"),
        ("method", "get"),
        ("role", "search"),
        ("class", "search"),
    ];
    html.tag("form", &form, |html| {
        html.void(
            "input",
            &[
                ("type", "search"),
                ("name", "q"),
                ("value", query),
                ("aria-label", "Search"),
                ("placeholder", "Any id, address, milestone or tag"),
                ("autocomplete", "off"),
                ("autocapitalize", "none"),
                ("spellcheck", "false"),
                ("maxlength", "256"),
                ("required", ""),
            ],
        );
        html.tag("button", &[("type", "submit")], |html| html.text("Search"));
    });
}

impl Frame<'_> {
    /// The answer with a page in this frame.
    pub(crate) fn answer(
        &self,
        status: StatusCode,
        title: &str,
        content: &Html,
        renewed_ms: Option<u32>,
    ) -> Response {
        let document = self.document(title, content, renewed_ms).into_document();
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (status, headers, document).into_response()
    }

    fn document(&self, title: &str, content: &Html, renewed_ms: Option<u32>) -> Html {
        let mut html = Html::default();
        html.tag("html", &[("lang", "en")], |html| {
            self.head(html, title);
            html.tag("body", &[], |html| {
                html.tag("a", &[("class", "skip"), ("href", "#content")], |html| {
                    html.text("Skip to the content");
                });
                self.header(html);
                let every;
                let mut attributes = vec![("id", "content")];
                if let Some(milliseconds) = renewed_ms {
                    every = milliseconds.to_string();
                    attributes.push(("data-renew", &every));
                }
                html.tag("main", &attributes, |html| html.add(content));
                self.footer(html);
            });
        });
        html
    }

    fn head(&self, html: &mut Html, title: &str) {
        html.tag("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            html.void(
                "meta",
                &[
                    ("name", "viewport"),
                    ("content", "width=device-width, initial-scale=1"),
                ],
            );
            html.void(
                "meta",
                &[("name", "color-scheme"), ("content", "light dark")],
            );
            html.tag("title", &[], |html| {
                html.text(format_args!("{title} · Tangle"));
            });
            if self.is_awaited {
                html.tag("noscript", &[], |html| {
                    html.void("meta", &[("http-equiv", "refresh"), ("content", "2")]);
                });
            }
            for style in &self.styles {
                let attributes = [("rel", "stylesheet"), ("href", style.path())];
                html.void("link", &attributes);
            }
            html.void(
                "link",
                &[
                    ("rel", "icon"),
                    ("type", "image/svg+xml"),
                    ("href", assets::ICON.path()),
                ],
            );
            for script in &self.scripts {
                let attributes = [("src", script.path()), ("type", "module")];
                html.tag("script", &attributes, |_| {});
            }
        });
    }

    fn header(&self, html: &mut Html) {
        html.tag("header", &[("class", "top")], |html| {
            html.tag("div", &[("class", "brand")], |html| {
                html.tag("a", &[("href", "/")], |html| {
                    let picture = [
                        ("src", assets::ICON.path()),
                        ("alt", ""),
                        ("width", "24"),
                        ("height", "24"),
                    ];
                    html.void("img", &picture);
                    html.plain("strong", "Tangle");
                });
                html.leaf("span", "network", self.network);
            });
            if !self.places.is_empty() {
                html.tag("nav", &[("aria-label", "Pages")], |html| {
                    self.navigation(html);
                });
            }
            if self.has_search {
                search_form(html, "");
            }
        });
    }

    fn navigation(&self, html: &mut Html) {
        html.tag("ul", &[], |html| {
            for (path, name, is_here) in &self.places {
                let mut attributes = vec![("href", *path)];
                if *is_here {
                    attributes.push(("aria-current", "page"));
                }
                html.tag("li", &[], |html| {
                    html.tag("a", &attributes, |html| html.text(name));
                });
            }
        });
    }

    fn footer(&self, html: &mut Html) {
        let (name, version) = self.program;
        html.tag("footer", &[], |html| {
            html.text(format_args!(
                "{name} {version} · these pages load nothing from elsewhere"
            ));
        });
    }
}
