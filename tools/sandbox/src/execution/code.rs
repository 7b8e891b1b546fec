//! Code packages: checked, unpacked once per content, shared by every version that has them, and gone with the last.

use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, lchown},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
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

/// A code package, and its files as long as anyone uses it.
///
/// A function must not change them, as it cannot change `/var/task`. Files are read-only, and as root they belong to
/// another user and functions have none of root's capabilities ([`super::process`]). As an ordinary user a function can
/// still get around that, and so before each start the files are compared with what they were, and unpacked again from
/// the zip when they differ.
#[derive(Debug)]
pub struct Code {
    /// SHA-256 of the zip in base64: `CodeSha256`.
    pub sha256: String,
    /// Size of the zip in bytes: `CodeSize`.
    pub zip_bytes: u64,
    /// The SHA-256 in hex: names the package in URLs and folders.
    pub id: String,
    store: CodeStore,
    /// The newest last: environments of before a change still run from the others.
    unpacked: Mutex<Vec<Unpacked>>,
}

/// A folder with the files of a package.
#[derive(Debug)]
struct Unpacked {
    folder: PathBuf,
    fingerprint: Fingerprint,
}

/// What changes when anything in a folder is changed: the kernel sets the time of change, and no function can.
type Fingerprint = sha2::digest::Output<Sha256>;

fn fingerprint(folder: &Path) -> io::Result<Fingerprint> {
    fn add(digest: &mut Sha256, path: &Path) -> io::Result<()> {
        let metadata = path.symlink_metadata()?;
        let (changed_s, changed_ns) = (metadata.ctime(), metadata.ctime_nsec());
        let (inode, mode) = (metadata.ino(), metadata.mode());
        let state = format!("{path:?} {inode} {mode} {changed_s} {changed_ns}\n");
        digest.update(state);
        if metadata.is_dir() {
            let entries = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
            let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
            entries.sort();
            entries.iter().try_for_each(|entry| add(digest, entry))?;
        }
        Ok(())
    }
    let mut digest = Sha256::new();
    add(&mut digest, folder)?;
    Ok(digest.finalize())
}

