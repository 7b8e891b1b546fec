//! The tower service around a handler or a router.

use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll, ready},
    time::{Instant, SystemTime},
};

use lambda_runtime::{LambdaEvent, Service};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;

use super::{
    Telemetry, emf,
    metrics::{INIT, METRICS, Metric, Metrics, Unit, WARM, in_milliseconds},
};

/// A service whose invocations are logged and measured; made by [`Telemetry::observe`].
#[derive(Clone)]
pub struct Observed<S> {
    service: S,
    telemetry: Telemetry,
}

impl<S> Observed<S> {
    pub(super) fn new(service: S, telemetry: Telemetry) -> Self {
        Self { service, telemetry }
    }

    /// Runs one invocation, and has a look at its result.
    fn run<F: Future>(
        &mut self,
        invocation: Invocation,
        call: impl FnOnce(&mut S) -> F,
        look: fn(&F::Output),
    ) -> Observation<F> {
        let metrics = Metrics::default();
        // From here on `Ending::drop` also runs after a panic, even in `call`.
        let ending = Ending {
            telemetry: self.telemetry.clone(),
            invocation,
            metrics: metrics.clone(),
            start: SystemTime::now(),
            clock: Instant::now(),
        };
        let service = &mut self.service;
        let future = METRICS.sync_scope(metrics.clone(), || call(service));
        Observation {
            future: METRICS.scope(metrics, future),
            look,
            ending: Some(ending),
        }
    }
}

/// A handler of events.
impl<S, T> Service<LambdaEvent<T>> for Observed<S>
where
    S: Service<LambdaEvent<T>>,
    S::Error: Debug,
    S::Future: Future<Output = Result<S::Response, S::Error>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Observation<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, event: LambdaEvent<T>) -> Self::Future {
        let invocation = Invocation::from(&event.context);
        self.run(invocation, |service| service.call(event), log_failure)
    }
}

/// An HTTP router. For Lambda an answer with status 500 is a success, so its own metric `Errors` does not count it. So
/// answers are counted here: `Requests`, and among them `ServerErrors` (5xx), which a rollout compares.
#[cfg(feature = "http")]
impl<S, A, B> Service<lambda_http::http::Request<A>> for Observed<S>
where
    S: Service<lambda_http::http::Request<A>, Response = lambda_http::http::Response<B>>,
    S::Error: Debug,
    S::Future: Future<Output = Result<S::Response, S::Error>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Observation<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: lambda_http::http::Request<A>) -> Self::Future {
        use super::metrics::{REQUESTS, SERVER_ERRORS, count_own};
        use lambda_http::RequestExt as _;

        let invocation = request.lambda_context_ref().map(Invocation::from);
        self.run(
            invocation.unwrap_or_default(),
            |service| service.call(request),
            |result| {
                log_failure(result);
                let status = result.as_ref().map(|answer| answer.status());
                count_own(REQUESTS, 1);
                count_own(
                    SERVER_ERRORS,
                    status.map_or(1, |it| it.is_server_error().into()),
                );
            },
        )
    }
}

/// What is known of an invocation before it begins.
#[derive(Default)]
struct Invocation {
    request_id: String,
    /// Whether `rollout replay` sent it, which says so in the client context. Sample events may fail on purpose, and are
    /// none of the traffic that rollouts and alarms judge.
    is_replay: bool,
}

impl From<&lambda_runtime::Context> for Invocation {
    fn from(context: &lambda_runtime::Context) -> Self {
        let client = context.client_context.as_ref();
        Self {
            request_id: context.request_id.clone(),
            is_replay: client.is_some_and(|client| client.custom.contains_key("replay")),
        }
    }
}

fn log_failure<R, E: Debug>(result: &Result<R, E>) {
    if let Err(error) = result {
        tracing::error!(?error, "the invocation failed");
    }
}

pin_project! {
    /// One invocation in progress.
    pub struct Observation<F: Future> {
        #[pin]
        future: TaskLocalFuture<Metrics, F>,
        look: fn(&F::Output),
        ending: Option<Ending>,
    }
}

impl<F: Future> Future for Observation<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = ready!(this.future.poll(context));
        if let Some(ending) = this.ending.take() {
            METRICS.sync_scope(ending.metrics.clone(), || (this.look)(&result));
        }
        Poll::Ready(result)
    }
}

/// Writes the invocation's metrics when it is dropped, so also after a panic.
struct Ending {
    telemetry: Telemetry,
    invocation: Invocation,
    metrics: Metrics,
    start: SystemTime,
    clock: Instant,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let environment = &self.telemetry.environment;
        let cold = environment.cold.swap(false, Ordering::Relaxed);
        let (name, time) = match environment.init.get() {
            Some(init) if cold => (INIT, *init),
            _ => (WARM, self.clock.elapsed()),
        };
        let mut metrics = vec![Metric {
            name,
            unit: Unit::Milliseconds,
            value: in_milliseconds(time),
        }];
        metrics.append(&mut self.metrics.take());
        let start = (!self.invocation.is_replay).then_some(self.start);
        let lines = emf::lines(environment, &self.invocation.request_id, start, &metrics);
        (self.telemetry.sink)(&lines);
    }
}
