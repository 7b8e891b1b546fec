//! Rollouts through [`Rollout::tick`] in a simulated account with a clock of its own: hours take milliseconds.
//!
//! The account has an alias with compare-and-swap, traffic that the alias's weights divide, and metrics with
//! the delay that is asked for. What goes wrong is a field of [`Account`].

mod quiet;

use std::collections::BTreeMap;

use package::{Architecture, OnInconclusive, RolloutPolicy};
use proptest::prelude::*;

use super::*;
use crate::{
    aws::routing::Version,
    delivery::{
        decision::{Cause, Waiting},
        event::Latency,
        periods::Period,
        situation::Situation,
    },
};
use analysis::{Block, Blocks, Count};

/// How version 2 behaves; version 1 never fails and is never slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    Good,
    /// Every tenth invocation fails.
    Errors,
    /// Every fifth invocation is slow.
    Slow,
    /// Six of ten invocations fail.
    Broken,
}

/// Between which seconds a fault lasts.
type Span = std::ops::Range<i64>;

const NEVER: Span = 0..0;

/// A simulated account with one function.
struct Account {
    now: DateTime<Utc>,
    live: Option<Alias>,
    candidate: Candidate,
    /// Invocations of `live` a second.
    traffic: u64,
    /// By the second in which it starts: invocations, failures and slow ones of both versions.
    counts: BTreeMap<i64, [[u64; 3]; 2]>,
    /// Invocations of the candidate so far.
    invocations: u64,
    /// No call is answered.
    down: Span,
    /// No call for metrics is answered.
    metrics_down: Span,
    /// Changes of the alias are refused for now.
    refused: Span,
    /// Changes of the alias happen, and their answers are lost.
    lost: Span,
    /// How late metrics are, in seconds.
    late_s: i64,
    /// The metrics of the versions show nothing, and another source counts the calls.
    silent: Span,
    /// How many of ten calls that its weight gives to the candidate never reach it.
    lost_of_ten: u64,
    /// From when on every tenth invocation of version 2 fails, however good it was.
    fails_from: i64,
    /// From when on every invocation of version 2 fails.
    breaks_from: i64,
    /// When the alarm `checkout-errors` is in ALARM.
    alarm: Span,
    events: Vec<Event>,
}

/// Why a run is over.
#[derive(Debug, Clone, PartialEq)]
enum End {
    Ended(Ending),
    Killed,
}

/// When a run is killed: at its first, second, ... point of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kill {
    Never,
    /// Before a tick.
    Tick(usize),
    /// Before `live` is changed.
    BeforeSet(usize),
    /// After `live` has been changed, before the answer.
    AfterSet(usize),
    /// At a second.
    At(i64),
}

fn start_of_time() -> DateTime<Utc> {
    "2026-11-23T14:30:00Z".parse().expect("a time")
}

fn version(number: u64) -> Version {
    number.to_string().parse().expect("a version")
}

fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a percentage")
}

fn build(number: u64) -> Build {
    Build {
        version: version(number),
        architecture: Some(Architecture::X86_64),
        emulated: false,
    }
}

/// A rollout of seconds.
fn policy() -> RolloutPolicy {
    RolloutPolicy {
        steps_percent: vec![20.0, 50.0, 100.0],
        bake_s: 2,
        min_samples: 20,
        period_s: 1,
        metric_delay_s: 1,
        no_data_timeout_s: 10,
        bake_after_s: 0,
        ..RolloutPolicy::default()
    }
}

/// The same with a first step that lasts.
fn long() -> RolloutPolicy {
    RolloutPolicy {
        bake_s: 60,
        ..policy()
    }
}

impl Account {
    fn new(candidate: Candidate) -> Self {
        Self {
            now: start_of_time(),
            live: Some(Alias {
                function: "flaky".to_owned(),
                name: "live".to_owned(),
                routing: Routing::alone(version(1)),
                description: String::new(),
                revision_id: "0".to_owned(),
            }),
            candidate,
            traffic: 150,
            counts: BTreeMap::new(),
            invocations: 0,
            down: NEVER,
            metrics_down: NEVER,
            refused: NEVER,
            lost: NEVER,
            late_s: 0,
            silent: NEVER,
            lost_of_ten: 0,
            fails_from: i64::MAX,
            breaks_from: i64::MAX,
            alarm: NEVER,
            events: Vec::new(),
        }
    }

    fn second(&self) -> i64 {
        (self.now - start_of_time()).num_seconds()
    }

    fn is(&self, span: &Span) -> bool {
        span.contains(&self.second())
    }

    fn routing(&self) -> Routing {
        self.live.as_ref().expect("live is there").routing
    }

    fn description(&self) -> &str {
        &self.live.as_ref().expect("live is there").description
    }

    fn serves(&self, number: u64) -> bool {
        self.routing() == Routing::alone(version(number))
    }

    /// Somebody points `live` elsewhere.
    fn set_by_hand(&mut self, routing: Routing) {
        let live = self.live.as_mut().expect("live is there");
        live.routing = routing;
        live.revision_id += "x";
    }

    /// Another shell changes the rollout that is under way.
    fn change_elsewhere(&mut self, change: impl FnOnce(Record) -> Record) {
        let record: Record = self.description().parse().expect("a record");
        let record = change(record);
        self.set_by_hand(record.routing());
        let live = self.live.as_mut().expect("live is there");
        live.description = record.to_description().expect("fits");
    }

    /// Time passes; every whole second has its traffic.
    fn pass(&mut self, pause: TimeDelta) {
        let until = self.now + pause;
        while self.now < until {
            let second = self.now.timestamp();
            let next = DateTime::from_timestamp(second + 1, 0).expect("a time");
            if next <= until && self.live.is_some() {
                let counts = self.traffic_of_a_second();
                self.counts.insert(second, counts);
            }
            self.now = next.min(until);
        }
    }

