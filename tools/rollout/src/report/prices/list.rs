//! The price list: `prices.json`, or a file in its form.
//!
//! ```json
//! {
//!   "as_of": "2026-09-19",
//!   "sources": ["where the figures are from"],
//!   "lists": [{
//!     "regions": ["us-east-1"],
//!     "usd_per_million_requests": 0.20,
//!     "x86_64": [{ "from_gb_seconds": 0, "usd_per_gb_second": 0.0000166667 }],
//!     "arm64": [{ "from_gb_seconds": 0, "usd_per_gb_second": 0.0000133334 }]
//!   }]
//! }
//! ```
//!
//! A tier's price is that of the GB-seconds from `from_gb_seconds` a month up to the next tier. AWS
//! counts them for each architecture and region by itself, over all accounts of an organization.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Deserialize;

use super::Rates;

/// The built-in list.
const BUILT_IN: &str = include_str!("../../../../../infra/modules/function/prices.json");

/// What it is called in messages.
const BUILT_IN_NAME: &str = "infra/modules/function/prices.json";

/// Prices of many regions at one date.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// The date of the list.
    pub as_of: NaiveDate,
    /// Where the prices are from.
    pub sources: Vec<String>,
    lists: Vec<RegionList>,
}

/// Prices that several regions share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionList {
    regions: Vec<String>,
    usd_per_million_requests: f64,
    x86_64: Vec<Tier>,
    arm64: Vec<Tier>,
}

/// What a GB-second costs from some number of them a month on.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    from_gb_seconds: f64,
    usd_per_gb_second: f64,
}

/// Why there are no prices.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// It is not JSON of this form.
    #[error("prices in {path}: {key}: {cause}. The form is that of {BUILT_IN_NAME}")]
    Malformed {
        /// The file.
        path: String,
        /// Where in it, such as `lists[0].arm64[1].usd_per_gb_second`.
        key: String,
        /// What is wrong there.
        cause: String,
    },
    /// A value that no price list can have.
    #[error("prices in {path}: {key}: {problem}")]
    Impossible {
        /// The file.
        path: String,
        /// Where in it.
        key: String,
        /// What is wrong there.
        problem: &'static str,
    },
    /// The list does not have the region.
    #[error(
        "no prices of {region}, only of {known}: give a list that has it with --prices FILE \
         (the form is that of {BUILT_IN_NAME})"
    )]
    UnknownRegion {
        /// The region.
        region: String,
        /// Those that the list has.
        known: String,
    },
}

impl PriceList {
    /// The built-in list.
    ///
    /// # Errors
    /// When the built-in file was edited and is not valid any more.
    pub fn built_in() -> Result<Self, PricesError> {
        Self::parse(BUILT_IN, BUILT_IN_NAME)
    }

    /// What a region charges on average over a month with this many GB-seconds on each architecture; with 0 it
    /// is the first tier's price. An average has no jumps at the tiers' bounds, which differ by architecture.
    ///
    /// # Errors
    /// [`PricesError::UnknownRegion`] when the list does not have the region.
    pub fn rates(&self, region: &str, monthly_gb_seconds: f64) -> Result<Rates, PricesError> {
        let has = |list: &&RegionList| list.regions.iter().any(|name| name == region);
        let list = self.lists.iter().find(has);
        let list = list.ok_or_else(|| PricesError::UnknownRegion {
            region: region.to_owned(),
            known: self.regions().collect::<Vec<_>>().join(", "),
        })?;
        let average = |tiers| average_usd(tiers, monthly_gb_seconds);
        Ok(Rates {
            request_usd: list.usd_per_million_requests / 1e6,
            x86_64_gb_second_usd: average(&list.x86_64),
            arm64_gb_second_usd: average(&list.arm64),
        })
    }

