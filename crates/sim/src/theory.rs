//! What theory says of a Tangle's growth: the numbers that simulations are held against.
//!
//! Lambda is the rate of arrivals, h the mean delay until a transaction is seen, k the number of
//! parents; the unit of time is h.

use tangle_dag::real::{exp, ln};

/// Steps of numerical integration.
const STEPS: u32 = 20_000;

/// Mean number of tips over lambda h for uniform selection in the limit of great lambda: the x that
/// solves x = int_0^inf exp(-(k/x) G(a)) da, G being the integral of the delay's distribution.
pub fn tips_ratio(parents: f64, integrated_cdf: impl Fn(f64) -> f64) -> f64 {
    let right = |x: f64| {
        // The integrand falls at least as fast as exp(-(k/x)(a - 1)).
        let end = 2.0 + 40.0 * x / parents;
        let width = end / f64::from(STEPS);
        let value = |a: f64| exp(-(parents / x) * integrated_cdf(a));
        let middles = (0..STEPS).map(|step| value((f64::from(step) + 0.5) * width));
        middles.sum::<f64>() * width
    };
    bisect(1e-3, 20.0, |x| x - right(x))
}

/// Rate c at which the weight of a young transaction grows, H(t) ~ exp(c t), for uniform selection:
/// the solution of r(e^-c - e^-2c)/c + r e^-2c/(r + c) = 1 with r = k - 1.
#[must_use]
pub fn growth_rate(parents: f64) -> f64 {
    let r = parents - 1.0;
    bisect(1e-6, 20.0, |c| {
        1.0 - r * (exp(-c) - exp(-2.0 * c)) / c - r * exp(-2.0 * c) / (r + c)
    })
}

/// Lambert's W for a number above 0: the w with w exp(w) = x.
#[must_use]
pub fn lambert(x: f64) -> f64 {
    bisect(0.0, 20.0, |w| w * exp(w) - x)
}