    fn traffic_of_a_second(&mut self) -> [[u64; 3]; 2] {
        let share = self.routing().share(version(2)).weight();
        let candidate = (self.traffic as f64 * share).round() as u64;
        let candidate = candidate * (10 - self.lost_of_ten) / 10;
        let errors = self.candidate == Candidate::Errors || self.second() >= self.fails_from;
        let baseline = self.traffic - (self.traffic as f64 * share).round() as u64;
        let (mut failed, mut slow) = (0, 0);
        for _ in 0..candidate {
            self.invocations += 1;
            let n = self.invocations;
            let breaks = self.candidate == Candidate::Broken && n % 10 < 6;
            failed += u64::from(
                errors && n.is_multiple_of(10) || breaks || self.second() >= self.breaks_from,
            );
            slow += u64::from(self.candidate == Candidate::Slow && n.is_multiple_of(5));
        }
        [[baseline, 0, 0], [candidate, failed, slow]]
    }

    fn samples(&self, rollout: &Rollout) -> Samples {
        let length_s = rollout.policy().period.num_seconds();
        let since = rollout.samples_since().timestamp();
        let mut periods: BTreeMap<i64, [[u64; 3]; 2]> = BTreeMap::new();
        for (second, counts) in &self.counts {
            let sums = periods
                .entry(second.div_euclid(length_s) * length_s)
                .or_default();
            for (sum, more) in sums.iter_mut().flatten().zip(counts.iter().flatten()) {
                *sum += more;
            }
        }
        let now = self.now.timestamp();
        let arrived = periods.into_iter().filter(|(start, counts)| {
            let calls: u64 = counts.iter().map(|version| version[0]).sum();
            *start >= since && start + length_s + self.late_s <= now && calls > 0
        });
        let period = |(start, [baseline, candidate]): (i64, [[u64; 3]; 2])| {
            let start_s = start - start_of_time().timestamp();
            let seen = !self.silent.contains(&start_s);
            let block = |kind: usize| Block {
                baseline: Count::new(baseline[0], baseline[kind]),
                candidate: Count::new(candidate[0], candidate[kind]),
            };
            let blocks = Blocks {
                errors: block(1),
                slow: block(2),
                ..Blocks::default()
            };
            Period {
                start: DateTime::from_timestamp(start, 0).expect("a time"),
                blocks: if seen { blocks } else { Blocks::default() },
                unseen: if seen { 0.0 } else { 1.0 },
            }
        };
        Samples {
            periods: arrived.map(period).collect(),
            baseline: Some(Latency {
                p50_ms: 1.0,
                p99_ms: 2.0,
            }),
            candidate: None,
        }
    }

    fn read(&self) -> Result<Alias, AliasProblem> {
        if self.is(&self.down) {
            return Err(AliasProblem::NoAnswer("no route".to_owned()));
        }
        let missing = || AliasProblem::Unusable("function flaky has no alias live".to_owned());
        self.live.clone().ok_or_else(missing)
    }

    fn observe(&self, rollout: &Rollout) -> Observation {
        let samples = if self.is(&self.down) || self.is(&self.metrics_down) {
            Err("no metrics".to_owned())
        } else {
            Ok(self.samples(rollout))
        };
        let state = if self.is(&self.alarm) { "ALARM" } else { "OK" };
        let alarms = rollout.alarms().iter().cloned().chain(rollout.own_alarm());
        let alarms = alarms.map(|name| AlarmState {
            state: if name == "checkout-errors" {
                state
            } else {
                "OK"
            }
            .to_owned(),
            name,
            since: None,
            counts_from: None,
            reason: "Threshold Crossed".to_owned(),
        });
        let alarms = Ok(alarms.collect());
        let alias = match rollout.needs() {
            Needs::Nothing => Ok(rollout.alias().clone()),
            Needs::Alias | Needs::Everything => self.read(),
        };
        Observation {
            alias,
            samples,
            alarms,
        }
    }

    /// Compare-and-swap.
    fn set(&mut self, before: &Alias, change: &Change) -> Result<Alias, AliasProblem> {
        let no_answer = |why: &str| Err(AliasProblem::NoAnswer(why.to_owned()));
        if self.is(&self.down) || self.is(&self.refused) {
            return no_answer("ServiceUnavailableException");
        }
        let found = self.read()?;
        if found.revision_id != before.revision_id {
            let found = Box::new(found);
            return Err(AliasProblem::Changed { found });
        }
        let alias = Alias {
            routing: change.routing,
            description: change.record.to_description().expect("Lambda takes it"),
            revision_id: format!("{}+", found.revision_id),
            ..found
        };
        self.live = Some(alias.clone());
        if self.is(&self.lost) {
            return no_answer("the answer is lost");
        }
        Ok(alias)
    }

    /// How a run would begin now.
    fn start(&mut self, asked: &RolloutPolicy) -> Start {
        let record = self.description().parse::<Record>();
        if record.is_ok_and(|record| record.is_paused_by_itself()) {
            let now = self.now;
            self.change_elsewhere(|record| record.resumed(now));
        }
        let alias = self.live.clone().expect("live is there");
        let found = Situation::read("flaky", &alias.routing, &alias.description, version(2));
        let under_way = match found.expect("may start") {
            Situation::UnderWay(record) | Situation::Promoted(record) => Some(record),
            Situation::Arrived
            | Situation::New { .. }
            | Situation::RolledBack { .. }
            | Situation::Adopted { .. } => None,
        };
        let primary = alias.routing.primary;
        let baseline = under_way
            .as_ref()
            .map_or(primary, |record: &Record| record.baseline);
        Start {
            baseline: build(baseline.number()),
            candidate: build(2),
            alias,
            under_way,
            policy: Policy::try_from(asked).expect("holds"),
            guarded: true,
            ignored_alarms: Vec::new(),
        }
    }

