//! Rollouts through [`Rollout::tick`] in a simulated account with a clock of its own: hours take milliseconds.
//!
//! The account has an alias with compare-and-swap, traffic that the alias's weights divide, and metrics with
//! the delay that is asked for. What goes wrong is a field of [`Account`].

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
    /// How long a period's errors read 0 though its invocations are there already, in seconds.
    errors_late_s: i64,
    /// Errors never arrive.
    no_errors: bool,
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
            errors_late_s: 0,
            no_errors: false,
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
        let (mut failed, mut slow) = (0, 0);
        for _ in 0..candidate {
            self.invocations += 1;
            let n = self.invocations;
            failed += u64::from(self.candidate == Candidate::Errors && n.is_multiple_of(10));
            slow += u64::from(self.candidate == Candidate::Slow && n.is_multiple_of(5));
        }
        [[self.traffic - candidate, 0, 0], [candidate, failed, slow]]
    }

    fn samples(&self, policy: &Policy) -> Samples {
        let length_s = policy.period.num_seconds();
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
        let arrived = periods
            .into_iter()
            .filter(|(start, _)| start + length_s + self.late_s <= now);
        let period = |(start, [baseline, candidate]): (i64, [[u64; 3]; 2])| {
            let errors_are_there = start + length_s + self.errors_late_s <= now;
            let count = |counts: [u64; 3]| {
                if self.no_errors {
                    return Count::default();
                }
                Count::new(counts[0], if errors_are_there { counts[1] } else { 0 })
            };
            let block = |count: &dyn Fn([u64; 3]) -> Count| Block {
                baseline: count(baseline),
                candidate: count(candidate),
            };
            Period {
                start: DateTime::from_timestamp(start, 0).expect("a time"),
                blocks: Blocks {
                    errors: block(&count),
                    slow: block(&|counts| Count::new(counts[0], counts[2])),
                    ..Blocks::default()
                },
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
            Ok(self.samples(rollout.policy()))
        };
        let alias = match rollout.needs() {
            Needs::Nothing => Ok(rollout.alias().clone()),
            Needs::Alias | Needs::AliasAndSamples => self.read(),
        };
        Observation { alias, samples }
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
    fn start(&self, asked: &RolloutPolicy) -> Start {
        let alias = self.live.clone().expect("live is there");
        let found = Situation::read("flaky", &alias.routing, &alias.description, version(2));
        let under_way = match found.expect("may start") {
            Situation::UnderWay(record) => Some(record),
            Situation::Arrived | Situation::New { .. } | Situation::Adopted { .. } => None,
        };
        Start {
            baseline: build(alias.routing.primary.number()),
            candidate: build(2),
            alias,
            under_way,
            policy: Policy::try_from(asked).expect("holds"),
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
fn the_default_policy_takes_its_bake_times_and_promotes() {
    let mut account = Account::new(Candidate::Good);
    account.traffic = 20;
    assert_eq!(account.run(&RolloutPolicy::default()), PROMOTED);
    assert_eq!(account.weights(), [5.0, 25.0, 50.0, 100.0]);
    // Three bake times of ten minutes at least, and each period settles two minutes after its end.
    assert!(account.second() >= 3 * 600, "{} s", account.second());
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
        no_data_timeout_s: 90,
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
fn without_traffic_there_is_no_data_and_the_rollout_is_rolled_back() {
    let mut account = Account::new(Candidate::Good);
    account.traffic = 0;
    assert_eq!(
        account.run(&policy()),
        ended(Ending::RolledBack(Cause::NoData))
    );
    let sentence = account.sentence();
    assert!(
        sentence.contains("have not shown both versions for more than 10 s"),
        "{sentence}"
    );
    assert!(account.serves(1));
}

#[test]
fn invocations_whose_errors_never_arrive_are_no_health() {
    let mut account = Account::new(Candidate::Errors);
    account.no_errors = true;
    assert_eq!(
        account.run(&policy()),
        ended(Ending::RolledBack(Cause::NoData))
    );
}

#[test]
fn too_few_samples_pause_the_rollout_and_another_run_resumes_it() {
    let mut account = Account::new(Candidate::Good);
    let few = RolloutPolicy {
        bake_s: 1,
        min_samples: 1_000_000,
        ..policy()
    };
    assert_eq!(account.run(&few), ended(Ending::Paused(Waiting::Samples)));
    assert!(account.second() >= 10, "it waits for no_data_timeout_s too");
    let sentence = account.sentence();
    assert!(sentence.contains("had fewer than 1000000"), "{sentence}");
    assert_eq!(account.run(&policy()), PROMOTED);
    assert_eq!(account.resumed_at(), Some(20.0));
}

#[test]
fn an_inconclusive_step_rolls_back_pauses_or_advances_as_the_policy_says() {
    // With no margin at all, "not worse" is never proven.
    let asked = |on_inconclusive| RolloutPolicy {
        margin_percent: 0.0,
        step_timeout_s: Some(4),
        on_inconclusive,
        ..policy()
    };
    let mut account = Account::new(Candidate::Good);
    assert_eq!(
        account.run(&asked(OnInconclusive::Rollback)),
        ended(Ending::RolledBack(Cause::Inconclusive))
    );
    let sentence = account.sentence();
    assert!(
        sentence.contains("nothing was proven at 20% within 4 s"),
        "{sentence}"
    );
    assert!(account.serves(1));
    assert_eq!(
        account.run(&asked(OnInconclusive::Pause)),
        ended(Ending::Paused(Waiting::Verdict))
    );
    assert_eq!(account.routing().share(version(2)), percent(20.0));
    // Another run gives the step its whole time once more.
    let paused = account.second();
    assert_eq!(
        account.run(&asked(OnInconclusive::Pause)),
        ended(Ending::Paused(Waiting::Verdict))
    );
    assert!(account.second() - paused >= 4, "{paused}");
    assert_eq!(account.run(&asked(OnInconclusive::Advance)), PROMOTED);
    assert_eq!(account.resumed_at(), Some(20.0));
}

#[test]
fn a_step_ends_as_soon_as_not_worse_is_proven_after_its_bake_time_and_samples() {
    let mut account = Account::new(Candidate::Good);
    let asked = RolloutPolicy {
        margin_percent: 50.0,
        step_timeout_s: Some(3_600),
        ..policy()
    };
    assert_eq!(account.run(&asked), PROMOTED);
    assert!(account.second() < 60, "{} s", account.second());
    for analysed in account.analyses() {
        let baked = analysed.baked_s >= 2;
        let enough = analysed.step_samples >= 20;
        let proven = matches!(
            analysed.analysis.verdict,
            analysis::Verdict::NotWorse { .. }
        );
        let over = analysed.waiting.is_none();
        assert_eq!(over, baked && enough && proven, "{analysed:?}");
    }
}

#[test]
fn a_candidate_that_somebody_has_given_everything_ends_up_alone() {
    let mut account = Account::new(Candidate::Good);
    account.set_by_hand(Routing::weighted(version(1), version(2), Percent::HUNDRED));
    assert_eq!(account.run(&policy()), PROMOTED);
    assert!(account.serves(2));
}

#[test]
fn metrics_that_are_five_periods_late_make_the_rollout_slower_and_change_nothing_else() {
    let mut punctual = Account::new(Candidate::Good);
    punctual.run(&policy());
    let mut account = Account::new(Candidate::Good);
    account.late_s = 5;
    assert_eq!(account.run(&policy()), PROMOTED);
    assert!(account.second() > punctual.second());
}

#[test]
fn counts_that_grow_after_they_were_analysed_are_analysed_again() {
    let mut account = Account::new(Candidate::Errors);
    account.errors_late_s = 4;
    assert_eq!(
        account.run(&long()),
        ended(Ending::RolledBack(Cause::Worse))
    );
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
fn what_guard_has_rolled_back_is_said_and_not_called_somebody_else() {
    let (account, end) = meddled(&long(), |account| {
        account.set_by_hand(Routing::alone(version(1)));
        let live = account.live.as_mut().expect("live is there");
        live.description += " 0%@9s by guard";
    });
    assert_eq!(end, ended(Ending::RolledBack(Cause::Guard)));
    let sentence = account.sentence();
    assert!(
        sentence.contains("went off at 20%, and guard has rolled back"),
        "{sentence}"
    );

    // Guard only ever gives the traffic back to the baseline.
    let (_, end) = meddled(&long(), |account| {
        account.set_by_hand(Routing::alone(version(2)));
        let live = account.live.as_mut().expect("live is there");
        live.description += " 0%@9s by guard";
    });
    assert_eq!(end, ended(Ending::Stopped));
}

#[test]
fn of_two_runs_at_once_one_promotes_and_the_other_stops() {
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
    let mut ends = runs.map(|run| run.end.expect("has ended"));
    ends.sort_by_key(|end| *end != PROMOTED);
    assert_eq!(ends, [PROMOTED, ended(Ending::Stopped)]);
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
