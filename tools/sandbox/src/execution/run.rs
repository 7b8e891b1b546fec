//! One event through one environment that is ready for it.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::{sync::oneshot, time};

use super::{
    environment::{Answer, Content, Environment, QueuedEvent},
    invocation::{Failure, Finished, Request},
    log::{self, Report},
    record::Outcome,
    version::Version,
};

/// What it took to get an environment: nothing when it was idle.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ColdStart {
    /// Time of the initialisation.
    pub(super) init: Option<Duration>,
    /// Part of the function's time limit that a second initialisation has used.
    pub(super) spent: Duration,
}

/// When an invocation began, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct InvocationStart {
    pub(super) started: DateTime<Utc>,
    pub(super) begun: Instant,
}

/// What became of an event, and of the environment that had it.
#[derive(Debug)]
pub(super) enum RunOutcome {
    /// The process was gone before it took the event.
    Lost,
    /// The process is gone.
    Killed(Finished),
    /// The process is ready for the next event.
    Reusable(Finished),
}

/// What the process did with the event within the time limit.
enum Exchange {
    Answered(Answer),
    Exited { taken: bool },
}

/// The result when not even a log could be opened: the sandbox's own failure.
pub(super) fn without_environment(
    version: &Version,
    request: &Request,
    start: InvocationStart,
    error: &io::Error,
) -> Finished {
    let failure =
        Failure::InvalidEntrypoint(format!("the sandbox cannot create an environment: {error}"));
    Finished {
        started: start.started,
        duration: Duration::ZERO,
        billed: Duration::ZERO,
        init: None,
        outcome: failure.outcome(),
        body: failure.body(&request.id, version),
        max_memory_mib: 0,
        tail: None,
    }
}

/// Sends the event to the environment, waits for its answer or its end, and writes the log.
pub(super) async fn run(
    environment: &Arc<Environment>,
    request: &Request,
    cold_start: ColdStart,
    start: InvocationStart,
) -> RunOutcome {
    let version = &environment.version;
    let tail_from = request.tail.then(|| environment.log.position());
    environment
        .log
        .start(&request.id, &version.number.to_string());
    let timeout = Duration::from_secs(version.settings.timeout_s.into());
    let limit = timeout.saturating_sub(cold_start.spent);
    let begun = Instant::now();
    let (result, duration, reusable) =
        match time::timeout(limit, exchange(environment, request, limit)).await {
            Err(_) => {
                // Read before the kill: the kernel keeps nothing about a process that has ended.
                let _ = environment.peak_memory_mib();
                environment.kill();
                (Err(Failure::TimedOut), timeout, false)
            }
            Ok(Exchange::Exited { taken: false }) => return RunOutcome::Lost,
            Ok(Exchange::Exited { taken: true }) => (
                Err(Failure::Exited(environment.exit_message())),
                cold_start.spent + begun.elapsed(),
                false,
            ),
            Ok(Exchange::Answered(answer)) => {
                let duration = cold_start.spent + request.faults.latency + answer.duration;
                (result_of(answer.content, request), duration, true)
            }
        };
    let finished = finish(
        environment,
        request,
        Timing {
            start,
            duration,
            init: cold_start.init,
            tail_from,
        },
        result,
    );
    if reusable {
        RunOutcome::Reusable(finished)
    } else {
        RunOutcome::Killed(finished)
    }
}

/// The result when a fresh process was gone before it took the event.
pub(super) fn lost_event(
    environment: &Arc<Environment>,
    request: &Request,
    start: InvocationStart,
) -> Finished {
    let duration = start.begun.elapsed();
    let failure = Failure::Exited(environment.exit_message());
    finish(
        environment,
        request,
        Timing {
            start,
            duration,
            init: None,
            tail_from: None,
        },
        Err(failure),
    )
}

async fn exchange(environment: &Environment, request: &Request, limit: Duration) -> Exchange {
    if !request.faults.latency.is_zero() {
        time::sleep(request.faults.latency).await;
    }
    let (taken, mut was_taken) = oneshot::channel();
    let (answer, mut answered) = oneshot::channel();
    let event = QueuedEvent {
        request_id: request.id.clone(),
        payload: request.payload.clone(),
        invoked_arn: request.invoked_arn.clone(),
        trace_id: trace_id(&request.id, Utc::now()),
        limit: limit.saturating_sub(request.faults.latency),
        taken,
        answer,
    };
    if !environment.enqueue(event) {
        return Exchange::Exited { taken: false };
    }
    if request.faults.crash {
        return crash(environment, was_taken).await;
    }
    tokio::select! {
        biased;
        Ok(answer) = &mut answered => Exchange::Answered(answer),
        () = environment.exited.cancelled() => match answered.try_recv() {
            // It answered, and ended afterwards.
            Ok(answer) => Exchange::Answered(answer),
            Err(_) => Exchange::Exited { taken: was_taken.try_recv().is_ok() },
        },
    }
}

/// Kills the process once it has the event.
async fn crash(environment: &Environment, taken: oneshot::Receiver<()>) -> Exchange {
    let taken = tokio::select! {
        taken = taken => taken.is_ok(),
        () = environment.exited.cancelled() => false,
    };
    environment.kill();
    environment.exited.cancelled().await;
    Exchange::Exited { taken }
}

fn result_of(content: Content, request: &Request) -> Result<Bytes, Failure> {
    match content {
        _ if request.faults.error => Err(Failure::Injected),
        Content::Response(body) => Ok(body),
        Content::Error(body) => Err(Failure::HandlerError(body)),
        Content::TooLarge => Err(Failure::ResponseTooLarge),
    }
}

/// The times of an invocation, and where its log begins.
pub(super) struct Timing {
    pub(super) start: InvocationStart,
    pub(super) duration: Duration,
    pub(super) init: Option<Duration>,
    pub(super) tail_from: Option<u64>,
}

/// Writes the end of the log and puts the result together.
pub(super) fn finish(
    environment: &Environment,
    request: &Request,
    timing: Timing,
    result: Result<Bytes, Failure>,
) -> Finished {
    let Timing {
        start,
        duration,
        init,
        tail_from,
    } = timing;
    let version = &environment.version;
    let billed = log::billed(duration, init);
    let max_memory_mib = environment.peak_memory_mib();
    if let Some(message) = result
        .as_ref()
        .err()
        .and_then(|failure| failure.message(version))
    {
        environment.log.failure(&request.id, &message);
    }
    environment.log.end(Report {
        request_id: &request.id,
        duration,
        billed,
        memory_mib: version.settings.memory_mib,
        max_memory_mib,
        init,
        status: result.as_ref().err().map(Failure::status),
    });
    let (outcome, body) = match result {
        Ok(body) => (Outcome::Success, body),
        Err(failure) => (failure.outcome(), failure.body(&request.id, version)),
    };
    Finished {
        started: start.started,
        duration,
        billed,
        init,
        outcome,
        body,
        max_memory_mib,
        tail: tail_from.map(|from| environment.log.tail(from)),
    }
}

/// An X-Ray trace header of its own for every invocation, never sampled: `Root=1-<seconds>-<96 bits>`.
fn trace_id(request_id: &str, now: DateTime<Utc>) -> String {
    let hex: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let (root, parent) = (hex.get(..24).unwrap_or(&hex), hex.get(16..).unwrap_or(&hex));
    format!(
        "Root=1-{:08x}-{root};Parent={parent};Sampled=0",
        now.timestamp()
    )
}
