//! The sandbox through the AWS wire protocol, as one test program: it is linked once, and its tests wait side by side.

mod access;
mod alarms;
mod apply;
mod client_commands;
mod cloudwatch;
mod common;
mod data;
mod event_source_mapping;
mod event_source_mapping_api;
mod events;
mod function_urls;
mod http_api;
mod invoke;
mod lambda;
mod logs;
mod origin_check;
mod schedules;
mod serve;
mod sqs;
mod tagging;
mod traffic;
mod watch;
