//! The e-variable of one block against one alternative (Turner, Ly & Grünwald 2024, eq. 2 and
//! theorem 1; for half-planes Turner & Grünwald 2022, section 3).
//!
//! The null N is the half-plane on the other side of the line `candidate = baseline + margin`.
//! For an alternative θ* outside N, let θ° be the point of N with the smallest
//! `n_b KL(θ*_b ‖ θ_b) + n_c KL(θ*_c ‖ θ_c)`. Then
//!
//! ```text
//! S = Π_g (θ*_g / θ°_g)^k_g · ((1 − θ*_g) / (1 − θ°_g))^(n_g − k_g)
//! ```
//!
//! has an expectation of at most 1 under every θ in N, whatever the sizes `n_b` and `n_c` are:
//! `ln E_θ[S] = Σ_g n_g ln f_g(θ_g)` with `f_g(t) = t·θ*_g/θ°_g + (1 − t)(1 − θ*_g)/(1 − θ°_g)`.
//! Each `f_g` is affine with `f_g(θ°_g) = 1`, so the sum is concave in θ and 0 at θ°. Its gradient
//! there is `n_g (θ*_g − θ°_g) / (θ°_g (1 − θ°_g))`, which is minus the gradient of the divergence
//! that θ° minimises over the convex N; by optimality it does not rise from θ° towards any
//! point of N. A concave function that starts at 0 and does not rise stays at or below 0.
//!
//! Since `ln f_g` is concave, the same bound holds when the invocations of one block have
//! different probabilities, as long as the block's average probabilities lie in N.
//!
//! It also holds when a "failure" is any quantity X between 0 and 1 with mean θ_g instead of a yes
//! or no, and `k_g` the sum of them: the factor `(θ*_g/θ°_g)^X ((1 − θ*_g)/(1 − θ°_g))^(1 − X)` is
//! convex in X, so it lies below its chord, and the chord's expectation is `f_g(θ_g)`.

use super::counts::Block;

/// Two failure probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    pub(super) baseline: f64,
    pub(super) candidate: f64,
}

/// How many invocations of either version a block has; fractions are expected numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sizes {
    pub(super) baseline: f64,
    pub(super) candidate: f64,
}

/// Sizes and failures of a block. Failures may be fractions: expected counts, or sums of
/// quantities between 0 and 1 (see `interval.rs`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) sizes: Sizes,
    pub(super) baseline_failures: f64,
    pub(super) candidate_failures: f64,
}

/// A block in which both versions ran.
pub(super) fn sample(block: &Block) -> Sample {
    Sample {
        sizes: Sizes {
            baseline: block.baseline.invocations(),
            candidate: block.candidate.invocations(),
        },
        baseline_failures: block.baseline.failures(),
        candidate_failures: block.candidate.failures(),
    }
}

/// `ln(Σ e^x)` without overflow.
pub(super) fn ln_sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let high = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + logarithms.map(|ln| (ln - high).exp()).sum::<f64>().ln()
}

/// One alternative with the logarithms that every block needs again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alternative {
    rates: Rates,
    ln_baseline: LnRate,
    ln_candidate: LnRate,
}

impl Alternative {
    /// Both rates lie strictly between 0 and 1.
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            rates,
            ln_baseline: LnRate::of(rates.baseline),
            ln_candidate: LnRate::of(rates.candidate),
        }
    }

    /// The factors of `S` for blocks of these sizes, in which both versions ran.
    pub(super) fn factors(&self, sizes: Sizes, margin: f64) -> Factors {
        let null = project(self.rates, sizes, margin);
        let ln_null = LnRate::of(null.baseline);
        let ln_null_candidate = if margin == 0.0 {
            ln_null
        } else {
            LnRate::of(null.candidate)
        };
        Factors {
            baseline: self.ln_baseline.over(&ln_null),
            candidate: self.ln_candidate.over(&ln_null_candidate),
        }
    }
}

/// What each failure and each success of either version multiplies `S` by, as logarithms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factors {
    baseline: LnRate,
    candidate: LnRate,
}

