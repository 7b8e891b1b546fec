//! What names a metric, and what it is measured in.

/// The units of CloudWatch ("Unit" in the API reference of `MetricDatum`).
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// One of CloudWatch's units; their order is that of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unit(&'static str);

impl Unit {
    pub(crate) const BYTES: Self = Self("Bytes");
    pub(crate) const COUNT: Self = Self("Count");
    pub(crate) const MILLISECONDS: Self = Self("Milliseconds");
    pub(crate) const SECONDS: Self = Self("Seconds");
    pub(crate) const NONE: Self = Self("None");

    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut units = UNITS.into_iter();
        units.find(|unit| *unit == name).map(Self)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.0
    }

    /// All of them, as AWS lists them in its errors.
    pub(crate) fn list() -> String {
        UNITS.join(", ")
    }
}

/// Namespace, name and dimensions: what tells one metric from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MetricId {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Names and values. Their order does not matter to CloudWatch.
    pub(crate) dimensions: Vec<(String, String)>,
}

/// A metric that is asked for, in one unit or in any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Its dimensions are in a fixed order.
    pub(crate) id: MetricId,
    pub(crate) unit: Option<Unit>,
}

impl MetricId {
    /// The same metric with its dimensions in a fixed order.
    pub(crate) fn sorted(mut self) -> Self {
        self.dimensions.sort_unstable();
        self
    }
}
