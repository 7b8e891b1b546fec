//! Random mixes of good, bad, slow and stuck records, on tokio's paused clock, compared with a model.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::pending,
    time::Duration,
};

use proptest::prelude::*;
use tokio::time::sleep;

use super::*;

/// What the work on one record does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    Good(u64),
    Bad(u64),
    Panics(u64),
    Stuck,
}

impl Behaviour {
    /// How long it takes in ms; `None` for ever.
    fn takes(self) -> Option<u64> {
        match self {
            Self::Good(ms) | Self::Bad(ms) | Self::Panics(ms) => Some(ms),
            Self::Stuck => None,
        }
    }

    async fn perform(self) -> Result<(), Failure> {
        match self.takes() {
            Some(ms) => sleep(Duration::from_millis(ms)).await,
            None => pending().await,
        }
        match self {
            Self::Good(_) | Self::Stuck => Ok(()),
            Self::Bad(_) => Err(Failure::permanent("MalformedMessage", "as told")),
            Self::Panics(_) => panic!("as told"),
        }
    }
}

#[derive(Debug, Clone)]
struct Scenario {
    fifo: bool,
    /// Group and behaviour by record.
    records: Vec<(Option<u8>, Behaviour)>,
    deadline_ms: u64,
}

impl Scenario {
    fn batch(&self) -> Vec<SqsMessage> {
        let message = |(index, (group, _)): (usize, &(Option<u8>, Behaviour))| {
            let queue = if self.fifo { "orders.fifo" } else { "orders" };
            let mut message = SqsMessage::default();
            message.message_id = Some(index.to_string());
            message.event_source_arn = Some(format!("arn:aws:sqs:eu-west-1:123456789012:{queue}"));
            let group = group.map(|group| ("MessageGroupId".to_owned(), group.to_string()));
            message.attributes.extend(group);
            message
        };
        self.records.iter().enumerate().map(message).collect()
    }

    /// The lane of each record, as the documentation defines it.
    fn lane(&self, index: usize) -> usize {
        let unknown_group = self.records.iter().any(|(group, _)| group.is_none());
        match self.records[index].0 {
            _ if !self.fifo => index,
            _ if unknown_group => 0,
            None => 0,
            Some(group) => usize::from(group),
        }
    }

    fn lanes(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut lanes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in 0..self.records.len() {
            lanes.entry(self.lane(index)).or_default().push(index);
        }
        lanes
    }

    /// Which records are done if every lane starts at once.
    fn model(&self) -> BTreeSet<usize> {
        let mut done = BTreeSet::new();
        for lane in self.lanes().into_values() {
            let mut now = 0;
            for index in lane {
                let behaviour = self.records[index].1;
                let end = behaviour.takes().map(|ms| now + ms);
                match (behaviour, end) {
                    (Behaviour::Good(_), Some(end))
                        if now < self.deadline_ms && end <= self.deadline_ms =>
                    {
                        now = end;
                        done.insert(index);
                    }
                    _ => break,
                }
            }
        }
        done
    }
}

/// What the work has observed.
#[derive(Debug, Default)]
struct Seen {
    begun: RefCell<Vec<(usize, Duration)>>,
    finished: RefCell<Vec<usize>>,
    running: Cell<usize>,
    most_running: Cell<usize>,
}

struct Running<'a>(&'a Seen);

impl<'a> Running<'a> {
    fn new(seen: &'a Seen) -> Self {
        seen.running.set(seen.running.get() + 1);
        seen.most_running
            .set(seen.most_running.get().max(seen.running.get()));
        Self(seen)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

/// Runs the scenario on a paused clock; gives outcomes, observations and the time it took.
fn perform(scenario: &Scenario) -> (Vec<Outcome>, Seen, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let seen = Seen::default();
    let (outcomes, took) = runtime.block_on(async {
        let start = Instant::now();
        let deadline = start + Duration::from_millis(scenario.deadline_ms);
        let outcomes = run(scenario.batch(), deadline, async |message: &SqsMessage| {
            let index: usize = message.message_id.as_ref().unwrap().parse().unwrap();
            let _running = Running::new(&seen);
            seen.begun.borrow_mut().push((index, start.elapsed()));
            let result = scenario.records[index].1.perform().await;
            seen.finished.borrow_mut().push(index);
            result
        })
        .await;
        (outcomes, start.elapsed())
    });
    (outcomes, seen, took)
}

fn id(outcome: &Outcome) -> &str {
    outcome.message.message_id.as_deref().unwrap()
}

fn done(outcomes: &[Outcome]) -> BTreeSet<usize> {
    let done = outcomes.iter().filter(|outcome| outcome.result.is_ok());
    done.map(|outcome| id(outcome).parse().unwrap()).collect()
}

fn kinds(outcomes: &[Outcome]) -> Vec<&'static str> {
    let kind = |outcome: &Outcome| match &outcome.result {
        Ok(()) => "-",
        Err(failure) => failure.kind,
    };
    outcomes.iter().map(kind).collect()
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        6 => (0u64..120).prop_map(Behaviour::Good),
        1 => (0u64..120).prop_map(Behaviour::Bad),
        1 => (0u64..120).prop_map(Behaviour::Panics),
        1 => Just(Behaviour::Stuck),
    ]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let group = prop_oneof![
        9 => (0u8..5).prop_map(Some),
        1 => Just(None),
    ];
    let records = prop::collection::vec((group, behaviour()), 0..30);
    (any::<bool>(), records, 0u64..300).prop_map(|(fifo, records, deadline_ms)| Scenario {
        fifo,
        records,
        deadline_ms,
    })
}

