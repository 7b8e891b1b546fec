use package::Architecture;

use chrono::TimeDelta;

use super::*;
use crate::{
    aws::{
        function::Build,
        metrics::{Durations, Sample, TimeCounts},
    },
    delivery::scope::{Scope, Time},
    report::{
        comparison::{Findings, Pricing, Row, Window},
        differences::{Differences, Limit},
        prices::PriceList,
    },
};
use analysis::{Metrics, analyse};

const SLOW_MS: f64 = 50.0;
const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
    metrics: Metrics::ALL,
};

fn window() -> Window {
    let since: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
    Window {
        since,
        until: since + TimeDelta::hours(1),
    }
}

fn sample(invocations: u64, errors: u64) -> Sample {
    Sample {
        invocations,
        errors: Some(errors),
        throttles: Some(0),
        duration: Some(Durations {
            average_ms: 12.0,
            p50_ms: 10.0,
            p90_ms: 20.0,
            p99_ms: 60.0,
        }),
        time: TimeCounts {
            measured: Some(invocations as f64),
            fast: Some(invocations as f64),
            slow: Some(0.0),
            fast_sum_ms: Some(12.0 * invocations as f64),
        },
        ..Sample::default()
    }
}

fn periods() -> Vec<Period> {
    let period = |minute| Period {
        start: window().since + TimeDelta::minutes(minute),
        versions: [sample(900, 1), sample(100, 0)],
        alias: 1_000.0,
        sources: Default::default(),
    };
    (0..60).map(period).collect()
}

fn comparison(function: &str, emulated: bool) -> Comparison {
    let list = PriceList::built_in().expect("a list");
    let rates = list.rates("us-east-1", 0.0).expect("a region");
    let row = |version: &str, architecture, emulated, sample| {
        let build = Build {
            version: version.parse().expect("a version"),
            architecture: Some(architecture),
            emulated,
        };
        Row::new(build, Some(1024), sample, Some(&rates))
    };
    let periods = periods();
    let scope = Scope {
        time: Time::WithTime { slow_ms: SLOW_MS },
        counted: Vec::new(),
    };
    let all: Vec<_> = periods.iter().collect();
    let findings = Findings {
        analysis: analyse(periods.iter().map(Period::blocks), &TERMS),
        would_be_found: None,
        differences: Differences::new(
            &all,
            Some(Limit::Slow { limit_ms: SLOW_MS }),
            &scope,
            None,
            TERMS.alpha,
        ),
        period_s: 60,
        scope,
    };
    let pricing = Pricing::Known {
        region: "us-east-1".to_owned(),
        as_of: list.as_of,
        monthly_gb_seconds: 0.0,
        rates,
    };
    let rows = [
        row("1", Architecture::X86_64, false, sample(54_000, 60)),
        row("2", Architecture::Arm64, emulated, sample(6_000, 0)),
    ];
    Comparison::new(function, window(), rows, pricing, findings)
}

fn html(comparison: &Comparison, record: Option<&Record>, journal: &[u8]) -> String {
    let points = [(0.0, 4.0), (0.5, 10.0), (0.99, 60.0), (1.0, 200.0)];
    Report {
        comparison,
        periods: &periods(),
        terms: TERMS,
        over: window().until,
        record,
        distributions: [points.to_vec(), points.to_vec()],
        journal,
    }
    .html()
}

fn without_a_journal(comparison: &Comparison) -> String {
    html(comparison, None, b"")
}

#[test]
fn the_page_asks_for_nothing_and_runs_nothing() {
    let page = without_a_journal(&comparison("hasher", false));
    for forbidden in [
        "<script", "src=", "href=", "url(", "@import", "<link", "http:", "https:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
}

#[test]
fn every_figure_says_what_it_is_and_has_its_numbers() {
    let page = without_a_journal(&comparison("hasher", false));
    for id in ["weight", "evidence", "errors", "slow", "latency", "cost"] {
        assert!(page.contains(&format!(r#"<figure id="{id}">"#)), "{id}");
        assert!(
            page.contains(&format!(r#"<title id="{id}-title">"#)),
            "{id}"
        );
        assert!(
            page.contains(&format!(r#"<desc id="{id}-description">"#)),
            "{id}"
        );
    }
    assert_eq!(
        page.matches("<figure").count(),
        page.matches("<summary>Numbers").count()
    );
}

#[test]
fn an_emulated_build_has_neither_latency_nor_cost_and_it_is_said() {
    let page = without_a_journal(&comparison("hasher", true));
    assert!(!page.contains(r#"id="latency""#) && !page.contains(r#"id="cost""#));
    assert!(page.contains("arm64 (version 2) is emulated here, so time and cost are not compared"));
    assert!(page.contains(r#"<figure id="errors">"#));
}

#[test]
fn what_others_wrote_is_text_on_the_page() {
    let line = br#"{"time":"2026-11-23T14:35:00Z","event":"no_answer","cause":"<script>alert(1)</script>"}"#;
    let page = html(&comparison("a&b", false), None, line);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script"));
    assert!(page.contains("<h1>a&amp;b</h1>"));
}

#[test]
fn the_weights_of_the_rollout_are_drawn_when_it_is_known() {
    let record: Record = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@1800s"
        .parse()
        .expect("a record");
    let comparison = comparison("hasher", false);
    let page = html(&comparison, Some(&record), b"");
    // 5% and 25% of the height between 190 and 12, from the left to the middle and to the right.
    assert!(
        page.contains("M54.0 181.1L239.0 181.1L239.0 145.5"),
        "{page}"
    );
}

/// The height of the threshold's line on the page, between 190 (an e-value of 1) and 12 (the highest).
fn height_of_the_threshold(page: &str) -> f64 {
    let (_, after) = page
        .split_once(r#"class="line threshold""#)
        .expect("a line");
    let (_, after) = after.split_once(r#"y1=""#).expect("a height");
    let (y, _) = after.split_once('"').expect("a number");
    y.parse().expect("a number")
}

#[test]
fn the_threshold_is_far_from_the_axis_however_strong_the_evidence_gets() {
    // An hour with 1,000 invocations a minute that never fail.
    let strong = comparison("hasher", false);
    let last = strong.findings.analysis.ln_e_not_worse.0 / std::f64::consts::LN_10;
    assert!(last > 20.0, "1e{last}");
    let page = without_a_journal(&strong);
    let y = height_of_the_threshold(&page);
    assert!((12.0..160.0).contains(&y), "{y}");
    assert!(page.contains("What is beyond 1e6 runs along the upper edge."));
}

#[test]
fn a_window_without_invocations_has_a_page() {
    let empty = Report {
        comparison: &comparison("hasher", false),
        periods: &[],
        terms: TERMS,
        over: window().until,
        record: None,
        distributions: Default::default(),
        journal: b"",
    };
    let page = empty.html();
    assert!(page.contains("<h1>hasher</h1>") && !page.contains(r#"<figure id="errors""#));
}
