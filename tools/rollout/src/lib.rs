//! Moves the traffic of one Lambda function from one version to another, and watches.
//!
//! ```text
//! main.rs        parse, run one command, turn its outcome into an exit code
//! cli.rs         the command line: flags that every command has, one variant per command
//! context.rs     what every command gets: AWS clients, the dist folder, where its output goes
//! output.rs      the only place that writes to stdout and stderr
//! outcome.rs     0 done or promoted, 1 taken back or held, 2 could not run
//! commands/      one file per command
//!
//! aws.rs         clients as the AWS CLI would configure them
//! function.rs    the function as Lambda has it: settings, tags, which halves are emulated
//! latest/        $LATEST by compare-and-swap, and who has borrowed it
//! versions.rs    published versions: list, find, publish
//! alias/         read an alias, change it by compare-and-swap
//! record.rs      what a rollout writes into the alias's description, to go on after a kill
//! guard.rs       the alarm on the candidate: armed, disarmed, its state
//! hang_up.rs     the end of the terminal, SIGHUP
//! metrics/       counts and durations per version and period, from CloudWatch
//! provisioned.rs provisioned concurrency, which forbids a weight
//! prices/        what invocations cost on either architecture
//! percent.rs     a weight
//! comparison/    both versions side by side: table and sentence (pure)
//! differences.rs by how much they differ, with intervals (pure)
//! bench/         synthetic load on both halves, with a sweep over memory sizes
//! pair.rs        which halves of a build are published already (pure)
//! pruning.rs     which versions may go (pure)
//! report/        the comparison as a page with plots that opens offline (pure)
//! table.rs       tables for people
//!
//! proof/         what must hold of both artifacts before anything is uploaded
//! scope.rs       what a rollout is judged by, and why not by more (pure)
//!                (the sequential test is a crate of its own: analysis)
//! controller/    which weight comes next (pure), and the loop around it
//! view/          the live picture of a run
//! journal.rs     what happened, a JSON line each
//! ```
//!
//! A release goes `publish` (proof, two versions, three aliases) -> `replay` (same events, same answers,
//! and the expected ones: `package::replay`) -> `run` (weights, verdicts) -> `compare` (which build is
//! faster and cheaper). The alias `live` is the only state: every command reads it and may be killed and
//! started again.

pub mod alias;
pub mod aws;
pub mod bench;
pub mod cli;
pub mod commands;
pub mod comparison;
pub mod context;
pub mod controller;
pub mod differences;
pub mod function;
pub mod guard;
pub mod hang_up;
pub mod journal;
pub mod latest;
pub mod metrics;
pub mod outcome;
pub mod output;
pub mod pair;
pub mod percent;
pub mod prices;
pub mod proof;
pub mod provisioned;
pub mod pruning;
pub mod record;
pub mod report;
pub mod scope;
pub mod table;
pub mod versions;
pub mod view;

/// The alias that callers use; it routes to one or two versions.
pub const LIVE: &str = "live";
