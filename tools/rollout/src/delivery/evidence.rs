//! What the periods of a rollout have shown so far, each taken in once, when it is over.
//!
//! A version without invocations is idle: the period was seen, and says nothing. A period in which another
//! source counts calls that the versions' metrics do not show was not seen. Either is read again as long as
//! nothing later is seen, since metrics may be late: the one that was idle for a quarter of an hour at most, the
//! one that was not seen until the rollout is rolled back for it. Then that one is left out, and is no bake time.
//! Calls of a period that was taken in or left out before are late: they are counted, shown, and analysed no more.
//!
//! A period in which a version ran, and what `shared` counts in every invocation is missing, was not seen either
//! ([`Silence`]): an answer with status 500 is a success in all that Lambda counts. What Lambda shows of it is
//! analysed meanwhile, so that errors are found no later for it.

use chrono::{DateTime, TimeDelta, Utc};

use std::collections::BTreeMap;

use super::{
    periods::{Period, first_pure, is_pure, over_until},
    policy::Policy,
    record::Record,
    scope::Scope,
    weighted::WeightedTest,
};
use analysis::{
    Analysis, Block, Blocks, CircuitBreaker, Count, MOST_COUNTED, Metric, SequentialTest, Share,
    ShareTest,
};

/// The probability that the test of the share stops a rollout whose calls are routed as its weights say.
const SHARE_ALPHA: f64 = 1e-4;

/// How long a period without any data is read again: metrics were seen to be minutes late.
const READ_AGAIN: TimeDelta = TimeDelta::minutes(15);

/// For how many periods late calls are looked for.
const LOOKED_BACK: i32 = 15;

/// How many calls a limit looks back over: as many as the candidate's alarm needs, and enough for this many failures.
const LEAST_CALLS: f64 = 20.0;
const LEAST_FAILURES: f64 = 5.0;

/// Evidence that grows with every period that is over.
#[derive(Debug)]
pub(super) struct Evidence {
    test: WeightedTest,
    breaker: CircuitBreaker,
    share: ShareTest,
    /// When the rollout was last resumed: what the share was before is cleared up.
    began: DateTime<Utc>,
    /// Where its periods begin.
    from: DateTime<Utc>,
    /// Everything before this was taken in or left out.
    until: DateTime<Utc>,
    /// Calls of the last periods before that, as they were then.
    recorded: BTreeMap<DateTime<Utc>, f64>,
    /// Calls of such periods that have come since.
    pub(super) late: f64,
    /// Up to here time was watched, whether anybody called or not.
    watched_until: DateTime<Utc>,
    pub(super) step: Step,
    /// Periods at the end that were not seen.
    unseen: Option<Unseen>,
    /// The test and the breaker with what Lambda shows of them.
    ahead: Option<(WeightedTest, CircuitBreaker)>,
    /// Which versions have been seen to write the metrics of their own.
    writes: [[bool; 2]; MOST_COUNTED],
    /// The candidate's last calls, by the metrics that have a limit.
    recent: [Vec<Count>; MOST_COUNTED],
    /// The metric whose limit was passed.
    pub(super) over_limit: Option<(usize, Count)>,
}

/// A version that ran in a period without what `shared` counts in every invocation. Not one whose invocations all
/// failed, since they may have died before they could count, and not a baseline that never wrote the metric: it may be
/// older than that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Silence {
    /// Which of the metrics that the function counts.
    pub(super) metric: usize,
    /// 0 is the baseline, 1 the candidate.
    pub(super) version: usize,
    /// How many invocations.
    calls: f64,
}

/// Periods that were not seen, with nothing later that was.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unseen {
    first: DateTime<Utc>,
    /// How long they are together: that nobody called in between is no sign that calls get lost.
    length: TimeDelta,
    silence: Option<Silence>,
}

/// What the step that is under way has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// When its weight was set.
    pub(super) since: DateTime<Utc>,
    /// Invocations of baseline and candidate in its periods.
    pub(super) calls: [f64; 2],
    /// Where its first pure period begins: it is watched from there.
    first: DateTime<Utc>,
    /// Calls in its periods that were not seen.
    pub(super) unseen: f64,
    /// How long its periods are that were left out because they were not seen.
    left_out: TimeDelta,
}

