//! Log lines, each with the environment and the invocation that it belongs to.

use std::sync::{Arc, atomic::Ordering};

use json_subscriber::JsonLayer;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    fmt::{self, MakeWriter, time::SystemTime},
    layer::{Context, SubscriberExt as _},
    registry,
    registry::LookupSpan,
};

use super::Environment;

/// The levels by Lambda's names. `tracing` has none above ERROR: errors are logged, and Lambda drops them
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
const LEVELS: [(&str, LevelFilter); 6] = [
    ("TRACE", LevelFilter::TRACE),
    ("DEBUG", LevelFilter::DEBUG),
    ("INFO", LevelFilter::INFO),
    ("WARN", LevelFilter::WARN),
    ("ERROR", LevelFilter::ERROR),
    ("FATAL", LevelFilter::ERROR),
];

/// Where lambda_runtime logs that the handler has failed or panicked. Both have been logged here, with more.
const SAID_AGAIN: &str = "lambda_runtime::layers::panic";

/// A level that is none is INFO.
pub(super) fn level(text: &str) -> &'static str {
    let known = LEVELS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map_or("INFO", |(name, _)| name)
}

/// What writes the lines: JSON with all fields at the top, or text.
pub(super) fn logger<W>(
    environment: Arc<Environment>,
    text: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let level = LEVELS.iter().find(|(name, _)| *name == environment.level);
    let level = level.map_or(LevelFilter::INFO, |(_, level)| *level);
    let lines = if text {
        // Lambda's own time is on the line already.
        fmt::layer()
            .with_writer(writer)
            .with_ansi(false)
            .without_time()
            .boxed()
    } else {
        json(environment, writer).boxed()
    };
    // The filter is about lines: spans are always there, so that a line at any level has its request id.
    let wanted = filter_fn(move |metadata| {
        metadata.is_span() || (*metadata.level() <= level && metadata.target() != SAID_AGAIN)
    });
    let wanted = wanted.with_max_level_hint(level.max(LevelFilter::INFO));
    Box::new(registry().with(wanted).with(Invocations).with(lines))
}

/// Every line has an RFC 3339 timestamp: without one Lambda takes its level for INFO.
fn json<S, W>(environment: Arc<Environment>, writer: W) -> JsonLayer<S, W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    let mut layer = JsonLayer::new(writer);
    layer.with_timer("timestamp", SystemTime);
    layer.with_level("level");
    layer.with_flattened_event();
    layer.add_static_field("functionName", environment.function.as_str().into());
    layer.add_static_field("functionVersion", environment.version.as_str().into());
    layer.add_static_field("architecture", environment.architecture.into());
    layer.add_multiple_dynamic_fields(move |event, context, writer| {
        let Some(invocation) = invocation_of(event, context) else {
            return;
        };
        // Text and a bool can always be written.
        let _ = writer.write_field("requestId", &invocation.request_id);
        if !invocation.trace_id.is_empty() {
            let _ = writer.write_field("xrayTraceId", &invocation.trace_id);
        }
        let _ = writer.write_field("coldStart", environment.cold.load(Ordering::Relaxed));
    });
    layer
}

/// The invocation that the event belongs to; `None` during init.
fn invocation_of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Option<Invocation>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let mut spans = context.event_scope(event)?;
    spans.find_map(|span| span.extensions().get().cloned())
}

/// What an invocation's lines have in common.
#[derive(Debug, Clone, Default)]
struct Invocation {
    request_id: String,
    /// X-Ray's `Root`, which all parts of a request have in common.
    trace_id: String,
}

impl Visit for Invocation {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "requestId" => value.clone_into(&mut self.request_id),
            "xrayTraceId" => trace_root(value).clone_into(&mut self.trace_id),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Remembers the fields of the span that lambda_runtime opens for every invocation.
struct Invocations;

impl<S> Layer<S> for Invocations
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().fields().field("requestId").is_none() {
            return;
        }
        let mut invocation = Invocation::default();
        attributes.record(&mut invocation);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(invocation);
        }
    }
}

/// The trace of `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn trace_root(header: &str) -> &str {
    let mut parts = header.split(';');
    let root = parts.find_map(|part| part.trim().strip_prefix("Root="));
    root.unwrap_or(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_lambda_sets_is_known_and_any_other_is_info() {
        for (text, found) in [
            ("TRACE", "TRACE"),
            ("warn", "WARN"),
            ("FATAL", "FATAL"),
            ("loud", "INFO"),
            ("", "INFO"),
        ] {
            assert_eq!(level(text), found);
        }
    }

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