    fn run(&mut self, asked: &RolloutPolicy) -> End {
        self.run_with(asked, Kill::Never, &[])
    }

    fn killed(&mut self, asked: &RolloutPolicy, kill: Kill) -> End {
        self.run_with(asked, kill, &[])
    }

    /// Runs until the end, or until it is killed; commands come at their seconds.
    fn run_with(&mut self, asked: &RolloutPolicy, kill: Kill, commands: &[(i64, Command)]) -> End {
        let start = self.start(asked);
        self.run_from(start, kill, commands)
    }

    fn run_from(&mut self, start: Start, kill: Kill, commands: &[(i64, Command)]) -> End {
        let mut run = Run::begin(self, start, kill);
        let mut commands = commands.iter();
        let mut next_command = commands.next();
        while run.end.is_none() {
            run.wait(self, next_command.map(|(second, _)| *second));
            match next_command {
                Some((second, command)) if *second <= self.second() => {
                    run.command(self, *command);
                    next_command = commands.next();
                }
                _ => run.tick(self),
            }
            assert!(
                self.second() < 400_000,
                "never ends: {:?}",
                self.events.last()
            );
        }
        run.end.expect("has ended")
    }

    fn weights(&self) -> Vec<f64> {
        let weight = |event: &Event| match event {
            Event::Weight { percent } => Some(percent.value()),
            _ => None,
        };
        self.events.iter().filter_map(weight).collect()
    }

    fn analyses(&self) -> Vec<&Analysed> {
        let events = self.events.iter();
        let analysed = events.filter_map(|event| match event {
            Event::Analysed(analysed) => Some(analysed),
            _ => None,
        });
        analysed.collect()
    }

    /// How long a whole run takes, in seconds.
    fn run_s(mut self, asked: &RolloutPolicy) -> i64 {
        assert_eq!(self.run(asked), PROMOTED);
        self.second()
    }

    /// When a run promotes, in seconds after its start.
    fn promoted_s(mut self, asked: &RolloutPolicy) -> i64 {
        let start = self.start(asked);
        let mut run = Run::begin(&mut self, start, Kill::Never);
        while !self.serves(2) {
            run.wait(&mut self, None);
            run.tick(&mut self);
        }
        self.second()
    }

    /// What was said of each step that was over.
    fn step_sentences(&self) -> Vec<&str> {
        let events = self.events.iter();
        let steps = events.filter_map(|event| match event {
            Event::StepOver { sentence, .. } => Some(sentence.as_str()),
            _ => None,
        });
        steps.collect()
    }

    /// The sentence of the last end.
    fn sentence(&self) -> &str {
        let ended = self.events.iter().rev().find_map(|event| match event {
            Event::Ended { sentence, .. } => Some(sentence),
            _ => None,
        });
        ended.expect("an end")
    }

    fn resumed_at(&self) -> Option<f64> {
        let started = self.events.iter().rev().find_map(|event| match event {
            Event::Started { resumed_at, .. } => Some(*resumed_at),
            _ => None,
        });
        started.expect("has started").map(Percent::value)
    }
}

/// One run in an account.
struct Run {
    rollout: Rollout,
    kill: Kill,
    ticks: usize,
    sets: usize,
    end: Option<End>,
    waited: bool,
}

impl Run {
    fn begin(account: &mut Account, start: Start, kill: Kill) -> Self {
        let Started {
            rollout,
            event,
            first,
        } = start.begin(account.now);
        account.events.push(event);
        let mut run = Self {
            rollout,
            kill,
            ticks: 0,
            sets: 0,
            end: None,
            waited: false,
        };
        if let Some(first) = first {
            run.perform(account, vec![Action::Set(first)]);
        }
        run
    }

    /// The pause before the next tick; shorter when something happens earlier.
    fn wait(&mut self, account: &mut Account, until: Option<i64>) {
        let mut pause = if self.waited {
            self.rollout
                .pause(account.now)
                .max(TimeDelta::milliseconds(100))
        } else {
            TimeDelta::zero()
        };
        self.waited = true;
        let kill = match self.kill {
            Kill::At(second) => Some(second),
            _ => None,
        };
        for second in until.into_iter().chain(kill) {
            let left = start_of_time() + TimeDelta::seconds(second) - account.now;
            pause = pause.min(left.max(TimeDelta::zero()));
        }
        account.pass(pause);
        if kill.is_some_and(|second| second <= account.second()) {
            self.end = Some(End::Killed);
        }
    }

    fn tick(&mut self, account: &mut Account) {
        if self.end.is_some() {
            return;
        }
        self.ticks += 1;
        if self.kill == Kill::Tick(self.ticks) {
            self.end = Some(End::Killed);
            return;
        }
        let observation = account.observe(&self.rollout);
        let actions = self.rollout.tick(observation, account.now);
        self.perform(account, actions);
    }

    fn command(&mut self, account: &mut Account, command: Command) {
        if self.end.is_some() {
            return;
        }
        let actions = self.rollout.handle(command, account.now);
        self.perform(account, actions);
    }

    fn perform(&mut self, account: &mut Account, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Emit(event) => account.events.push(*event),
                Action::Set(change) => {
                    self.sets += 1;
                    if self.kill == Kill::BeforeSet(self.sets) {
                        self.end = Some(End::Killed);
                        return;
                    }
                    let set = account.set(self.rollout.alias(), &change);
                    if self.kill == Kill::AfterSet(self.sets) {
                        self.end = Some(End::Killed);
                        return;
                    }
                    let more = self.rollout.applied(change, set, account.now);
                    self.perform(account, more);
                }
                Action::End(ending) => self.end = Some(End::Ended(ending)),
            }
        }
    }
}

fn ended(ending: Ending) -> End {
    End::Ended(ending)
}

const PROMOTED: End = End::Ended(Ending::Promoted);

