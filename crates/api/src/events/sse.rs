//! The same events as server-sent events: what a browser reads without any library.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::ready;
use futures::stream::{once, unfold};
use tokio::time::timeout;

use super::hub::Subscription;

/// Time after which a sign of life is sent when there is nothing to tell.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// The sign of life: a comment. Sent first, it also tells proxies that the answer has begun.
const COMMENT: &[u8] = b":\n\n";

/// The topics in a query such as `topics=a,b`. Where a text of a topic has a plus, a query that was
/// not encoded has a blank.
pub(super) fn topics(query: &str) -> Vec<String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "topics")
        .flat_map(|(_, list)| {
            let texts = list.split(',').map(|text| text.replace(' ', "+"));
            texts.collect::<Vec<_>>()
        })
        .filter(|text| !text.is_empty())
        .collect()
}

/// An answer that goes on until somebody ends it, or `stopped` is ready.
pub(super) fn answer(
    subscription: Subscription,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let first = Bytes::from_static(COMMENT);
    let begin = (subscription, Box::pin(stopped));
    let rest = unfold(begin, |(subscription, mut stopped)| async move {
        let piece = tokio::select! {
            piece = next(&subscription) => piece?,
            () = &mut stopped => return None,
        };
        Some((piece, (subscription, stopped)))
    });
    let stream = once(ready(first)).chain(rest).map(Ok::<_, Infallible>);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // The connection gave up its place among those that ask again.
        (header::CONNECTION, "close"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, Body::from_stream(stream)).into_response()
}

/// What is sent next; `None` at the end.
async fn next(subscription: &Subscription) -> Option<Bytes> {
    match timeout(SILENCE_MAX, subscription.subscriber().next()).await {
        Ok(Ok(mut pieces)) if pieces.len() == 1 => pieces.pop_front(),
        Ok(Ok(pieces)) => Some(joined(pieces)),
        Ok(Err(_)) => None,
        Err(_) => Some(Bytes::from_static(COMMENT)),
    }
}

fn joined(pieces: impl IntoIterator<Item = Bytes>) -> Bytes {
    let mut out = BytesMut::new();
    for piece in pieces {
        out.extend_from_slice(&piece);
    }
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found_encoded_or_not() {
        assert_eq!(topics("topics=a,b/c&x=y&topics=d"), ["a", "b/c", "d"]);
        assert_eq!(
            topics("topics=u/+/x&topics=u%2F%2B%2Fy"),
            ["u/+/x", "u/+/y"]
        );
        assert!(topics("topics=,&topic=a").is_empty());
    }
}
