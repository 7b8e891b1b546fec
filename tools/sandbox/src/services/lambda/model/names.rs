//! Names: functions and qualifiers as callers write them, ARNs as Lambda writes them.

use crate::{
    aws::{ACCOUNT_ID, arn},
    services::lambda::error::LambdaError,
};

/// What the name of a function may look like, wherever one is named.
const NAME_PATTERN: &str = "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?\
    (\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

/// The same for a new function.
const NEW_NAME_PATTERN: &str = "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?\
    (\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

/// What the ARN of a resource with tags looks like.
const TAGGED_PATTERN: &str = "arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:\
    (function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|\
    event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|\
    capacity-provider:[a-zA-Z0-9-_]+)";

/// Most bytes that a new function may be named with, ARN and all.
const NEW_NAME_BYTES: usize = 140;

/// A function, and perhaps one of its versions or aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef {
    /// Name of the function.
    pub name: String,
    /// Version, alias or `$LATEST`.
    pub qualifier: Option<String>,
}

impl FunctionRef {
    /// Reads a name, a partial ARN or an ARN, each with or without a qualifier at its end, in a request to `region`.
    ///
    /// # Errors
    /// `ValidationException` when it is none of these, `InvalidParameterValueException` when `qualifier`
    /// contradicts the one in the name, `AccessDeniedException` and `ResourceNotFoundException` for the ARN of another
    /// account or region.
    pub fn parse(text: &str, qualifier: Option<&str>, region: &str) -> Result<Self, LambdaError> {
        let qualifier = qualifier.filter(|qualifier| !qualifier.is_empty());
        let mut violations = qualifier.map(qualifier_violations).unwrap_or_default();
        let parts = Parts::of(text);
        if parts.is_none() {
            violations.push(pattern_violation("functionName", text, NAME_PATTERN));
        }
        let Some(parts) = parts.filter(|_| violations.is_empty()) else {
            return Err(LambdaError::violations(&violations));
        };
        match (parts.qualifier, qualifier) {
            (Some(own), Some(other)) if own != other => {
                return Err(LambdaError::invalid(
                    "The derived qualifier from the function name does not match the specified qualifier.",
                ));
            }
            _ => parts.check_reachable(region)?,
        }
        Ok(Self {
            name: parts.name.to_owned(),
            qualifier: parts.qualifier.or(qualifier).map(str::to_owned),
        })
    }

    /// The name in the name or ARN of a new function.
    ///
    /// # Errors
    /// As [`Self::parse`], and `InvalidParameterValueException` for a name that is too long.
    pub fn new_name(text: &str, region: &str) -> Result<String, LambdaError> {
        let parts = Parts::of(text).filter(|parts| {
            let published = parts.qualifier.is_some_and(|own| own.contains('.'));
            !parts.name.contains('.') && !published
        });
        let mut violations = Vec::new();
        if text.len() > NEW_NAME_BYTES {
            violations.push(length_violation("functionName", text, NEW_NAME_BYTES));
        }
        if parts.is_none() {
            violations.push(pattern_violation("functionName", text, NEW_NAME_PATTERN));
        }
        let Some(parts) = parts.filter(|_| violations.is_empty()) else {
            return Err(LambdaError::violations(&violations));
        };
        if !is_function_name(parts.name) {
            let violation = length_violation("functionName", parts.name, 64);
            let message = LambdaError::violations(&[violation]).message;
            return Err(LambdaError::invalid(message));
        }
        parts.check_reachable(region)?;
        Ok(parts.name.to_owned())
    }
}

/// A resource that has tags.
#[derive(Debug, PartialEq, Eq)]
pub enum Tagged {
    /// A function, by its name.
    Function(String),
    /// An event source mapping.
    Mapping,
    /// A layer or the like, of which the sandbox has none.
    Other,
}