#[test]
fn a_good_candidate_is_promoted_step_by_step() {
    let mut account = Account::new(Candidate::Good);
    assert_eq!(account.run(&policy()), PROMOTED);
    assert!(account.serves(2));
    assert_eq!(account.weights(), [20.0, 50.0, 100.0]);
}

#[test]
fn a_worse_candidate_is_rolled_back_with_the_numbers_though_its_bake_time_is_not_over() {
    let mut account = Account::new(Candidate::Errors);
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Worse))
    );
    assert!(account.serves(1));
    assert!(account.second() < 20, "{} s", account.second());
    let sentence = account.sentence();
    assert!(
        sentence.contains("x86_64 (version 2) fails 10."),
        "{sentence}"
    );
}

#[test]
fn a_candidate_that_is_slow_too_often_is_rolled_back_though_it_never_fails() {
    let mut account = Account::new(Candidate::Slow);
    let asked = RolloutPolicy {
        slow_ms: Some(80.0),
        ..long()
    };
    assert_eq!(account.run(&asked), ended(Ending::RolledBack(Cause::Worse)));
    let sentence = account.sentence();
    assert!(sentence.contains("worse in slow invocations"), "{sentence}");
    // Nobody said what slow is: nothing is wrong with it.
    assert_eq!(Account::new(Candidate::Slow).run(&policy()), PROMOTED);
}

#[test]
fn a_candidate_that_is_grossly_worse_is_rolled_back_by_the_circuit_breaker_after_two_periods() {
    let mut account = Account::new(Candidate::Broken);
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Gross))
    );
    assert!(account.serves(1));
    assert!(account.second() <= 5, "{} s", account.second());
    let sentence = account.sentence();
    assert!(
        sentence.starts_with(
            "the circuit breaker has opened at 20%: errors of x86_64 (version 2) in two periods in a row 60.0% (36 of 60), \
             of x86_64 (version 1) 0.0% (0 of 240)"
        ),
        "{sentence}"
    );
}

#[test]
fn the_circuit_breaker_stays_armed_after_the_promotion() {
    let mut account = Account::new(Candidate::Good);
    let promoted = Account::new(Candidate::Good).promoted_s(&guarded());
    account.breaks_from = promoted + 10;
    assert_eq!(
        account.run(&guarded()),
        ended(Ending::RolledBack(Cause::Gross))
    );
    assert!(account.serves(1));
    assert!(account.second() <= promoted + 15, "{} s", account.second());
}

#[test]
fn no_step_is_over_before_a_whole_period_of_it_was_seen() {
    for (bake_s, period_s) in [(5, 5), (2, 5), (7, 5), (2, 60)] {
        let mut account = Account::new(Candidate::Good);
        let asked = RolloutPolicy {
            bake_s,
            period_s,
            ..policy()
        };
        assert_eq!(account.run(&asked), PROMOTED);
        for sentence in account.step_sentences() {
            assert!(!sentence.contains("nobody called"), "{sentence}");
        }
    }
}

#[test]
fn the_default_policy_takes_its_bake_times_and_promotes() {
    let mut account = Account::new(Candidate::Good);
    account.traffic = 20;
    assert_eq!(account.run(&RolloutPolicy::default()), PROMOTED);
    assert_eq!(account.weights(), [5.0, 25.0, 50.0, 100.0]);
    // Three bake times of ten minutes at least, each period is over two minutes after its end, and then alarms stay
    // armed for half an hour.
    assert!(
        account.second() >= 3 * 600 + 1_800,
        "{} s",
        account.second()
    );
}

#[test]
fn a_run_until_a_step_leaves_the_weight_there_and_the_next_run_resumes() {
    let mut account = Account::new(Candidate::Good);
    let mut start = account.start(&policy());
    start.policy = start.policy.until(percent(20.0)).expect("a step");
    assert_eq!(
        account.run_from(start, Kill::Never, &[]),
        ended(Ending::Reached)
    );
    assert_eq!(account.routing().share(version(2)), percent(20.0));
    assert_eq!(account.run(&policy()), PROMOTED);
    assert_eq!(account.resumed_at(), Some(20.0));
}

#[test]
fn evidence_from_before_a_kill_counts_afterwards() {
    let mut account = Account::new(Candidate::Errors);
    // Its metrics settle so late that the first run cannot have analysed any.
    let unsettled = RolloutPolicy {
        metric_delay_s: 60,
        ..policy()
    };
    assert_eq!(account.killed(&unsettled, Kill::At(6)), End::Killed);
    let before = account.analyses().len();
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Worse))
    );
    let first = account.analyses()[before];
    assert!(first.analysis.metrics[0].periods >= 2, "{first:?}");
}

proptest! {
    /// Whatever kills a run, and whenever: the next one goes on with the same rollout.
    #[test]
    fn a_run_that_is_killed_at_any_moment_resumes_the_same_rollout(
        kills in prop::collection::vec((0_usize..3, 1_usize..4), 0..8),
        lost in any::<bool>(),
    ) {
        let mut account = Account::new(Candidate::Good);
        let mut records: Vec<String> = Vec::new();
        for (kind, nth) in kills {
            if account.serves(2) {
                break;
            }
            let kill = [Kill::Tick(nth), Kill::BeforeSet(nth), Kill::AfterSet(nth)][kind];
            account.lost = if lost { 0..400_000 } else { NEVER };
            account.killed(&policy(), kill);
            records.push(account.description().to_owned());
        }
        account.lost = NEVER;
        if !account.serves(2) {
            prop_assert_eq!(account.run(&policy()), PROMOTED);
        }
        records.push(account.description().to_owned());
        // No kill has made a rollout anew: every record is the one before, perhaps with a change behind it.
        let began: Vec<_> = records.iter().skip_while(|record| record.is_empty()).collect();
        prop_assert!(began.iter().all(|record| record.starts_with("rollout 1->2 since ")), "{records:?}");
        prop_assert!(began.windows(2).all(|pair| pair[1].starts_with(pair[0].as_str())), "{records:?}");
        prop_assert!(account.serves(2));
    }

    /// Whatever is done to a worse candidate's run, it never ends promoted, and no weight stays that nobody has
    /// asked for.
    #[test]
    fn a_worse_candidate_is_rolled_back_whatever_kills_the_run(
        kills in prop::collection::vec((0_usize..3, 1_usize..4), 0..5),
    ) {
        let mut account = Account::new(Candidate::Errors);
        for (kind, nth) in kills {
            let kill = [Kill::Tick(nth), Kill::BeforeSet(nth), Kill::AfterSet(nth)][kind];
            account.killed(&long(), kill);
            let share = account.routing().share(version(2));
            prop_assert!([0.0, 20.0].contains(&share.value()), "{share}");
        }
        prop_assert_eq!(account.run(&long()), ended(Ending::RolledBack(Cause::Worse)));
        prop_assert!(account.serves(1));
    }
}

