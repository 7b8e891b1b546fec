//! What SQS counts of every queue
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>).

use super::model::{
    message::Millis,
    queue::{Counted, Counts},
};
use crate::services::cloudwatch::{ServiceMetrics, Unit};

const NAMESPACE: &str = "AWS/SQS";

/// Sends what has happened to messages of a queue.
pub(super) fn send_counted(metrics: &ServiceMetrics, queue: &str, counted: &Counted) {
    let sent = counted.sent_bytes.len();
    let counts = [
        ("NumberOfMessagesSent", sent),
        ("NumberOfMessagesReceived", counted.received),
        ("NumberOfMessagesDeleted", counted.deleted),
    ];
    for (name, number) in counts.into_iter().filter(|(_, number)| *number > 0) {
        send(metrics, queue, [(name, Unit::COUNT, number as f64)]);
    }
    for bytes in &counted.sent_bytes {
        send(
            metrics,
            queue,
            [("SentMessageSize", Unit::BYTES, *bytes as f64)],
        );
    }
}

/// Sends that a receive has found nothing.
pub(super) fn send_empty_receive(metrics: &ServiceMetrics, queue: &str) {
    send(
        metrics,
        queue,
        [("NumberOfEmptyReceives", Unit::COUNT, 1.0)],
    );
}

/// Sends how full a queue is.
pub(super) fn send_levels(
    metrics: &ServiceMetrics,
    queue: &str,
    counts: Counts,
    oldest_age: Option<Millis>,
) {
    let count = |name, number: usize| (name, Unit::COUNT, number as f64);
    let levels = [
        count("ApproximateNumberOfMessagesVisible", counts.visible),
        count("ApproximateNumberOfMessagesNotVisible", counts.in_flight),
        count("ApproximateNumberOfMessagesDelayed", counts.delayed),
    ];
    send(metrics, queue, levels);
    if let Some(age) = oldest_age {
        let seconds = (age / 1_000) as f64;
        let age = ("ApproximateAgeOfOldestMessage", Unit::SECONDS, seconds);
        send(metrics, queue, [age]);
    }
}

fn send<const N: usize>(metrics: &ServiceMetrics, queue: &str, values: [(&str, Unit, f64); N]) {
    metrics.send(NAMESPACE, &[("QueueName", queue)], metrics.now(), values);
}
