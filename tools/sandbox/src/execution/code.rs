//! Code packages: checked, unpacked once per content, shared by every version that has them.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use package::Architecture;
use sha2::{Digest as _, Sha256};

use super::unpack::{self, Limits, UnpackError};

/// Largest zip that can be sent with the request, in bytes.
pub const MAX_ZIP_BYTES: usize = 52_428_800;

/// Most that a zip may unpack to, in bytes.
pub const MAX_UNZIPPED_BYTES: u64 = Limits::LAMBDA.bytes;

/// Why a zip is not stored.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It is too large to be sent with the request.
    #[error("Zipped size must be smaller than {MAX_ZIP_BYTES} bytes")]
    TooLarge,
    /// It is no zip, or one that is not unpacked; with the reason.
    #[error("{0}")]
    Refused(String),
    /// The sandbox itself failed.
    #[error("{0}")]
    Failed(String),
}

impl From<UnpackError> for CodeError {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Disk(_) => Self::Failed(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// An unpacked code package.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// SHA-256 of the zip in base64: `CodeSha256`.
    pub sha256: String,
    /// Size of the zip in bytes: `CodeSize`.
    pub zip_bytes: u64,
    /// Where its files are.
    pub folder: PathBuf,
    /// The SHA-256 in hex: names the package in URLs and folders.
    pub id: String,
}

/// What the `bootstrap` of a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bootstrap {
    /// There is none, or it is not a file.
    Missing,
    /// It lacks the execute permission.
    NotExecutable,
    /// Machine code for one of the two architectures.
    Elf(Architecture),
    /// Machine code for something else.
    ForeignElf,
    /// Not machine code: a script, which the host's interpreter runs on any architecture.
    Script,
}

impl Code {
    /// Path of the program that is the function.
    #[must_use]
    pub fn bootstrap(&self) -> PathBuf {
        self.folder.join("bootstrap")
    }

    /// Looks at the `bootstrap`.
    #[must_use]
    pub fn inspect_bootstrap(&self) -> Bootstrap {
        inspect(&self.bootstrap()).unwrap_or(Bootstrap::Missing)
    }
}

fn inspect(path: &Path) -> std::io::Result<Bootstrap> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(Bootstrap::Missing);
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Ok(Bootstrap::NotExecutable);
    }
    let mut head = Vec::with_capacity(20);
    std::fs::File::open(path)?.take(20).read_to_end(&mut head)?;
    // ELF: magic in bytes 0–3, e_machine in bytes 18–19, little endian on both architectures.
    Ok(match head.as_slice() {
        [0x7f, b'E', b'L', b'F', .., 62, 0] => Bootstrap::Elf(Architecture::X86_64),
        [0x7f, b'E', b'L', b'F', .., 183, 0] => Bootstrap::Elf(Architecture::Arm64),
        [0x7f, b'E', b'L', b'F', ..] => Bootstrap::ForeignElf,
        _ => Bootstrap::Script,
    })
}

/// The folder with all packages, by content.
#[derive(Debug, Clone)]
pub struct CodeStore {
    root: PathBuf,
    temporary: PathBuf,
}

impl CodeStore {
    /// Packages go below `root`, when they are whole; until then they are below `temporary`, on the same disk.
    #[must_use]
    pub const fn new(root: PathBuf, temporary: PathBuf) -> Self {
        Self { root, temporary }
    }

    /// Where the zip of a package is kept, for downloads.
    #[must_use]
    pub fn zip_path(&self, id: &str) -> PathBuf {
        self.root.join(format!("{id}.zip"))
    }

    /// Checks and unpacks a zip.
    ///
    /// # Errors
    /// [`CodeError`], and then nothing of it stays.
    pub async fn put(&self, zip: Bytes) -> Result<Arc<Code>, CodeError> {
        if zip.len() > MAX_ZIP_BYTES {
            return Err(CodeError::TooLarge);
        }
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.put_blocking(&zip))
            .await
            .map_err(|error| CodeError::Failed(error.to_string()))?
    }

    fn put_blocking(&self, zip: &[u8]) -> Result<Arc<Code>, CodeError> {
        let digest = Sha256::digest(zip);
        let id = hex::encode(digest);
        let folder = self.root.join(&id);
        if !folder.is_dir() {
            self.unpack(zip, &id, &folder)?;
        }
        Ok(Arc::new(Code {
            sha256: BASE64.encode(digest),
            zip_bytes: zip.len() as u64,
            folder,
            id,
        }))
    }

    /// Unpacks elsewhere and moves it to its place, so that a package is there whole or not at all.
    fn unpack(&self, zip: &[u8], id: &str, folder: &Path) -> Result<(), UnpackError> {
        let disk = UnpackError::Disk;
        // Gone with its content when dropped, but for what was moved away.
        let partial = tempfile::tempdir_in(&self.temporary).map_err(disk)?;
        let code = partial.path().join("code");
        std::fs::create_dir(&code).map_err(disk)?;
        unpack::unpack(zip, &code, Limits::LAMBDA)?;
        let mut copy = tempfile::NamedTempFile::new_in(partial.path()).map_err(disk)?;
        copy.write_all(zip).map_err(disk)?;
        let kept = copy.persist(self.zip_path(id));
        kept.map_err(|error| UnpackError::Disk(error.error))?;
        match std::fs::rename(code, folder) {
            // Someone else unpacked the same content meanwhile.
            Err(_) if folder.is_dir() => Ok(()),
            moved => moved.map_err(disk),
        }
    }
}
