//! The function's own metrics, besides those that telemetry has for every invocation.
//!
//! | metric | counts |
//! | --- | --- |
//! | `DocumentsVerified`, `DocumentsRejected` | documents verified, rejected |
//! | `DocumentsAlreadySettled` | messages whose document was settled before |
//! | `MalformedMessage` and the other kinds of [`Failure`] and of [`queue::Failure`] | messages that go back to the queue |

use shared::{document::Verdict, queue, telemetry};

use crate::{failure::Failure, verify::Verification};

type Outcome = queue::Outcome<Verification, Failure>;

const VERIFIED: &str = "DocumentsVerified";
const REJECTED: &str = "DocumentsRejected";
const ALREADY_SETTLED: &str = "DocumentsAlreadySettled";

/// Counts every outcome into the invocation's metrics.
///
/// The first three are written as zero too, so that an alarm on missing progress can tell zero from no data.
/// Failures are written only when there are some.
pub fn count(outcomes: &[Outcome]) {
    for name in [VERIFIED, REJECTED, ALREADY_SETTLED] {
        telemetry::count(name, 0);
    }
    for outcome in outcomes {
        telemetry::count(name(outcome), 1);
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match &outcome.result {
        Ok(Verification::Settled(Verdict::Verified)) => VERIFIED,
        Ok(Verification::Settled(Verdict::Rejected)) => REJECTED,
        Ok(Verification::AlreadySettled(_)) => ALREADY_SETTLED,
        Err(failure) => failure.kind(),
    }
}
