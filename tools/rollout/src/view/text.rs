//! An event as one line of text.

use super::Halves;
use crate::{
    controller::event::{Event, Half, Latency, Leg, Waiting, Watched, Wish},
    percent::Percent,
    scope::Scope,
};
use analysis::{Count, percent, thousands};

/// The line for an event; nothing before the halves are known.
pub(super) fn line(event: &Event, halves: Option<&Halves>) -> Option<String> {
    match event {
        Event::Path { moves } => Some(path(moves)),
        Event::Began {
            baseline,
            candidate,
            steps,
            goes_on_at,
            judged,
            ..
        } => Some(began([baseline, candidate], steps, *goes_on_at, judged)),
        Event::Weight { percent } => {
            halves.map(|halves| format!("{} gets {percent} of live", halves.candidate))
        }
        Event::Watched(watched) => halves.map(|halves| self::watched(watched, halves)),
        Event::Trouble {
            cause,
            blind_s,
            no_data_timeout_s,
        } => Some(format!(
            "{cause}; both versions were last seen {blind_s} s ago, \
             after {no_data_timeout_s} s the weight is taken back"
        )),
        Event::Wish { wish } => wished(*wish).map(str::to_owned),
        Event::Ended { ending, sentence } => Some(format!("{ending}: {sentence}")),
    }
}

fn path(moves: &[Leg]) -> String {
    let legs = moves.iter().zip(1..).map(|(leg, number)| {
        format!(
            "{number}. {}: {} to {}",
            leg.change, leg.baseline, leg.candidate
        )
    });
    let legs: Vec<String> = legs.collect();
    format!("{} moves: {}", moves.len(), legs.join("; "))
}

/// What is said to a wish.
fn wished(wish: Wish) -> Option<&'static str> {
    match wish {
        Wish::Ask => Some(
            "interrupted: take the weight back (t), leave it as it is (l), or go on (g)? \
             Type the letter and Enter; once more Ctrl-C takes back. The watch goes on meanwhile",
        ),
        Wish::GoOn => Some("going on"),
        // The end says it.
        Wish::TakeBack | Wish::Leave => None,
    }
}

fn began(
    [baseline, candidate]: [&Half; 2],
    steps: &[Percent],
    goes_on: Option<Percent>,
    judged: &Scope,
) -> String {
    let path: Vec<String> = steps.iter().map(Percent::to_string).collect();
    let path = path.join(" -> ");
    match goes_on {
        None => format!("moving live from {baseline} to {candidate}: {path}; judged: {judged}"),
        Some(at) => {
            format!("going on at {at}, from {baseline} to {candidate}: {path}; judged: {judged}")
        }
    }
}

fn watched(watched: &Watched, halves: &Halves) -> String {
    let totals = watched.judgement.errors();
    format!(
        "{:>4}  {}: {}  {}: {}  {}  [{}]",
        watched.percent.to_string(),
        halves.candidate,
        counts(
            totals.candidate,
            &halves.candidate,
            watched.candidate_latency
        ),
        halves.baseline,
        counts(totals.baseline, &halves.baseline, watched.baseline_latency),
        watched.judgement.brief(),
        progress(watched),
    )
}

/// `9 of 176 failed (5.1%), p50 1.2 ms, p99 3.4 ms`.
pub(super) fn counts(count: Count, half: &Half, latency: Option<Latency>) -> String {
    let Some(rate) = count.rate() else {
        return "not seen yet".to_owned();
    };
    format!(
        "{} of {} failed ({}), {}",
        thousands(count.failures()),
        thousands(count.invocations()),
        percent(rate),
        duration(half, latency)
    )
}

fn duration(half: &Half, latency: Option<Latency>) -> String {
    match latency {
        _ if half.emulated => "emulated, not compared".to_owned(),
        Some(Latency { p50_ms, p99_ms }) => format!("p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms"),
        None => "time not measured".to_owned(),
    }
}

/// How far the step is.
pub(super) fn progress(watched: &Watched) -> String {
    let waiting = match watched.waiting {
        Some(Waiting::Invocations) => ", waiting for invocations",
        Some(Waiting::Proof) => ", waiting for a proof",
        Some(Waiting::Bake) | None => "",
    };
    format!(
        "watched {} of {} to {} s, {} of {} invocations{waiting}",
        watched.watched_s,
        watched.bake_s,
        watched.step_timeout_s,
        thousands(watched.step_invocations),
        thousands(watched.min_samples),
    )
}

#[cfg(test)]
mod tests {
    use package::Architecture;

    use super::*;
    use analysis::{Block, Blocks, Metric, Terms, judge};

    fn half(version: &str, architecture: Architecture, emulated: bool) -> Half {
        let version = version.parse().expect("a version");
        Half {
            version,
            architecture: Some(architecture),
            emulated,
        }
    }

    fn halves() -> Halves {
        Halves {
            baseline: half("1", Architecture::X86_64, false),
            candidate: half("2", Architecture::Arm64, true),
        }
    }

    #[test]
    fn a_look_is_one_line_and_never_shows_the_time_of_an_emulated_half() {
        let latency = Some(Latency {
            p50_ms: 1.23,
            p99_ms: 4.56,
        });
        let block = Block {
            baseline: Count::new(3_410, 1),
            candidate: Count::new(176, 0),
        };
        let event = Event::Watched(Watched {
            percent: Percent::new(5.0).expect("a percentage"),
            waiting: Some(Waiting::Invocations),
            watched_s: 8,
            bake_s: 8,
            step_timeout_s: 48,
            step_invocations: 176,
            min_samples: 200,
            judgement: judge(
                [Blocks::errors(block)],
                &Terms {
                    alpha: 0.05,
                    margin: 0.01,
                    metrics: Metric::WITHOUT_TIME,
                },
            ),
            sentence: String::new(),
            baseline_latency: latency,
            candidate_latency: latency,
        });
        let line = line(&event, Some(&halves())).expect("a line");
        assert!(
            line.contains("0 of 176 failed (0.0%), emulated, not compared"),
            "{line}"
        );
        assert!(
            line.contains("1 of 3,410 failed (0.029%), p50 1.2 ms, p99 4.6 ms"),
            "{line}"
        );
        assert!(line.ends_with(
            "[watched 8 of 8 to 48 s, 176 of 200 invocations, waiting for invocations]"
        ));
    }

    #[test]
    fn the_path_is_printed_before_it_starts() {
        let Halves {
            baseline,
            candidate,
        } = halves();
        let steps = [5.0, 100.0].map(|step| Percent::new(step).expect("a percentage"));
        assert_eq!(
            began([&baseline, &candidate], &steps, None, &Scope::Unset),
            "moving live from x86_64 (version 1) to arm64 (version 2): 5% -> 100%; \
             judged: errors, throttles; not time, slow_ms is not set"
        );
    }
}