impl Factors {
    /// `ln S` of a block of the sizes that the factors are for.
    pub(super) fn ln_e(&self, sample: &Sample) -> f64 {
        let Sample {
            sizes,
            baseline_failures,
            candidate_failures,
        } = *sample;
        self.baseline.sum(sizes.baseline, baseline_failures)
            + self.candidate.sum(sizes.candidate, candidate_failures)
    }
}

/// The logarithms of a probability and of its complement, or of a ratio of two of each.
#[derive(Debug, Clone, Copy)]
struct LnRate {
    failure: f64,
    success: f64,
}

impl LnRate {
    fn of(rate: f64) -> Self {
        Self {
            failure: rate.ln(),
            success: (-rate).ln_1p(),
        }
    }

    fn over(&self, null: &Self) -> Self {
        Self {
            failure: self.failure - null.failure,
            success: self.success - null.success,
        }
    }

    fn sum(&self, invocations: f64, failures: f64) -> f64 {
        failures * self.failure + (invocations - failures) * self.success
    }
}

/// θ°: the point on the line `candidate = baseline + margin` that is nearest to the alternative.
///
/// Without a margin it is the rate of both versions pooled. With one, it is the root of the
/// derivative along the line, which rises strictly between `θ*_b` and `θ*_c − margin`.
fn project(alternative: Rates, sizes: Sizes, margin: f64) -> Rates {
    let Rates {
        baseline: b,
        candidate: c,
    } = alternative;
    if margin == 0.0 {
        let pooled =
            (sizes.baseline * b + sizes.candidate * c) / (sizes.baseline + sizes.candidate);
        return Rates {
            baseline: pooled,
            candidate: pooled,
        };
    }
    let line = Line {
        alternative,
        sizes,
        margin,
    };
    let low = b.min(c - margin).max(0.0).max(-margin);
    let high = b.max(c - margin).min(1.0).min(1.0 - margin);
    let root = line.root(low, high);
    Rates {
        baseline: root,
        candidate: root + margin,
    }
}

/// The weighted divergence along the line `candidate = baseline + margin`.
struct Line {
    alternative: Rates,
    sizes: Sizes,
    margin: f64,
}

impl Line {
    /// More than Newton with bisection to fall back on ever took, found by counting.
    const MOST_STEPS: u32 = 100;

    /// First and second derivative by the baseline's rate.
    fn derivatives(&self, baseline: f64) -> (f64, f64) {
        let candidate = baseline + self.margin;
        let slope = |p: f64, t: f64| (t - p) / (t * (1.0 - t));
        let curvature = |p: f64, t: f64| p / (t * t) + (1.0 - p) / ((1.0 - t) * (1.0 - t));
        let Rates {
            baseline: b,
            candidate: c,
        } = self.alternative;
        (
            self.sizes.baseline * slope(b, baseline) + self.sizes.candidate * slope(c, candidate),
            self.sizes.baseline * curvature(b, baseline)
                + self.sizes.candidate * curvature(c, candidate),
        )
    }

