//! An event as one line of text.

use super::Versions;
use crate::{
    aws::{function::Build, routing::Percent},
    delivery::{
        decision::Waiting,
        event::{Analysed, Command, Event, Latency, PlannedMove},
        scope::Scope,
        wording::{number, percent, thousands},
    },
};
use analysis::Count;

/// The line for an event; nothing before the versions are known.
pub(super) fn line(event: &Event, versions: Option<&Versions>) -> Option<String> {
    match event {
        Event::Path { moves } => Some(path(moves)),
        Event::Armed { alarm, at } => Some(format!("alarm {alarm} is armed: {at}")),
        Event::Started {
            baseline,
            candidate,
            steps,
            resumed_at,
            scope,
            ..
        } => Some(started([baseline, candidate], steps, *resumed_at, scope)),
        Event::Weight { percent } => {
            versions.map(|versions| format!("{} gets {percent} of live", versions.candidate))
        }
        Event::Analysed(analysed) => versions.map(|versions| self::analysed(analysed, versions)),
        Event::StepOver { sentence, .. } => Some(sentence.clone()),
        Event::NoData {
            what,
            no_data_s,
            no_data_timeout_s,
        } => Some(format!(
            "paused: {what}, for {no_data_s} s; after {no_data_timeout_s} s the rollout is rolled back"
        )),
        Event::Serving {
            baked_s,
            bake_after_s,
            samples,
            min_samples,
        } => Some(format!(
            "serves alone, alarms armed: {baked_s}/{bake_after_s} s, samples {}/{}",
            thousands(*samples),
            thousands(*min_samples)
        )),
        Event::NoAnswer {
            cause,
            no_answer_s,
            no_data_timeout_s,
        } => Some(format!(
            "paused: {cause}; no answer for {no_answer_s} s, after {no_data_timeout_s} s the rollout is rolled back"
        )),
        Event::Paused { paused } => Some(match paused {
            true => "paused by somebody: the weight stays until rollout resume".to_owned(),
            false => "resumed by somebody".to_owned(),
        }),
        Event::Command { command } => heard(*command).map(str::to_owned),
        Event::Ended { ending, sentence } => Some(format!("{ending}: {sentence}")),
    }
}

fn path(moves: &[PlannedMove]) -> String {
    let moves = moves.iter().zip(1..).map(|(planned, number)| {
        let PlannedMove {
            baseline,
            candidate,
            change,
        } = planned;
        format!("{number}. {change}: {baseline} to {candidate}")
    });
    let moves: Vec<String> = moves.collect();
    format!("{} moves: {}", moves.len(), moves.join("; "))
}

/// The line for a command.
fn heard(command: Command) -> Option<&'static str> {
    match command {
        Command::Ask => Some(
            "interrupted: abort and go back to weight 0 (a), detach and leave the weight (d), or resume (r)? \
             Type the letter and Enter; a second Ctrl-C aborts. The rollout goes on meanwhile",
        ),
        Command::Resume => Some("resumed"),
        // The end says it.
        Command::Abort | Command::Detach => None,
    }
}

fn started(
    [baseline, candidate]: [&Build; 2],
    steps: &[Percent],
    resumed_at: Option<Percent>,
    scope: &Scope,
) -> String {
    let steps: Vec<String> = steps.iter().map(Percent::to_string).collect();
    let steps = steps.join(" -> ");
    let what = match resumed_at {
        None => "moving live".to_owned(),
        Some(percent) => format!("resuming at {percent}"),
    };
    format!("{what} from {baseline} to {candidate}: {steps}; analysed: {scope}")
}

fn analysed(analysed: &Analysed, versions: &Versions) -> String {
    let totals = analysed.analysis.errors();
    format!(
        "{:>4}  {}: {}  {}: {}  {}; {}",
        analysed.percent.to_string(),
        versions.candidate,
        failed(totals.candidate),
        versions.baseline,
        failed(totals.baseline),
        analysed.brief,
        progress(analysed),
    )
}

/// `9 of 176 failed (5.1%)`.
fn failed(count: Count) -> String {
    count.rate().map_or("no calls yet".to_owned(), |rate| {
        let (failures, all) = (number(count.failures()), number(count.invocations()));
        format!("{failures} of {all} failed ({})", percent(rate))
    })
}

