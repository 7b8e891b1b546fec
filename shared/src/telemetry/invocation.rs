//! Fields that are the same in all lines of an environment, and in all lines of an invocation.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lambda_runtime::Context;
use tracing::Span;
use tracing_subscriber::{Registry, registry::LookupSpan as _};

use super::level::Threshold;

/// One execution environment; does not change.
pub(super) struct Environment {
    /// Of the metrics.
    pub(super) namespace: String,
    pub(super) function: String,
    /// The published version, or `$LATEST`.
    pub(super) version: String,
    pub(super) architecture: &'static str,
    pub(super) threshold: Threshold,
    /// Whether the next invocation is a cold start.
    pub(super) cold: AtomicBool,
    /// When init began, as far as the program sees it.
    pub(super) began: Instant,
    /// How long it took.
    pub(super) init: OnceLock<Duration>,
}

/// The fields of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    /// X-Ray's `Root`, which all parts of a request have in common.
    pub(super) trace_id: Option<String>,
    pub(super) cold_start: bool,
}

impl Invocation {
    pub(super) fn begin(context: &Context, environment: &Environment) -> Self {
        Self {
            request_id: context.request_id.clone(),
            trace_id: context.xray_trace_id.as_deref().map(trace_root),
            cold_start: environment.cold.swap(false, Ordering::Relaxed),
        }
    }

    /// The span of the invocation, with these fields.
    ///
    /// At level ERROR, so that no log level turns it off: a line at any level has the request id.
    pub(super) fn span(self) -> Span {
        let span = tracing::error_span!("invocation");
        span.with_subscriber(|(id, dispatch)| {
            let registry = dispatch.downcast_ref::<Registry>();
            if let Some(span) = registry.and_then(|registry| registry.span(id)) {
                span.extensions_mut().insert(self);
            }
        });
        span
    }
}

/// The trace of `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn trace_root(header: &str) -> String {
    let root = header
        .split(';')
        .find_map(|part| part.trim().strip_prefix("Root="));
    root.unwrap_or(header).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_the_root_of_x_rays_header() {
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        for header in [
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Sampled=0; Root=1-5759e988-bd862e3fe1be46a994272793",
            root,
        ] {
            assert_eq!(trace_root(header), root);
        }
    }
}
