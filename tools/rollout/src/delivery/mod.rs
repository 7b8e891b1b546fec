//! Moves the weight of `live` step by step, and back.
//!
//! | file | what | I/O |
//! | --- | --- | --- |
//! | `policy.rs` | what the function's manifest and the flags ask for, checked | no |
//! | `tags.rs` | what a rollout keeps in the function's tags: its policy, and what it was started with | no |
//! | `scope.rs` | which metrics are analysed | no |
//! | `path.rs` | the moves that lead from what serves to the goal; each is a rollout | no |
//! | `record.rs` | what a rollout writes into the alias's description | no |
//! | `situation.rs` | where the alias stands, and so how a move starts | no |
//! | `frozen.rs` | a rollout as it was started, and where it stands | no |
//! | `periods.rs`, `weighted.rs`, `evidence.rs` | which periods of the metrics count, at which weight, and what they have shown | no |
//! | `decision.rs` | what comes next: wait, advance, promote, roll back, pause | no |
//! | `rollout.rs` | `tick`: what was observed and the time in, actions out | no |
//! | `event.rs`, `summary.rs`, `wording.rs` | what happens, how it ends, what the analysis says, in a sentence | no |
//! | `plan.rs` | what has to be moved, and whether it may be | yes |
//! | `samples.rs` | reads the metrics | yes |
//! | `driver.rs` | calls `tick`, once or in a loop, and does what it says | yes |
//! | `moves.rs` | one move after the other | yes |
//!
//! Every period a tick checks that the alias is as the rollout left it, takes in the periods that are over,
//! analyses them, and decides:
//!
//! - **worse is proven**, in errors, throttles, slow invocations or what the function counts itself as failed; **the
//!   circuit breaker** opens, since two periods in a row are gross; **an alarm** of the policy goes off; **a limit** of
//!   a metric is passed: the weight goes back to 0 at once.
//! - **a step is over** when its bake time is over and the candidate had `min_samples` in it, or nobody called either
//!   version. Then the next weight follows.
//! - **a step's time is over**, `step_timeout_s`, with fewer samples: `on_inconclusive` says what follows. By default
//!   the next weight, and what was not seen is said: most functions are that quiet. What is risked is bounded by the
//!   weight, and the evidence of all steps adds up. See `policy.rs`.
//! - **no data**: another source has counted calls that the metrics do not show, or a version ran without what `shared`
//!   counts in every invocation. The rollout waits, and when such periods are longer than `no_data_timeout_s` together,
//!   the weight goes back to 0. A version that nobody calls is idle, which
//!   is no reason to go back.
//! - **no answer**: calls that fail are tried again every period, and when that has lasted for longer than
//!   `no_data_timeout_s`, the weight goes back to 0 as soon as AWS answers again. After three times as long, or
//!   when it is aborted once more, the run ends and says what may still be.
//! - **the share is wrong**: the candidate does not get what its weight says, so the versions cannot be compared. The
//!   rollout pauses, and the weight stays.
//! - **somebody else has changed the alias**, or it is gone: the rollout stops and touches nothing.
//! - **somebody aborts the run**: the weight goes back to 0.
//!
//! After the promotion alarms, the circuit breaker and limits stay armed for `bake_after_s` and `min_samples` calls, at most seven days;
//! when one of them goes off, `live` goes back to the version before.
//!
//! A period is analysed once, when it is over; calls that come later are counted as late, shown, and change nothing.
//!
//! The alias is the only state. A run that was killed is started again with the same command: the weight, the
//! two versions and the times of all changes stand in the alias, the evidence in the metrics. Only
//! `no_data_timeout_s`, `step_timeout_s` and the test of the share begin anew.
//!
//! May use `aws` and the crate `analysis`.

pub mod decision;
pub mod driver;
pub mod event;
mod evidence;
pub mod frozen;
pub mod moves;
pub mod path;
pub mod periods;
pub mod plan;
pub mod policy;

pub mod record;
pub mod rollout;
pub mod samples;
pub mod scope;
pub mod situation;
mod summary;
pub mod tags;
pub mod weighted;
pub mod wording;
