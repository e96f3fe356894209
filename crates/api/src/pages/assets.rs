//! Files that pages use. They lie in the binary, and their address names their content, so that a
//! browser may keep them for ever.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// A file that lies in the binary.
#[derive(Debug)]
pub struct Asset {
    content_type: &'static str,
    content: &'static str,
    path: String,
}

impl Asset {
    /// A file with a name that has an ending, such as `style.css`.
    ///
    /// # Panics
    /// The name has no ending.
    #[must_use]
    pub fn new(name: &str, content_type: &'static str, content: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(content.as_bytes());
        let (stem, ending) = name.split_once('.').expect("names of files have an ending");
        Self {
            content_type,
            content,
            path: format!("/assets/{stem}-{:016x}.{ending}", hasher.finish()),
        }
    }

    /// Where it is served.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn answer(&self) -> Response {
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.content_type),
            ),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=31536000, immutable"),
            ),
        ];
        (headers, self.content).into_response()
    }
}

/// How pages look.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/style.css");
    Asset::new("style.css", "text/css; charset=utf-8", content)
});
/// Keeps what moves up to date.
pub(crate) static LIVE: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/live.js");
    Asset::new("live.js", "text/javascript; charset=utf-8", content)
});
/// Tries routes of the REST interface.
pub(crate) static TRY: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/try.js");
    Asset::new("try.js", "text/javascript; charset=utf-8", content)
});
/// Draws the Tangle.
pub(crate) static VISUALIZER: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/visualizer.js");
    Asset::new("visualizer.js", "text/javascript; charset=utf-8", content)
});
/// The sign of the pages.
pub(crate) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/icon.svg");
    Asset::new("icon.svg", "image/svg+xml", content)
});

/// The routes of all files of the node's pages.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    routes([&*STYLE, &*LIVE, &*TRY, &*VISUALIZER, &*ICON])
}

/// The routes of some files.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(
    assets: impl IntoIterator<Item = &'static Asset>,
) -> Router<S> {
    assets.into_iter().fold(Router::new(), |router, asset| {
        router.route(asset.path(), get(async || asset.answer()))
    })
}