impl Step {
    fn new(since: DateTime<Utc>, length: TimeDelta) -> Self {
        Self {
            since,
            calls: [0.0; 2],
            first: first_pure(since, length),
            unseen: 0.0,
            left_out: TimeDelta::zero(),
        }
    }
}

impl Evidence {
    /// Nothing seen yet of a rollout whose periods begin at `from`.
    pub(super) fn new(
        policy: &Policy,
        scope: &Scope,
        from: DateTime<Utc>,
        began: DateTime<Utc>,
    ) -> Self {
        Self {
            test: WeightedTest::new(&policy.terms(scope.metrics())),
            breaker: CircuitBreaker::new(scope.metrics()),
            share: ShareTest::new(SHARE_ALPHA),
            began,
            from,
            until: from,
            recorded: BTreeMap::new(),
            late: 0.0,
            watched_until: from,
            step: Step::new(from, policy.period),
            unseen: None,
            ahead: None,
            writes: Default::default(),
            recent: Default::default(),
            over_limit: None,
        }
    }

    /// Takes in the periods that are over by now.
    pub(super) fn observe(
        &mut self,
        mut periods: Vec<Period>,
        record: &Record,
        policy: &Policy,
        now: DateTime<Utc>,
    ) {
        let since = record.last_change();
        if self.step.since != since {
            self.step = Step::new(since, policy.period);
        }
        let over = over_until(policy, now).max(self.watched_until);
        self.count_late(&periods, record, policy);
        let silences = self.silences(&periods, policy);
        periods.retain(|period| {
            period.start >= self.until
                && period.start + policy.period <= over
                && is_pure(period.start, policy.period, record)
        });
        periods.sort_by_key(|period| period.start);
        let seen = periods
            .iter()
            .rposition(|period| period.unseen <= 0.0 && !silences.contains_key(&period.start));
        let mut unseen = periods.split_off(seen.map_or(0, |last| last + 1));
        let is_forgotten = unseen.last().is_some_and(|last| {
            // One call that somebody else has counted, or one line of a version that writes its lines, and then
            // nothing for so long: it never comes.
            let mut silences = unseen.iter().filter_map(|it| silences.get(&it.start));
            over - (last.start + policy.period) > policy.no_data_timeout
                && silences.all(|it| self.writes[it.metric][it.version])
        });
        let forgotten = if is_forgotten {
            std::mem::take(&mut unseen)
        } else {
            Vec::new()
        };
        for period in periods.iter().chain(&forgotten) {
            match silences.get(&period.start) {
                _ if period.unseen > 0.0 => self.leave_out(period, period.unseen, policy),
                Some(silence) => {
                    self.judge(&of_lambda(period), record, policy);
                    self.leave_out(period, silence.calls, policy);
                }
                None => self.take_in(period, record, policy),
            }
        }
        self.unseen = unseen.first().map(|first| Unseen {
            first: first.start,
            length: unseen.iter().map(|_| policy.period).sum(),
            silence: unseen
                .iter()
                .find_map(|it| silences.get(&it.start).copied()),
        });
        self.ahead = self.unseen.map(|_| {
            let (mut test, mut breaker) = (self.test.clone(), self.breaker.clone());
            for period in unseen.iter().filter(|period| period.unseen <= 0.0) {
                let blocks = of_lambda(period).blocks;
                test.observe(period.start, policy.period, blocks, Some(record));
                breaker.observe(&blocks);
            }
            (test, breaker)
        });
        let taken_in = periods.last().map(|last| last.start + policy.period);
        self.until = self.until.max(taken_in.unwrap_or(self.until));
        if self.unseen.is_none() {
            self.until = self.until.max(over - READ_AGAIN);
        }
        self.watched_until = self.unseen.map_or(over, |unseen| unseen.first);
        let oldest = self.samples_since(policy);
        self.recorded = self.recorded.split_off(&oldest);
    }

    /// From when on the metrics are read: some periods are read again, for calls that come late.
    pub(super) fn samples_since(&self, policy: &Policy) -> DateTime<Utc> {
        (self.until - policy.period * LOOKED_BACK).max(self.from)
    }

    fn count_late(&mut self, periods: &[Period], record: &Record, policy: &Policy) {
        let before = |period: &&Period| {
            period.start < self.until && is_pure(period.start, policy.period, record)
        };
        for period in periods.iter().filter(before) {
            let calls = calls(&period.blocks).iter().sum::<f64>();
            let recorded = self.recorded.entry(period.start).or_default();
            self.late += (calls - *recorded).max(0.0);
            *recorded = calls.max(*recorded);
        }
    }

