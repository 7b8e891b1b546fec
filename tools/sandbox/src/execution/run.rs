//! One event through one environment that is ready for it.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::{sync::oneshot, time};

use super::{
    environment::Environment,
    invocation::{Answer, Failure, Finished, Request},
    lifecycle::{Content, Event},
    log::{self, Report},
    record::Outcome,
    version::Version,
};

/// How long an answer waits for the environment to be ready. Most are at once: then log and metrics are written and the
/// environment is free before the caller can look for either. Between Lambda and its callers a network takes that time.
const HANDOVER: Duration = Duration::from_millis(50);

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
    /// It answered, and took the event then.
    Answered(Content, Instant),
    Exited {
        taken: bool,
    },
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
        answer: Answer {
            failed: true,
            body: failure.body(&request.id, version),
            tail: None,
        },
        max_memory_mib: 0,
    }
}

/// Sends the event to the environment, waits for its answer and until it is ready for the next event, or for its end,
/// and writes the log. When the function works on after its answer, the answer goes to `early` before that is over.
pub(super) async fn run(
    environment: &Arc<Environment>,
    request: &Request,
    cold_start: ColdStart,
    start: InvocationStart,
    early: &mut Option<oneshot::Sender<Answer>>,
) -> RunOutcome {
    let version = &environment.version;
    let tail_from = request.tail.then(|| environment.log.position());
    environment.thaw();
    environment
        .log
        .start(&request.id, &version.number.to_string());
    let timeout = Duration::from_secs(version.settings.timeout_s.into());
    let limit = timeout.saturating_sub(cold_start.spent);
    let begun = Instant::now();
    let deadline = time::Instant::now() + limit;
    let before = cold_start.spent + request.faults.latency;
    let answered = time::timeout_at(deadline, exchange(environment, request, limit)).await;
    let (result, taken) = match answered {
        Ok(Exchange::Exited { taken: false }) => return RunOutcome::Lost,
        Ok(Exchange::Exited { taken: true }) => (Err(exited(environment)), None),
        Ok(Exchange::Answered(content, taken)) => (result_of(content, request), Some(taken)),
        Err(_) => (Err(Failure::TimedOut), None),
    };
    // What fails after the answer is for the log and the metrics alone.
    let end = match taken {
        None => None,
        Some(taken) => {
            let answer = || answer_of(&result, request, version);
            let ready = until_ready(environment, request, early, answer);
            Some(match time::timeout_at(deadline, ready).await {
                Ok(Some(ready)) => Ok(before + ready.saturating_duration_since(taken)),
                Ok(None) => Err(exited(environment)),
                Err(_) => Err(Failure::TimedOut),
            })
        }
    };
    let failed_later = end.as_ref().and_then(|end| end.as_ref().err()).cloned();
    let (duration, reusable) = match (&end, &result) {
        (Some(Ok(duration)), _) => (*duration, true),
        (Some(Err(Failure::TimedOut)), _) | (None, Err(Failure::TimedOut)) => (timeout, false),
        _ => (cold_start.spent + begun.elapsed(), false),
    };
    let timing = Timing {
        start,
        duration,
        init: cold_start.init,
        tail_from,
    };
    // Before the process is ended: it reads the peak of memory, which the kernel forgets with the process.
    let finished = finish(environment, request, timing, result, failed_later);
    if reusable {
        RunOutcome::Reusable(finished)
    } else {
        environment.end();
        RunOutcome::Killed(finished)
    }
}

/// Waits until the environment is ready for its next event; gives since when. `None` when the process ends instead.
async fn until_ready(
    environment: &Environment,
    request: &Request,
    early: &mut Option<oneshot::Sender<Answer>>,
    answer: impl FnOnce() -> Answer,
) -> Option<Instant> {
    let ready = environment.ready();
    tokio::pin!(ready);
    tokio::select! {
        biased;
        ready = &mut ready => return ready,
        () = time::sleep(HANDOVER) => {}
    }
    // The end of the log, which comes later, is a part of the answer when it was asked for.
    if !request.tail
        && let Some(early) = early.take()
    {
        // Nobody may wait for it.
        let _ = early.send(answer());
    }
    ready.await
}