#[test]
fn a_function_that_nobody_calls_is_promoted_after_its_bake_times_and_says_that_nothing_was_seen() {
    let mut account = Account::new(Candidate::Good);
    account.traffic = 0;
    assert_eq!(account.run(&policy()), PROMOTED);
    assert!(account.second() < 30, "{} s", account.second());
    let sentences = account.step_sentences();
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(sentences[0].contains("nobody called"), "{sentences:?}");
    let sentence = account.sentence();
    assert!(
        sentence.contains("Not seen: 20 invocations at 20%, 50%"),
        "{sentence}"
    );
}

#[test]
fn calls_that_the_metrics_do_not_show_pause_the_rollout_and_roll_it_back_in_the_end() {
    let mut account = Account::new(Candidate::Good);
    account.silent = 5..400_000;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::NoData))
    );
    assert!(account.serves(1));
    // The limit of 10 s, and the time until the last period is over.
    assert!(
        (15..=20).contains(&account.second()),
        "{} s",
        account.second()
    );
    let paused = account
        .events
        .iter()
        .filter(|event| matches!(event, Event::NoData { .. }));
    assert!(paused.count() >= 9);
    let sentence = account.sentence();
    assert!(
        sentence.contains("calls that the metrics of both versions do not show"),
        "{sentence}"
    );
}

#[test]
fn metrics_that_come_back_in_time_end_the_pause() {
    let mut account = Account::new(Candidate::Good);
    account.silent = 5..12;
    assert_eq!(account.run(&policy()), PROMOTED);
    let mut bad = Account::new(Candidate::Errors);
    bad.silent = 5..12;
    assert_eq!(bad.run(&long()), ended(Ending::RolledBack(Cause::Worse)));
}

#[test]
fn too_few_samples_advance_pause_or_roll_back_as_the_policy_says() {
    let asked = |on_inconclusive| RolloutPolicy {
        min_samples: 1_000_000,
        step_timeout_s: Some(4),
        on_inconclusive,
        ..policy()
    };
    let mut account = Account::new(Candidate::Good);
    assert_eq!(
        account.run(&asked(OnInconclusive::Rollback)),
        ended(Ending::RolledBack(Cause::FewSamples))
    );
    let sentence = account.sentence();
    assert!(
        sentence.contains("had fewer than 1000000 invocations at 20% within 4 s"),
        "{sentence}"
    );
    assert!(account.serves(1));
    for _ in 0..2 {
        // Another run gives the step its whole time once more.
        let before = account.second();
        assert_eq!(
            account.run(&asked(OnInconclusive::Pause)),
            ended(Ending::Paused(Waiting::Samples))
        );
        assert!(account.second() - before >= 4, "{before}");
        assert_eq!(account.routing().share(version(2)), percent(20.0));
    }
    assert_eq!(account.run(&asked(OnInconclusive::Advance)), PROMOTED);
    assert_eq!(account.resumed_at(), Some(20.0));
    let sentence = account.sentence();
    assert!(
        sentence.contains("Not seen: 1000000 invocations at 20%, 50%"),
        "{sentence}"
    );
}

#[test]
fn a_step_is_over_after_its_bake_time_and_samples_and_not_before() {
    let mut account = Account::new(Candidate::Good);
    let asked = RolloutPolicy {
        min_samples: 200,
        ..policy()
    };
    assert_eq!(account.run(&asked), PROMOTED);
    for analysed in account.analyses() {
        let ripe = analysed.baked_s >= 2 && analysed.step_samples >= 200;
        assert_eq!(analysed.waiting.is_none(), ripe, "{analysed:?}");
    }
    let sentences = account.step_sentences();
    assert!(
        sentences[0].starts_with("20% is over after "),
        "{sentences:?}"
    );
    assert!(
        sentences[0].contains("% of failures would be found"),
        "{sentences:?}"
    );
}

/// A policy with an alarm, and something to watch after the promotion.
fn guarded() -> RolloutPolicy {
    RolloutPolicy {
        alarms: vec!["checkout-errors".to_owned()],
        bake_after_s: 30,
        ..policy()
    }
}

#[test]
fn an_alarm_that_goes_off_rolls_back_with_its_reason() {
    let mut account = Account::new(Candidate::Good);
    account.alarm = 2..400_000;
    assert_eq!(
        account.run(&guarded()),
        ended(Ending::RolledBack(Cause::Alarm))
    );
    assert!(account.serves(1));
    let sentence = account.sentence();
    assert!(
        sentence.starts_with("the alarm checkout-errors went off at 20%: Threshold Crossed"),
        "{sentence}"
    );
}

