//! Settings from environment variables, read once during the init phase.
//!
//! A missing or malformed variable stops the init with a message that names it, so that a wrong
//! deploy fails before its first event.

use std::{
    env,
    fmt::{self, Debug, Display},
    str::FromStr,
};

/// Why a setting cannot be used.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// The variable is not set.
    #[error("environment variable {name} is not set: add it to the function's configuration")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// The variable's value is not of the type that the function needs.
    #[error("environment variable {name} is {value:?}: {reason}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Debug for ConfigurationError {
    /// Like `Display`, because a `main` that returns an error prints it with `Debug`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// The value of the environment variable `name`.
///
/// # Errors
/// [`ConfigurationError`] when it is not set or not a `T`.
pub fn required<T>(name: &'static str) -> Result<T, ConfigurationError>
where
    T: FromStr<Err: Display>,
{
    let value = env::var_os(name).ok_or(ConfigurationError::Missing { name })?;
    parse(name, &value.to_string_lossy())
}

/// The memory of this function in MiB, from a variable that Lambda sets.
///
/// # Errors
/// [`ConfigurationError`] outside Lambda and the sandbox, where it is not set.
pub fn memory_mib() -> Result<u32, ConfigurationError> {
    required("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
}

fn parse<T>(name: &'static str, value: &str) -> Result<T, ConfigurationError>
where
    T: FromStr<Err: Display>,
{
    value
        .parse()
        .map_err(|reason: T::Err| ConfigurationError::Malformed {
            name,
            value: value.to_owned(),
            reason: reason.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = required::<u32>("THIS_VARIABLE_IS_NOT_SET").unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "environment variable THIS_VARIABLE_IS_NOT_SET is not set: \
             add it to the function's configuration"
        );
    }

    #[test]
    fn a_malformed_value_is_quoted_with_the_reason() {
        let error = parse::<u32>("MEMORY", "much").unwrap_err().to_string();
        assert_eq!(
            error,
            "environment variable MEMORY is \"much\": invalid digit found in string"
        );
    }

    #[test]
    fn a_value_of_the_right_type_is_read() {
        assert_eq!(parse("MEMORY", "1769"), Ok(1769_u32));
    }
}
