//! What the signature of a request says: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. It is read, not verified.

use axum::http::{HeaderMap, header};

use super::DEFAULT_REGION;

/// Before the function's name in its access key id.
const KEY_PREFIX: &str = "sandbox.";

/// A version of a function that calls a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller<'a> {
    /// Name of the function: letters, digits, `-` and `_`.
    pub function: &'a str,
    /// Number of the version, or `$LATEST`.
    pub version: &'a str,
}

impl Caller<'_> {
    /// The access key id that the version gets in its environment.
    #[must_use]
    pub fn access_key_id(self) -> String {
        format!("{KEY_PREFIX}{}.{}", self.function, self.version)
    }
}

/// The version of a function whose access key id a request is signed with, if it is one's.
#[must_use]
pub fn caller(headers: &HeaderMap) -> Option<Caller<'_>> {
    let (function, version) = part(headers, 0)?
        .strip_prefix(KEY_PREFIX)?
        .split_once('.')?;
    Some(Caller { function, version })
}

/// The region that a request is signed for.
#[must_use]
pub fn region(headers: &HeaderMap) -> &str {
    let region = part(headers, 2).filter(|region| !region.is_empty());
    region.unwrap_or(DEFAULT_REGION)
}

/// Whether a request is signed for this service.
#[must_use]
pub fn is_for(headers: &HeaderMap, service: &str) -> bool {
    part(headers, 3) == Some(service)
}

fn part(headers: &HeaderMap, index: usize) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').nth(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(credential: &str) -> HeaderMap {
        let value = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host");
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn region_service_and_caller_come_from_the_credential() {
        let latest = Caller {
            function: "hasher",
            version: "$LATEST",
        };
        let key = latest.access_key_id();
        let headers = signed(&format!("{key}/20260101/eu-west-1/lambda/aws4_request"));
        assert_eq!(region(&headers), "eu-west-1");
        assert_eq!(caller(&headers), Some(latest));
        assert!(is_for(&headers, "lambda") && !is_for(&headers, "sqs"));
    }

    #[test]
    fn without_a_credential_there_is_the_default_region_and_no_caller() {
        for headers in [HeaderMap::new(), signed("key"), signed("key/20260101//")] {
            assert_eq!(region(&headers), DEFAULT_REGION);
            assert_eq!(caller(&headers), None);
            assert!(!is_for(&headers, "lambda"));
        }
    }
}