#[test]
fn an_alarm_that_was_off_before_a_forced_start_counts_once_it_has_been_ok() {
    let forced = |alarm: Span| {
        let mut account = Account::new(Candidate::Good);
        account.alarm = alarm;
        let mut start = account.start(&guarded());
        start.ignored_alarms = vec!["checkout-errors".to_owned()];
        account.run_from(start, Kill::Never, &[])
    };
    assert_eq!(forced(0..400_000), PROMOTED);

    let mut account = Account::new(Candidate::Good);
    account.alarm = 0..3;
    let mut start = account.start(&guarded());
    start.ignored_alarms = vec!["checkout-errors".to_owned()];
    let mut run = Run::begin(&mut account, start, Kill::Never);
    while run.end.is_none() {
        run.wait(&mut account, None);
        if account.second() >= 5 {
            account.alarm = 0..400_000;
        }
        run.tick(&mut account);
    }
    assert_eq!(run.end, Some(ended(Ending::RolledBack(Cause::Alarm))));
}

#[test]
fn alarms_stay_armed_after_the_promotion_and_bring_the_old_version_back() {
    let mut account = Account::new(Candidate::Good);
    assert_eq!(account.run(&guarded()), PROMOTED);
    let (quick, whole) = (
        Account::new(Candidate::Good).run_s(&policy()),
        account.second(),
    );
    assert!((quick + 30..quick + 40).contains(&whole), "{quick} {whole}");

    account = Account::new(Candidate::Good);
    account.alarm = quick + 10..400_000;
    assert_eq!(
        account.run(&guarded()),
        ended(Ending::RolledBack(Cause::Alarm))
    );
    assert!(account.serves(1));
    assert_eq!(account.weights(), [20.0, 50.0, 100.0, 0.0]);
}

#[test]
fn what_is_proven_by_periods_that_are_over_only_after_the_promotion_brings_the_old_version_back() {
    let mut account = Account::new(Candidate::Good);
    let slow_metrics = RolloutPolicy {
        metric_delay_s: 20,
        min_samples: 1,
        ..guarded()
    };
    let promoted = Account::new(Candidate::Good).promoted_s(&slow_metrics);
    account.fails_from = promoted - 15;
    assert_eq!(
        account.run(&slow_metrics),
        ended(Ending::RolledBack(Cause::Worse))
    );
    assert!(
        account.second() > promoted,
        "{} {promoted}",
        account.second()
    );
    assert!(account.serves(1));
}

#[test]
fn a_quiet_function_is_watched_until_its_calls_have_passed_and_for_a_week_at_most() {
    let mut account = Account::new(Candidate::Good);
    account.traffic = 0;
    let quiet = RolloutPolicy {
        period_s: 3_600,
        bake_s: 3_600,
        ..guarded()
    };
    let start = account.start(&quiet);
    let mut run = Run::begin(&mut account, start, Kill::Never);
    while run.end.is_none() {
        // Nobody looks at every second of a week: an hour is one step of the clock.
        account.now += TimeDelta::hours(1);
        run.tick(&mut account);
    }
    assert_eq!(run.end, Some(PROMOTED));
    let days = account.second() / 86_400;
    assert_eq!(days, 7);
}

#[test]
fn a_run_that_is_killed_after_the_promotion_is_followed_by_one_that_goes_on_watching() {
    let mut account = Account::new(Candidate::Good);
    let promoted = Account::new(Candidate::Good).promoted_s(&guarded());
    assert_eq!(
        account.killed(&guarded(), Kill::At(promoted + 5)),
        End::Killed
    );
    assert!(account.serves(2));
    account.alarm = promoted + 10..400_000;
    assert_eq!(
        account.run(&guarded()),
        ended(Ending::RolledBack(Cause::Alarm))
    );
    assert!(account.serves(1));
}

#[test]
fn a_signal_after_the_promotion_leaves_the_candidate_where_it_is() {
    for command in [Command::Abort, Command::Detach] {
        let mut account = Account::new(Candidate::Good);
        let promoted = Account::new(Candidate::Good).promoted_s(&guarded());
        let commands = [(promoted + 5, command)];
        assert_eq!(
            account.run_with(&guarded(), Kill::Never, &commands),
            PROMOTED
        );
        assert!(account.serves(2));
    }
}

#[test]
fn a_candidate_that_gets_another_share_than_its_weight_pauses_the_rollout_with_the_likely_reasons()
{
    let mut account = Account::new(Candidate::Good);
    account.lost_of_ten = 5;
    assert_eq!(account.run(&long()), ended(Ending::Paused(Waiting::Share)));
    assert_eq!(account.routing().share(version(2)), percent(20.0));
    let sentence = account.sentence();
    assert!(
        sentence.contains("its calls may be throttled"),
        "{sentence}"
    );
}

#[test]
fn a_candidate_that_somebody_has_given_everything_ends_up_alone() {
    let mut account = Account::new(Candidate::Good);
    account.set_by_hand(Routing::weighted(version(1), version(2), Percent::HUNDRED));
    assert_eq!(account.run(&policy()), PROMOTED);
    assert!(account.serves(2));
}

#[test]
fn calls_that_fail_for_less_than_the_limit_end_nothing() {
    let mut account = Account::new(Candidate::Good);
    account.down = 3..9;
    assert_eq!(account.run(&policy()), PROMOTED);
    let no_answer = |event: &&Event| matches!(event, Event::NoAnswer { .. });
    assert!(account.events.iter().filter(no_answer).count() >= 3);
}

#[test]
fn calls_that_fail_for_longer_roll_back_as_soon_as_aws_answers() {
    let mut account = Account::new(Candidate::Good);
    account.down = 3..30;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::NoAnswer))
    );
    assert!(
        (30..=32).contains(&account.second()),
        "{}",
        account.second()
    );
    assert!(account.serves(1));
}

