//! Does its work whenever the time has come. Lambda tries a run that fails twice more, so work must have the same
//! result when it is done again.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use shared::telemetry;

/// EventBridge's "Scheduled Event", as far as it is used.
#[derive(Deserialize)]
struct Scheduled {
    /// When it was due, as "2026-11-27T18:00:00Z": the same when Lambda tries again, unlike the clock.
    time: String,
}

/// The answer. Nobody waits for it but the tests and `sandbox invoke`.
#[derive(Debug, PartialEq, Serialize)]
struct Done {
    day: String,
}

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and not in the handler.
    run(telemetry.observe(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<Scheduled>) -> Result<Done, Error> {
    let time = event.payload.time;
    let Some((day, _)) = time.split_once('T') else {
        return Err(format!("the event's time is {time:?}, which is no date and time").into());
    };
    tracing::info!(day, "the day's work is done");
    Ok(Done {
        day: day.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;

    use super::*;

    #[tokio::test]
    async fn work_goes_by_the_time_that_was_due() {
        let event = include_str!("../events/evening.json");
        let event = LambdaEvent::new(serde_json::from_str(event).unwrap(), Context::default());
        let day = "2026-11-27".to_owned();
        assert_eq!(handle(event).await.unwrap(), Done { day });
    }

    #[tokio::test]
    async fn a_time_that_is_none_fails_the_run() {
        let time = "soon".to_owned();
        let event = LambdaEvent::new(Scheduled { time }, Context::default());
        assert!(handle(event).await.is_err());
    }
}