/// Where a rising function passes 0.
fn bisect(mut low: f64, mut high: f64, rising: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if rising(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// Whitepaper, equations (9) to (12): phi of the ratio mu over w, the exponent in the bound
/// exp(-w0 phi) on an attacker who outpaces.
#[must_use]
pub fn outpacing_exponent(ratio: f64) -> f64 {
    -ln(ratio) + ratio - 1.0
}

/// Chance that a Poisson number of this mean is at least `least`.
#[must_use]
pub fn poisson_tail(mean: f64, least: u32) -> f64 {
    let mut term = exp(-mean);
    let mut below = 0.0;
    if least > mean as u32 {
        // Summed from above, where the terms are small: what is left of 1 would lose digits.
        (1..=least).for_each(|n| term *= mean / f64::from(n));
        let mut above = 0.0;
        for n in least + 1..least + 500 {
            above += term;
            term *= mean / f64::from(n);
        }
        return above;
    }
    for n in 0..least {
        below += term;
        term *= mean / f64::from(n + 1);
    }
    1.0 - below
}

/// Chance that an attacker of rate `mu` ever has strictly more than the honest weight, which is
/// `weight` at time `lead` and grows with rate `lambda` from then on; the attacker starts at 0.
#[must_use]
pub fn ever_outpaces(mu: f64, lambda: f64, weight: u32, lead: f64) -> f64 {
    let mut chance = poisson_tail(mu * lead, weight + 1);
    let mut term = exp(-mu * lead);
    for n in 0..=weight {
        // From behind by d, a walk with these odds gets d + 1 steps ahead with this chance.
        let missing = f64::from(weight - n + 1);
        chance += term * exp(missing * ln(mu / lambda));
        term *= mu * lead / f64::from(n + 1);
    }
    chance
}

/// Chance of a greater distance between a sample of `count` and its law (Kolmogorov and Smirnov).
#[must_use]
pub fn kolmogorov_tail(distance: f64, count: usize) -> f64 {
    let root = (count as f64).sqrt();
    let x = (root + 0.12 + 0.11 / root) * distance;
    let terms = (1..=100).map(|n| {
        let n = f64::from(n);
        let sign = if n as u32 % 2 == 1 { 2.0 } else { -2.0 };
        sign * exp(-2.0 * n * n * x * x)
    });
    terms.sum::<f64>().clamp(0.0, 1.0)
}

/// Greatest distance between the distribution of sorted samples and a law.
pub fn kolmogorov_distance(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let count = sorted.len() as f64;
    let distances = sorted.iter().enumerate().map(|(position, value)| {
        let law = cdf(*value);
        let (low, high) = (position as f64 / count, (position + 1) as f64 / count);
        (law - low).abs().max((high - law).abs())
    });
    distances.fold(0.0, f64::max)
}

/// Least expected number in a cell of a chi-squared test; smaller cells are counted together.
const CELL_MIN: f64 = 5.0;

/// Chance of a worse fit of what was seen to what was expected, in cells of both.
pub fn chi_squared_fit(cells: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut value, mut count, mut rest) = (0.0, 0_u32, (0.0, 0.0));
    let mut add = |(expected, seen): (f64, f64)| {
        value += (seen - expected) * (seen - expected) / expected;
        count += 1;
    };
    for (expected, seen) in cells {
        if expected < CELL_MIN {
            rest = (rest.0 + expected, rest.1 + seen);
        } else {
            add((expected, seen));
        }
    }
    if rest.0 > CELL_MIN {
        add(rest);
    }
    chi_squared_tail(value, f64::from(count.max(2) - 1))
}

/// Chance of a chi-squared value at least this great (Wilson and Hilferty; good to a thousandth).
fn chi_squared_tail(value: f64, freedom: f64) -> f64 {
    let part = 2.0 / (9.0 * freedom);
    let z = ((value / freedom).cbrt() - (1.0 - part)) / part.sqrt();
    // Abramowitz and Stegun, 26.2.17.
    const TERMS: [f64; 5] = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series = TERMS.iter().fold(0.0, |sum, term| (sum + term) * t);
    let tail = exp(-z * z / 2.0) / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z < 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64, tolerance: f64) {
        let difference = (value / expected - 1.0).abs();
        assert!(difference <= tolerance, "{value}, expected {expected}");
    }

    #[test]
    fn tips_follow_the_delay_law() {
        let fixed = |a: f64| (a - 1.0).max(0.0);
        let exponential = |a: f64| a - 1.0 + exp(-a);
        let uniform = |a: f64| if a < 2.0 { a * a / 4.0 } else { a - 1.0 };
        let two = |a: f64| 0.5 * ((a - 0.2).max(0.0) + (a - 1.8).max(0.0));
        near(tips_ratio(2.0, fixed), 2.0, 1e-3);
        near(tips_ratio(8.0, fixed), 8.0 / 7.0, 1e-3);
        near(tips_ratio(2.0, exponential), 1.2838, 1e-3);
        near(tips_ratio(2.0, uniform), 1.6809, 1e-3);
        near(tips_ratio(2.0, two), 1.3309, 1e-3);
        near(tips_ratio(4.0, exponential), 0.4776, 1e-3);
    }

    #[test]
    fn weight_grows_at_the_published_rates() {
        for (parents, rate) in [(2.0, 0.33048), (3.0, 0.6336), (4.0, 0.8539), (8.0, 1.3855)] {
            near(growth_rate(parents), rate, 2e-4);
        }
        near(tangle_dag::adaptation(100.0), 15.50, 0.01);
    }

    #[test]
    fn attackers_succeed_as_rarely_as_computed() {
        near(outpacing_exponent(0.75), 0.03768, 1e-3);
        near(exp(-32.0 * outpacing_exponent(0.375)), 1.1347e-5, 1e-3);
        near(poisson_tail(24.0, 32), 0.06776, 1e-3);
        near(poisson_tail(12.0, 32), 1.2432e-6, 1e-3);
        near(poisson_tail(24.0, 10), 1.0, 1e-2);
        near(ever_outpaces(2.0, 3.0, 32, 12.0), 0.11865, 1e-3);
        near(ever_outpaces(1.0, 3.0, 32, 12.0), 1.8083e-6, 1e-3);
    }

    #[test]
    fn chi_squared_knows_the_tables() {
        near(chi_squared_tail(18.307, 10.0), 0.05, 0.01);
        near(chi_squared_tail(59.703, 30.0), 0.001, 0.1);
        assert!(chi_squared_fit([(100.0, 90.0), (100.0, 110.0)].into_iter()) > 0.1);
        assert!(chi_squared_fit([(100.0, 60.0), (100.0, 140.0)].into_iter()) < 1e-6);
    }

    #[test]
    fn kolmogorov_knows_the_tables() {
        near(kolmogorov_tail(1.358 / 1e3, 1_000_000), 0.05, 0.01);
        let even: Vec<f64> = (0..1_000).map(|n| f64::from(n) / 1_000.0).collect();
        assert!(kolmogorov_distance(&even, |x| x) <= 0.0011);
        assert!(kolmogorov_distance(&even, |x| x * x) > 0.2);
    }
}
