//! What goes wrong around `rollout run`: processes, services, networks, people.
//!
//! Every test ends with [`is_sound`]: whatever has happened, `live` points at versions that exist,
//! with a weight that somebody has asked for.

mod changes;
mod hands;
mod kills;
mod metrics;
mod network;

use crate::common::{proxy, run as stage};
use proxy::Proxy;
use stage::{Candidate, FUNCTION, Stage, weight};

/// The policy's weights of version 2, and the two that a run ends with.
const ASKED_FOR: [f64; 4] = [0.0, 0.2, 0.5, 1.0];

/// A stage with traffic, and a proxy before it.
async fn set(candidate: Candidate) -> (Stage, Proxy) {
    let stage = Stage::set(candidate).await;
    stage.send_traffic();
    let proxy = Proxy::start(&stage.endpoint).await;
    (stage, proxy)
}

/// `live` points at versions that exist, with a weight that somebody asked for: the policy, or one of
/// `by_hand`.
async fn is_sound(stage: &Stage, by_hand: &[f64]) {
    let live = stage.live().await;
    let routing = live.routing_config();
    let weights = routing.and_then(|routing| routing.additional_version_weights());
    let additional = weights.into_iter().flatten();
    let versions = additional
        .map(|(version, _)| version.as_str())
        .chain(live.function_version());
    for version in versions {
        let found = stage
            .lambda
            .get_function_configuration()
            .function_name(FUNCTION)
            .qualifier(version)
            .send()
            .await;
        assert!(found.is_ok(), "version {version} does not exist: {live:?}");
    }
    let alone = if live.function_version() == Some("2") {
        1.0
    } else {
        0.0
    };
    let weight = weight(&live).unwrap_or(alone);
    let asked_for = ASKED_FOR.iter().chain(by_hand);
    assert!(
        asked_for
            .into_iter()
            .any(|asked| (asked - weight).abs() < 1e-9),
        "nobody has asked for {weight}: {live:?}"
    );
}
