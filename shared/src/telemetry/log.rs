//! Log lines: one JSON object each, every field at the top.

use json_subscriber::JsonLayer;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{MakeWriter, time::SystemTime},
    layer::Context,
    registry::LookupSpan,
};

use super::invocation::{Environment, Invocation};

/// Writes an event with the fields of its environment and invocation.
///
/// Every line has an RFC 3339 timestamp: without one Lambda takes its level for INFO
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
pub(super) fn layer<S, W>(environment: &Environment, writer: W) -> JsonLayer<S, W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    let mut layer = JsonLayer::new(writer);
    layer.with_timer("timestamp", SystemTime);
    layer.with_level("level");
    layer.with_flattened_event();
    layer.add_static_field("function", environment.function.as_str().into());
    layer.add_static_field("version", environment.version.as_str().into());
    layer.add_static_field("architecture", environment.architecture.into());
    layer.add_multiple_dynamic_fields(|event, context, writer| {
        with_invocation(event, context, |invocation| {
            // Text and a bool can always be written.
            let _ = writer.write_field("request_id", &invocation.request_id);
            if let Some(trace_id) = &invocation.trace_id {
                let _ = writer.write_field("trace_id", trace_id);
            }
            let _ = writer.write_field("cold_start", invocation.cold_start);
        });
    });
    layer
}

/// The invocation that the event belongs to; `None` during init.
fn with_invocation<S>(
    event: &Event<'_>,
    context: &Context<'_, S>,
    mut write: impl FnMut(&Invocation),
) where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(invocation) = span.extensions().get() {
            return write(invocation);
        }
    }
}
