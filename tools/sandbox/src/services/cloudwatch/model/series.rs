//! Which metrics there are, and by which dimensions they can be asked for.

use crate::execution::record::InvocationRecord;

/// The namespace of everything here.
pub(crate) const NAMESPACE: &str = "AWS/Lambda";

/// A metric that Lambda sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    Invocations,
    Errors,
    Throttles,
    Duration,
    ConcurrentExecutions,
}

impl Metric {
    pub(crate) const ALL: [Self; 5] = [
        Self::Invocations,
        Self::Errors,
        Self::Throttles,
        Self::Duration,
        Self::ConcurrentExecutions,
    ];

    /// AWS's name of the metric.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Invocations => "Invocations",
            Self::Errors => "Errors",
            Self::Throttles => "Throttles",
            Self::Duration => "Duration",
            Self::ConcurrentExecutions => "ConcurrentExecutions",
        }
    }

    /// AWS's name of the unit.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Duration => "Milliseconds",
            _ => "Count",
        }
    }

    /// How many of the units in which samples are kept make one of the metric's: durations are kept
    /// in hundredths of a millisecond, as the REPORT line has them.
    pub(crate) const fn scale(self) -> u32 {
        match self {
            Self::Duration => 100,
            _ => 1,
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}

/// The finest grain in which samples are kept; every set of dimensions is a union of these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SeriesKey {
    pub(crate) function: String,
    qualifier: Option<String>,
    through_alias: bool,
    executed_version: String,
}

impl SeriesKey {
    /// The series that an invocation belongs to.
    pub(crate) fn from_record(record: InvocationRecord) -> Self {
        Self {
            function: record.function,
            qualifier: record.qualifier,
            through_alias: record.through_alias,
            executed_version: record.executed_version,
        }
    }

    /// The value of the dimension `Resource`: the function as the caller named it.
    fn resource(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.function),
            None => self.function.clone(),
        }
    }
}

/// One of the sets of dimensions that Lambda sends its metrics with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DimensionSet {
    /// No dimension: across all functions.
    All,
    /// `FunctionName`.
    Function(String),
    /// `FunctionName` and `Resource`: one alias, one version, or invocations without a qualifier.
    Resource { function: String, resource: String },
    /// `FunctionName`, `Resource` and `ExecutedVersion`: what one version did under an alias.
    Executed {
        function: String,
        resource: String,
        version: String,
    },
}

impl DimensionSet {
    /// The set that these dimensions are, in any order; `None` for one that Lambda does not send.
    pub(crate) fn from_pairs(dimensions: &[(String, String)]) -> Option<Self> {
        let get = |name: &str| {
            let mut found = dimensions.iter().filter(|(key, _)| key == name);
            found.next().map(|(_, value)| value.clone())
        };
        let set = (get("FunctionName"), get("Resource"), get("ExecutedVersion"));
        match (dimensions.len(), set) {
            (0, _) => Some(Self::All),
            (1, (Some(function), None, None)) => Some(Self::Function(function)),
            (2, (Some(function), Some(resource), None)) => {
                Some(Self::Resource { function, resource })
            }
            (3, (Some(function), Some(resource), Some(version))) => Some(Self::Executed {
                function,
                resource,
                version,
            }),
            _ => None,
        }
    }

    /// The dimensions by name, in AWS's order.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::All => vec![],
            Self::Function(function) => vec![("FunctionName", function)],
            Self::Resource { function, resource } => {
                vec![("FunctionName", function), ("Resource", resource)]
            }
            Self::Executed {
                function,
                resource,
                version,
            } => vec![
                ("FunctionName", function),
                ("Resource", resource),
                ("ExecutedVersion", version),
            ],
        }
    }

    /// Every set that the samples of `key` are part of.
    pub(crate) fn sets_of(key: &SeriesKey) -> Vec<Self> {
        let function = key.function.clone();
        let resource = key.resource();
        let mut sets = vec![
            Self::All,
            Self::Function(function.clone()),
            Self::Resource {
                function: function.clone(),
                resource: resource.clone(),
            },
        ];
        if key.through_alias {
            sets.push(Self::Executed {
                function,
                resource,
                version: key.executed_version.clone(),
            });
        }
        sets
    }

    /// Whether the samples of `key` are part of this set.
    pub(crate) fn includes(&self, key: &SeriesKey) -> bool {
        match self {
            Self::All => true,
            Self::Function(function) => *function == key.function,
            Self::Resource { function, resource } => {
                *function == key.function && *resource == key.resource()
            }
            Self::Executed {
                function,
                resource,
                version,
            } => {
                key.through_alias
                    && *function == key.function
                    && *version == key.executed_version
                    && *resource == key.resource()
            }
        }
    }

    /// Whether `metric` is sent with this set. Concurrency is counted per function only.
    pub(crate) fn has(&self, metric: Metric) -> bool {
        metric != Metric::ConcurrentExecutions || matches!(self, Self::Function(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(qualifier: Option<&str>, through_alias: bool) -> SeriesKey {
        SeriesKey {
            function: "f".into(),
            qualifier: qualifier.map(Into::into),
            through_alias,
            executed_version: "7".into(),
        }
    }

    fn set(pairs: &[(&str, &str)]) -> Option<DimensionSet> {
        let owned: Vec<_> = pairs
            .iter()
            .map(|&(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        DimensionSet::from_pairs(&owned)
    }

    #[test]
    fn only_invocations_through_an_alias_have_an_executed_version() {
        let executed = |resource| {
            let pairs = [
                ("ExecutedVersion", "7"),
                ("FunctionName", "f"),
                ("Resource", resource),
            ];
            set(&pairs).unwrap()
        };
        assert!(executed("f:live").includes(&key(Some("live"), true)));
        assert!(!executed("f:7").includes(&key(Some("7"), false)));
        assert!(!executed("f:live").includes(&key(Some("other"), true)));
    }

    #[test]
    fn an_unqualified_invocation_has_the_function_as_its_resource() {
        let unqualified = set(&[("FunctionName", "f"), ("Resource", "f")]).unwrap();
        assert!(unqualified.includes(&key(None, false)));
        assert!(!unqualified.includes(&key(Some("live"), true)));
    }

    #[test]
    fn sets_that_lambda_does_not_send_are_none() {
        assert_eq!(set(&[("Resource", "f")]), None);
        assert_eq!(
            set(&[("FunctionName", "f"), ("ExecutedVersion", "7")]),
            None
        );
        assert_eq!(set(&[("FunctionName", "f"), ("FunctionName", "f")]), None);
        assert_eq!(set(&[("functionname", "f")]), None);
    }

    #[test]
    fn the_sets_of_a_series_are_those_that_include_it() {
        for key in [
            key(None, false),
            key(Some("7"), false),
            key(Some("live"), true),
        ] {
            let sets = DimensionSet::sets_of(&key);
            assert!(sets.iter().all(|set| set.includes(&key)), "{sets:?}");
            for set in &sets {
                let pairs: Vec<_> = set
                    .pairs()
                    .iter()
                    .map(|&(k, v)| (k.to_owned(), v.to_owned()))
                    .collect();
                assert_eq!(DimensionSet::from_pairs(&pairs).as_ref(), Some(set));
            }
        }
    }
}
