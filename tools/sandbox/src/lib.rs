//! An AWS account in one process: Lambda with both architectures, DynamoDB, SQS, CloudWatch metrics.
//!
//! # Map
//! - [`cli`]: what the user can ask for; [`commands`]: one file per subcommand.
//! - [`server`]: one port on loopback; sends each request to the part that speaks its protocol.
//! - [`lambda`]: the Lambda API, one file per group of operations, over the [`lambda::account`] that holds
//!   functions, versions and aliases.
//! - [`environments`]: the processes that run functions: started, reused, killed, and fed by the Runtime API.
//! - [`cloudwatch`]: the metrics that Lambda would send, per executed version, and alarms on them.
//! - [`sqs`]: queues and their messages.
//! - [`http_front`]: the HTTP API before a function, on a port of its own.
//! - [`access`]: what functions may do to tables, queues and aliases, by their metadata.
//! - [`alarm_rules`]: which functions are invoked when an alarm goes off.
//! - [`admin`]: the routes under `/_sandbox/` that AWS has no API for.
//! - [`origin_check`]: what web pages send is refused, on every port.
//! - [`endpoint_file`]: how the other subcommands find a running sandbox.
//! - [`faults`]: errors, crashes, throttles and latency to order, per half.
//! - [`service_faults`]: errors, throttles and latency to order, per operation of DynamoDB and SQS.
//! - [`client`]: what the subcommands that talk to a running sandbox have in common.
//! - [`testing`]: a sandbox for the end-to-end tests of functions.
//!
//! # How an invocation flows
//! `POST /2015-03-31/functions/{name}/invocations` → [`lambda`] finds the alias and draws a version →
//! [`environments`] gives an idle process of that version or starts one → the process takes the event with
//! `GET …/invocation/next` and posts its answer → the log gets its `REPORT` line, [`invocation_record`] goes to
//! [`cloudwatch`], the caller gets the answer with `X-Amz-Executed-Version`.

pub mod access;
pub mod admin;
pub mod alarm_rules;
pub mod cli;
pub mod client;
pub mod cloudwatch;
pub mod commands;
pub mod endpoint_file;
pub mod environments;
pub mod event_sources;
pub mod faults;
pub mod http_front;
pub mod invocation_record;
pub mod lambda;
pub mod no_delay;
pub mod origin_check;
pub mod output;
pub mod server;
pub mod service_faults;
pub mod sqs;
pub mod testing;
