//! Moves the weight of `live` step by step, and back.
//!
//! | file | what | I/O |
//! | --- | --- | --- |
//! | `policy.rs` | what the function's manifest and the flags ask for, checked | no |
//! | `scope.rs` | which metrics are analysed | no |
//! | `path.rs` | the moves that lead from what serves to the goal; each is a rollout | no |
//! | `record.rs` | what a rollout writes into the alias's description | no |
//! | `situation.rs` | where the alias stands, and so how a move starts | no |
//! | `periods.rs` | which periods of the metrics count | no |
//! | `decision.rs` | what comes next: wait, advance, promote, roll back, pause | no |
//! | `rollout.rs` | `tick`: what was observed and the time in, actions out | no |
//! | `event.rs`, `summary.rs` | what happens, and how it ends, in a sentence | no |
//! | `samples.rs` | reads the metrics | yes |
//! | `driver.rs` | calls `tick` in a loop, and does what it says | yes |
//!
//! Every period a tick checks that the alias is as the rollout left it, takes the counts of both versions
//! since the rollout began, analyses them, and decides:
//!
//! - **worse is proven**, in errors, throttles or slow invocations: the weight goes back to 0 at once.
//! - **a step is over** when its bake time is over, the candidate had `min_samples` in it, and "not worse" is
//!   proven. Then the next weight follows.
//! - **a step's time is over**, `step_timeout_s`, and nothing is proven: `on_inconclusive` says what follows.
//!   By default the next weight, because to prove "not worse" may take more invocations than a quiet function
//!   ever has, and every step brings evidence faster than the one before. What is risked is bounded by the
//!   weight. With too few samples the run ends with the weight as it is; another run goes on from there. See
//!   `policy.rs`.
//! - **no data**: without a period in which both versions ran, for longer than `no_data_timeout_s`, the weight
//!   goes back to 0. Bake time counts only up to the last period that shows both versions, so metrics that are
//!   missing or late never count as health.
//! - **no answer**: calls that fail are tried again every period, and when that has lasted for longer than
//!   `no_data_timeout_s`, the weight goes back to 0 as soon as AWS answers again. After three times as long, or
//!   when it is aborted once more, the run ends and says what may still be.
//! - **somebody else has changed the alias**, or it is gone: the run stops and touches nothing. When that was
//!   the function `guard`, the run says that it was rolled back.
//! - **somebody aborts the run**: the weight goes back to 0.
//!
//! Counts that still grow after `metric_delay_s` are read again for a quarter of an hour, and all periods are
//! analysed anew at every tick: an error that comes late is not lost. That the test stays valid when counts
//! grow while it looks is simulated (`tools/analysis/tests/equally_good.rs`).
//!
//! The alias is the only state. A run that was killed is started again with the same command: the weight, the
//! two versions and the times of all changes stand in the alias, the evidence in the metrics. Only
//! `no_data_timeout_s` and `step_timeout_s` begin anew.
//!
//! May use `aws` and the crate `analysis`.

pub mod decision;
pub mod driver;
pub mod event;
pub mod path;
pub mod periods;
pub mod policy;
pub mod record;
pub mod rollout;
pub mod samples;
pub mod scope;
pub mod situation;
mod summary;