impl Tagged {
    /// What an ARN in a request to `region` names.
    ///
    /// # Errors
    /// `ValidationException` when it is no ARN of Lambda's, `InvalidParameterValueException` when it is that of a
    /// version or an alias, `ResourceNotFoundException` for a capacity provider, and as [`FunctionRef::parse`] when it is out
    /// of reach.
    pub fn parse(arn: &str, region: &str) -> Result<Self, LambdaError> {
        let malformed = || {
            let violation = pattern_violation("resource", arn, TAGGED_PATTERN);
            LambdaError::violations(&[violation])
        };
        let content = arn_content(arn).filter(|_| arn.starts_with("arn:aws"));
        let mut parts = content.unwrap_or_default().splitn(4, ':');
        let (Some(in_region), Some(account), Some(kind), Some(id)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        if !is_region(in_region) || !is_account(account) {
            return Err(malformed());
        }
        match kind {
            "function" if Parts::of(arn).is_some() => {
                let reference = FunctionRef::parse(arn, None, region)?;
                if reference.qualifier.is_some() {
                    return Err(LambdaError::invalid(
                        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
                    ));
                }
                Ok(Self::Function(reference.name))
            }
            "event-source-mapping" if id.len() == 36 && uuid::Uuid::try_parse(id).is_ok() => {
                Ok(Self::Mapping)
            }
            "layer" | "code-signing-config" => Ok(Self::Other),
            "capacity-provider" if arn::is_name(id, 64) => Err(LambdaError::not_found(format!(
                "Capacity provider not found: {arn}"
            ))),
            _ => Err(malformed()),
        }
    }
}

/// The name in a name or an ARN, whosever it is.
#[must_use]
pub fn name_in(text: &str) -> Option<&str> {
    Parts::of(text).map(|parts| parts.name)
}

/// What a caller has written to name a function, taken apart as [`NAME_PATTERN`] does it.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut rest = arn_content(text).unwrap_or(text);
        let region = take_prefix(&mut rest, is_region);
        let account = take_prefix(&mut rest, is_account);
        take_prefix(&mut rest, |part| part == "function");
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(arn::is_name_byte);
        let is_qualifier =
            |text: &str| matches!(text, "$LATEST" | "$LATEST.PUBLISHED") || is_name(text);
        let is_dotted = |byte: u8| arn::is_name_byte(byte) || byte == b'.';
        let valid =
            !name.is_empty() && name.bytes().all(is_dotted) && qualifier.is_none_or(is_qualifier);
        valid.then_some(Self {
            region,
            account,
            name,
            qualifier,
        })
    }

    /// Whether the function, if it is there, is one of the account and of the region of the request.
    fn check_reachable(&self, region: &str) -> Result<(), LambdaError> {
        if self.account.is_some_and(|account| account != ACCOUNT_ID) {
            return Err(LambdaError::access_denied());
        }
        match self.region {
            Some(other) if other != region => Err(LambdaError::not_found(format!(
                "Functions from '{other}' are not reachable in this region ('{region}')"
            ))),
            _ => Ok(()),
        }
    }
}

/// What follows `arn:aws:lambda:`.
fn arn_content(text: &str) -> Option<&str> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
    let is_partition = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
    };
    let named = partition.strip_prefix("aws").is_some_and(is_partition);
    let content = rest.strip_prefix("lambda:")?;
    (named || partition.is_empty()).then_some(content)
}

/// Takes what stands before the next colon if it is such a part; if `$LATEST` follows, it is the name.
fn take_prefix<'a>(rest: &mut &'a str, is_part: impl Fn(&str) -> bool) -> Option<&'a str> {
    let (part, behind) = rest.split_once(':')?;
    if !is_part(part) || behind.starts_with('$') {
        return None;
    }
    *rest = behind;
    Some(part)
}

fn is_region(text: &str) -> bool {
    let lowercase = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = text
        .strip_prefix("eusc-")
        .unwrap_or(text)
        .split('-')
        .collect();
    let (country, direction, number) = match words.as_slice() {
        [country, direction, number] => (country, direction, number),
        [country, "gov", direction, number] => (country, direction, number),
        [country, iso, direction, number]
            if iso.starts_with("iso") && iso.len() <= 4 && lowercase(iso) =>
        {
            (country, direction, number)
        }
        _ => return false,
    };
    country.len() == 2
        && lowercase(country)
        && lowercase(direction)
        && number.len() == 1
        && is_version_number(number)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && is_version_number(text)
}

fn qualifier_violations(qualifier: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if qualifier.len() > 128 {
        violations.push(length_violation("qualifier", qualifier, 128));
    }
    let allowed = |byte: u8| arn::is_name_byte(byte) || byte == b'$';
    if qualifier != "$LATEST.PUBLISHED" && !qualifier.bytes().all(allowed) {
        let pattern = "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";
        violations.push(pattern_violation("qualifier", qualifier, pattern));
    }
    violations
}

fn pattern_violation(field: &str, value: &str, pattern: &str) -> String {
    let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
    LambdaError::violation(field, value, &constraint)
}

