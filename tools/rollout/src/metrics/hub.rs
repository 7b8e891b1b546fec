//! Where the questions of many rollouts meet: one call answers as many as fit into it.
//!
//! Rollouts look at the same moments, because periods are aligned to the clock. What is asked within
//! a short while goes to `CloudWatch` together, up to the number of queries that one call takes.

use std::time::Duration;

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime as SdkDateTime,
    types::{MetricDataQuery, MetricDataResult},
};
use chrono::{DateTime, Utc};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    time::{Instant, timeout_at},
};

use super::incomplete;
use crate::aws::explain;

/// Queries in one call: "A single `GetMetricData` call can include up to 500 `MetricDataQuery`
/// structures" (API reference).
const MOST_QUERIES: usize = 500;

/// How long the first question waits for the others of the same moment.
const GATHERS: Duration = Duration::from_millis(250);

/// A call that has no answer by then never gets one; who asks gives up earlier.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// What one rollout asks for; it may get data points of before the start, too.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) queries: Vec<MetricDataQuery>,
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

type Answer = Result<Vec<MetricDataResult>, String>;

#[derive(Debug)]
struct Pending {
    ask: Ask,
    answer: oneshot::Sender<Answer>,
}

/// Takes questions. Clones take them to the same place.
#[derive(Debug, Clone)]
pub struct Hub {
    questions: UnboundedSender<Pending>,
    is_shared: bool,
}

impl Hub {
    /// A hub that asks at once, for one rollout.
    #[must_use]
    pub fn alone(client: Client) -> Self {
        Self::new(client, Duration::ZERO)
    }

    /// A hub that waits for the questions of others after the first one.
    #[must_use]
    pub fn shared(client: Client) -> Self {
        Self::new(client, GATHERS)
    }

    fn new(client: Client, gathers: Duration) -> Self {
        let (questions, asked) = unbounded_channel();
        tokio::spawn(serve(client, asked, gathers));
        Self {
            questions,
            is_shared: !gathers.is_zero(),
        }
    }

    /// Whether a call has the questions of others, too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Asks; all pages of the answer, in which nothing is missing.
    pub(super) async fn ask(&self, ask: Ask) -> Answer {
        let gone = || "the process is ending".to_owned();
        let (answer, answered) = oneshot::channel();
        let pending = Pending { ask, answer };
        self.questions.send(pending).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn serve(client: Client, mut questions: UnboundedReceiver<Pending>, gathers: Duration) {
    while let Some(first) = questions.recv().await {
        let until = Instant::now() + gathers;
        let mut all = vec![first];
        while let Ok(Some(next)) = timeout_at(until, questions.recv()).await {
            all.push(next);
        }
        for batch in batches(all) {
            tokio::spawn(answer(client.clone(), batch));
        }
    }
}

/// As few calls as hold them all; those that reach back equally far go together.
fn batches(mut all: Vec<Pending>) -> Vec<Vec<Pending>> {
    all.sort_by_key(|pending| pending.ask.start);
    let mut batches: Vec<Vec<Pending>> = Vec::new();
    let mut room = 0;
    for pending in all {
        let queries = pending.ask.queries.len();
        match batches.last_mut().filter(|_| queries <= room) {
            Some(batch) => batch.push(pending),
            None => {
                batches.push(vec![pending]);
                room = MOST_QUERIES;
            }
        }
        room = room.saturating_sub(queries);
    }
    batches
}

async fn answer(client: Client, batch: Vec<Pending>) {
    let call = call(&client, &batch);
    let answer = tokio::time::timeout(CALL_LIMIT, call)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", CALL_LIMIT.as_secs())));
    for (position, pending) in batch.into_iter().enumerate() {
        let share = answer
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|results| share(results, position, &pending.ask.queries));
        // Who has stopped waiting does not want it.
        let _ = pending.answer.send(share);
    }
}

async fn call(client: &Client, batch: &[Pending]) -> Answer {
    let asks = || batch.iter().map(|pending| &pending.ask);
    let queries = asks().enumerate().flat_map(|(position, ask)| {
        let query = move |query: &MetricDataQuery| marked(query.clone(), position);
        ask.queries.iter().map(query)
    });
    let start = asks().map(|ask| ask.start).min().unwrap_or_default();
    let end = asks().map(|ask| ask.end).max().unwrap_or_default();
    pages(client, start, end, queries.collect()).await
}

/// All pages of one call.
pub(super) async fn pages(
    client: &Client,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    queries: Vec<MetricDataQuery>,
) -> Answer {
    let mut pages = client
        .get_metric_data()
        .start_time(SdkDateTime::from_secs(start.timestamp()))
        // The second that is under way counts too.
        .end_time(SdkDateTime::from_secs(end.timestamp() + 1))
        .set_metric_data_queries(Some(queries))
        .into_paginator()
        .send();
    let mut results = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explain(&error))?;
        results.extend(page.metric_data_results.unwrap_or_default());
    }
    Ok(results)
}

