//! Orders that are carried out once, however often their form is sent.
//!
//! ```text
//! form drawn ──> key ──> form sent ──> place of the key: empty ──> carried out, place is filled
//!                            └─ again ──────────────────> filled ──> what it led to
//! ```
//!
//! Keys are numbered as their forms are drawn, and only those that were used are remembered. When
//! the lowest of them is forgotten, it and all below it are refused from then on: nobody knows any
//! more whether they were used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_core::{OsRng, RngCore};
use tokio::sync::OnceCell;

/// Used keys that are remembered, each with what it led to.
const USED_MAX: usize = 256;

/// Gives keys to forms, and knows what those that were used led to.
pub(crate) struct Once<T> {
    /// Tells its keys from those of an earlier process.
    origin: String,
    /// Guards the keys; held for one look or change.
    keys: Mutex<Keys<T>>,
}

struct Keys<T> {
    /// How many were given.
    given: u64,
    /// Those below are not taken any more.
    least: u64,
    used: BTreeMap<u64, Arc<OnceCell<T>>>,
}

/// A key that was not given, or so long ago that nobody knows whether it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StaleKey;

impl<T> Once<T> {
    pub(crate) fn new() -> Self {
        let mut origin = [0; 16];
        OsRng.fill_bytes(&mut origin);
        Self {
            origin: hex::encode(origin),
            keys: Mutex::new(Keys {
                given: 0,
                least: 0,
                used: BTreeMap::new(),
            }),
        }
    }

    /// A key for a form that is drawn.
    pub(crate) fn key(&self) -> String {
        let mut keys = self.keys();
        let number = keys.given;
        keys.given += 1;
        format!("{}-{number}", self.origin)
    }

    /// The place for what a key leads to; from now on the key counts as used.
    ///
    /// # Errors
    /// It is not known whether the key was used.
    pub(crate) fn place(&self, key: &str) -> Result<Arc<OnceCell<T>>, StaleKey> {
        let number = key.strip_prefix(self.origin.as_str());
        let number = number.and_then(|rest| rest.strip_prefix('-')?.parse().ok());
        let number: u64 = number.ok_or(StaleKey)?;
        let mut keys = self.keys();
        if number < keys.least || number >= keys.given {
            return Err(StaleKey);
        }
        let place = Arc::clone(keys.used.entry(number).or_default());
        if keys.used.len() > USED_MAX
            && let Some((forgotten, _)) = keys.used.pop_first()
        {
            keys.least = forgotten + 1;
        }
        Ok(place)
    }

    fn keys(&self) -> MutexGuard<'_, Keys<T>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_key_leads_to_what_it_led_to() {
        let once = Once::new();
        let (first, second) = (once.key(), once.key());
        let place = once.place(&first).expect("it was given");
        place.set(1).expect("it is empty");
        let again = once.place(&first).expect("it is remembered");
        assert_eq!(again.get(), Some(&1));
        let other = once.place(&second).expect("it was given");
        assert_eq!(other.get(), None);
    }

    #[test]
    fn keys_that_were_not_given_are_refused() {
        let once = Once::<u32>::new();
        let key = once.key();
        let later = key.replace("-0", "-1");
        let elsewhere = Once::<u32>::new().key();
        for bad in ["", "0", "-0", &later, &elsewhere, &key[..32], &key[1..]] {
            assert_eq!(once.place(bad).err(), Some(StaleKey), "{bad}");
        }
        assert!(once.place(&key).is_ok());
    }

    #[test]
    fn forgotten_keys_are_never_taken_again() {
        let once = Once::new();
        let unused = once.key();
        let keys: Vec<String> = (0..=USED_MAX).map(|_| once.key()).collect();
        for (number, key) in keys.iter().enumerate() {
            let place = once.place(key).expect("it was given");
            place.set(number).expect("it is empty");
        }
        for key in [&unused, &keys[0]] {
            assert_eq!(once.place(key).err(), Some(StaleKey));
        }
        for (number, key) in keys.iter().enumerate().skip(1) {
            let place = once.place(key).expect("it is remembered");
            assert_eq!(place.get(), Some(&number));
        }
    }
}