fn length_violation(field: &str, value: &str, most: usize) -> String {
    let constraint = format!("Member must have length less than or equal to {most}");
    LambdaError::violation(field, value, &constraint)
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

/// `ResourceNotFoundException` for a function, or for what was asked for of one.
#[must_use]
pub fn not_found(region: &str, name: &str, qualifier: Option<&str>) -> LambdaError {
    LambdaError::not_found(format!(
        "Function not found: {}",
        function_arn(region, name, qualifier)
    ))
}

/// `ResourceNotFoundException` for an alias.
#[must_use]
pub fn alias_not_found(region: &str, name: &str, alias: &str) -> LambdaError {
    LambdaError::not_found(format!(
        "Cannot find alias arn: {}",
        function_arn(region, name, Some(alias))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::lambda::error::ErrorKind;

    const REGION: &str = "eu-west-1";

    fn parsed(text: &str) -> (String, Option<String>) {
        let reference = FunctionRef::parse(text, None, REGION).unwrap();
        (reference.name, reference.qualifier)
    }

    fn refused(text: &str, qualifier: Option<&str>) -> (ErrorKind, String) {
        let error = FunctionRef::parse(text, qualifier, REGION).unwrap_err();
        (error.kind, error.message)
    }

    #[test]
    fn names_and_arns_mean_the_same_function() {
        for name in ["hasher", "my-function", "function", "arn", "us-east-1"] {
            for prefix in [
                "",
                "function:",
                "000000000000:function:",
                "eu-west-1:000000000000:function:",
                "arn:aws:lambda:eu-west-1:000000000000:function:",
            ] {
                let text = format!("{prefix}{name}");
                assert_eq!(parsed(&text), (name.to_owned(), None), "{text}");
                let latest = format!("{text}:$LATEST");
                let expected = (name.to_owned(), Some("$LATEST".to_owned()));
                assert_eq!(parsed(&latest), expected, "{latest}");
            }
        }
    }

    #[test]
    fn a_name_that_ends_in_function_may_have_a_qualifier() {
        let arn = "arn:aws:lambda:eu-west-1:000000000000:function:my-function";
        for name in ["my-function", "function:my-function", arn] {
            for qualifier in ["live", "1", "$LATEST"] {
                let text = format!("{name}:{qualifier}");
                let expected = ("my-function".to_owned(), Some(qualifier.to_owned()));
                assert_eq!(parsed(&text), expected, "{text}");
            }
        }
        // Without a name behind it, it is the name.
        assert_eq!(
            parsed("arn:aws:lambda:eu-west-1:000000000000:function").0,
            "function"
        );
    }

    #[test]
    fn a_malformed_name_is_refused_with_the_pattern_of_aws() {
        for text in [
            "a b",
            "my-function!",
            "*",
            "a:",
            "a:b:c",
            "invalid:function:name",
            "invalid-account:function:my-function",
            "arn:aws:lambda:invalid-region:000000000000:function:my-function",
            "arn:aws:lambda::000000000000:function:my-function",
            "arn:aws:lambda:eu-west-1::function:my-function",
            "arn:aws:lambda:eu-west-1:000000000000:function:my-function:1:2",
            "arn:aws:lambda:eu-west-1:000000000000:function:my-function:$LATES",
            "arn:aws:lambda:eu-west-1:123400000000@function:myfn",
            "arn:aws:ec2:eu-west-1:000000000000:instance:i-1234567890abcdef0",
            "function:my-function:$LATEST:extra",
        ] {
            let expected = format!(
                "1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?\
                 ((eusc-)?[a-z]{{2}}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?(function:)?\
                 ([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
            );
            assert_eq!(refused(text, None), (ErrorKind::Validation, expected));
        }
        assert!(FunctionRef::parse("", None, REGION).is_err());
    }

    #[test]
    fn a_bad_qualifier_is_a_violation_of_its_own() {
        let pattern = "Value 'invalid!' at 'qualifier' failed to satisfy constraint: \
            Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";
        let (kind, message) = refused("f", Some("invalid!"));
        assert_eq!(kind, ErrorKind::Validation);
        assert_eq!(message, format!("1 validation error detected: {pattern}"));

        let long = "a".repeat(129);
        let length = format!(
            "Value '{long}' at 'qualifier' failed to satisfy constraint: \
             Member must have length less than or equal to 128"
        );
        let (_, message) = refused("f", Some(&long));
        assert_eq!(message, format!("1 validation error detected: {length}"));
        let (_, message) = refused("*", Some(&long));
        assert!(
            message.starts_with("2 validation errors detected: "),
            "{message}"
        );
        assert!(
            message.contains(&length) && message.contains("; "),
            "{message}"
        );
        // AWS looks for these, and does not find them.
        assert!(FunctionRef::parse("f", Some("$latest"), REGION).is_ok());
        assert!(FunctionRef::parse("f", Some("valid-with-$"), REGION).is_ok());
    }

    #[test]
    fn two_qualifiers_must_agree() {
        assert!(FunctionRef::parse("f:live", Some("live"), REGION).is_ok());
        assert_eq!(
            refused("f:live", Some("1")).0,
            ErrorKind::InvalidParameterValue
        );
    }

    #[test]
    fn functions_of_other_accounts_and_regions_are_out_of_reach() {
        let other = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        assert_eq!(refused(other, None).0, ErrorKind::AccessDenied);
        let other = "arn:aws:lambda:ap-southeast-1:000000000000:function:f";
        let expected =
            "Functions from 'ap-southeast-1' are not reachable in this region ('eu-west-1')";
        let expected = (ErrorKind::ResourceNotFound, expected.to_owned());
        assert_eq!(refused(other, None), expected);
        let error = FunctionRef::new_name(other, REGION).unwrap_err();
        assert_eq!((error.kind, error.message), expected);
    }

    #[test]
    fn a_new_name_has_at_most_64_characters_and_an_old_one_is_only_not_found() {
        let long = "a".repeat(65);
        assert_eq!(parsed(&long).0, long);
        let error = FunctionRef::new_name(&long, REGION).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameterValue);
        assert_eq!(
            error.message,
            format!(
                "1 validation error detected: Value '{long}' at 'functionName' failed to satisfy constraint: \
                 Member must have length less than or equal to 64"
            )
        );
        let arn = format!(
            "arn:aws:lambda:eu-west-1:000000000000:function:{}",
            "a".repeat(94)
        );
        let error = FunctionRef::new_name(&arn, REGION).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Validation);
        let end = "Member must have length less than or equal to 140";
        assert!(error.message.ends_with(end), "{}", error.message);
        // Dots are for names of functions that AWS makes itself.
        assert!(FunctionRef::new_name("a.b", REGION).is_err());
        assert_eq!(FunctionRef::new_name("a", REGION).unwrap(), "a");
    }

    #[test]
    fn tags_are_on_functions_and_mappings_and_on_nothing_else() {
        let arn = |resource: &str| format!("arn:aws:lambda:eu-west-1:000000000000:{resource}");
        let kind = |arn: &str| Tagged::parse(arn, REGION).map_err(|error| error.kind);
        let uuid = "event-source-mapping:01890a5d-ac96-774b-bcce-b302099a0001";
        for (resource, expected) in [
            ("function:f", Ok(Tagged::Function("f".to_owned()))),
            ("function:f:live", Err(ErrorKind::InvalidParameterValue)),
            ("function:f:$LATEST", Err(ErrorKind::InvalidParameterValue)),
            (uuid, Ok(Tagged::Mapping)),
            (&format!("{uuid}:alias"), Err(ErrorKind::Validation)),
            ("layer:l", Ok(Tagged::Other)),
            ("capacity-provider:c", Err(ErrorKind::ResourceNotFound)),
            ("capacity-provider:c:live", Err(ErrorKind::Validation)),
            ("foobar:f", Err(ErrorKind::Validation)),
        ] {
            assert_eq!(kind(&arn(resource)), expected, "{resource}");
        }
        let error = Tagged::parse("arn:aws:something", REGION).unwrap_err();
        let expected = "1 validation error detected: Value 'arn:aws:something' at 'resource' failed to satisfy constraint: \
            Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}\
            ((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|\
            layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-\
            [0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)";
        assert_eq!(error.message, expected);
        assert_eq!(kind("f"), Err(ErrorKind::Validation));
    }

    #[test]
    fn regions_are_told_from_names() {
        for region in [
            "eu-west-1",
            "us-gov-east-1",
            "us-isob-east-1",
            "eusc-de-east-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for other in [
            "invalid-region",
            "eu-west-12",
            "eu-1",
            "eur-west-1",
            "us-isobb-east-1",
        ] {
            assert!(!is_region(other), "{other}");
        }
    }

    #[test]
    fn an_alias_is_never_a_number() {
        assert!(is_alias_name("live") && is_alias_name("v1") && is_alias_name("x86_64"));
        assert!(!is_alias_name("12") && !is_alias_name("") && !is_alias_name("a b"));
    }
}
