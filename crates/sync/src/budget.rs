//! A budget that refills with time: so much a second, and a burst of so much at once.

/// Thousandths of a piece, so that a refill of less than one piece is not lost.
const PARTS: u64 = 1_000;

/// What somebody may still spend.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    per_second: u64,
    burst: u64,
    left_parts: u64,
    at_ms: u64,
}

impl Budget {
    /// A full budget.
    #[must_use]
    pub const fn new(per_second: u64, burst: u64, now_ms: u64) -> Self {
        Self {
            per_second,
            burst,
            left_parts: burst * PARTS,
            at_ms: now_ms,
        }
    }

    /// Spends `count`; `false`, and nothing is spent, when there is too little. A clock that goes
    /// backwards refills nothing.
    #[must_use]
    pub fn spend(&mut self, now_ms: u64, count: u64) -> bool {
        let elapsed_ms = now_ms.saturating_sub(self.at_ms);
        self.at_ms = now_ms;
        let refill = elapsed_ms.saturating_mul(self.per_second);
        self.left_parts = self
            .left_parts
            .saturating_add(refill)
            .min(self.burst * PARTS);
        let cost = count.saturating_mul(PARTS);
        if cost > self.left_parts {
            return false;
        }
        self.left_parts -= cost;
        true
    }

    /// Gives `count` back, up to the burst.
    pub fn earn(&mut self, count: u64) {
        let earned = count.saturating_mul(PARTS);
        self.left_parts = self
            .left_parts
            .saturating_add(earned)
            .min(self.burst * PARTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_holds_a_burst_and_refills_with_time() {
        let mut budget = Budget::new(10, 3, 1_000);
        assert!(budget.spend(1_000, 3));
        assert!(!budget.spend(1_000, 1));
        assert!(!budget.spend(1_050, 1), "half a piece is no piece");
        assert!(budget.spend(1_100, 1));
        assert!(budget.spend(9_000, 3));
        assert!(!budget.spend(9_000, 1), "a long pause fills it once");
    }

    #[test]
    fn what_is_earned_back_can_be_spent_but_not_hoarded() {
        let mut budget = Budget::new(1, 3, 1_000);
        assert!(budget.spend(1_000, 3) && !budget.spend(1_000, 1));
        budget.earn(1);
        assert!(budget.spend(1_000, 1) && !budget.spend(1_000, 1));
        budget.earn(9);
        assert!(!budget.spend(1_000, 4) && budget.spend(1_000, 3));
    }

    #[test]
    fn clock_set_back_refills_nothing() {
        let mut budget = Budget::new(10, 1, 5_000);
        assert!(budget.spend(5_000, 1));
        assert!(!budget.spend(1_000, 1));
        assert!(budget.spend(1_100, 1), "time goes on from there");
    }
}
