//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header).

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};

use crate::problem::Problem;

/// Name of the header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Longest key in bytes.
pub const MAX_KEY_BYTES: usize = 255;

/// The caller's name for one submission: 1 to 255 visible ASCII characters.
///
/// Required, so that an interrupted submission can always be completed by sending it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as sent.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    fn from_headers(headers: &HeaderMap) -> Result<Self, &'static str> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let value = values
            .next()
            .ok_or("an Idempotency-Key header is required: a new value, such as a UUID, for every new document")?;
        if values.next().is_some() {
            return Err("there is more than one Idempotency-Key header");
        }
        let bytes = value.as_bytes();
        let is_key =
            (1..=MAX_KEY_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        match value.to_str() {
            Ok(key) if is_key => Ok(Self(key.to_owned())),
            _ => Err("an Idempotency-Key has 1 to 255 visible ASCII characters"),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::from_headers(&parts.headers).map_err(|reason| Problem::InvalidHeader {
            header: IDEMPOTENCY_KEY,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn parse(values: &[&[u8]]) -> Result<IdempotencyKey, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
        }
        IdempotencyKey::from_headers(&headers)
    }

    #[test]
    fn a_key_is_taken_as_it_is() {
        for key in ["a", "01890a5d-ac96-774b-bcce-b302099a8057", "\"!~\""] {
            assert_eq!(parse(&[key.as_bytes()]).unwrap().into_string(), key);
        }
        assert!(parse(&[&[b'k'; 255]]).is_ok());
    }

    #[test]
    fn a_missing_repeated_or_malformed_key_is_refused() {
        assert!(parse(&[]).unwrap_err().contains("is required"));
        assert!(parse(&[b"a", b"a"]).unwrap_err().contains("more than one"));
        for key in [&b""[..], b"a b", "ä".as_bytes(), b"\xff", &[b'k'; 256]] {
            let reason = parse(&[key]).unwrap_err();
            assert!(reason.contains("1 to 255 visible ASCII"), "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn a_header_is_a_key_exactly_when_it_is_visible_ascii(
            bytes in prop::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..300)
        ) {
            let expected = !bytes.is_empty()
                && bytes.len() <= MAX_KEY_BYTES
                && bytes.iter().all(u8::is_ascii_graphic);
            prop_assert_eq!(parse(&[&bytes]).is_ok(), expected);
        }
    }
}
