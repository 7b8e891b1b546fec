use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::services::sqs::model::message::{Attributes, Content};

const SECOND: Millis = 1000;
const DAY: Millis = 24 * 60 * 60 * SECOND;

fn message(id: usize, group: Option<&str>, sent: Millis) -> Message {
    let mut content = Content::new(id.to_string(), "body".to_owned(), Attributes::new());
    content.group = group.map(Into::into);
    Message::new(content, sent)
}

fn send(queue: &mut Queue, id: usize, group: Option<&str>, now: Millis) -> Sent {
    queue.send(message(id, group, now), 0, None, now)
}

/// Receives with a visibility timeout of 30 s.
fn receive(queue: &mut Queue, max: usize, now: Millis) -> Vec<Delivery> {
    queue.advance_time(DAY, now);
    queue
        .receive(max, 30 * SECOND, None, now)
        .unwrap()
        .deliveries
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries
        .iter()
        .map(|delivery| delivery.message.content.id.as_str())
        .collect()
}

#[test]
fn a_message_is_delivered_as_often_as_allowed_and_then_it_is_dead() {
    let mut queue = Queue::new(1, false);
    send(&mut queue, 0, None, 0);
    for receive in 1..=3 {
        let now = receive * 30 * SECOND;
        queue.advance_time(DAY, now);
        let received = queue.receive(1, 30 * SECOND, Some(3), now).unwrap();
        assert_eq!(
            u64::from(received.deliveries[0].message.receive_count),
            receive
        );
        assert!(received.dead.is_empty());
    }
    let now = 4 * 30 * SECOND;
    queue.advance_time(DAY, now);
    let received = queue.receive(1, 30 * SECOND, Some(3), now).unwrap();
    assert!(received.deliveries.is_empty());
    assert_eq!(received.dead[0].receive_count, 3);
    assert_eq!(queue.counts().visible + queue.counts().in_flight, 0);
}

#[test]
fn the_oldest_age_is_that_in_this_queue_and_leaves_out_what_was_received_again_and_again() {
    let mut queue = Queue::new(1, false);
    assert_eq!(queue.oldest_age(0), None);
    send(&mut queue, 0, None, 0);
    for receive_at in [0, 30 * SECOND, 60 * SECOND] {
        assert_eq!(queue.oldest_age(receive_at), Some(receive_at));
        receive(&mut queue, 1, receive_at);
    }
    assert_eq!(queue.oldest_age(61 * SECOND), None);
    send(&mut queue, 1, None, 61 * SECOND);
    assert_eq!(queue.oldest_age(63 * SECOND), Some(2 * SECOND));
    let mut dead = Queue::new(2, false);
    dead.accept_dead_letter(message(0, None, 0), 100 * SECOND);
    assert_eq!(dead.oldest_age(101 * SECOND), Some(SECOND));
}

#[test]
fn a_duplicate_is_not_counted_as_sent() {
    let mut queue = Queue::new(1, true);
    for _ in 0..2 {
        let id = Some("same".to_owned());
        queue.send(message(0, Some("g"), 0), 0, id, 0);
    }
    assert_eq!(queue.take_counted().sent_bytes, [4]);
    assert_eq!(queue.take_counted(), Counted::default());
}

#[test]
fn a_group_waits_while_one_of_its_messages_is_in_flight() {
    let mut queue = Queue::new(1, true);
    for (id, group) in ["a", "a", "b"].into_iter().enumerate() {
        send(&mut queue, id, Some(group), 0);
    }
    let first = receive(&mut queue, 1, 0);
    assert_eq!(ids(&first), ["0"]);
    assert_eq!(ids(&receive(&mut queue, 10, 1)), ["2"], "another group");
    assert!(receive(&mut queue, 10, 2).is_empty());
    queue.delete(first[0].receipt, "").unwrap();
    assert_eq!(ids(&receive(&mut queue, 10, 3)), ["1"]);
}

#[test]
fn a_message_that_comes_back_comes_before_the_rest_of_its_group() {
    let mut queue = Queue::new(1, true);
    for id in 0..3 {
        send(&mut queue, id, Some("a"), 0);
    }
    let both = receive(&mut queue, 2, 0);
    queue.delete(both[1].receipt, "").unwrap();
    assert!(receive(&mut queue, 10, SECOND).is_empty(), "0 is in flight");
    assert_eq!(ids(&receive(&mut queue, 10, 30 * SECOND)), ["0", "2"]);
}

#[test]
fn a_receive_prefers_the_group_of_its_first_message() {
    let mut queue = Queue::new(1, true);
    for (id, group) in ["a", "b", "a", "b"].into_iter().enumerate() {
        send(&mut queue, id, Some(group), 0);
    }
    assert_eq!(ids(&receive(&mut queue, 3, 0)), ["0", "2", "1"]);
}

