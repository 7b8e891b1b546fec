//! The runs of both architectures side by side, as Markdown for a pull request.

use std::io::{self, Write};

use package::Architecture;

use crate::figures::{Figures, Quantiles, Run};

/// Why two runs cannot be compared.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ComparisonError {
    /// Not one of each.
    #[error("both runs are of {0}: one of each architecture is compared")]
    OneArchitecture(Architecture),
    /// Not the same code.
    #[error("the runs are of different commits, {0} and {1}: measure one commit on both machines")]
    Commits(String, String),
}

/// One run of each architecture, of the same commit.
#[derive(Debug)]
pub(crate) struct Comparison {
    x86_64: Run,
    arm64: Run,
}

impl Comparison {
    /// In whichever order they come.
    pub(crate) fn new(one: Run, other: Run) -> Result<Self, ComparisonError> {
        if one.commit != other.commit {
            return Err(ComparisonError::Commits(one.commit, other.commit));
        }
        let (x86_64, arm64) = match (one.architecture, other.architecture) {
            (Architecture::X86_64, Architecture::Arm64) => (one, other),
            (Architecture::Arm64, Architecture::X86_64) => (other, one),
            (both, _) => return Err(ComparisonError::OneArchitecture(both)),
        };
        Ok(Self { x86_64, arm64 })
    }

    /// Writes what was measured on which machine, a table of starts, one of invocations.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "### Both builds, each on its own architecture\n")?;
        writeln!(
            out,
            "Commit {}. x86_64 on {}; arm64 on {}. Ratios are arm64 to x86_64, below 1 is faster, with an interval \
             (90% at least) of what these two runs saw: another pair of machines differs by more. Neither is Lambda: prices and \
             CPU shares are not compared.\n",
            self.arm64.commit.get(..12).unwrap_or(&self.arm64.commit),
            self.x86_64.machine,
            self.arm64.machine
        )?;
        writeln!(
            out,
            "| | zip KiB, x86_64 | arm64 | init ms, x86_64 | arm64 | ratio | idle RSS MiB, x86_64 | arm64 |\n\
             | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |"
        )?;
        for [x86_64, arm64] in self.pairs() {
            writeln!(
                out,
                "| {} | {} | {} | {:.1} | {:.1} | {} | {:.1} | {:.1} |",
                x86_64.name,
                x86_64.zip_kib,
                arm64.zip_kib,
                x86_64.init.p50_ms,
                arm64.init.p50_ms,
                ratio(x86_64.init, arm64.init),
                x86_64.idle_mib,
                arm64.idle_mib,
            )?;
        }
        writeln!(
            out,
            "\n| | event | p50 ms, x86_64 | arm64 | ratio | p99 ms, x86_64 | arm64 |\n\
             | --- | --- | ---: | ---: | --- | ---: | ---: |"
        )?;
        for [x86_64, arm64] in self.pairs() {
            for (event, durations) in &x86_64.invocations {
                let same = arm64.invocations.iter().find(|(name, _)| name == event);
                let Some((_, other)) = same else { continue };
                writeln!(
                    out,
                    "| {} | {event} | {:.2} | {:.2} | {} | {:.2} | {:.2} |",
                    x86_64.name,
                    durations.p50_ms,
                    other.p50_ms,
                    ratio(*durations, *other),
                    durations.p99_ms,
                    other.p99_ms,
                )?;
            }
        }
        Ok(())
    }

    /// What both runs have measured.
    fn pairs(&self) -> impl Iterator<Item = [&Figures; 2]> {
        self.x86_64.subjects.iter().filter_map(|x86_64| {
            let mut others = self.arm64.subjects.iter();
            let arm64 = others.find(|arm64| arm64.name == x86_64.name)?;
            Some([x86_64, arm64])
        })
    }
}

/// The ratio of the medians, with the quotients of their intervals' ends. Both are 95% intervals of
/// independent runs, and the quotient misses only when one of them does: it holds in 0.95 x 0.95, 90
/// of 100 runs, at the very least.
fn ratio(x86_64: Quantiles, arm64: Quantiles) -> String {
    let [low, high] = [
        arm64.p50_interval_ms[0] / x86_64.p50_interval_ms[1],
        arm64.p50_interval_ms[1] / x86_64.p50_interval_ms[0],
    ];
    format!(
        "{:.2} ({low:.2} to {high:.2})",
        arm64.p50_ms / x86_64.p50_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(architecture: Architecture, p50_ms: f64) -> Run {
        let quantiles = Quantiles {
            p50_ms,
            p50_interval_ms: [p50_ms * 0.9, p50_ms * 1.2],
            p99_ms: 2.0 * p50_ms,
        };
        Run {
            architecture,
            machine: format!("a CPU of {architecture}"),
            commit: "0123456789abcdef".to_owned(),
            subjects: vec![Figures {
                name: "hasher".to_owned(),
                zip_kib: 700,
                init: quantiles,
                idle_mib: 3.0,
                peak_mib: 4.0,
                invocations: vec![("one".to_owned(), quantiles)],
            }],
        }
    }

    fn text(one: Run, other: Run) -> String {
        let mut out = Vec::new();
        let comparison = Comparison::new(one, other).expect("comparable");
        comparison.write(&mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_ratio_is_arm64_s_to_x86_64_s_in_whichever_order_the_files_come() {
        let (x86_64, arm64) = (
            run(Architecture::X86_64, 2.0),
            run(Architecture::Arm64, 1.0),
        );
        let row = "| hasher | one | 2.00 | 1.00 | 0.50 (0.38 to 0.67) | 4.00 | 2.00 |";
        let one_way = text(x86_64.clone(), arm64.clone());
        assert!(one_way.contains(row), "{one_way}");
        assert_eq!(one_way, text(arm64, x86_64));
    }

    #[test]
    fn runs_of_one_architecture_or_of_two_commits_are_not_compared() {
        let arm64 = run(Architecture::Arm64, 1.0);
        let error = Comparison::new(arm64.clone(), arm64.clone()).unwrap_err();
        assert_eq!(error, ComparisonError::OneArchitecture(Architecture::Arm64));
        let mut x86_64 = run(Architecture::X86_64, 1.0);
        x86_64.commit = "fedcba".to_owned();
        let error = Comparison::new(arm64, x86_64).unwrap_err().to_string();
        assert!(error.contains("0123456789abcdef and fedcba"), "{error}");
    }

    #[test]
    fn what_only_one_run_has_is_left_out() {
        let mut x86_64 = run(Architecture::X86_64, 1.0);
        x86_64.subjects[0].name = "other".to_owned();
        assert!(!text(x86_64, run(Architecture::Arm64, 1.0)).contains("| other"));
    }
}
