//! Exponential and logarithm from the four basic operations alone, which every machine rounds
//! alike. Those of the system differ in the last digit between machines, and a choice that hangs on
//! that digit would not repeat.

const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Below, the exponential is taken for 0.
const EXP_MIN: f64 = -700.0;
/// Above, for infinity.
const EXP_MAX: f64 = 700.0;

/// e to the power of `x`.
#[must_use]
pub fn exp(x: f64) -> f64 {
    if x < EXP_MIN {
        return 0.0;
    }
    if x > EXP_MAX {
        return f64::INFINITY;
    }
    let power = (x * std::f64::consts::LOG2_E).round_ties_even();
    let rest = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    // Taylor's series; the rest is at most 0.35.
    const TERMS: [f64; 14] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let sum = TERMS.iter().fold(0.0, |sum, term| sum * rest + term);
    let exponent = (1_023 + power as i64) as u64;
    sum * f64::from_bits(exponent << 52)
}

/// The natural logarithm of `x`, a normal number above 0.
#[must_use]
#[inline]
pub fn ln(x: f64) -> f64 {
    const FRACTION_BITS: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut power = (bits >> 52) as i64 - 1_023;
    let mut mantissa = f64::from_bits((bits & FRACTION_BITS) | (1_023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        power += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); the quotient is at most 0.172.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    const TERMS: [f64; 11] = [
        1.0 / 23.0,
        1.0 / 21.0,
        1.0 / 19.0,
        1.0 / 17.0,
        1.0 / 15.0,
        1.0 / 13.0,
        1.0 / 11.0,
        1.0 / 9.0,
        1.0 / 7.0,
        1.0 / 5.0,
        1.0 / 3.0,
    ];
    let series = TERMS.iter().fold(0.0, |sum, term| (sum + term) * square);
    let power = power as f64;
    power * LN_2_HIGH + (power * LN_2_LOW + 2.0 * ratio * (1.0 + series))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_agree_with_the_system_to_the_last_digits() {
        for step in -6_000..6_000 {
            let x = f64::from(step) * 0.1 + 0.013;
            let (ours, system) = (exp(x), x.exp());
            assert!((ours - system).abs() <= 4e-16 * 4.0 * system, "exp {x}");
            let y = system.min(1e300);
            assert!(
                (ln(y) - y.ln()).abs() <= 1e-15 * (1.0 + y.ln().abs()),
                "ln {y}"
            );
        }
        assert_eq!((exp(0.0), ln(1.0)), (1.0, 0.0));
        assert_eq!((exp(-1e9), exp(1e9)), (0.0, f64::INFINITY));
    }
}