#[test]
fn when_aws_never_answers_the_run_says_what_may_still_be() {
    let mut account = Account::new(Candidate::Good);
    account.down = 3..400_000;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RollbackFailed(Cause::NoAnswer))
    );
    // The limit, and three times as long.
    assert!(
        (40..=50).contains(&account.second()),
        "{}",
        account.second()
    );
    let sentence = account.sentence();
    for part in [
        "may still send 20% to x86_64 (version 2)",
        "rollout abort flaky",
    ] {
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn metrics_that_cannot_be_read_while_the_alias_can_roll_back() {
    let mut account = Account::new(Candidate::Good);
    account.metrics_down = 3..400_000;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::NoAnswer))
    );
    assert!(account.serves(1));
}

#[test]
fn changes_whose_answers_are_lost_are_found_to_have_happened() {
    let mut account = Account::new(Candidate::Good);
    account.run_with(&policy(), Kill::Tick(1), &[]);
    account.lost = 0..400_000;
    assert_eq!(account.run(&policy()), PROMOTED);
    assert!(account.serves(2));

    let mut account = Account::new(Candidate::Errors);
    account.killed(&long(), Kill::Tick(1));
    account.lost = 0..400_000;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Worse))
    );
    assert!(account.serves(1));
}

#[test]
fn changes_that_are_refused_for_a_while_are_made_when_they_can_be() {
    let mut account = Account::new(Candidate::Good);
    account.refused = 2..9;
    assert_eq!(account.run(&policy()), PROMOTED);

    let mut account = Account::new(Candidate::Errors);
    account.refused = 2..20;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Worse))
    );
    assert!(
        (20..=21).contains(&account.second()),
        "{}",
        account.second()
    );
    assert!(account.serves(1));
}

#[test]
fn whoever_aborts_has_the_weight_back_at_0_and_whoever_detaches_leaves_it() {
    let at = |command| [(10, command)];
    let mut account = Account::new(Candidate::Good);
    assert_eq!(
        account.run_with(&long(), Kill::Never, &at(Command::Abort)),
        ended(Ending::RolledBack(Cause::Aborted))
    );
    assert!(account.serves(1));
    assert!(account.sentence().contains("aborted at 20%"));

    assert_eq!(
        account.run_with(
            &long(),
            Kill::Never,
            &[
                (20, Command::Ask),
                (21, Command::Resume),
                (22, Command::Detach)
            ]
        ),
        ended(Ending::Detached)
    );
    assert_eq!(account.routing().share(version(2)), percent(20.0));
}

#[test]
fn whoever_aborts_a_rollback_that_fails_is_told_what_may_still_be() {
    let mut account = Account::new(Candidate::Good);
    account.down = 5..400_000;
    let commands = [(6, Command::Abort), (9, Command::Abort)];
    assert_eq!(
        account.run_with(&long(), Kill::Never, &commands),
        ended(Ending::RollbackFailed(Cause::Aborted))
    );
    assert_eq!(account.second(), 9);
    assert!(account.sentence().contains("may still send 20%"));
}

/// Runs until a second, then somebody does something, then the run goes on.
fn meddled(asked: &RolloutPolicy, meddle: impl FnOnce(&mut Account)) -> (Account, End) {
    let mut account = Account::new(Candidate::Good);
    let start = account.start(asked);
    let mut run = Run::begin(&mut account, start, Kill::Never);
    while account.second() < 6 {
        run.wait(&mut account, None);
        run.tick(&mut account);
    }
    assert_eq!(run.end, None);
    meddle(&mut account);
    while run.end.is_none() {
        run.wait(&mut account, None);
        run.tick(&mut account);
    }
    (account, run.end.expect("has ended"))
}

#[test]
fn a_weight_that_somebody_sets_is_not_touched_and_the_next_run_resumes_from_it() {
    let by_hand = Routing::weighted(version(1), version(2), percent(33.0));
    let (mut account, end) = meddled(&long(), |account| account.set_by_hand(by_hand));
    assert_eq!(end, ended(Ending::Stopped));
    assert_eq!(account.routing(), by_hand);
    let sentence = account.sentence();
    assert!(
        sentence.contains("was changed by somebody else") && sentence.contains("version 2 33%"),
        "{sentence}"
    );
    assert!(sentence.contains("nothing was touched"), "{sentence}");
    assert_eq!(account.run(&policy()), PROMOTED);
    assert_eq!(account.resumed_at(), Some(33.0));
}

#[test]
fn what_somebody_takes_back_or_changes_after_the_promotion_was_not_promoted() {
    let watched = RolloutPolicy {
        bake_after_s: 600,
        ..policy()
    };
    for (serves, description, end) in [
        (
            1,
            "version 1 set by rollback of version 2",
            Ending::RolledBack(Cause::Aborted),
        ),
        (1, "by hand", Ending::Stopped),
        (3, "by hand", Ending::Stopped),
        (2, "by hand", Ending::Promoted),
    ] {
        let mut account = Account::new(Candidate::Good);
        let start = account.start(&watched);
        let mut run = Run::begin(&mut account, start, Kill::Never);
        while !account.serves(2) {
            run.wait(&mut account, None);
            run.tick(&mut account);
        }
        account.set_by_hand(Routing::alone(version(serves)));
        account.live.as_mut().expect("is there").description = description.to_owned();
        while run.end.is_none() {
            run.wait(&mut account, None);
            run.tick(&mut account);
        }
        assert_eq!(run.end, Some(ended(end)), "{serves} {description}");
        assert_eq!(account.routing(), Routing::alone(version(serves)));
    }
}

#[test]
fn a_third_version_that_gets_the_weight_is_left_as_it_is() {
    let third = Routing::weighted(version(1), version(3), percent(10.0));
    let (account, end) = meddled(&long(), |account| account.set_by_hand(third));
    assert_eq!(end, ended(Ending::Stopped));
    assert_eq!(account.routing(), third);
}

