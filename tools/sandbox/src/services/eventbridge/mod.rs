//! EventBridge: events that invoke functions, and those that functions put.
//!
//! - [`rules`]: alarms and schedules that invoke functions.
//! - [`bus`]: `PutEvents`, and the events that were put.
//!
//! # What differs from AWS
//! - There is one bus, `default`, and no operation but `PutEvents`: a rule is a function's trigger, and none takes what
//!   was put to a target. The last 1,000 events are kept, to be looked at.

pub mod bus;
pub mod rules;

pub use self::{
    bus::EventBus,
    rules::{Rule, Rules},
};
