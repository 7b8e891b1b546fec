//! Many rollouts of healthy candidates on streams of calls that happen by chance: at rates from none a day to five a
//! minute, and with metrics that AWS stamps with a start and sends at an end.

use chrono::DurationRound as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rand_distr::{Distribution as _, Poisson};

use package::manifest::GuardPolicy;

use super::*;
use crate::aws::alarm;

/// One invocation.
#[derive(Debug, Clone, Copy)]
struct Call {
    /// The minute in which it has started.
    minute: DateTime<Utc>,
    /// When its metrics are there.
    sent: DateTime<Utc>,
    /// 0 or 1.
    version: usize,
    failed: bool,
}

/// How invocations come, and how they go.
#[derive(Debug, Clone, Copy)]
struct Stream {
    per_minute: f64,
    failure_rate: f64,
    /// How long a failure takes.
    failure: TimeDelta,
    /// How long a success of either version takes at least, and how much longer at most.
    success: [[TimeDelta; 2]; 2],
}

impl Stream {
    const fn quick(per_minute: f64, failure_rate: f64) -> Self {
        Self {
            per_minute,
            failure_rate,
            failure: TimeDelta::zero(),
            success: [[TimeDelta::zero(); 2]; 2],
        }
    }

    /// The calls of one minute of which the candidate gets a share.
    fn minute(&self, minute: DateTime<Utc>, share: f64, rng: &mut StdRng) -> Vec<Call> {
        let calls = match self.per_minute {
            0.0 => 0.0,
            mean => Poisson::new(mean).expect("a mean").sample(rng),
        };
        let call = |_| {
            let start = minute + TimeDelta::milliseconds(rng.random_range(0..60_000));
            let failed = rng.random_bool(self.failure_rate);
            let version = usize::from(rng.random_bool(share));
            let [least, spread] = self.success[version].map(|time| time.num_milliseconds());
            let took = if failed {
                self.failure
            } else {
                TimeDelta::milliseconds(least + rng.random_range(0..=spread))
            };
            // Lambda sends every minute what has ended in it.
            let sent = (start + took).duration_trunc(TimeDelta::minutes(1));
            Call {
                minute,
                sent: sent.expect("a minute") + TimeDelta::minutes(1),
                version,
                failed,
            }
        };
        (0..calls as u64).map(call).collect()
    }
}

/// What `CloudWatch` shows of calls by now.
fn samples(calls: &[Call], now: DateTime<Utc>) -> Samples {
    let mut periods: BTreeMap<DateTime<Utc>, [[u64; 2]; 2]> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.sent <= now) {
        let counts = periods.entry(call.minute).or_default();
        counts[call.version][0] += 1;
        counts[call.version][1] += u64::from(call.failed);
    }
    let period = |(start, [baseline, candidate]): (_, [[u64; 2]; 2])| {
        let count = |[calls, failed]: [u64; 2]| Count::new(calls, failed);
        Period {
            start,
            blocks: Blocks::errors(Block {
                baseline: count(baseline),
                candidate: count(candidate),
            }),
            unseen: 0.0,
        }
    };
    Samples {
        periods: periods.into_iter().map(period).collect(),
        baseline: None,
        candidate: None,
    }
}

/// What a run came to.
struct Outcome {
    ending: Ending,
    sentence: String,
    took: TimeDelta,
}

/// Runs one rollout, a tick a minute.
fn run(stream: Stream, policy: &Policy, seed: u64) -> Outcome {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut account = Account::new(Candidate::Good);
    let start = Start {
        policy: policy.clone(),
        ..account.start(&RolloutPolicy::default())
    };
    let mut run = Run::begin(&mut account, start, Kill::Never);
    let mut calls: Vec<Call> = Vec::new();
    while run.end.is_none() {
        let share = account.routing().share(version(2)).weight();
        calls.extend(stream.minute(account.now, share, &mut rng));
        account.now += TimeDelta::minutes(1);
        let since = run.rollout.samples_since();
        calls.retain(|call| call.minute >= since);
        let observation = Observation {
            alias: account.read(),
            samples: Ok(samples(&calls, account.now)),
            alarms: Ok(Vec::new()),
        };
        let actions = run.rollout.tick(observation, account.now);
        run.perform(&mut account, actions);
        account
            .events
            .retain(|event| matches!(event, Event::Ended { .. }));
    }
    let Some(End::Ended(ending)) = run.end else {
        panic!("nobody has killed it");
    };
    Outcome {
        ending,
        sentence: account.sentence().to_owned(),
        took: account.now - start_of_time(),
    }
}