#[test]
fn an_alias_that_is_gone_stops_the_run() {
    let (account, end) = meddled(&long(), |account| account.live = None);
    assert_eq!(end, ended(Ending::Stopped));
    assert!(account.sentence().contains("has no alias live"));
}

#[test]
fn what_another_shell_has_rolled_back_ends_with_its_cause() {
    let (account, end) = meddled(&long(), |account| {
        let now = account.now;
        account.change_elsewhere(|record| record.rolled_back(Cause::Alarm, now));
    });
    assert_eq!(end, ended(Ending::RolledBack(Cause::Alarm)));
    let sentence = account.sentence();
    assert!(sentence.contains("an alarm went off at 20%"), "{sentence}");
}

#[test]
fn a_newer_release_that_takes_its_place_ends_it_and_is_not_touched() {
    let third = Routing::weighted(version(1), version(3), percent(10.0));
    let (account, end) = meddled(&long(), |account| {
        account.set_by_hand(third);
        let record = Record::start(version(1), version(3), percent(10.0), account.now);
        let live = account.live.as_mut().expect("live is there");
        live.description = record.to_string();
    });
    assert_eq!(end, ended(Ending::RolledBack(Cause::Superseded)));
    assert_eq!(account.routing(), third);
    let sentence = account.sentence();
    assert!(
        sentence.contains("a newer release has taken its place at 20%"),
        "{sentence}"
    );
}

#[test]
fn a_rollout_that_is_paused_elsewhere_keeps_its_weight_until_it_is_resumed() {
    let mut account = Account::new(Candidate::Good);
    let start = account.start(&policy());
    let mut run = Run::begin(&mut account, start, Kill::Never);
    account.change_elsewhere(|record| record.paused(None, start_of_time()));
    let mut go_on_until = |account: &mut Account, second| {
        while account.second() < second && run.end.is_none() {
            run.wait(account, None);
            run.tick(account);
        }
        run.end.clone()
    };
    assert_eq!(go_on_until(&mut account, 100), None);
    assert_eq!(account.weights(), [20.0]);
    let last = account.analyses().last().copied().expect("an analysis");
    assert_eq!(last.waiting, Some(Waiting::Resume));
    let now = account.now;
    account.change_elsewhere(|record| record.resumed(now));
    assert_eq!(go_on_until(&mut account, 200), Some(PROMOTED));
    let paused = |event: &Event| match event {
        Event::Paused { paused } => Some(*paused),
        _ => None,
    };
    let paused: Vec<_> = account.events.iter().filter_map(paused).collect();
    assert_eq!(paused, [true, false]);
}

#[test]
fn a_pause_outlives_the_run_and_a_worse_candidate_does_not_outlive_the_pause() {
    let mut account = Account::new(Candidate::Errors);
    account.killed(&policy(), Kill::Tick(1));
    account.change_elsewhere(|record| record.paused(None, start_of_time()));
    let worse = ended(Ending::RolledBack(Cause::Worse));
    assert_eq!(account.run(&policy()), worse);
    let waited = account
        .analyses()
        .iter()
        .any(|it| it.waiting == Some(Waiting::Resume));
    assert!(waited && account.serves(1));
}

#[test]
fn where_the_policy_pauses_the_next_step_begins_when_another_shell_promotes_it() {
    let pausing = RolloutPolicy {
        pause_at_percent: vec![20.0],
        ..policy()
    };
    let mut account = Account::new(Candidate::Good);
    let start = account.start(&pausing);
    let mut run = Run::begin(&mut account, start, Kill::Never);
    while account.second() < 100 {
        run.wait(&mut account, None);
        run.tick(&mut account);
    }
    assert_eq!((run.end.as_ref(), account.weights()), (None, vec![20.0]));
    let now = account.now;
    account.change_elsewhere(|record| record.changed(percent(50.0), now));
    while run.end.is_none() {
        run.wait(&mut account, None);
        run.tick(&mut account);
    }
    assert_eq!(run.end, Some(PROMOTED));
    assert_eq!(account.weights(), [20.0, 50.0, 100.0]);
}

#[test]
fn what_another_shell_aborts_or_promotes_in_full_is_the_end_of_the_run_too() {
    for (to, end) in [
        (Percent::ZERO, Ending::RolledBack(Cause::Aborted)),
        (Percent::HUNDRED, Ending::Promoted),
    ] {
        let (account, found) = meddled(&long(), |account| {
            let now = account.now;
            account.change_elsewhere(|record| record.changed(to, now));
        });
        assert_eq!(found, ended(end), "{}", account.sentence());
    }
}

#[test]
fn two_runs_at_once_of_one_rollout_do_each_other_no_harm() {
    let mut account = Account::new(Candidate::Good);
    let mut runs = [(); 2].map(|()| {
        let start = account.start(&policy());
        Run::begin(&mut account, start, Kill::Never)
    });
    while runs.iter().any(|run| run.end.is_none()) {
        account.pass(TimeDelta::milliseconds(500));
        for run in &mut runs {
            run.tick(&mut account);
        }
    }
    let ends = runs.map(|run| run.end.expect("has ended"));
    assert_eq!(ends, [PROMOTED, PROMOTED]);
    let mut weights = account.weights();
    weights.dedup();
    assert_eq!(weights, [20.0, 50.0, 100.0]);
    assert!(account.serves(2));
}

#[test]
fn a_rollback_finds_room_in_the_alias_when_its_record_is_full() {
    let mut account = Account::new(Candidate::Errors);
    account.killed(&long(), Kill::Tick(1));
    let mut record: Record = account.description().parse().expect("a record");
    while record.to_description().is_ok() {
        record = record.changed(percent(20.0), account.now);
    }
    record.changes.pop();
    let live = account.live.as_mut().expect("live is there");
    live.description = record.to_description().expect("fits");
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Worse))
    );
    assert!(account.serves(1));
}
