//! One request, one bounded answer.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

/// Media type of the binary form.
pub(crate) const BINARY: &str = "application/vnd.iota.serializer-v1";
const JSON: &str = "application/json";
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for an answer; proof of work on the node may take a while.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Characters of a node's message that are kept.
const MESSAGE_CHARS_MAX: usize = 300;

/// Why a node did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one of a node.
    #[error("{url} is not the address of a node: {reason}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// No answer came.
    #[error("no answer from {url}: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The node refused.
    #[error("the node answers {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The node's words.
        message: String,
    },
    /// The answer makes no sense.
    #[error("the answer to {url} is not understood: {reason}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// Whether the node refused with this HTTP status.
    #[must_use]
    pub fn is_status(&self, wanted: u16) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == wanted)
    }
}

/// The connections to one node.
#[derive(Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Transport")
            .field(&self.base)
            .finish()
    }
}

/// How a request asks for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Json,
    Binary,
}

impl Transport {
    pub(crate) fn new(base_url: &str) -> Result<Self, ClientError> {
        let base = base_url.trim_end_matches('/').to_owned();
        let refuse = |reason: String| ClientError::Address {
            url: base_url.to_owned(),
            reason,
        };
        if !base.starts_with("http://") {
            return Err(refuse("it must start with http:// and name a host".into()));
        }
        reqwest::Url::parse(&base).map_err(|error| refuse(error.to_string()))?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            http,
            base,
            token: None,
        })
    }

    pub(crate) fn set_token(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The status of an answer whose body does not matter.
    pub(crate) async fn status(&self, path: &str) -> Result<u16, ClientError> {
        let url = format!("{}{path}", self.base);
        let response = self.http.get(&url).send().await;
        match response {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => Err(unreachable(url, &error)),
        }
    }

    pub(crate) async fn get(&self, path: &str, form: Form) -> Result<Bytes, ClientError> {
        self.send(Method::GET, path, form, None).await
    }

    pub(crate) async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let body = self.get(path, Form::Json).await?;
        self.parse(path, &body)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: Form,
        body: Vec<u8>,
    ) -> Result<T, ClientError> {
        let body = self
            .send(Method::POST, path, Form::Json, Some((form, body)))
            .await?;
        self.parse(path, &body)
    }

    /// Posts bytes whose answer are bytes.
    pub(crate) async fn post_binary(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Bytes, ClientError> {
        let body = Some((Form::Binary, body));
        self.send(Method::POST, path, Form::Binary, body).await
    }

    /// Posts what has no answer but that it was done.
    pub(crate) async fn order(&self, path: &str, body: Vec<u8>) -> Result<(), ClientError> {
        let body = Some((Form::Json, body));
        self.send(Method::POST, path, Form::Json, body).await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(Method::DELETE, path, Form::Json, None).await?;
        Ok(())
    }

    /// `answer`, or an error of this transport when it is not understood.
    pub(crate) fn misunderstood(&self, path: &str, reason: impl std::fmt::Display) -> ClientError {
        ClientError::Answer {
            url: format!("{}{path}", self.base),
            reason: reason.to_string(),
        }
    }

    fn parse<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body).map_err(|error| self.misunderstood(path, error))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        answer: Form,
        body: Option<(Form, Vec<u8>)>,
    ) -> Result<Bytes, ClientError> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(method, &url)
            .header(ACCEPT, answer.media_type());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some((form, body)) = body {
            request = request.header(CONTENT_TYPE, form.media_type()).body(body);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(unreachable(url, &error)),
        };
        let status = response.status();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    let reason = format!("it has more than {ANSWER_BYTES_MAX} bytes");
                    return Err(ClientError::Answer { url, reason });
                }
                Ok(None) => break,
                Err(error) => return Err(unreachable(url, &error)),
            }
        }
        if status.is_success() {
            return Ok(Bytes::from(body));
        }
        Err(refused(status, &body))
    }
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Binary => BINARY,
        }
    }
}

fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    let message = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|answer| answer["error"]["message"].as_str().map(str::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    ClientError::Refused {
        status: status.as_u16(),
        message: message.chars().take(MESSAGE_CHARS_MAX).collect(),
    }
}

/// The innermost reason is the one that helps.
fn unreachable(url: String, error: &reqwest::Error) -> ClientError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    ClientError::Unreachable {
        url,
        reason: cause.to_string(),
    }
}
