//! Entity tags of documents, and conditions on them (RFC 9110, sections 8.8.3 and 13.1).

use std::fmt;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{IF_MATCH, IF_NONE_MATCH},
};
use shared::document::Document;

/// The strong entity tag of a document: its id and its revision, which changes with every change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of this document in this revision.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        Self(format!("{}.{}", document.id, document.revision))
    }

    /// The value of an `ETag` header.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        // Hexadecimal digits, hyphens, a dot and quotes are all valid in a header.
        HeaderValue::from_str(&self.to_string()).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Whether `If-None-Match` names this tag (weak comparison), so that the answer needs no body.
    #[must_use]
    pub fn is_known_to_caller(&self, headers: &HeaderMap) -> bool {
        matches(headers, IF_NONE_MATCH, |tag| tag.opaque == self.0).unwrap_or(false)
    }

    /// Whether `If-Match` is absent or names this tag (strong comparison). A malformed header names none: a
    /// condition that we cannot read is not fulfilled.
    #[must_use]
    pub fn fulfils_if_match(&self, headers: &HeaderMap) -> bool {
        matches(headers, IF_MATCH, |tag| !tag.weak && tag.opaque == self.0).unwrap_or(true)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0)
    }
}

/// Whether the header is `*` or lists a matching tag; `None` without the header.
fn matches(headers: &HeaderMap, name: HeaderName, fits: impl Fn(&Tag<'_>) -> bool) -> Option<bool> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    Some(
        values
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.trim() == "*" || tags(value).any(|tag| fits(&tag))),
    )
}

struct Tag<'a> {
    weak: bool,
    opaque: &'a str,
}

/// The tags of a comma-separated list, up to the first that is malformed. A comma may be inside a tag's quotes.
fn tags(list: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        rest = after;
        Some(Tag { weak, opaque })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TAG: &str = "01890a5d-ac96-774b-bcce-b302099a8057.1";

    fn tag() -> ETag {
        ETag(TAG.to_owned())
    }

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn known(values: &[&str]) -> bool {
        tag().is_known_to_caller(&headers(IF_NONE_MATCH, values))
    }

    fn fulfilled(values: &[&str]) -> bool {
        tag().fulfils_if_match(&headers(IF_MATCH, values))
    }

    #[test]
    fn the_tag_is_quoted_and_strong() {
        assert_eq!(tag().header_value(), format!("\"{TAG}\""));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        assert!(known(&["*"]));
        assert!(known(&[&format!("\"{TAG}\"")]));
        assert!(known(&[&format!("W/\"{TAG}\"")]));
        assert!(known(&[&format!("\"a,b\" , W/\"c\",, \"{TAG}\"")]));
        assert!(known(&["\"a\"", &format!("\"{TAG}\"")]));
        for values in [&[][..], &[""], &["\"a\""], &[TAG], &["w/\"a\""], &["\""]] {
            assert!(!known(values), "{values:?}");
        }
    }

    #[test]
    fn if_match_compares_strongly_and_an_absent_one_asks_for_nothing() {
        assert!(fulfilled(&[]));
        assert!(fulfilled(&["*"]));
        assert!(fulfilled(&[&format!("\"a\", \"{TAG}\"")]));
        assert!(!fulfilled(&[&format!("W/\"{TAG}\"")]));
        for values in [&[""][..], &["\"a\""], &[TAG], &["nonsense"]] {
            assert!(!fulfilled(values), "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn a_listed_tag_is_found_whatever_stands_before_it(
            before in prop::collection::vec("(W/)?\"[!#-~]{0,9}\"", 0..5), weak: bool
        ) {
            let weakness = if weak { "W/" } else { "" };
            let mut list = before;
            list.push(format!("{weakness}\"{TAG}\""));
            let list = list.join(", ");
            prop_assert!(known(&[&list]));
            prop_assert_eq!(fulfilled(&[&list]), !weak);
        }

        #[test]
        fn no_header_makes_the_comparison_panic(value in "[\\t -~]{0,40}") {
            let _ = (known(&[&value]), fulfilled(&[&value]));
        }
    }
}
