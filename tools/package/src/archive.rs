//! The zip that Lambda gets, and the same bytes for the same `bootstrap`.
//!
//! One entry, stored with a fixed time, mode and order: cargo-lambda's own zips carry the
//! binary's modification time, which gives every build another `CodeSha256` and every deploy a
//! version that differs in nothing.

use std::io::{Cursor, Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// Name of the executable that `provided.al2023` starts, in the root of the zip.
pub const BOOTSTRAP: &str = "bootstrap";

/// Readable and executable by everyone: Lambda runs it as another user.
const MODE: u32 = 0o755;

/// A zip with `bootstrap` in its root, as small as it gets.
///
/// # Errors
/// [`ZipError`] when the archive cannot be written.
pub fn zip_bootstrap(bootstrap: &[u8]) -> Result<Vec<u8>, ZipError> {
    zip_bootstrap_at(9, bootstrap)
}

/// The same at a level of compression from 1, fast, to 9, small.
///
/// # Errors
/// [`ZipError`] when the archive cannot be written.
pub fn zip_bootstrap_at(level: i64, bootstrap: &[u8]) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(level))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(MODE);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(BOOTSTRAP, options)?;
    zip.write_all(bootstrap)?;
    Ok(zip.finish()?.into_inner())
}

/// SHA-256 in base64: what Lambda calls `CodeSha256`.
#[must_use]
pub fn code_sha256(zip: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(zip))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_bootstrap_gives_the_same_bytes() {
        let bootstrap = b"\x7fELF and so on";
        assert_eq!(
            zip_bootstrap(bootstrap).unwrap(),
            zip_bootstrap(bootstrap).unwrap()
        );
    }

    #[test]
    fn the_code_sha256_is_base64_of_the_raw_digest() {
        assert_eq!(
            code_sha256(b""),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }

    proptest! {
        #[test]
        fn the_bootstrap_comes_out_of_the_zip_unchanged_and_executable(
            bootstrap in prop::collection::vec(any::<u8>(), 0..4096)
        ) {
            let bytes = zip_bootstrap(&bootstrap).unwrap();
            let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
            prop_assert_eq!(zip.len(), 1);
            let mut entry = zip.by_name(BOOTSTRAP).unwrap();
            prop_assert_eq!(entry.unix_mode().map(|mode| mode & 0o777), Some(MODE));
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            prop_assert_eq!(content, bootstrap);
        }
    }
}