#[test]
fn the_dead_of_a_group_make_room_for_the_rest_in_order() {
    let mut queue = Queue::new(1, true);
    for id in 0..4 {
        send(&mut queue, id, Some("a"), 0);
    }
    queue.receive(2, SECOND, Some(1), 0).unwrap();
    queue.advance_time(DAY, SECOND);
    let received = queue.receive(10, SECOND, Some(1), SECOND).unwrap();
    let dead: Vec<_> = received
        .dead
        .iter()
        .map(|dead| dead.content.id.as_str())
        .collect();
    assert_eq!(dead, ["0", "1"]);
    assert_eq!(ids(&received.deliveries), ["2", "3"]);
}

#[test]
fn a_delay_that_is_shortened_lets_none_overtake() {
    let mut queue = Queue::new(1, true);
    queue.send(message(0, Some("a"), 0), 10 * SECOND, None, 0);
    send(&mut queue, 1, Some("a"), SECOND);
    assert_eq!(queue.counts().delayed, 2);
    assert!(receive(&mut queue, 10, 2 * SECOND).is_empty());
    assert_eq!(ids(&receive(&mut queue, 10, 10 * SECOND)), ["0", "1"]);
}

#[test]
fn what_was_sent_in_the_last_five_minutes_is_not_taken_again() {
    let mut queue = Queue::new(1, true);
    let mut sent = |id, now| {
        let id_of_two = Some("same".to_owned());
        queue.send(message(id, Some("a"), now), 0, id_of_two, now)
    };
    let first = sent(0, 0);
    assert_eq!(sent(1, 5 * 60 * SECOND - 1), first);
    let second = sent(2, 5 * 60 * SECOND);
    assert_ne!(second, first);
    assert!(second.sequence_number > first.sequence_number);
    assert_eq!(ids(&receive(&mut queue, 10, 6 * 60 * SECOND)), ["0", "2"]);
}

#[test]
fn a_message_is_gone_when_it_is_too_old_also_in_flight() {
    for fifo in [false, true] {
        let mut queue = Queue::new(1, fifo);
        let group = fifo.then_some("a");
        send(&mut queue, 0, group, 0);
        send(&mut queue, 1, group, SECOND);
        queue.receive(1, 2 * DAY, None, 0).unwrap();
        queue.advance_time(DAY, DAY);
        assert_eq!(ids(&receive(&mut queue, 10, DAY)), ["1"]);
    }
}

#[test]
fn an_old_receipt_deletes_nothing() {
    let mut standard = Queue::new(1, false);
    send(&mut standard, 0, None, 0);
    let old = receive(&mut standard, 1, 0)[0].receipt;
    receive(&mut standard, 1, 30 * SECOND);
    standard.delete(old, "").unwrap();
    assert_eq!(standard.counts().in_flight, 1);

    let mut fifo = Queue::new(1, true);
    send(&mut fifo, 0, Some("a"), 0);
    let old = receive(&mut fifo, 1, 0)[0].receipt;
    fifo.advance_time(DAY, 30 * SECOND);
    let refused = fifo.delete(old, "handle");
    assert_eq!(
        refused,
        Err(SqsError::ReceiptHandleExpired("handle".to_owned()))
    );
    assert_eq!(fifo.counts().visible, 1);
}

#[test]
fn the_newest_receipt_deletes_from_a_standard_queue_also_when_it_comes_late() {
    let mut queue = Queue::new(1, false);
    send(&mut queue, 0, None, 0);
    let receipt = receive(&mut queue, 1, 0)[0].receipt;
    queue.advance_time(DAY, 30 * SECOND);
    assert_eq!(queue.counts().visible, 1);
    queue.delete(receipt, "").unwrap();
    assert_eq!(queue.counts().visible, 0);
}

#[test]
fn no_message_is_in_flight_for_longer_than_twelve_hours() {
    let mut queue = Queue::new(1, false);
    send(&mut queue, 0, None, 0);
    let receipt = receive(&mut queue, 1, 0)[0].receipt;
    let half = MAX_INVISIBLE / 2;
    queue.change_visibility(receipt, "", half, 0).unwrap();
    queue.change_visibility(receipt, "", half, half).unwrap();
    let refused = queue.change_visibility(receipt, "", half + 1, half);
    assert!(matches!(refused, Err(SqsError::InvisibleForTooLong(_))));
}

/// What a client may do next.
#[derive(Debug, Clone)]
enum Step {
    Send {
        group: u8,
        delay: Millis,
    },
    Receive {
        max: usize,
        visibility: Millis,
    },
    /// Deletes by the receipt of this receive, counted from the newest.
    Delete(usize),
    Return(usize),
    Wait(Millis),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_u8, prop_oneof![Just(0), 0..20_u64])
            .prop_map(|(group, delay)| Step::Send { group, delay }),
        3 => (1..5_usize, 0..20_u64)
            .prop_map(|(max, visibility)| Step::Receive { max, visibility }),
        2 => (0..6_usize).prop_map(Step::Delete),
        1 => (0..6_usize).prop_map(Step::Return),
        2 => (0..15_u64).prop_map(Step::Wait),
    ]
}