    /// The regions that it has prices of.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.lists
            .iter()
            .flat_map(|list| list.regions.iter().map(String::as_str))
    }

    /// Reads a user's list; messages call it by `name`.
    ///
    /// # Errors
    /// When it is no price list; the text names the key.
    pub fn parse(text: &str, name: &str) -> Result<Self, PricesError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let list: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            PricesError::Malformed {
                path: name.to_owned(),
                key: error.path().to_string(),
                cause: error.inner().to_string(),
            }
        })?;
        match list.problem() {
            None => Ok(list),
            Some((key, problem)) => Err(PricesError::Impossible {
                path: name.to_owned(),
                key,
                problem,
            }),
        }
    }

    /// The first value that no price list can have, and where it is.
    fn problem(&self) -> Option<(String, &'static str)> {
        let mut seen = BTreeSet::new();
        for (index, list) in self.lists.iter().enumerate() {
            let at = |key: &str| format!("lists[{index}].{key}");
            if let Some(twice) = list.regions.iter().find(|name| !seen.insert(name.as_str())) {
                return Some((at(&format!("regions ({twice})")), "is there twice"));
            }
            if !is_price(list.usd_per_million_requests) {
                return Some((at("usd_per_million_requests"), NOT_A_PRICE));
            }
            for (key, tiers) in [("x86_64", &list.x86_64), ("arm64", &list.arm64)] {
                if let Some((tier, problem)) = problem_of_tiers(tiers) {
                    return Some((at(&format!("{key}{tier}")), problem));
                }
            }
        }
        None
    }
}

const NOT_A_PRICE: &str = "is not a price: give US dollars, above 0";

fn is_price(usd: f64) -> bool {
    usd.is_finite() && usd > 0.0
}

fn problem_of_tiers(tiers: &[Tier]) -> Option<(String, &'static str)> {
    if tiers.first().is_none_or(|tier| tier.from_gb_seconds != 0.0) {
        return Some((String::new(), "the first tier has to start from 0"));
    }
    let unpriced = |tier: &Tier| !is_price(tier.usd_per_gb_second);
    if let Some(index) = tiers.iter().position(unpriced) {
        return Some((format!("[{index}].usd_per_gb_second"), NOT_A_PRICE));
    }
    let disordered = |pair: &[Tier]| pair[0].from_gb_seconds >= pair[1].from_gb_seconds;
    let index = tiers.windows(2).position(disordered)?;
    let problem = "has to be above that of the tier before";
    Some((format!("[{}].from_gb_seconds", index + 1), problem))
}

/// What a GB-second costs on average in a month with this many of them.
fn average_usd(tiers: &[Tier], gb_seconds: f64) -> f64 {
    if gb_seconds > 0.0 {
        month_usd(tiers, gb_seconds) / gb_seconds
    } else {
        tiers.first().map_or(0.0, |tier| tier.usd_per_gb_second)
    }
}

/// What a month's GB-seconds cost, each at the price of its tier.
fn month_usd(tiers: &[Tier], gb_seconds: f64) -> f64 {
    let ends = tiers
        .iter()
        .skip(1)
        .map(|tier| tier.from_gb_seconds)
        .chain([f64::INFINITY]);
    let in_tier = |tier: &Tier, end: f64| (gb_seconds.min(end) - tier.from_gb_seconds).max(0.0);
    tiers
        .iter()
        .zip(ends)
        .map(|(tier, end)| in_tier(tier, end) * tier.usd_per_gb_second)
        .sum()
}

#[cfg(test)]
mod tests {
    use package::Architecture;
    use proptest::prelude::*;

    use super::*;