/// The same with `, p50 1.2 ms, p99 3.4 ms`.
pub(super) fn counts(count: Count, build: &Build, latency: Option<Latency>) -> String {
    match count.rate() {
        None => failed(count),
        Some(_) => format!("{}, {}", failed(count), duration(build, latency)),
    }
}

fn duration(build: &Build, latency: Option<Latency>) -> String {
    match latency {
        _ if build.emulated => "emulated, not compared".to_owned(),
        Some(Latency { p50_ms, p99_ms }) => format!("p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms"),
        None => "time not measured".to_owned(),
    }
}

/// The progress of a step: `bake 4/4 s, samples 7/100`.
pub(super) fn progress(analysed: &Analysed) -> String {
    let waiting = match analysed.waiting {
        Some(Waiting::Samples) => format!(", waiting until {} s", analysed.step_timeout_s),
        Some(Waiting::Data) => ", waiting for metrics".to_owned(),
        Some(Waiting::Share) => ", wrong share".to_owned(),
        Some(Waiting::Resume) => ", paused".to_owned(),
        Some(Waiting::Promotion) => ", waiting for rollout promote".to_owned(),
        Some(Waiting::Bake) | None => String::new(),
    };
    let late = match analysed.late {
        0 => String::new(),
        late => format!(", late {}", thousands(late)),
    };
    format!(
        "bake {}/{} s, samples {}/{}{waiting}{late}",
        analysed.baked_s,
        analysed.bake_s,
        thousands(analysed.step_samples),
        thousands(analysed.min_samples),
    )
}

#[cfg(test)]
mod tests {
    use package::Architecture;

    use super::*;
    use crate::delivery::scope::Time;
    use analysis::{Block, Blocks, Metrics, Terms, analyse};

    fn build(version: &str, architecture: Architecture, emulated: bool) -> Build {
        let version = version.parse().expect("a version");
        Build {
            version,
            architecture: Some(architecture),
            emulated,
        }
    }

    fn versions() -> Versions {
        Versions {
            baseline: build("1", Architecture::X86_64, false),
            candidate: build("2", Architecture::Arm64, true),
        }
    }

    #[test]
    fn an_analysis_is_one_line_that_fits_a_terminal() {
        let latency = Some(Latency {
            p50_ms: 1.23,
            p99_ms: 4.56,
        });
        let block = Block {
            baseline: Count::new(3_410, 1),
            candidate: Count::new(176, 0),
        };
        let event = Event::Analysed(Analysed {
            percent: Percent::new(5.0).expect("a percentage"),
            waiting: Some(Waiting::Samples),
            baked_s: 8,
            bake_s: 8,
            step_timeout_s: 48,
            step_samples: 176,
            min_samples: 200,
            analysis: analyse(
                [Blocks::errors(block)],
                &Terms {
                    alpha: 0.05,
                    margin: 0.01,
                    metrics: Metrics::WITHOUT_TIME,
                },
            ),
            sentence: String::new(),
            brief: "inconclusive".to_owned(),
            late: 3,
            baseline_latency: latency,
            candidate_latency: latency,
        });
        let line = line(&event, Some(&versions())).expect("a line");
        assert_eq!(
            line,
            "  5%  arm64 (version 2): 0 of 176 failed (0.0%)  x86_64 (version 1): 1 of 3,410 failed (0.029%)  \
             inconclusive; bake 8/8 s, samples 176/200, waiting until 48 s, late 3"
        );
        let Versions {
            baseline,
            candidate,
        } = versions();
        let counts = |build| counts(Count::new(176, 0), build, latency);
        assert_eq!(
            counts(&candidate),
            "0 of 176 failed (0.0%), emulated, not compared"
        );
        assert_eq!(
            counts(&baseline),
            "0 of 176 failed (0.0%), p50 1.2 ms, p99 4.6 ms"
        );
    }

    #[test]
    fn the_path_is_printed_before_it_starts() {
        let Versions {
            baseline,
            candidate,
        } = versions();
        let scope = Scope {
            time: Time::NoSlowLimit,
            counted: Vec::new(),
        };
        let steps = [5.0, 100.0].map(|step| Percent::new(step).expect("a percentage"));
        assert_eq!(
            started([&baseline, &candidate], &steps, None, &scope),
            "moving live from x86_64 (version 1) to arm64 (version 2): 5% -> 100%; \
             analysed: errors, throttles; not time, slow_ms is not set"
        );
    }
}