/// The result when a fresh process was gone before it took the event.
pub(super) fn lost_event(
    environment: &Arc<Environment>,
    request: &Request,
    start: InvocationStart,
) -> Finished {
    let duration = start.begun.elapsed();
    let timing = Timing {
        start,
        duration,
        init: None,
        tail_from: None,
    };
    finish(environment, request, timing, Err(exited(environment)), None)
}

/// Why an environment whose process has ended did not answer.
pub(super) fn exited(environment: &Environment) -> Failure {
    let how = environment.exit_message();
    match environment.extension_failure() {
        Some(failure) => Failure::Extension(failure, how),
        None => Failure::Exited(how),
    }
}

async fn exchange(environment: &Environment, request: &Request, limit: Duration) -> Exchange {
    if !request.faults.latency.is_zero() {
        time::sleep(request.faults.latency).await;
    }
    let trace_id = request.trace.clone();
    let event = Event {
        request_id: request.id.clone(),
        payload: request.payload.clone(),
        invoked_arn: request.invoked_arn.clone(),
        trace_id: trace_id.unwrap_or_else(|| trace_header(request, &environment.version)),
        client_context: request.client_context.clone(),
        deadline: SystemTime::now() + limit.saturating_sub(request.faults.latency),
    };
    if !environment.enqueue(event) {
        return Exchange::Exited { taken: false };
    }
    if request.faults.crash {
        // Once it has the event.
        let taken = environment.taken().await;
        environment.kill();
        environment.exited.cancelled().await;
        return Exchange::Exited { taken };
    }
    match environment.answered().await {
        Some((content, taken)) => Exchange::Answered(content, taken),
        None => Exchange::Exited {
            taken: environment.has_taken(),
        },
    }
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

fn answer_of(result: &Result<Bytes, Failure>, request: &Request, version: &Version) -> Answer {
    Answer {
        failed: result.is_err(),
        body: match result {
            Ok(body) => body.clone(),
            Err(failure) => failure.body(&request.id, version),
        },
        tail: None,
    }
}

/// Writes the end of the log and puts the result together: the answer, and what has failed after it, if anything.
pub(super) fn finish(
    environment: &Environment,
    request: &Request,
    timing: Timing,
    result: Result<Bytes, Failure>,
    failed_later: Option<Failure>,
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
    let failure = failed_later.as_ref().or(result.as_ref().err());
    if let Some(message) = failure.and_then(|failure| failure.message(version)) {
        environment.log.failure(&request.id, &message);
    }
    environment.log.end(Report {
        request_id: &request.id,
        duration,
        billed,
        memory_mib: version.settings.memory_mib,
        max_memory_mib,
        init,
        produced_bytes: result.as_ref().map_or(0, Bytes::len),
        status: failure.map(Failure::status),
    });
    Finished {
        started: start.started,
        duration,
        billed,
        init,
        outcome: failure.map_or(Outcome::Success, Failure::outcome),
        answer: Answer {
            tail: tail_from.map(|from| environment.log.tail(from)),
            ..answer_of(&result, request, version)
        },
        max_memory_mib,
    }
}

/// The X-Ray trace header of an invocation whose caller has none: `Root=1-<seconds>-<96 bits>`. It is sampled when the
/// function traces actively; on Lambda one a second and 5% of the rest.
fn trace_header(request: &Request, version: &Version) -> String {
    let hex: String = request.id.chars().filter(char::is_ascii_hexdigit).collect();
    let (root, parent) = (hex.get(..24).unwrap_or(&hex), hex.get(16..).unwrap_or(&hex));
    let sampled = u8::from(version.settings.tracing_mode == "Active");
    let now = Utc::now().timestamp();
    format!("Root=1-{now:08x}-{root};Parent={parent};Sampled={sampled}")
}