    const ONE_REGION: &str = r#"{
        "as_of": "2026-09-19", "sources": [],
        "lists": [{
            "regions": ["us-east-1"], "usd_per_million_requests": 0.2,
            "x86_64": [{ "from_gb_seconds": 0, "usd_per_gb_second": 0.00001 }],
            "arm64": [
                { "from_gb_seconds": 0, "usd_per_gb_second": 0.00001 },
                { "from_gb_seconds": 100, "usd_per_gb_second": 0.000008 }
            ]
        }]
    }"#;

    fn refusal(text: &str) -> String {
        let error = PriceList::parse(text, "mine.json").expect_err("is refused");
        error.to_string()
    }

    #[test]
    fn the_list_that_comes_along_has_awss_prices_of_us_east_1() {
        let list = PriceList::built_in().expect("a list");
        let rates = list.rates("us-east-1", 0.0).expect("a region");
        assert_eq!(rates.gb_second_usd(Architecture::X86_64), 0.000_016_666_7);
        assert_eq!(rates.gb_second_usd(Architecture::Arm64), 0.000_013_333_4);
        assert!((rates.request_usd - 0.2e-6).abs() < 1e-15);
    }

    #[test]
    fn in_every_region_arm64_is_a_fifth_cheaper_in_the_first_tier() {
        let list = PriceList::built_in().expect("a list");
        for region in list.regions() {
            let rates = list.rates(region, 0.0).expect("a region");
            let ratio = rates.arm64_gb_second_usd / rates.x86_64_gb_second_usd;
            assert!((ratio - 0.8).abs() < 0.002, "{region}: {ratio}");
        }
    }

    #[test]
    fn a_region_that_is_not_there_is_named_with_those_that_are() {
        let list = PriceList::parse(ONE_REGION, "mine.json").expect("a list");
        let error = list.rates("mars-1", 0.0).expect_err("is unknown");
        let text = error.to_string();
        assert!(
            text.starts_with("no prices of mars-1, only of us-east-1"),
            "{text}"
        );
        assert!(text.contains("--prices FILE"), "{text}");
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        for (from, to, key) in [
            (
                "0.2,",
                r#""20 cents","#,
                "lists[0].usd_per_million_requests",
            ),
            ("0.2,", "-0.2,", "lists[0].usd_per_million_requests"),
            ("100,", "0,", "lists[0].arm64[1].from_gb_seconds"),
            ("0.000008", "0", "lists[0].arm64[1].usd_per_gb_second"),
            (r#""x86_64""#, r#""x86""#, "lists[0].x86"),
            ("2026-09-19", "today", "as_of"),
            (
                r#"["us-east-1"]"#,
                r#"["a", "a"]"#,
                "lists[0].regions (a): is there twice",
            ),
        ] {
            assert!(ONE_REGION.contains(from), "{from}");
            let text = refusal(&ONE_REGION.replacen(from, to, 1));
            assert!(
                text.starts_with("prices in mine.json: ") && text.contains(key),
                "{text}"
            );
        }
    }

    fn tiers() -> impl Strategy<Value = Vec<Tier>> {
        let later = prop::collection::vec((1.0..1e10_f64, 1e-7..1e-3_f64), 0..5);
        (1e-7..1e-3_f64, later).prop_map(|(first, later)| {
            let mut from_gb_seconds = 0.0;
            let mut tiers = vec![Tier {
                from_gb_seconds,
                usd_per_gb_second: first,
            }];
            for (length, usd_per_gb_second) in later {
                from_gb_seconds += length;
                tiers.push(Tier {
                    from_gb_seconds,
                    usd_per_gb_second,
                });
            }
            tiers
        })
    }

    proptest! {
        #[test]
        fn a_month_with_more_gb_seconds_costs_more(
            tiers in tiers(), gb_seconds in 0.0..1e11_f64, more in 1.0..1e9_f64,
        ) {
            let dearer = month_usd(&tiers, gb_seconds + more);
            prop_assert!(dearer > month_usd(&tiers, gb_seconds));
        }

        #[test]
        fn a_month_at_the_bound_of_a_tier_costs_the_same_from_both_sides(tiers in tiers()) {
            for tier in &tiers[1..] {
                let bound = tier.from_gb_seconds;
                let (below, above) = (
                    month_usd(&tiers, bound * (1.0 - 1e-9)),
                    month_usd(&tiers, bound * (1.0 + 1e-9)),
                );
                prop_assert!((above - below) <= 2e-9 * bound * 1e-3 * (1.0 + 1e-6) + 1e-12 * above);
            }
        }

        #[test]
        fn the_average_lies_between_the_least_and_the_greatest_price(
            tiers in tiers(), gb_seconds in 0.0..1e11_f64,
        ) {
            let prices = || tiers.iter().map(|tier| tier.usd_per_gb_second);
            let (least, most) = (prices().fold(f64::MAX, f64::min), prices().fold(0.0, f64::max));
            let average = average_usd(&tiers, gb_seconds);
            prop_assert!(least * 0.999_999 <= average && average <= most * 1.000_001);
        }
    }
}
