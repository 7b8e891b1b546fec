//! What runs the code of functions: a version's code and settings, the processes, the Runtime API, the logs.
//! May use [`crate::net`] and [`crate::aws`].
//!
//! - [`version`], [`code`]: what is run; `unpack.rs`: from a zip to files.
//! - [`environments`]: takes an idle environment for an invocation, or starts one.
//! - [`pool`]: which environments there are; [`environment`]: one process, and the event that it works on.
//! - `cold_start.rs`, [`process`], [`emulation`], [`variables`]: how a process is started.
//! - `run.rs`: one event through one environment; [`lifecycle`]: who works and who waits in it; [`runtime_api`] and
//!   `extensions_api.rs`: how a process takes events and answers.
//! - [`invocation`]: requests, results, and Lambda's errors; [`record`]: what is known of an invocation when it is over.
//! - [`log`]: Lambda's log lines; `log_filter.rs`: which of the function's go there; [`log_files`]: how much is kept.
//! - [`faults`]: what goes wrong on purpose; [`draws`]: random draws, for weights and faults.
//!
//! # What differs from Lambda
//! - The configured memory and `/tmp` size are told to the function and not enforced.
//! - A function's code is in a folder of the sandbox's, not in `/var/task`: `LAMBDA_TASK_ROOT` and `LD_LIBRARY_PATH`
//!   name that one. All may read its files, whatever the zip says. When the sandbox is an ordinary user's, a function can
//!   get around their being read-only; what it changes is not what runs next.
//! - Extensions run inside of the runtime: external ones come with layers, which there are none of. There is no Telemetry
//!   API. `SHUTDOWN` events are for external ones only.
//! - Between events a function is stopped by SIGSTOP: system calls can be interrupted where they are not on Lambda, and a
//!   process that has left its group runs on.
//! - An answer is passed on when the function asks for its next event, at the latest 50 ms after it was given.
//! - No environment is started ahead: those that provisioned concurrency asks for start with the first events.
//! - There is no X-Ray: trace headers go through, and what is sent to the daemon's address is lost. With active tracing
//!   every invocation is sampled.
//! - A log in JSON has the application's lines as they were printed: no time is added. The initialisation's record names
//!   no runtime version. A log in text has no `INIT_START` and no `EXTENSION` lines. Of a log the last 3 MiB are kept, and
//!   of those of ended environments the newest 2,000 or 128 MiB.
//! - Environments share the machine's `/tmp`; each has a folder of its own in `TMPDIR`.
//! - `Max Memory Used` of an emulated function includes its emulator.

mod cold_start;
mod extensions_api;
mod log_filter;
mod run;
mod unpack;

pub mod code;
pub mod draws;
pub mod emulation;
pub mod environment;
pub mod environments;
pub mod faults;
pub mod invocation;
pub mod lifecycle;
pub mod log;
pub mod log_files;
pub mod pool;
pub mod process;
pub mod record;
pub mod runtime_api;
pub mod variables;
pub mod version;
