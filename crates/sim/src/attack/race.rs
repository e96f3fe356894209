//! Attacks that need no Tangle to be judged: a race of the attacker's work against honest weight,
//! as in section 4 of the whitepaper.

use tangle_dag::Chance;

use super::setup::{Attack, Rule, Setup};

/// Behind by so much, nobody comes back.
const HOPELESS: i64 = 300;
/// Own weights that an attacker waits for, each three times the one before.
const LEVELS: i32 = 10;

/// Whether the attacker wins.
pub(super) fn wins(setup: &Setup, chance: &mut Chance) -> bool {
    let mu = setup.per_delay * setup.share;
    let lambda = setup.per_delay - mu;
    let weight = match setup.rule {
        Rule::Weight { least } => least,
        // A merchant who looks at walks waits at least until all arrivals approve the payment.
        Rule::Confidence { .. } => lambda.ceil() as u64,
        Rule::Age { least } => (lambda * least) as u64,
    };
    match setup.attack {
        Attack::LargeWeight => large_weight(mu, lambda, weight, chance),
        _ => outpaces(mu, lambda, weight, chance),
    }
}

/// Blocks of weight 1 against honest blocks of weight 1: whether the attacker, who starts with the
/// payment, ever has strictly more. The merchant waits for `weight`, which takes the time in which
/// so many honest blocks come.
fn outpaces(mu: f64, lambda: f64, weight: u64, chance: &mut Chance) -> bool {
    if mu <= 0.0 {
        return false;
    }
    let lead = weight as f64 / lambda;
    let mut behind = weight as i64;
    let mut time = chance.wait() / mu;
    while time <= lead {
        behind -= 1;
        time += chance.wait() / mu;
    }
    // An attacker with more than half wins for sure, and one with half at some time.
    while (0..HOPELESS + weight as i64).contains(&behind) {
        behind += if chance.unit() * (mu + lambda) < mu {
            -1
        } else {
            1
        };
    }
    behind < 0
}

/// One block of weight 3^n against honest blocks of weight 1: a nonce for it comes at the rate
/// mu 3^-n, and it is good for as long as the honest weight is below 3^n.
fn large_weight(mu: f64, lambda: f64, weight: u64, chance: &mut Chance) -> bool {
    if mu <= 0.0 {
        return false;
    }
    let mut honest = weight as f64;
    let mut level = 1.0;
    while level < honest {
        level *= 3.0;
    }
    (0..LEVELS).any(|_| {
        let time = (level - honest) / lambda;
        let is_found = chance.wait() * level / mu <= time;
        honest = level;
        level *= 3.0;
        is_found
    })
}
