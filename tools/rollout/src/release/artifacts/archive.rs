//! The zip: its hash, its sizes, an executable bootstrap in its root.

use std::{
    fs,
    io::{Cursor, Read},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use package::Artifact;
use sha2::{Digest, Sha256};
use zip::{ZipArchive, result::ZipError};

use super::{LARGEST_UNZIPPED_BYTES, LARGEST_ZIP_BYTES, Problem, Upload};

const BOOTSTRAP: &str = "bootstrap";

/// Any of the three x bits.
const EXECUTABLE: u32 = 0o111;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Reads a zip and the bootstrap in it.
pub(super) fn open(
    path: &Path,
    artifact: &Artifact,
    upload: Upload,
) -> Result<(Vec<u8>, Vec<u8>), Problem> {
    let zip = fs::read(path).map_err(|source| unreadable(path, source))?;
    check_hash(path, &zip, artifact)?;
    let bytes = zip.len() as u64;
    if upload == Upload::Direct && bytes > LARGEST_ZIP_BYTES {
        let path = path.to_owned();
        return Err(Problem::ZipTooLarge { path, bytes });
    }
    let mut archive =
        ZipArchive::new(Cursor::new(zip.as_slice())).map_err(|source| not_a_zip(path, source))?;
    check_content(path, &mut archive)?;
    let bootstrap = read_bootstrap(path, &mut archive)?;
    Ok((zip, bootstrap))
}

fn check_hash(path: &Path, zip: &[u8], artifact: &Artifact) -> Result<(), Problem> {
    let found = BASE64_STANDARD.encode(Sha256::digest(zip));
    if found == artifact.code_sha256 {
        return Ok(());
    }
    Err(Problem::DifferentHash {
        path: path.to_owned(),
        found,
        stated: artifact.code_sha256.clone(),
    })
}

/// Checked before anything is unpacked: the stated sizes bound what is read.
fn check_content(path: &Path, archive: &mut Archive) -> Result<(), Problem> {
    let mut bytes = 0_u64;
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|source| not_a_zip(path, source))?;
        bytes = bytes.saturating_add(entry.size());
    }
    if bytes > LARGEST_UNZIPPED_BYTES {
        let path = path.to_owned();
        return Err(Problem::ContentTooLarge { path, bytes });
    }
    Ok(())
}

fn read_bootstrap(path: &Path, archive: &mut Archive) -> Result<Vec<u8>, Problem> {
    let entry = archive.by_name(BOOTSTRAP).map_err(|error| match error {
        ZipError::FileNotFound => Problem::NoBootstrap {
            path: path.to_owned(),
        },
        source => not_a_zip(path, source),
    })?;
    // A zip that was packed on a system without modes has none, and Lambda then starts nothing.
    let mode = entry.unix_mode().unwrap_or_default();
    if mode & EXECUTABLE == 0 {
        return Err(Problem::NotExecutable {
            path: path.to_owned(),
            mode: format!("{:o}", mode & 0o7777),
        });
    }
    let mut bootstrap = Vec::new();
    entry
        .take(LARGEST_UNZIPPED_BYTES)
        .read_to_end(&mut bootstrap)
        .map_err(|source| unreadable(path, source))?;
    Ok(bootstrap)
}

fn unreadable(path: &Path, source: std::io::Error) -> Problem {
    Problem::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn not_a_zip(path: &Path, source: ZipError) -> Problem {
    Problem::NotAZip {
        path: path.to_owned(),
        source,
    }
}