/// What must be true of each message, told by its id.
#[derive(Debug, Default)]
struct Model {
    group: BTreeMap<usize, u8>,
    hidden_until: BTreeMap<usize, Millis>,
    receives: BTreeMap<usize, u32>,
    done: BTreeSet<usize>,
    receipts: Vec<(usize, Receipt)>,
}

impl Model {
    /// Checks a receive against everything before it.
    fn check(&mut self, received: &Received, fifo: bool, visibility: Millis, now: Millis) {
        let id_of = |message: &Message| message.content.id.parse::<usize>().unwrap();
        let mut settled: BTreeSet<usize> = self.done.clone();
        for dead in &received.dead {
            let id = id_of(dead);
            assert_eq!(self.receives[&id], MAX_RECEIVES);
            assert!(
                settled.insert(id) && self.done.insert(id),
                "{id} died twice"
            );
        }
        let busy: BTreeSet<u8> = self
            .hidden_until
            .iter()
            .filter(|(id, until)| {
                **until > now && !self.done.contains(id) && self.receives.contains_key(id)
            })
            .map(|(id, _)| self.group[id])
            .collect();
        for delivery in &received.deliveries {
            let id = id_of(&delivery.message);
            assert!(!self.done.contains(&id), "{id} was settled");
            assert!(self.hidden_until[&id] <= now, "{id} is invisible");
            if fifo {
                assert!(
                    !busy.contains(&self.group[&id]),
                    "the group of {id} is busy"
                );
                let earlier = self.group.range(..id);
                let mut of_group = earlier.filter(|(_, group)| **group == self.group[&id]);
                assert!(
                    of_group.all(|(id, _)| settled.contains(id)),
                    "{id} overtook"
                );
            }
            settled.insert(id);
        }
        for delivery in &received.deliveries {
            let id = id_of(&delivery.message);
            let receives = self.receives.entry(id).or_default();
            *receives += 1;
            assert!(*receives <= MAX_RECEIVES);
            assert_eq!(delivery.message.receive_count, *receives);
            self.hidden_until.insert(id, now + visibility);
            self.receipts.push((id, delivery.receipt));
        }
    }
}

const MAX_RECEIVES: u32 = 3;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever clients do: each message is deleted by its own receipt, dead after exactly the allowed receives, or still
    /// there; none is delivered while it is invisible; groups keep their order.
    #[test]
    fn nothing_is_lost_seen_early_or_out_of_order(
        fifo: bool,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut queue = Queue::new(1, fifo);
        let mut model = Model::default();
        let mut now = 0;
        for step in steps {
            queue.advance_time(DAY, now);
            match step {
                Step::Send { group, delay } => {
                    let id = model.group.len();
                    let name = group.to_string();
                    queue.send(message(id, fifo.then_some(&name), now), delay, None, now);
                    model.group.insert(id, group);
                    model.hidden_until.insert(id, now + delay);
                }
                Step::Receive { max, visibility } => {
                    let received = queue.receive(max, visibility, Some(MAX_RECEIVES), now).unwrap();
                    model.check(&received, fifo, visibility, now);
                }
                Step::Delete(back) => {
                    if let Some(&(id, receipt)) = model.receipts.iter().nth_back(back) {
                        let before = queue.entries.len();
                        let newest = model.receives[&id] == receipt.receive;
                        let deleted = queue.delete(receipt, "").is_ok() && queue.entries.len() < before;
                        let may = newest && !model.done.contains(&id);
                        prop_assert!(!deleted || may, "{id} was deleted without right");
                        prop_assert!(deleted || !may || fifo, "{id} was not deleted");
                        if deleted {
                            model.done.insert(id);
                        }
                    }
                }
                Step::Return(back) => {
                    if let Some(&(id, receipt)) = model.receipts.iter().nth_back(back)
                        && queue.change_visibility(receipt, "", 0, now).is_ok()
                    {
                        model.hidden_until.insert(id, now);
                    }
                }
                Step::Wait(time) => now += time,
            }
        }
        now += 100;
        queue.advance_time(DAY, now);
        let left = model.group.len() - model.done.len();
        let counts = queue.counts();
        prop_assert_eq!((counts.visible, counts.in_flight, counts.delayed), (left, 0, 0));
        let mut found = BTreeSet::new();
        loop {
            let received = queue.receive(10, SECOND, None, now).unwrap();
            if received.deliveries.is_empty() {
                break;
            }
            for delivery in received.deliveries {
                prop_assert!(found.insert(delivery.message.content.id.parse::<usize>().unwrap()));
                queue.delete(delivery.receipt, "").unwrap();
            }
        }
        prop_assert_eq!(found.len(), left);
        prop_assert!(found.is_disjoint(&model.done));
        prop_assert!(queue.entries.is_empty() && queue.invisible.is_empty() && queue.by_age.is_empty());
    }
}
