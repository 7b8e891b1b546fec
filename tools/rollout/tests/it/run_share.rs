//! A candidate that is throttled, a real build of `hasher`: what its users feel is found, and where no metric of its
//! version shows that, its share of the calls does.

use crate::common::{proxy, release};
use assert_cmd::assert::Assert;
use proxy::Proxy;
use release::{Dist, FUNCTION, Sandbox, said};

/// No step is over before something is found.
const RUN: [&str; 12] = [
    "run",
    FUNCTION,
    "--steps",
    "50,100",
    "--bake",
    "90s",
    "--period",
    "1s",
    "--metric-delay",
    "1s",
    "--no-data-timeout",
    "60s",
];

/// `live` serves version 1, and version 2, the arm64 build, is refused so many of its calls.
fn with_a_throttled_candidate(percent: u32) -> (Sandbox, Dist) {
    let (sandbox, dist) = (Sandbox::start(), Dist::real());
    sandbox.apply(&dist);
    sandbox.rollout(&dist, &["publish", FUNCTION]).success();
    sandbox.fault(&format!("arm64:throttle={percent}%"));
    (sandbox, dist)
}

fn run_through(endpoint: &str, dist: &Dist) -> Assert {
    release::rollout(dist, &[&["--endpoint-url", endpoint], &RUN[..]].concat())
}

#[test]
fn a_throttled_candidate_is_rolled_back_for_its_throttles() {
    // Half of them would open the circuit breaker.
    let (sandbox, dist) = with_a_throttled_candidate(30);
    let _traffic = sandbox.traffic_in_background(&dist, "40");
    let text = said(&run_through(&sandbox.endpoint, &dist).code(1));
    assert!(text.contains("% of its requests ("), "{text}");
    assert!(text.contains("worse in throttles"), "{text}");
}

/// Whether Lambda counts what it refuses by version is not known.
#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_whose_throttles_are_not_shown_pauses_the_rollout_for_its_share_with_the_likely_reasons()
 {
    let (sandbox, dist) = with_a_throttled_candidate(60);
    let proxy = Proxy::start(&sandbox.endpoint).await;
    proxy.spoil(|all, _| {
        let throttles = all
            .iter_mut()
            .filter(|it| ["t0", "t1"].contains(&it.id.as_str()));
        throttles.for_each(|series| series.retain(|_, _| false));
    });
    let _traffic = sandbox.traffic_in_background(&dist, "40");
    let text = said(&run_through(&proxy.endpoint, &dist).code(3));
    assert!(text.contains("arm64 (version 2) got "), "{text}");
    assert!(text.contains("and its weight says about "), "{text}");
    assert!(text.contains("its calls may be throttled"), "{text}");
    sandbox.reaches(&dist, 2, 50.0);
}
