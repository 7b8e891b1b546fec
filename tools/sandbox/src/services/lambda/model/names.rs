//! Names: functions and qualifiers as callers write them, ARNs as Lambda writes them.

use crate::{aws::arn, services::lambda::error::LambdaError};

/// A function, and perhaps one of its versions or aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef {
    /// Name of the function.
    pub name: String,
    /// Version, alias or `$LATEST`.
    pub qualifier: Option<String>,
}

impl FunctionRef {
    /// Reads a name, a partial ARN or an ARN, each with or without a qualifier at its end.
    ///
    /// # Errors
    /// `ValidationException` when it is none of these, `InvalidParameterValueException` when `qualifier`
    /// contradicts the one in the name.
    pub fn parse(text: &str, qualifier: Option<&str>) -> Result<Self, LambdaError> {
        let invalid = || {
            LambdaError::validation(
                "functionName",
                text,
                "Member must satisfy regular expression pattern: \
                 (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?\
                 (function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
            )
        };
        let local = text
            .rsplit_once("function:")
            .map_or(text, |(_, local)| local);
        let (name, own) = match local.split_once(':') {
            Some((name, own)) => (name, Some(own)),
            None => (local, None),
        };
        if !is_function_name(name) || own.is_some_and(|own| own.is_empty() || own.contains(':')) {
            return Err(invalid());
        }
        let qualifier = qualifier.filter(|qualifier| !qualifier.is_empty());
        match (own, qualifier) {
            (Some(own), Some(other)) if own != other => Err(LambdaError::invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            )),
            (own, other) => Ok(Self {
                name: name.to_owned(),
                qualifier: own.or(other).map(str::to_owned),
            }),
        }
    }
}

/// Whether a new function may have this name.
#[must_use]
pub fn is_function_name(name: &str) -> bool {
    arn::is_name(name, 64)
}

/// Whether a new alias may have this name: not a number, or it would look like a version.
#[must_use]
pub fn is_alias_name(name: &str) -> bool {
    arn::is_name(name, 128) && !is_version_number(name)
}

/// Whether this is a published version's number.
#[must_use]
pub fn is_version_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// ARN of a function, or of one of its versions or aliases.
#[must_use]
pub fn function_arn(region: &str, name: &str, qualifier: Option<&str>) -> String {
    let resource = match qualifier {
        Some(qualifier) => format!("function:{name}:{qualifier}"),
        None => format!("function:{name}"),
    };
    arn::arn("lambda", region, resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Option<String>) {
        let reference = FunctionRef::parse(text, None).unwrap();
        (reference.name, reference.qualifier)
    }

    #[test]
    fn names_and_arns_mean_the_same_function() {
        for text in [
            "hasher",
            "function:hasher",
            "000000000000:function:hasher",
            "arn:aws:lambda:eu-west-1:000000000000:function:hasher",
        ] {
            assert_eq!(parsed(text), ("hasher".to_owned(), None), "{text}");
            assert_eq!(
                parsed(&format!("{text}:live")),
                ("hasher".to_owned(), Some("live".to_owned())),
                "{text}"
            );
        }
        assert_eq!(parsed("hasher:$LATEST").1.as_deref(), Some("$LATEST"));
    }

    #[test]
    fn a_name_that_lambda_refuses_is_refused() {
        for text in ["", "a b", "a/b", "a:", "a:b:c", &"x".repeat(65)] {
            assert!(FunctionRef::parse(text, None).is_err(), "{text:?}");
        }
    }

    #[test]
    fn two_qualifiers_must_agree() {
        assert!(FunctionRef::parse("f:live", Some("live")).is_ok());
        assert!(FunctionRef::parse("f:live", Some("1")).is_err());
    }

    #[test]
    fn an_alias_is_never_a_number() {
        assert!(is_alias_name("live") && is_alias_name("v1") && is_alias_name("x86_64"));
        assert!(!is_alias_name("12") && !is_alias_name("") && !is_alias_name("a b"));
    }
}