/// The default policy of a function with a timeout.
fn policy_with(timeout: TimeDelta) -> Policy {
    let policy = Policy::try_from(&RolloutPolicy::default()).expect("holds");
    policy.with_timeout(timeout)
}

/// Some rollouts on this stream, on two cores.
fn runs(rollouts: u64, stream: Stream, policy: &Policy) -> Vec<Outcome> {
    let half = |parity: u64| {
        let seeds = (0..rollouts).filter(move |seed| seed % 2 == parity);
        seeds
            .map(|seed| run(stream, policy, seed))
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let mut outcomes = half(0);
        outcomes.extend(other.join().expect("no panic"));
        outcomes
    })
}

#[test]
fn healthy_candidates_of_quiet_functions_are_promoted_and_the_end_says_what_was_not_seen() {
    const A_DAY: f64 = 1.0 / (24.0 * 60.0);
    let policy = policy_with(TimeDelta::seconds(29));
    let mut others = 0;
    // One in a thousand fails, as services do: what chance does to a worse baseline is alpha's matter.
    for (rollouts, per_minute) in [
        (75, 0.0),
        (425, 5.0),
        (325, 1.0),
        (150, 12.0 / 60.0),
        (25, 20.0 * A_DAY),
    ] {
        let stream = Stream::quick(per_minute, 0.001);
        for outcome in runs(rollouts, stream, &policy) {
            let Outcome {
                ending,
                sentence,
                took,
            } = outcome;
            if ending != Ending::Promoted {
                others += 1;
            } else if per_minute < 1.0 {
                assert!(
                    sentence.contains(". Not seen: 100 invocations at 5%"),
                    "{sentence}"
                );
            }
            assert!(took <= TimeDelta::days(8), "{took}");
        }
    }
    assert_eq!(others, 0, "of 1000 rolled back or paused");
}

/// Quick failures and slow successes at 20 a minute: how many of so many healthy candidates are not promoted when each
/// version's successes take so long, and periods are over as if an invocation took at most `timeout`.
fn not_promoted(rollouts: u64, successes: [TimeDelta; 2], timeout: TimeDelta) -> usize {
    let minutes = |minutes: i64| TimeDelta::minutes(minutes);
    let stream = Stream {
        per_minute: 20.0,
        failure_rate: 0.005,
        failure: TimeDelta::seconds(1),
        success: successes.map(|least| [least, minutes(1)]),
    };
    let policy = Policy {
        bake: minutes(10),
        step_timeout: minutes(15),
        bake_after: TimeDelta::zero(),
        ..policy_with(timeout)
    };
    let outcomes = runs(rollouts, stream, &policy);
    let others = outcomes.iter().filter(|it| it.ending != Ending::Promoted);
    others.count()
}

#[test]
fn quick_failures_and_slow_successes_roll_back_nothing_when_periods_are_over() {
    let (quick, slow) = (TimeDelta::zero(), TimeDelta::minutes(4));
    let timeout = TimeDelta::seconds(300);
    assert_eq!(not_promoted(500, [slow; 2], timeout), 0);
    assert_eq!(not_promoted(500, [quick, slow], timeout), 0);
    // Before that a slower candidate seems to get fewer calls than its weight says.
    let too_early = not_promoted(50, [quick, slow], timeout - TimeDelta::minutes(2));
    assert!(too_early > 40, "{too_early} of 50");
}