/// The id that a query has among those of all who ask.
fn marked(mut query: MetricDataQuery, position: usize) -> MetricDataQuery {
    query.id = query.id.map(|id| format!("{id}_{position}"));
    query
}

/// What of the results belongs to one who asks, under the ids that it has given.
fn share(results: &[MetricDataResult], position: usize, asked: &[MetricDataQuery]) -> Answer {
    let mark = format!("_{position}");
    let own = |result: &MetricDataResult| {
        let id = result.id()?.strip_suffix(&mark)?.to_owned();
        let mut result = result.clone();
        result.id = Some(id);
        Some(result)
    };
    let own: Vec<_> = results.iter().filter_map(own).collect();
    match incomplete(asked, &own) {
        None => Ok(own),
        Some(status) => Err(format!("it was not answered in full: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::StatusCode;

    use super::*;

    fn ask(queries: usize, start: i64) -> Pending {
        let query = |at| MetricDataQuery::builder().id(format!("i{at}")).build();
        Pending {
            ask: Ask {
                queries: (0..queries).map(query).collect(),
                start: DateTime::from_timestamp(start, 0).expect("a time"),
                end: DateTime::UNIX_EPOCH,
            },
            answer: oneshot::channel().0,
        }
    }

    fn sizes(asks: Vec<Pending>) -> Vec<usize> {
        batches(asks).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_hundred_rollouts_are_answered_by_two_calls_and_by_three_when_time_is_judged() {
        assert_eq!(sizes((0..100).map(|_| ask(6, 0)).collect()), [83, 17]);
        assert_eq!(sizes((0..100).map(|_| ask(12, 0)).collect()), [41, 41, 18]);
    }

    #[test]
    fn those_that_reach_back_far_do_not_make_the_others_reach_back() {
        let asks = [100, 0, 100, 0].map(|start| ask(250, start)).into();
        let starts: Vec<Vec<i64>> = batches(asks)
            .iter()
            .map(|batch| batch.iter().map(|p| p.ask.start.timestamp()).collect())
            .collect();
        assert_eq!(starts, [[0, 0], [100, 100]]);
    }

    #[test]
    fn everybody_gets_what_it_has_asked_for_and_nothing_else() {
        let asked = ["i0", "e0"].map(|id| MetricDataQuery::builder().id(id).build());
        let result = |id: &str, value: f64| {
            let result = MetricDataResult::builder().id(id).values(value);
            result.status_code(StatusCode::Complete).build()
        };
        let results = [
            result("i0_1", 1.0),
            result("i0_11", 11.0),
            result("e0_1", 2.0),
        ];
        let own = share(&results, 1, &asked).expect("is complete");
        let own: Vec<_> = own.iter().map(|r| (r.id(), r.values())).collect();
        assert_eq!(own, [(Some("i0"), &[1.0][..]), (Some("e0"), &[2.0])]);
        assert!(share(&results, 11, &asked).is_err());
    }
}
