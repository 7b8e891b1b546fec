//! The status of a document.

use std::{fmt, str::FromStr};

use super::error::{InvalidDocument, quoted, serde_as_text};

/// Received at first; verified or rejected in the end, which is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Stored, and to be verified.
    Received,
    /// The content has the root that the document says.
    Verified,
    /// The content has another root.
    Rejected,
}

/// What the verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The content has the root that the document says.
    Verified,
    /// The content has another root.
    Rejected,
}

impl From<Verdict> for Status {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Verified => Self::Verified,
            Verdict::Rejected => Self::Rejected,
        }
    }
}

impl Status {
    /// Its name in JSON and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Verified => "verified",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for Status {
    type Err = InvalidDocument;

    fn from_str(text: &str) -> Result<Self, InvalidDocument> {
        [Self::Received, Self::Verified, Self::Rejected]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| InvalidDocument::Status {
                value: quoted(text),
            })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

serde_as_text!(Status, "received, verified or rejected");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_comes_back_from_its_name_and_no_other_name_does() {
        for (status, name) in [
            (Status::Received, "received"),
            (Verdict::Verified.into(), "verified"),
            (Verdict::Rejected.into(), "rejected"),
        ] {
            assert_eq!(status.to_string(), name);
            assert_eq!(name.parse(), Ok(status));
        }
        assert!("Received".parse::<Status>().is_err());
    }
}