    /// Which of these periods lack what the versions count themselves.
    fn silences(
        &mut self,
        periods: &[Period],
        policy: &Policy,
    ) -> BTreeMap<DateTime<Utc>, Silence> {
        let metrics = policy.counted.iter().take(MOST_COUNTED).enumerate();
        let always = metrics.filter(|(_, (_, metric))| metric.is_of_all_that_shared_counts());
        let pairs: Vec<_> = always
            .flat_map(|(metric, _)| [(metric, 1), (metric, 0)])
            .collect();
        let count = |period: &Period, metric, version| {
            let blocks = period.blocks;
            [blocks.errors, blocks.counted[metric]]
                .map(|block| [block.baseline, block.candidate][version])
        };
        for (period, &(metric, version)) in periods
            .iter()
            .flat_map(|it| pairs.iter().map(move |pair| (it, pair)))
        {
            let [_, of] = count(period, metric, version);
            self.writes[metric][version] |= of.invocations() > 0.0;
        }
        // A line has the time at which the handler began: after the start of an environment, and so perhaps in the
        // next period. That one then has more than ran in it.
        let surplus = |period: &Period, metric, version| {
            let start = period.start + policy.period;
            let next = periods.iter().find(|it| it.start == start);
            next.is_some_and(|next| {
                let [ran, of] = count(next, metric, version);
                of.invocations() > ran.invocations()
            })
        };
        let silence = |period: &Period| {
            pairs.iter().find_map(|&(metric, version)| {
                let [ran, of] = count(period, metric, version);
                let calls = ran.invocations() - ran.failures();
                let may_be_older = version == 0 && !self.writes[metric][version];
                let is_silent = calls > 0.0 && of.invocations() <= 0.0 && !may_be_older;
                (is_silent && !surplus(period, metric, version)).then_some(Silence {
                    metric,
                    version,
                    calls,
                })
            })
        };
        let found = periods.iter().map(|it| (it.start, silence(it)));
        found.filter_map(|(start, it)| Some((start, it?))).collect()
    }

    fn leave_out(&mut self, period: &Period, calls: f64, policy: &Policy) {
        if period.start >= self.step.since {
            self.step.left_out += policy.period;
            self.step.unseen += calls;
        }
    }

    fn take_in(&mut self, period: &Period, record: &Record, policy: &Policy) {
        self.judge(period, record, policy);
        if period.start >= self.step.since {
            for (sum, calls) in self.step.calls.iter_mut().zip(calls(&period.blocks)) {
                *sum += calls;
            }
        }
    }

    /// Compares what is known of a period.
    fn judge(&mut self, period: &Period, record: &Record, policy: &Policy) {
        let blocks = period.blocks;
        self.test
            .observe(period.start, policy.period, blocks, Some(record));
        self.breaker.observe(&blocks);
        self.limit(&blocks, policy);
        let calls = calls(&blocks);
        self.recorded.insert(period.start, calls.iter().sum());
        let weight = record
            .changes
            .last()
            .map_or(0.0, |last| last.percent.weight());
        if period.start >= self.began.max(self.step.since) && weight > 0.0 && weight < 1.0 {
            let [baseline, candidate] = requests(&blocks);
            self.share.observe(weight, baseline, candidate);
        }
    }

    /// Compares the candidate's last calls with the limits that the metrics have of their own.
    fn limit(&mut self, blocks: &Blocks, policy: &Policy) {
        let metrics = policy.counted.iter().take(MOST_COUNTED).enumerate();
        for (index, (_, metric)) in metrics {
            let Some(most) = metric.at_most_percent else {
                continue;
            };
            let least = LEAST_CALLS.max(100.0 * LEAST_FAILURES / most);
            let recent = &mut self.recent[index];
            recent
                .extend(Some(blocks.counted[index].candidate).filter(|it| it.invocations() > 0.0));
            let calls = |recent: &[Count]| recent.iter().map(|it| it.invocations()).sum::<f64>();
            while recent.len() > 1 && calls(&recent[1..]) >= least {
                recent.remove(0);
            }
            let sum = recent
                .iter()
                .fold(Count::default(), |sum, count| sum + *count);
            let is_over = sum.rate().is_some_and(|rate| rate * 100.0 > most);
            if sum.invocations() >= least && is_over {
                self.over_limit = Some((index, sum));
            }
        }
    }