/// Whether the alarm on a healthy candidate goes off within two hours, when this many of its calls a minute come.
fn alarm_goes_off(stream: Stream, guard: &GuardPolicy, from: TimeDelta, seed: u64) -> bool {
    let mut rng = StdRng::seed_from_u64(seed);
    let (start, range) = (start_of_time(), TimeDelta::seconds(guard.period_s as i64));
    let mut calls: Vec<Call> = Vec::new();
    (0..120).any(|minute| {
        let minute = start + TimeDelta::minutes(minute);
        calls.extend(stream.minute(minute, 1.0, &mut rng));
        let now = minute + TimeDelta::minutes(1);
        let seen = calls
            .iter()
            .filter(|call| call.sent <= now && call.minute >= now - range);
        let (count, failed) = seen.fold((0.0, 0.0), |(count, failed), call| {
            (count + 1.0, failed + f64::from(u8::from(call.failed)))
        });
        let is_off =
            count >= guard.min_samples as f64 && 100.0 * failed / count > guard.errors_percent;
        is_off && now >= start + from
    })
}

#[test]
fn quick_failures_and_slow_successes_do_not_set_off_the_alarm_on_the_candidate() {
    let minutes = TimeDelta::minutes;
    for (per_minute, failure_rate, least) in [
        (30.0, 0.02, 4),
        (60.0, 0.01, 4),
        (60.0, 0.05, 2),
        (60.0, 0.1, 1),
    ] {
        let stream = Stream {
            per_minute,
            failure_rate,
            failure: TimeDelta::zero(),
            success: [[minutes(least), minutes(1)]; 2],
        };
        let timeout = minutes(least + 1);
        let plain = GuardPolicy::default();
        let stretched = alarm::stretched(&plain, timeout);
        let from =
            alarm::counts_from(start_of_time(), timeout, minutes(5), false) - start_of_time();
        let off = |guard: &GuardPolicy, from| {
            let seeds = 0..20;
            seeds
                .filter(|seed| alarm_goes_off(stream, guard, from, *seed))
                .count()
        };
        let what = format!("{per_minute} a minute, {failure_rate}, {least} minutes");
        assert_eq!(off(&stretched, from), 0, "{what}");
        let unprepared = off(&plain, TimeDelta::zero());
        assert!(unprepared > 10, "{unprepared} of 20: {what}");
    }
}

/// As the controller does it whose process is another one each minute.
#[test]
fn a_week_of_twenty_calls_a_day_is_promoted_although_every_tick_is_a_new_process() {
    let stream = Stream::quick(20.0 / (24.0 * 60.0), 0.0);
    let mut rng = StdRng::seed_from_u64(1);
    let mut account = Account::new(Candidate::Good);
    let mut calls: Vec<Call> = Vec::new();
    let (mut ticks, mut end) = (0, None);
    while end.is_none() {
        let share = account.routing().share(version(2)).weight();
        calls.extend(stream.minute(account.now, share, &mut rng));
        account.now += TimeDelta::minutes(1);
        let start = Start {
            policy: policy_with(TimeDelta::seconds(29)),
            ..account.start(&RolloutPolicy::default())
        };
        let mut run = Run::begin(&mut account, start, Kill::Never);
        let since = run.rollout.samples_since();
        let seen: Vec<_> = calls
            .iter()
            .filter(|call| call.minute >= since)
            .copied()
            .collect();
        let observation = Observation {
            alias: account.read(),
            samples: Ok(samples(&seen, account.now)),
            alarms: Ok(Vec::new()),
        };
        let actions = run.rollout.tick(observation, account.now);
        run.perform(&mut account, actions);
        account
            .events
            .retain(|event| matches!(event, Event::Ended { .. }));
        end = run.end;
        ticks += 1;
    }
    assert_eq!(end, Some(PROMOTED));
    assert!((4 * 24 * 60..8 * 24 * 60).contains(&ticks), "{ticks} ticks");
    let sentence = account.sentence();
    assert!(sentence.contains("live of flaky serves"), "{sentence}");
}
