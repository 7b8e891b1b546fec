//! ARNs (`arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`), and the characters of names.

use super::ACCOUNT_ID;

/// The ARN of a resource of this account.
#[must_use]
pub fn arn(service: &str, region: &str, resource: impl std::fmt::Display) -> String {
    format!("arn:aws:{service}:{region}:{ACCOUNT_ID}:{resource}")
}

/// The region that an ARN names.
#[must_use]
pub fn region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3)
}

/// What stands behind the last colon of an ARN: the name of a queue, the qualifier of a function.
#[must_use]
pub fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Whether a name has 1 to `longest` letters, digits, hyphens and underscores.
#[must_use]
pub fn is_name(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(is_name_byte)
}

/// Letters, digits, hyphens and underscores.
#[must_use]
pub const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