    /// The test, with what is known of periods that are waited for.
    fn test(&self) -> &SequentialTest {
        let ahead = self.ahead.as_ref().map(|(test, _)| test);
        &ahead.unwrap_or(&self.test).test
    }

    /// Whether the candidate is proven to be worse.
    pub(super) fn is_worse(&self) -> bool {
        self.test().is_worse()
    }

    /// What was gross in two periods in a row.
    pub(super) fn gross(&self) -> Option<(Metric, Block)> {
        let ahead = self.ahead.as_ref().map(|(_, breaker)| breaker);
        ahead.unwrap_or(&self.breaker).opened_by()
    }

    /// About the smallest failure rate of the candidate that would have been found by now.
    pub(super) fn would_be_found(&self) -> Option<f64> {
        self.test().would_be_found(Metric::Errors)
    }

    /// What the analysis says.
    pub(super) fn analysis(&self) -> Analysis {
        self.test().analysis()
    }

    /// How long the present step can be shown to have been watched, from its first pure period on: no step is over
    /// before one was seen.
    pub(super) fn baked(&self) -> TimeDelta {
        let watched = self.watched_until - self.step.first - self.step.left_out;
        watched.max(TimeDelta::zero())
    }

    /// The share, and the time that a step may take, count from here on.
    pub(super) fn restart_timers(&mut self, began: DateTime<Utc>) {
        self.began = began;
        self.share = ShareTest::new(SHARE_ALPHA);
    }

    /// How much of that since the rollout was last resumed.
    pub(super) fn baked_since_resumed(&self) -> TimeDelta {
        let here = self.watched_until - self.step.first.max(self.began);
        here.clamp(TimeDelta::zero(), self.baked().max(TimeDelta::zero()))
    }

    /// For how long calls have not been seen, when that is so now.
    pub(super) fn no_data(&self) -> Option<TimeDelta> {
        self.unseen.map(|unseen| unseen.length)
    }

    /// Which metric of the function's own they lack, when that is all.
    pub(super) fn silence(&self) -> Option<Silence> {
        self.unseen?.silence
    }

    /// What share the candidate got, when that is not its weight.
    pub(super) fn mismatch(&self) -> Option<Share> {
        self.share.mismatch()
    }
}

/// What Lambda counts of a period: the rest comes in the same line as what is missing.
fn of_lambda(period: &Period) -> Period {
    let blocks = Blocks {
        slow: Block::default(),
        counted: Default::default(),
        ..period.blocks
    };
    Period { blocks, ..*period }
}

/// Requests to baseline and candidate, as far as they are shown: one that was refused came to its version too.
fn requests(blocks: &Blocks) -> [f64; 2] {
    let Block {
        baseline,
        candidate,
    } = blocks.throttles;
    let [first, second] = calls(blocks);
    [
        first.max(baseline.invocations()),
        second.max(candidate.invocations()),
    ]
}