    /// Newton's method, bisecting whenever a step would leave the bracket.
    fn root(&self, mut low: f64, mut high: f64) -> f64 {
        let mut at = f64::midpoint(low, high);
        for _ in 0..Self::MOST_STEPS {
            let (slope, curvature) = self.derivatives(at);
            if slope > 0.0 {
                high = at;
            } else {
                low = at;
            }
            let newton = at - slope / curvature;
            // Before the bracket is asked: a point that is the root is also an end of it.
            if (newton - at).abs() <= 1e-13 * at.min(1.0 - at) {
                break;
            }
            at = if newton > low && newton < high {
                newton
            } else {
                f64::midpoint(low, high)
            };
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binomial(n: u32, k: u32, p: f64) -> f64 {
        let choose = (0..k).fold(1.0, |product, i| {
            product * f64::from(n - i) / f64::from(i + 1)
        });
        choose * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
    }

    /// The expectation of `S` under θ, over every pair of counts.
    fn expectation(alternative: Rates, truth: Rates, n_b: u32, n_c: u32, margin: f64) -> f64 {
        let sizes = Sizes {
            baseline: n_b.into(),
            candidate: n_c.into(),
        };
        let factors = Alternative::new(alternative).factors(sizes, margin);
        let mut sum = 0.0;
        for k_b in 0..=n_b {
            for k_c in 0..=n_c {
                let sample = Sample {
                    sizes,
                    baseline_failures: k_b.into(),
                    candidate_failures: k_c.into(),
                };
                sum += binomial(n_b, k_b, truth.baseline)
                    * binomial(n_c, k_c, truth.candidate)
                    * factors.ln_e(&sample).exp();
            }
        }
        sum
    }

    fn rate() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-5.0..-0.01f64).prop_map(|power| 10f64.powf(power)),
            (-5.0..-0.01f64).prop_map(|power| 1.0 - 10f64.powf(power)),
        ]
    }

    fn margin() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), 0.0001..0.9f64, -0.9..-0.0001f64]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_expectation_is_at_most_one_on_the_whole_null(
            (b, c, truth_b, truth_c) in (rate(), rate(), 0.0..=1.0f64, 0.0..=1.0f64),
            on_the_line in any::<bool>(),
            margin in margin(),
            (n_b, n_c) in (1u32..8, 1u32..8),
        ) {
            let (alternative, mut truth) = (
                Rates { baseline: b, candidate: c },
                Rates { baseline: truth_b, candidate: truth_c },
            );
            if on_the_line {
                truth.candidate = (truth.baseline + margin).clamp(0.0, 1.0);
                truth.baseline = truth.candidate - margin;
                prop_assume!((0.0..=1.0).contains(&truth.baseline));
            }
            // Both nulls: the alternative above the line and the truth below it, and the reverse.
            let above = |rates: Rates| rates.candidate - rates.baseline - margin;
            prop_assume!(above(alternative).abs() > 1e-9);
            prop_assume!(on_the_line || above(alternative) * above(truth) <= 0.0);

            let expected = expectation(alternative, truth, n_b, n_c, margin);
            prop_assert!(expected <= 1.0 + 1e-9, "E[S] = {expected}");
        }

        #[test]
        fn the_nearest_point_of_the_line_is_never_farther_than_its_neighbours(
            (b, c) in (rate(), rate()),
            margin in margin(),
            (n_b, n_c) in (1.0..1e5f64, 1.0..1e5f64),
        ) {
            let alternative = Rates { baseline: b, candidate: c };
            prop_assume!((c - b - margin).abs() > 1e-9);
            let kl = |p: f64, q: f64| p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
            let distance = |t: f64| n_b * kl(b, t) + n_c * kl(c, t + margin);
            let nearest = project(alternative, Sizes { baseline: n_b, candidate: n_c }, margin);
            let here = distance(nearest.baseline);
            for step in [-1e-3, 1e-3] {
                let room = nearest.baseline.min(1.0 - nearest.baseline)
                    .min(nearest.candidate).min(1.0 - nearest.candidate);
                let there = distance(nearest.baseline + step * room);
                prop_assert!(there >= here * (1.0 - 1e-9), "{there} < {here}");
            }
        }
    }

    #[test]
    fn swapping_the_versions_and_turning_the_margin_round_changes_nothing() {
        let one = Alternative::new(Rates {
            baseline: 0.01,
            candidate: 0.2,
        });
        let other = Alternative::new(Rates {
            baseline: 0.2,
            candidate: 0.01,
        });
        let sizes = Sizes {
            baseline: 900.0,
            candidate: 100.0,
        };
        let turned = Sizes {
            baseline: sizes.candidate,
            candidate: sizes.baseline,
        };
        let sample = Sample {
            sizes,
            baseline_failures: 7.0,
            candidate_failures: 12.0,
        };
        let swapped = Sample {
            sizes: turned,
            baseline_failures: sample.candidate_failures,
            candidate_failures: sample.baseline_failures,
        };
        for margin in [0.0, 0.05] {
            let difference = one.factors(sizes, margin).ln_e(&sample)
                - other.factors(turned, -margin).ln_e(&swapped);
            assert!(difference.abs() < 1e-9, "{difference}");
        }
    }
}
