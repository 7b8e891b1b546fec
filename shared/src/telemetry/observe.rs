//! The service around the handler.

use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Instant, SystemTime},
};

use lambda_runtime::{LambdaEvent, Service};
use pin_project_lite::pin_project;
use tracing::{Instrument as _, instrument::Instrumented};

use super::{
    Telemetry,
    emf::{Line, own_metric},
    invocation::Invocation,
    metrics,
};

/// A handler whose invocations are logged and measured; made by [`Telemetry::observe`].
#[derive(Clone)]
pub struct Observed<S> {
    service: S,
    telemetry: Telemetry,
}

impl<S> Observed<S> {
    pub(super) fn new(service: S, telemetry: Telemetry) -> Self {
        Self { service, telemetry }
    }
}

impl<S, T> Service<LambdaEvent<T>> for Observed<S>
where
    S: Service<LambdaEvent<T>>,
    S::Error: Debug,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Observation<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, event: LambdaEvent<T>) -> Self::Future {
        let invocation = Invocation::begin(&event.context, &self.telemetry.environment);
        // From here on `Ending::drop` also runs after a panic, even in `call`.
        let ending = Ending {
            telemetry: self.telemetry.clone(),
            invocation: invocation.clone(),
            start: SystemTime::now(),
            clock: Instant::now(),
        };
        let span = invocation.span();
        let future = span.in_scope(|| self.service.call(event)).instrument(span);
        Observation {
            future,
            ending: Some(ending),
        }
    }
}

pin_project! {
    /// One invocation in progress.
    pub struct Observation<F> {
        #[pin]
        future: Instrumented<F>,
        ending: Option<Ending>,
    }
}

impl<F, R, E> Future for Observation<F>
where
    F: Future<Output = Result<R, E>>,
    E: Debug,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let result = ready!(this.future.as_mut().poll(context));
        if let Err(error) = &result {
            let log = || tracing::error!(?error, "the invocation failed");
            this.future.span().in_scope(log);
        }
        drop(this.ending.take());
        Poll::Ready(result)
    }
}

/// Writes the invocation's metrics when it is dropped, so also after a panic.
struct Ending {
    telemetry: Telemetry,
    invocation: Invocation,
    start: SystemTime,
    clock: Instant,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let duration = self.clock.elapsed();
        let init = self.telemetry.environment.init.get().copied();
        let init = init.filter(|_| self.invocation.cold_start);
        let mut metrics = vec![own_metric(duration, init)];
        metrics.append(&mut metrics::take());
        let line = Line {
            environment: &self.telemetry.environment,
            invocation: &self.invocation,
            start: self.start,
            metrics: &metrics,
        };
        (self.telemetry.sink)(&line.to_bytes());
    }
}