/// Gives a folder to a user that no function runs as. Does nothing unless root does it.
fn give_away(path: &Path) -> io::Result<()> {
    const NOBODY: u32 = 65_534;
    if let Err(error) = lchown(path, Some(NOBODY), None) {
        return match error.kind() {
            io::ErrorKind::PermissionDenied => Ok(()),
            _ => Err(error),
        };
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
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
    /// The folder with the files as they were in the zip.
    ///
    /// # Errors
    /// [`CodeError`] when they were changed and cannot be unpacked again.
    pub async fn intact_folder(self: &Arc<Self>) -> Result<PathBuf, CodeError> {
        let code = Arc::clone(self);
        tokio::task::spawn_blocking(move || code.check_folder())
            .await
            .map_err(|error| CodeError::Failed(error.to_string()))?
    }

    fn check_folder(&self) -> Result<PathBuf, CodeError> {
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = unpacked.last() {
            let now = fingerprint(&newest.folder);
            if now.is_ok_and(|now| now == newest.fingerprint) {
                return Ok(newest.folder.clone());
            }
            let folder = newest.folder.display();
            tracing::warn!(%folder, "a function has changed its code: unpacked it again");
        }
        let zip = std::fs::read(self.store.zip_path(&self.id)).map_err(UnpackError::Disk)?;
        if hex::encode(Sha256::digest(&zip)) != self.id {
            let message = "a function has changed the zip of its code: deploy it again";
            return Err(CodeError::Failed(message.to_owned()));
        }
        let folder = self
            .store
            .root()
            .join(format!("{}-{}", self.id, unpacked.len()));
        let partial = self.store.unpack(&zip)?;
        let again = place(partial.path(), &folder)?;
        unpacked.push(again);
        Ok(folder)
    }
}

/// Removes the files. Nobody uses them.
impl Drop for Code {
    fn drop(&mut self) {
        let mut packages = self.store.packages();
        // The same content may have been stored again meanwhile.
        if packages
            .get(&self.id)
            .is_none_or(|code| code.strong_count() == 0)
        {
            packages.remove(&self.id);
            let unpacked = self
                .unpacked
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            let folders = unpacked
                .iter()
                .map(|one| std::fs::remove_dir_all(&one.folder));
            let zip = std::fs::remove_file(self.store.zip_path(&self.id));
            if let Some(error) = folders.chain([zip]).find_map(Result::err) {
                tracing::debug!(id = self.id, %error, "cannot remove a code package");
            }
        }
    }
}

/// Moves an unpacked package to its place, as it stays.
fn place(partial: &Path, folder: &Path) -> Result<Unpacked, UnpackError> {
    let place = || {
        give_away(&partial.join(CODE))?;
        std::fs::rename(partial.join(CODE), folder)?;
        fingerprint(folder)
    };
    let fingerprint = place().map_err(UnpackError::Disk)?;
    let folder = folder.to_owned();
    Ok(Unpacked {
        folder,
        fingerprint,
    })
}

/// Looks at the `bootstrap` in a folder.
#[must_use]
pub fn inspect_bootstrap(folder: &Path) -> Bootstrap {
    inspect(&folder.join("bootstrap")).unwrap_or(Bootstrap::Missing)
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

/// Name of the code in the folder that a package is unpacked to.
const CODE: &str = "code";

/// The folder with all packages, by content. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CodeStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    temporary: PathBuf,
    packages: Mutex<HashMap<String, Weak<Code>>>,
}

impl CodeStore {
    /// Packages go below `root`, when they are whole; until then they are below `temporary`, on the same disk.
    #[must_use]
    pub fn new(root: PathBuf, temporary: PathBuf) -> Self {
        Self(Arc::new(Inner {
            root,
            temporary,
            packages: Mutex::default(),
        }))
    }

    fn root(&self) -> &Path {
        &self.0.root
    }

    fn packages(&self) -> MutexGuard<'_, HashMap<String, Weak<Code>>> {
        self.0
            .packages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the zip of a package is kept, for downloads.
    #[must_use]
    pub fn zip_path(&self, id: &str) -> PathBuf {
        self.root().join(format!("{id}.zip"))
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
        if let Some(code) = self.find(&id) {
            return Ok(code);
        }
        let partial = self.unpack(zip)?;
        let mut packages = self.packages();
        // Someone else may have unpacked the same content meanwhile.
        if let Some(code) = packages.get(&id).and_then(Weak::upgrade) {
            return Ok(code);
        }
        let zip_path = self.zip_path(&id);
        let mut copy =
            tempfile::NamedTempFile::new_in(partial.path()).map_err(UnpackError::Disk)?;
        copy.write_all(zip).map_err(UnpackError::Disk)?;
        let kept = copy.persist(&zip_path);
        kept.map_err(|error| UnpackError::Disk(error.error))?;
        give_away(&zip_path).map_err(UnpackError::Disk)?;
        let unpacked = place(partial.path(), &self.root().join(&id))?;
        let code = Arc::new(Code {
            sha256: BASE64.encode(digest),
            zip_bytes: zip.len() as u64,
            id: id.clone(),
            store: self.clone(),
            unpacked: Mutex::new(vec![unpacked]),
        });
        packages.insert(id, Arc::downgrade(&code));
        Ok(code)
    }

    fn find(&self, id: &str) -> Option<Arc<Code>> {
        self.packages().get(id).and_then(Weak::upgrade)
    }

    /// Unpacks elsewhere, so that a package is there whole or not at all. Gone with its content when dropped, but for what
    /// was moved away.
    fn unpack(&self, zip: &[u8]) -> Result<tempfile::TempDir, UnpackError> {
        let partial = tempfile::tempdir_in(&self.0.temporary).map_err(UnpackError::Disk)?;
        let code = partial.path().join(CODE);
        std::fs::create_dir(&code).map_err(UnpackError::Disk)?;
        unpack::unpack(zip, &code, Limits::LAMBDA)?;
        Ok(partial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn zip(content: &str) -> Bytes {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer
            .start_file("bootstrap", SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
        writer.finish().unwrap().into_inner().into()
    }

    fn store(folder: &Path) -> CodeStore {
        let (root, temporary) = (folder.join("code"), folder.join("tmp"));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::create_dir_all(&temporary).unwrap();
        CodeStore::new(root, temporary)
    }

    fn entries(store: &CodeStore) -> usize {
        std::fs::read_dir(store.root()).unwrap().count()
    }

    #[tokio::test]
    async fn code_is_there_once_as_long_as_anyone_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let one = store.put(zip("one")).await.unwrap();
        let again = store.put(zip("one")).await.unwrap();
        let other = store.put(zip("other")).await.unwrap();
        assert!(Arc::ptr_eq(&one, &again));
        assert_eq!(entries(&store), 4);
        drop(one);
        assert_eq!(entries(&store), 4);
        drop(again);
        assert_eq!(entries(&store), 2);
        drop(other);
        assert_eq!(entries(&store), 0);
        store.put(zip("one")).await.unwrap();
    }

    #[tokio::test]
    async fn code_that_was_changed_is_unpacked_again_and_a_changed_zip_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let code = store.put(zip("right")).await.unwrap();
        let first = code.intact_folder().await.unwrap();
        assert_eq!(code.intact_folder().await.unwrap(), first);
        std::fs::write(first.join("more"), "").unwrap();
        let second = code.intact_folder().await.unwrap();
        assert_ne!(second, first);
        std::fs::remove_file(second.join("bootstrap")).unwrap();
        std::fs::write(second.join("bootstrap"), "wrong").unwrap();
        let third = code.intact_folder().await.unwrap();
        assert_eq!(
            std::fs::read_to_string(third.join("bootstrap")).unwrap(),
            "right"
        );
        std::fs::remove_dir_all(third).unwrap();
        std::fs::write(store.zip_path(&code.id), "wrong").unwrap();
        let error = code.intact_folder().await.unwrap_err().to_string();
        assert!(error.contains("changed the zip"), "{error}");
        drop(code);
        assert_eq!(entries(&store), 0);
    }
}