/// Invocations of baseline and candidate.
fn calls(blocks: &Blocks) -> [f64; 2] {
    [blocks.errors.baseline, blocks.errors.candidate].map(Count::invocations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::routing::Percent;
    use crate::delivery::{
        periods::tests::{at, policy, record},
        scope::Time,
    };

    fn period(second: i64, baseline: u64, candidate: u64) -> Period {
        let block = Block {
            baseline: Count::new(baseline, 0),
            candidate: Count::new(candidate, 0),
        };
        Period {
            start: at(second),
            blocks: Blocks::errors(block),
            unseen: 0.0,
        }
    }

    fn blind(second: i64) -> Period {
        Period {
            unseen: 7.0,
            ..period(second, 0, 0)
        }
    }

    fn empty() -> Evidence {
        let scope = Scope {
            time: Time::NoSlowLimit,
            counted: Vec::new(),
        };
        Evidence::new(&policy(), &scope, at(0), at(0))
    }

    fn after(periods: &[Period], now: i64) -> Evidence {
        let mut evidence = empty();
        evidence.observe(periods.to_vec(), &record(), &policy(), at(now));
        evidence
    }

    fn compared(evidence: &Evidence) -> u64 {
        evidence.analysis().metrics[0].periods
    }

    #[test]
    fn periods_before_the_start_and_around_a_change_are_left_out() {
        let starts = [60, -10, 0, 10, 20, 30, 40, 50];
        let evidence = after(&starts.map(|second| period(second, 90, 10)), 75);
        // 0 holds the first change, 40 the second.
        assert_eq!(compared(&evidence), 5);
        assert_eq!(evidence.step.calls, [180.0, 20.0]);
        assert_eq!(evidence.baked(), TimeDelta::seconds(70 - 50));
    }

    #[test]
    fn a_period_counts_once_when_it_is_over_and_what_comes_later_changes_nothing() {
        let mut evidence = after(&[period(10, 90, 10), period(20, 90, 10)], 34);
        assert_eq!(compared(&evidence), 1);
        let later = [period(10, 90, 90), period(20, 90, 20)];
        evidence.observe(later.to_vec(), &record(), &policy(), at(35));
        let finding = evidence.analysis().metrics[0];
        assert_eq!(
            (finding.periods, finding.totals.candidate),
            (2, Count::new(30, 0))
        );
        // Its 80 calls more are late, and so are those of a period that nobody seemed to call in. Each counts once.
        assert_eq!(evidence.late, 80.0);
        let more = [later[0], later[1], period(50, 9, 1)];
        evidence.observe(more.to_vec(), &record(), &policy(), at(65));
        let more = [period(30, 90, 10), period(50, 9, 2)];
        evidence.observe(more.to_vec(), &record(), &policy(), at(75));
        assert_eq!((evidence.late, compared(&evidence)), (181.0, 3));
    }

    #[test]
    fn what_was_analysed_is_read_again_for_a_while_but_nothing_from_before_the_rollout() {
        let mut evidence = after(&[period(60, 9, 1)], 75);
        assert_eq!(evidence.samples_since(&policy()), at(0));
        evidence.observe(vec![period(200, 9, 1)], &record(), &policy(), at(215));
        assert_eq!(evidence.samples_since(&policy()), at(210 - 150));
        evidence.observe(vec![period(-10, 9, 1)], &record(), &policy(), at(215));
        assert_eq!(evidence.late, 0.0);
    }

    #[test]
    fn idle_time_is_watched_and_time_that_was_not_seen_is_not() {
        let idle = after(&[], 105);
        assert_eq!(
            (idle.baked(), idle.no_data()),
            (TimeDelta::seconds(50), None)
        );
        let seen_later = after(
            &[period(50, 9, 1), blind(60), blind(70), period(80, 9, 1)],
            105,
        );
        assert_eq!(
            (seen_later.baked(), seen_later.no_data()),
            (TimeDelta::seconds(30), None)
        );
    }

    #[test]
    fn what_is_not_seen_is_waited_for_and_taken_in_when_it_comes() {
        let mut evidence = after(&[period(50, 9, 1), blind(60), blind(70)], 85);
        assert_eq!(evidence.no_data(), Some(TimeDelta::seconds(20)));
        assert_eq!(evidence.until, at(60));
        evidence.observe(
            vec![period(60, 90, 10), period(70, 90, 10)],
            &record(),
            &policy(),
            at(95),
        );
        assert_eq!((evidence.no_data(), compared(&evidence)), (None, 3));
        assert_eq!(evidence.baked(), TimeDelta::seconds(90 - 50));
    }

    #[test]
    fn idle_time_between_two_calls_that_are_not_seen_is_no_time_without_data() {
        let evidence = after(&[blind(60), blind(120), blind(180)], 205);
        assert_eq!(evidence.no_data(), Some(TimeDelta::seconds(30)));
    }

    /// A policy with the metrics of a function behind an HTTP API.
    fn http() -> Policy {
        let asked = package::RolloutPolicy {
            period_s: 10,
            metric_delay_s: 5,
            no_data_timeout_s: 60,
            ..Default::default()
        };
        let asked = asked.with_metrics_of(&package::manifest::Trigger::Http);
        Policy::try_from(&asked).expect("holds")
    }

    /// A period of 90 and 10 invocations, and what both versions have counted of them.
    fn counting(second: i64, baseline: u64, candidate: u64) -> Period {
        let mut period = period(second, 90, 10);
        period.blocks.counted[0] = Block {
            baseline: Count::new(baseline, 0),
            candidate: Count::new(candidate, 0),
        };
        period
    }

    fn after_http(periods: &[Period], now: i64) -> Evidence {
        let scope = Scope {
            time: Time::NoSlowLimit,
            counted: vec!["server_errors".to_owned()],
        };
        let mut evidence = Evidence::new(&http(), &scope, at(0), at(0));
        evidence.observe(periods.to_vec(), &record(), &http(), at(now));
        evidence
    }

    fn silent(evidence: &Evidence) -> Option<(usize, i64)> {
        let version = evidence.silence()?.version;
        Some((version, evidence.no_data()?.num_seconds()))
    }

    #[test]
    fn a_candidate_that_runs_without_its_own_metric_is_not_seen_until_that_comes() {
        let mut evidence = after_http(&[50, 60, 70].map(|it| counting(it, 90, 0)), 85);
        assert_eq!(silent(&evidence), Some((1, 30)));
        assert_eq!(
            (evidence.baked(), evidence.step.calls),
            (TimeDelta::zero(), [0.0; 2])
        );
        let come = [50, 60, 70].map(|it| counting(it, 90, 10));
        evidence.observe(come.to_vec(), &record(), &http(), at(95));
        assert_eq!(
            (silent(&evidence), evidence.baked()),
            (None, TimeDelta::seconds(40))
        );
        let periods = evidence.analysis().metrics.into_iter().map(|it| it.periods);
        // Of errors, throttles and server errors.
        assert_eq!(periods.collect::<Vec<_>>(), [3, 0, 3]);
    }

    #[test]
    fn what_lambda_counts_is_analysed_while_the_functions_own_metric_is_waited_for() {
        let failing = |index: i64| {
            let mut period = counting(50 + 10 * index, 90, 0);
            period.blocks.errors.candidate = Count::new(10, 9);
            period
        };
        let periods: Vec<_> = (0..12).map(failing).collect();
        let mut evidence = after_http(&periods, 175);
        assert!(silent(&evidence).is_some() && evidence.is_worse());
        // The same periods again are the same evidence.
        let before = evidence.analysis();
        evidence.observe(periods, &record(), &http(), at(176));
        assert_eq!(evidence.analysis(), before);
    }

    #[test]
    fn a_period_without_the_metric_between_others_is_compared_in_errors_and_is_no_bake_time() {
        let periods = [
            counting(50, 90, 10),
            counting(60, 90, 0),
            counting(70, 90, 10),
        ];
        let evidence = after_http(&periods, 85);
        assert_eq!(
            (silent(&evidence), evidence.baked()),
            (None, TimeDelta::seconds(20))
        );
        let periods = evidence.analysis().metrics.into_iter().map(|it| it.periods);
        assert_eq!(periods.collect::<Vec<_>>(), [3, 0, 2]);
        assert_eq!((evidence.step.calls, evidence.late), ([180.0, 20.0], 0.0));
    }

    #[test]
    fn a_baseline_that_never_wrote_the_metric_is_older_than_that_and_one_that_did_is_not_seen() {
        let older = [50, 60].map(|it| counting(it, 0, 10));
        let evidence = after_http(&older, 75);
        assert_eq!((silent(&evidence), compared(&evidence)), (None, 2));
        assert!(!evidence.analysis().metrics[2].totals.is_comparable());
        let stopped = [counting(50, 90, 10), counting(60, 0, 10)];
        assert_eq!(silent(&after_http(&stopped, 75)), Some((0, 10)));
    }

    #[test]
    fn invocations_that_all_fail_count_nothing_and_one_line_may_fall_into_the_next_period() {
        let mut failed = counting(50, 90, 0);
        failed.blocks.errors.candidate = Count::new(10, 10);
        assert_eq!(silent(&after_http(&[failed], 65)), None);
        let shifted = [counting(50, 90, 0), counting(60, 90, 11)];
        assert_eq!(silent(&after_http(&shifted, 65)), None);
        assert_eq!(
            silent(&after_http(&[shifted[0], counting(60, 90, 10)], 65)),
            Some((1, 10))
        );
    }

    #[test]
    fn one_lost_line_is_forgotten_when_nobody_calls_any_more_and_a_version_without_any_is_not() {
        let lost = [counting(50, 90, 10), counting(60, 90, 0)];
        assert!(silent(&after_http(&lost, 125)).is_some());
        assert_eq!(silent(&after_http(&lost, 145)), None);
        assert_eq!(silent(&after_http(&lost[1..], 145)), Some((1, 10)));
    }

    #[test]
    fn a_metric_of_the_users_own_may_be_rare() {
        let rare = serde_json::json!({"failed": {"name": "Declined"}, "of": {"name": "Payments"}});
        let rare = serde_json::from_value(rare).expect("a metric");
        let policy = Policy {
            counted: vec![("declined".to_owned(), rare)],
            ..policy()
        };
        let mut evidence = empty();
        evidence.observe(vec![counting(50, 90, 0)], &record(), &policy, at(65));
        assert_eq!((silent(&evidence), compared(&evidence)), (None, 1));
    }

    #[test]
    fn metrics_that_are_late_count_when_they_come_as_long_as_nothing_later_has() {
        let mut evidence = after(&[period(10, 9, 1)], 75);
        assert_eq!((compared(&evidence), evidence.until), (1, at(20)));
        let late = vec![period(20, 9, 1), period(50, 9, 1)];
        evidence.observe(late, &record(), &policy(), at(85));
        assert_eq!((compared(&evidence), evidence.until), (3, at(60)));
        evidence.observe(Vec::new(), &record(), &policy(), at(3_005));
        assert_eq!(evidence.until, at(3_000) - READ_AGAIN);
    }

    #[test]
    fn calls_that_are_refused_and_shown_are_part_of_the_share() {
        let refused = |shown: bool| {
            let period = |index: i64| {
                let mut period = period(50 + 10 * index, 75, 15);
                period.blocks.throttles = period.blocks.errors;
                if shown {
                    period.blocks.throttles.candidate = Count::new(25, 10);
                }
                period
            };
            let periods: Vec<_> = (0..10).map(period).collect();
            after(&periods, 200)
        };
        assert!(refused(false).mismatch().is_some());
        assert_eq!(refused(true).mismatch(), None);
    }

    #[test]
    fn one_call_that_never_came_is_forgotten_when_nobody_calls_any_more() {
        assert!(after(&[blind(60)], 125).no_data().is_some());
        assert_eq!(after(&[blind(60)], 145).no_data(), None);
    }

    #[test]
    fn the_period_behind_a_change_says_nothing_about_time() {
        let slow = |second| {
            let mut period = period(second, 90, 10);
            period.blocks.slow = period.blocks.errors;
            period
        };
        let scope = Scope {
            time: Time::WithTime { slow_ms: 250.0 },
            counted: Vec::new(),
        };
        let mut evidence = Evidence::new(&policy(), &scope, at(0), at(0));
        let starts = [10, 20, 30, 50, 60];
        evidence.observe(starts.map(slow).to_vec(), &record(), &policy(), at(100));
        let periods: Vec<_> = evidence
            .analysis()
            .metrics
            .iter()
            .map(|it| it.periods)
            .collect();
        // Of errors, throttles and slow invocations: 10 and 50 come behind a change.
        assert_eq!(periods, [5, 0, 3]);
    }

    #[test]
    fn a_limit_looks_at_the_last_calls_however_slowly_they_come() {
        let asked = serde_json::json!({
            "failed": {"name": "ServerErrors"}, "of": {"name": "Requests"}, "at_most_percent": 20.0,
        });
        let metric = serde_json::from_value(asked).expect("a metric");
        let policy = Policy {
            counted: vec![("server_errors".to_owned(), metric)],
            ..policy()
        };
        let record = Record::start(
            "1".parse().expect("a version"),
            "2".parse().expect("a version"),
            Percent::HUNDRED,
            at(0),
        );
        let mut evidence = empty();
        let mut serve = |index: i64, failed| {
            let mut period = period(10 * index, 0, 1);
            period.blocks.counted[0].candidate = Count::new(1, failed);
            evidence.observe(vec![period], &record, &policy, at(10 * index + 15));
            evidence.over_limit
        };
        assert!((1..50).all(|index| serve(index, 0).is_none()));
        // One call a period, five of the last 25: at the limit, and the sixth is over it.
        assert!((50..55).all(|index| serve(index, 1).is_none()));
        let (index, count) = serve(55, 1).expect("over");
        assert_eq!((index, count), (0, Count::new(25, 6)));
    }
}