proptest! {
    #[test]
    fn every_record_is_done_or_given_back_once_and_in_its_place(scenario in scenario()) {
        let (outcomes, seen, _) = perform(&scenario);
        let ids: Vec<_> = outcomes.iter().map(|outcome| id(outcome).to_owned()).collect();
        let expected: Vec<_> = (0..scenario.records.len()).map(|index| index.to_string()).collect();
        prop_assert_eq!(ids, expected);
        // Exactly the records that succeeded are acknowledged.
        let finished: BTreeSet<_> = seen.finished.borrow().iter().copied().collect();
        prop_assert_eq!(finished.len(), seen.finished.borrow().len());
        let well = finished.into_iter().filter(|index| matches!(scenario.records[*index].1, Behaviour::Good(_)));
        prop_assert_eq!(done(&outcomes), well.collect());
    }

    #[test]
    fn nothing_outlives_the_deadline_and_nothing_begins_at_it(scenario in scenario()) {
        let (_, seen, took) = perform(&scenario);
        let deadline = Duration::from_millis(scenario.deadline_ms);
        prop_assert!(took <= deadline, "{took:?} of {deadline:?}");
        prop_assert_eq!(seen.running.get(), 0);
        prop_assert!(seen.most_running.get() <= CONCURRENCY);
        for (index, at) in seen.begun.borrow().iter() {
            prop_assert!(*at < deadline, "record {index} began at {at:?} of {deadline:?}");
        }
    }

    #[test]
    fn what_is_acknowledged_of_a_lane_is_a_prefix_begun_in_order(scenario in scenario()) {
        let (outcomes, seen, _) = perform(&scenario);
        let done = done(&outcomes);
        for lane in scenario.lanes().into_values() {
            let prefix = lane.iter().take_while(|index| done.contains(index)).count();
            let all = lane.iter().filter(|index| done.contains(index)).count();
            prop_assert_eq!(prefix, all, "lane {:?}, done {:?}", lane, done);
            let begun: Vec<_> = seen.begun.borrow().iter().map(|(index, _)| *index)
                .filter(|index| lane.contains(index)).collect();
            prop_assert!(lane.starts_with(&begun), "lane {lane:?} begun as {begun:?}");
        }
    }

    #[test]
    fn as_many_lanes_as_may_run_at_once_do_all_that_the_time_allows(scenario in scenario()) {
        prop_assume!(scenario.lanes().len() <= CONCURRENCY);
        let (outcomes, _, _) = perform(&scenario);
        prop_assert_eq!(done(&outcomes), scenario.model());
    }
}

#[test]
fn the_rest_of_a_group_goes_back_behind_its_first_failure_and_other_groups_go_on() {
    let scenario = Scenario {
        fifo: true,
        records: vec![
            (Some(1), Behaviour::Good(1)),
            (Some(1), Behaviour::Bad(1)),
            (Some(2), Behaviour::Good(1)),
            (Some(1), Behaviour::Good(1)),
            (Some(2), Behaviour::Good(1)),
        ],
        deadline_ms: 100,
    };
    let (outcomes, ..) = perform(&scenario);
    assert_eq!(
        kinds(&outcomes),
        ["-", "MalformedMessage", "-", "BehindAFailure", "-"]
    );
    let failure = outcomes[3].result.as_ref().unwrap_err();
    assert_eq!(
        failure.reason,
        "waits for message 1 of the same group, which goes back"
    );
}

#[test]
fn groups_of_a_standard_queue_order_nothing() {
    let records = vec![
        (Some(1), Behaviour::Bad(1)),
        (Some(1), Behaviour::Panics(1)),
        (Some(1), Behaviour::Good(1)),
        (Some(1), Behaviour::Stuck),
    ];
    let scenario = Scenario {
        fifo: false,
        records,
        deadline_ms: 100,
    };
    let (outcomes, _, took) = perform(&scenario);
    assert_eq!(
        kinds(&outcomes),
        ["MalformedMessage", "Panicked", "-", "OutOfTime"]
    );
    assert_eq!(took, Duration::from_millis(100));
}

#[test]
fn a_batch_that_comes_too_late_goes_back_untouched() {
    let scenario = Scenario {
        fifo: false,
        records: vec![(None, Behaviour::Good(0)); 25],
        deadline_ms: 0,
    };
    let (outcomes, seen, _) = perform(&scenario);
    assert_eq!(kinds(&outcomes), ["OutOfTime"; 25]);
    assert!(seen.begun.borrow().is_empty());
}

#[test]
fn a_fifo_record_that_does_not_say_its_group_keeps_the_whole_batch_in_order() {
    let scenario = Scenario {
        fifo: true,
        records: vec![
            (Some(1), Behaviour::Good(1)),
            (None, Behaviour::Bad(1)),
            (Some(2), Behaviour::Good(1)),
        ],
        deadline_ms: 100,
    };
    let (outcomes, ..) = perform(&scenario);
    assert_eq!(
        kinds(&outcomes),
        ["-", "MalformedMessage", "BehindAFailure"]
    );
}
