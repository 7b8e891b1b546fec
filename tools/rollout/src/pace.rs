//! Turns: how often many rollouts in one process may call an API together.
//!
//! | quota of an account in a region | a second |
//! | --- | ---: |
//! | Lambda's control plane, all operations together but for `GetFunction` (100) and invocations | 15 |
//! | `CloudWatch`'s `PutMetricAlarm` and `DeleteAlarms`, each | 3 |
//! | `CloudWatch`'s `GetMetricData`, which needs no turns: the calls are few ([`Hub`](crate::metrics::Hub)) | 50 |
//!
//! Lambda's cannot be raised, and others in the account live on it too: these take two thirds of it. Who
//! waits is served by [`Turn`]: what takes a weight back never waits behind a read.
//!
//! Sources: "Lambda quotas", section "Lambda API requests"
//! (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>); "`CloudWatch` service
//! quotas" (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>).

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

/// Ten calls of Lambda's control plane a second.
const CONTROL_PLANE: Duration = Duration::from_millis(100);

/// Five alarms in two seconds: to arm one takes one call of each kind.
const ALARMS: Duration = Duration::from_millis(400);

/// What a turn is for, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// To take a weight back.
    TakeBack,
    /// Any other change.
    Change,
    /// A look at what goes on.
    Look,
    /// To begin something that may as well begin later.
    Begin,
}

/// How many kinds of turns there are.
const KINDS: usize = 4;

/// Gives turns. Clones give them of the same line.
#[derive(Debug, Clone)]
pub struct Pace(Option<Arc<Line>>);

#[derive(Debug)]
struct Line {
    /// Of each kind, first come, first served.
    fronts: [Mutex<()>; KINDS],
    schedule: StdMutex<Schedule>,
}

/// When the next call may be sent, and who waits for it.
#[derive(Debug)]
struct Schedule {
    next: Instant,
    gap: Duration,
    waiting: [usize; KINDS],
}

/// Somebody who waits, also when nobody asks any more.
struct Waiting<'a> {
    line: &'a Line,
    turn: Turn,
}

impl Pace {
    /// Nobody waits: for a process with one rollout.
    #[must_use]
    pub fn free() -> Self {
        Self(None)
    }

    /// For Lambda's control plane.
    #[must_use]
    pub fn control_plane() -> Self {
        Self::every(CONTROL_PLANE)
    }

    /// For arming and disarming alarms.
    #[must_use]
    pub fn alarms() -> Self {
        Self::every(ALARMS)
    }

    fn every(gap: Duration) -> Self {
        let schedule = Schedule {
            next: Instant::now(),
            gap,
            waiting: [0; KINDS],
        };
        Self(Some(Arc::new(Line {
            fronts: Default::default(),
            schedule: StdMutex::new(schedule),
        })))
    }

    /// Waits for a turn.
    pub async fn turn(&self, turn: Turn) {
        self.turns(turn, 1).await;
    }

    /// Waits for a turn to send so many calls one after the other.
    pub async fn turns(&self, turn: Turn, calls: u32) {
        let Some(line) = &self.0 else { return };
        let _waiting = line.wait(turn);
        let _front = line.fronts[turn as usize].lock().await;
        loop {
            let taken = line.schedule().take(Instant::now(), turn, calls);
            match taken {
                Ok(()) => return,
                Err(until) => sleep_until(until).await,
            }
        }
    }
}

impl Line {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, turn: Turn) -> Waiting<'_> {
        self.schedule().waiting[turn as usize] += 1;
        Waiting { line: self, turn }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.line.schedule().waiting[self.turn as usize] -= 1;
    }
}

impl Schedule {
    /// Takes this moment, unless it is too early or somebody more urgent waits: then says when to ask
    /// again.
    fn take(&mut self, now: Instant, turn: Turn, calls: u32) -> Result<(), Instant> {
        if now < self.next {
            return Err(self.next);
        }
        if self.waiting[..turn as usize].iter().any(|kind| *kind > 0) {
            return Err(now + self.gap);
        }
        self.next = now + self.gap * calls;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(100);

    fn schedule(next: Instant, waiting: [usize; KINDS]) -> Schedule {
        Schedule {
            next,
            gap: GAP,
            waiting,
        }
    }

    #[test]
    fn calls_are_a_gap_apart_and_several_at_once_take_as_many_gaps() {
        let now = Instant::now();
        let mut schedule = schedule(now, [0, 0, 1, 0]);
        assert_eq!(schedule.take(now, Turn::Look, 4), Ok(()));
        let later = now + 4 * GAP;
        assert_eq!(schedule.take(now + GAP, Turn::Look, 1), Err(later));
        assert_eq!(schedule.take(later, Turn::Look, 1), Ok(()));
        // A turn that nobody has wanted is not saved up.
        let much_later = now + 50 * GAP;
        assert_eq!(schedule.take(much_later, Turn::Look, 1), Ok(()));
        assert!(schedule.take(much_later, Turn::Look, 1).is_err());
    }

    #[test]
    fn the_more_urgent_go_first() {
        let now = Instant::now();
        let mut schedule = schedule(now, [1, 1, 1, 1]);
        for waits in [Turn::Change, Turn::Look, Turn::Begin] {
            assert_eq!(schedule.take(now, waits, 1), Err(now + GAP));
        }
        assert_eq!(schedule.take(now, Turn::TakeBack, 1), Ok(()));
    }

    #[tokio::test]
    async fn who_takes_back_waits_behind_nobody_who_looks() {
        let pace = Pace::every(Duration::from_millis(10));
        let looks = (0..100).map(|_| pace.turn(Turn::Look));
        let takes_back = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pace.turn(Turn::TakeBack).await;
        };
        tokio::select! {
            biased;
            () = takes_back => {}
            _ = futures::future::join_all(looks) => panic!("the looks came first"),
        }
        // Those who have stopped waiting keep nobody waiting.
        pace.turn(Turn::Begin).await;
    }

    #[tokio::test]
    async fn nobody_waits_where_there_is_one_rollout() {
        let pace = Pace::free();
        let waits = pace.turns(Turn::Begin, 1_000_000);
        let at_once = tokio::time::timeout(Duration::ZERO, waits).await;
        assert!(at_once.is_ok());
    }
}
