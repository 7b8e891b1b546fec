//! A glibc version.

use std::fmt;

use serde::{Serialize, Serializer};

/// A glibc version, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// 2 since 1997.
    pub major: u32,
    /// One more every half year.
    pub minor: u32,
}

impl Glibc {
    /// Reads the name of a symbol version. `GLIBC_2.2.5` is 2.2; other libraries' versions and
    /// `GLIBC_PRIVATE` are none.
    #[must_use]
    pub fn of_symbol_version(name: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(name)
            .ok()?
            .strip_prefix("GLIBC_")?
            .split('.')
            .map(str::parse);
        Some(Self {
            major: numbers.next()?.ok()?,
            minor: numbers.next()?.ok()?,
        })
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for Glibc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Glibc;

    #[test]
    fn minor_versions_are_numbers_and_not_decimals() {
        let version = |name: &str| Glibc::of_symbol_version(name.as_bytes());
        assert!(version("GLIBC_2.4") < version("GLIBC_2.34"));
        assert_eq!(
            version("GLIBC_2.2.5").map(|v| v.to_string()).as_deref(),
            Some("2.2")
        );
    }

    #[test]
    fn other_libraries_have_no_glibc_version() {
        for name in ["GCC_3.0", "GLIBC_PRIVATE", "GLIBCXX_3.4", "", "GLIBC_2"] {
            assert_eq!(Glibc::of_symbol_version(name.as_bytes()), None, "{name}");
        }
    }
}
