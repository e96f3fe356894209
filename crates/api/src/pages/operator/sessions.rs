//! Sessions of operators: a secret in a cookie for a token that was shown once.
//!
//! The secret is random, of 256 bits, and the node keeps only its hash. A session ends after a time
//! without use, after a working day, with its token, and with the process. Forms carry another
//! secret, made from the first, which pages of others cannot know.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use rand_core::{OsRng, RngCore};
use ring::digest::{SHA256, digest};

/// Sessions at once; one more ends the one that was unused for longest.
const SESSIONS_MAX: usize = 16;
/// A session that is not used for so long ends.
const IDLE_MAX: Duration = Duration::from_secs(30 * 60);
/// A session ends after so long, however much it is used.
const AGE_MAX: Duration = Duration::from_secs(8 * 3_600);
/// What is hashed in front of a session's secret for that of its forms.
const FORM_PREFIX: &[u8] = b"form of ";

type Hash = [u8; 32];

/// The sessions of a node.
pub(crate) struct Sessions {
    /// Name of the cookie. Cookies do not know ports, so that nodes of one machine need several.
    cookie: String,
    /// Guards the sessions by the hash of their secret; held for one look or change.
    open: Mutex<HashMap<Hash, Session>>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    used: Instant,
    ends: Instant,
}

/// Who has a session.
pub(crate) struct Operator {
    hash: Hash,
    /// What forms of this session carry.
    pub(crate) form_key: String,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        let mut number = [0; 4];
        OsRng.fill_bytes(&mut number);
        Self {
            cookie: format!("tangle_{}", hex::encode(number)),
            open: Mutex::default(),
        }
    }

    /// Opens a session for at most `time`; the value of the header that gives its cookie.
    pub(crate) fn open(&self, time: Duration, is_encrypted: bool, now: Instant) -> String {
        let mut secret = [0; 32];
        OsRng.fill_bytes(&mut secret);
        let secret = hex::encode(secret);
        let time = time.min(AGE_MAX);
        let session = Session {
            used: now,
            ends: now + time,
        };
        let mut open = self.sessions();
        open.retain(|_, session| session.is_open(now));
        if open.len() >= SESSIONS_MAX {
            let unused = open.iter().min_by_key(|(_, session)| session.used);
            let unused = unused.map(|(hash, _)| *hash);
            unused.and_then(|hash| open.remove(&hash));
        }
        open.insert(sha256(&[secret.as_bytes()]), session);
        self.set_cookie(&secret, time, is_encrypted)
    }

    /// Whose session the cookie of a request names; that counts as use.
    pub(crate) fn operator(&self, headers: &HeaderMap, now: Instant) -> Option<Operator> {
        let secret = self.secret(headers)?;
        let hash = sha256(&[secret.as_bytes()]);
        let mut open = self.sessions();
        let session = open.get_mut(&hash)?;
        if !session.is_open(now) {
            open.remove(&hash);
            return None;
        }
        session.used = now;
        let form_key = hex::encode(sha256(&[FORM_PREFIX, secret.as_bytes()]));
        Some(Operator { hash, form_key })
    }

    /// Ends a session; the value of the header that takes its cookie back.
    pub(crate) fn end(&self, operator: &Operator) -> String {
        self.sessions().remove(&operator.hash);
        self.set_cookie("", Duration::ZERO, false)
    }

    fn set_cookie(&self, secret: &str, time: Duration, is_encrypted: bool) -> String {
        let name = &self.cookie;
        let seconds = time.as_secs();
        let secure = if is_encrypted { "; Secure" } else { "" };
        format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    fn secret<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let values = headers.get_all(header::COOKIE).into_iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';'));
        pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.cookie).then_some(value)
        })
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_open(&self, now: Instant) -> bool {
        now < self.ends && now.duration_since(self.used) < IDLE_MAX
    }
}

impl Operator {
    /// Whether a form is of this session. Hashes are compared, so that the time it takes tells
    /// nothing.
    pub(crate) fn has_sent(&self, form_key: &str) -> bool {
        sha256(&[form_key.as_bytes()]) == sha256(&[self.form_key.as_bytes()])
    }
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let hash = digest(&SHA256, &parts.concat());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// A browser that keeps one cookie.
    fn browser(set_cookie: &str) -> HeaderMap {
        let (pair, _) = set_cookie.split_once(';').expect("there are attributes");
        let value = HeaderValue::from_str(&format!("other=1; {pair}")).expect("a cookie");
        HeaderMap::from_iter([(header::COOKIE, value)])
    }

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn session_ends_unused_after_a_day_and_with_its_token() {
        let sessions = Sessions::new();
        let start = Instant::now();
        let is_open = |headers: &HeaderMap, now| sessions.operator(headers, now).is_some();

        let unused = browser(&sessions.open(AGE_MAX, false, start));
        assert!(is_open(&unused, start));
        assert!(!is_open(&unused, start + IDLE_MAX));
        assert!(!is_open(&unused, start), "it does not come back");

        let used = browser(&sessions.open(HOUR * 100, false, start));
        let step = IDLE_MAX / 2;
        let mut now = start;
        while now + step < start + AGE_MAX {
            now += step;
            assert!(is_open(&used, now), "{:?}", now - start);
        }
        assert!(!is_open(&used, start + AGE_MAX));

        let short = browser(&sessions.open(HOUR / 60, false, start));
        assert!(is_open(&short, start));
        assert!(!is_open(&short, start + HOUR / 60));
    }

    #[test]
    fn sessions_are_few_and_other_secrets_open_nothing() {
        let sessions = Sessions::new();
        let start = Instant::now();
        let mut browsers = Vec::new();
        for count in 0..=SESSIONS_MAX as u64 {
            let now = start + Duration::from_secs(count);
            browsers.push(browser(&sessions.open(HOUR, false, now)));
        }
        let now = start + HOUR / 60;
        assert!(sessions.operator(&browsers[0], now).is_none(), "the oldest");
        for browser in &browsers[1..] {
            assert!(sessions.operator(browser, now).is_some());
        }
        let others = Sessions::new();
        assert!(others.operator(&browsers[1], now).is_none());
        for forged in ["", "0", &"0".repeat(64)] {
            let cookie = format!("{}={forged}; Path=/", sessions.cookie);
            assert!(sessions.operator(&browser(&cookie), now).is_none());
        }
    }

    #[test]
    fn forms_belong_to_one_session() {
        let sessions = Sessions::new();
        let now = Instant::now();
        let [one, two] = [(); 2].map(|()| {
            let cookie = sessions.open(HOUR, true, now);
            for attribute in [
                "; HttpOnly",
                "; SameSite=Strict",
                "; Secure",
                "; Max-Age=3600;",
            ] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            let operator = sessions.operator(&browser(&cookie), now);
            operator.expect("it is open")
        });
        assert!(one.has_sent(&one.form_key));
        assert!(!one.has_sent(&two.form_key));
        assert!(!one.has_sent(""));
    }
}
