//! From values to places on the paper, and which values are written beside the axes.

use chrono::{DateTime, TimeDelta, Utc};

/// Values along one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    /// Where they are on the paper.
    start: f64,
    end: f64,
}

impl Scale {
    pub(super) fn new([from, to]: [f64; 2], [start, end]: [f64; 2]) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        Self {
            from,
            to,
            start,
            end,
        }
    }

    /// Where a value is; what lies outside is on the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.start + share * (self.end - self.start)
    }
}

/// A value that is written beside an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// Round values from 0 to at least `most`, about `count` of them; the last is the axis's end.
pub(super) fn round_ticks(most: f64, count: u32) -> Vec<f64> {
    let step = round_up(most.max(f64::MIN_POSITIVE) / f64::from(count));
    let steps = (most / step).ceil().max(1.0) as u32;
    (0..=steps).map(|n| f64::from(n) * step).collect()
}

/// The next 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let digit = [1.0, 2.0, 5.0, 10.0].into_iter();
    let fits = |digit: &f64| digit * power >= value * (1.0 - 1e-9);
    digit.clone().find(fits).unwrap_or(10.0) * power
}

/// Powers of ten (or of 100, 1,000 and so on, when there are many) around two values, as exponents.
pub(super) fn decades(low: f64, high: f64) -> Vec<i32> {
    const MOST: i32 = 6;
    let from = low.log10().floor() as i32;
    let to = (high.log10().ceil() as i32).max(from + 1);
    let step = ((to - from) / MOST + 1).max(1);
    let to = from + (to - from + step - 1) / step * step;
    (from..=to).step_by(step.unsigned_abs() as usize).collect()
}

/// Round times within a window, at most `count` or so of them.
pub(super) fn times(since: DateTime<Utc>, until: DateTime<Utc>, count: i32) -> Vec<Tick> {
    const STEPS_S: [i64; 18] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
        86_400,
    ];
    let length_s = (until - since).num_seconds().max(1);
    let least_s = length_s / i64::from(count);
    let days = 86_400 * (least_s / 86_400 + 1);
    let step_s = STEPS_S
        .into_iter()
        .find(|step| *step >= least_s)
        .unwrap_or(days);
    let first = (since.timestamp() + step_s - 1).div_euclid(step_s) * step_s;
    let form = match step_s {
        ..60 => "%H:%M:%S",
        60..86_400 => "%H:%M",
        _ => "%b %e",
    };
    (0..)
        .map_while(|n| DateTime::from_timestamp(first + n * step_s, 0))
        .take_while(|time| *time <= until)
        .map(|time| Tick {
            value: seconds(time - since),
            label: time.format(form).to_string(),
        })
        .collect()
}

/// A span in seconds.
pub(super) fn seconds(span: TimeDelta) -> f64 {
    span.as_seconds_f64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(round_ticks(100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(
            round_ticks(0.7, 4),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8]
        );
        assert_eq!(round_ticks(0.0, 4).len(), 2);
    }

    #[test]
    fn decades_enclose_both_values_and_stay_few() {
        assert_eq!(decades(0.3, 40.0), [-1, 0, 1, 2]);
        assert_eq!(decades(1.0, 1.0), [0, 1]);
        assert!(decades(1.0, 1e300).len() <= 8);
    }

    #[test]
    fn times_are_round_and_within_the_window() {
        let since: DateTime<Utc> = "2026-11-23T14:31:07Z".parse().expect("a time");
        let labels = |minutes| -> Vec<String> {
            let ticks = times(since, since + TimeDelta::minutes(minutes), 5);
            ticks.into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(60), ["14:45", "15:00", "15:15", "15:30"]);
        assert_eq!(labels(24 * 60).first().map(String::as_str), Some("18:00"));
        assert_eq!(labels(1).first().map(String::as_str), Some("14:31:15"));
    }

    proptest! {
        #[test]
        fn every_value_of_a_scale_is_on_the_paper(from in -1e9..1e9_f64, length in 0.0..1e9_f64, value in -1e12..1e12_f64) {
            let place = Scale::new([from, from + length], [0.0, 100.0]).place(value);
            prop_assert!((0.0..=100.0).contains(&place));
        }

        #[test]
        fn the_last_tick_reaches_the_greatest_value(most in 1e-9..1e12_f64) {
            let ticks = round_ticks(most, 4);
            prop_assert!(ticks.last().is_some_and(|last| *last >= most * (1.0 - 1e-9)));
            prop_assert!(ticks.len() <= 7, "{}", ticks.len());
        }
    }
}
