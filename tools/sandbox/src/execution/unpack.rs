//! Unpacking a function's zip: bounded, and inside of its folder.
//!
//! The sizes in its headers are not trusted: bytes are counted while they are read. Links are refused, although Lambda
//! accepts them: without links no path leads out of the folder.

use std::{
    fs::{OpenOptions, Permissions},
    io::{self, Cursor, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Component, Path, PathBuf},
};

use zip::{ZipArchive, read::ZipFile, result::ZipError};

/// How large an unpacked zip may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of all files together.
    pub(super) bytes: u64,
    /// Files and folders together.
    pub(super) entries: usize,
    /// Names in a path.
    pub(super) depth: usize,
    /// Bytes in a path.
    pub(super) path_bytes: usize,
}

impl Limits {
    /// The bytes are Lambda's quota. Lambda has none for the rest: a zip without extensions has at most 65,535 entries,
    /// and the other two are far more than a real package has.
    pub(super) const LAMBDA: Self = Self {
        bytes: 262_144_000,
        entries: 65_535,
        depth: 64,
        path_bytes: 1024,
    };
}

/// Why a zip is not unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    // These two in Lambda's words, which do not say what is wrong with the zip.
    #[error("Unzipped size must be smaller than {0} bytes")]
    TooLarge(u64),
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotAZip(#[from] ZipError),
    #[error("The zip has more than {0} files and folders: the sandbox unpacks no more")]
    TooMany(usize),
    #[error("The zip has {path:?}, which {wrong}")]
    Entry { path: String, wrong: &'static str },
    /// Not the zip's fault.
    #[error("cannot unpack the code: {0}")]
    Disk(io::Error),
}

/// Unpacks into an empty folder. After an error part of it is there.
pub(super) fn unpack(zip: &[u8], folder: &Path, limits: Limits) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(Cursor::new(zip))?;
    // Refuses a zip that says itself that it is too large before anything is written. Below, bytes are counted.
    if archive.decompressed_size().unwrap_or_default() > u128::from(limits.bytes) {
        return Err(UnpackError::TooLarge(limits.bytes));
    }
    if archive.len() > limits.entries {
        return Err(UnpackError::TooMany(limits.entries));
    }
    let mut unpacking = Unpacking {
        folder,
        limits,
        bytes: 0,
        entries: 0,
    };
    for index in 0..archive.len() {
        unpacking.entry(archive.by_index(index)?)?;
    }
    Ok(())
}

struct Unpacking<'a> {
    folder: &'a Path,
    limits: Limits,
    /// Written so far.
    bytes: u64,
    /// Made so far.
    entries: usize,
}

impl Unpacking<'_> {
    fn entry(&mut self, entry: ZipFile<'_, Cursor<&[u8]>>) -> Result<(), UnpackError> {
        let name = entry.name()?.into_owned();
        let wrong = |wrong| UnpackError::Entry {
            path: name.chars().take(100).collect(),
            wrong,
        };
        let path = inside(&name, self.limits).map_err(wrong)?;
        // File types of inode(7), where the zip has any.
        let kind = entry.unix_mode().unwrap_or_default() & 0o170_000;
        if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
            return Err(wrong(
                "is a link or a device: the sandbox unpacks files and folders",
            ));
        }
        let made = match entry.is_dir() {
            true => self.make_folder(&path),
            false => self.make_file(&path, entry),
        };
        made.map_err(|error| match error {
            UnpackError::Disk(error) if is_taken(&error) => wrong("is there twice"),
            other => other,
        })
    }

    /// Makes a folder, and its parents.
    fn make_folder(&mut self, path: &Path) -> Result<(), UnpackError> {
        let ancestors: Vec<_> = path.ancestors().collect();
        for folder in ancestors.into_iter().rev() {
            let folder = self.folder.join(folder);
            if !folder.is_dir() {
                self.count_entry()?;
                std::fs::create_dir(folder).map_err(UnpackError::Disk)?;
            }
        }
        Ok(())
    }

    fn make_file(
        &mut self,
        path: &Path,
        entry: ZipFile<'_, Cursor<&[u8]>>,
    ) -> Result<(), UnpackError> {
        self.make_folder(path.parent().unwrap_or(path))?;
        self.count_entry()?;
        let path = self.folder.join(path);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).open(path);
        let mut file = file.map_err(UnpackError::Disk)?;
        // Nobody may write, and everybody may read: on Lambda a file that not everybody may read cannot be read at all.
        let mode = match entry.unix_mode().unwrap_or_default() & 0o111 {
            0 => 0o444,
            _ => 0o555,
        };
        let left = self.limits.bytes - self.bytes;
        let copied = io::copy(&mut entry.take(left + 1), &mut file);
        self.bytes += copied.map_err(|error| match error.raw_os_error() {
            Some(_) => UnpackError::Disk(error),
            None => UnpackError::NotAZip(error.into()),
        })?;
        if self.bytes > self.limits.bytes {
            return Err(UnpackError::TooLarge(self.limits.bytes));
        }
        file.set_permissions(Permissions::from_mode(mode))
            .map_err(UnpackError::Disk)
    }

    fn count_entry(&mut self) -> Result<(), UnpackError> {
        self.entries += 1;
        match self.entries > self.limits.entries {
            true => Err(UnpackError::TooMany(self.limits.entries)),
            false => Ok(()),
        }
    }
}

/// The path of an entry below the folder, or what is wrong with its name.
fn inside(name: &str, limits: Limits) -> Result<PathBuf, &'static str> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err("leads out of the function's folder");
            }
        }
    }
    if name.contains('\0') {
        return Err("is no path");
    }
    let is_long = name.len() > limits.path_bytes || path.iter().any(|part| part.len() > 255);
    if is_long || path.iter().count() > limits.depth {
        return Err("is too long or too deep");
    }
    Ok(path)
}

/// Whether the zip has already made something else at this path: nobody else writes here.
fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, NotADirectory};
    matches!(error.kind(), AlreadyExists | NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    const SMALL: Limits = Limits {
        bytes: 1000,
        entries: 5,
        depth: 3,
        path_bytes: 20,
    };

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            let options = SimpleFileOptions::default().unix_permissions(0o755);
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// As a program writes it that cannot go back: sizes come after the content.
    fn streamed(name: &str, content: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new_stream(Vec::new());
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    }

    /// What the zip's headers say about the size of its one file becomes this.
    fn with_claimed_size(mut zip: Vec<u8>, size: u32) -> Vec<u8> {
        // Local and central headers: signature, and where the uncompressed size is (APPNOTE 4.3.7, 4.3.12).
        for (signature, offset) in [(b"PK\x03\x04", 22), (b"PK\x01\x02", 24)] {
            let at = zip.windows(4).position(|bytes| bytes == signature).unwrap() + offset;
            zip[at..at + 4].copy_from_slice(&size.to_le_bytes());
        }
        zip
    }

    fn refusal(zip: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        unpack(zip, folder.path(), SMALL).unwrap_err().to_string()
    }

    #[test]
    fn files_come_out_with_their_folders_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let mode = |mode| SimpleFileOptions::default().unix_permissions(mode);
        writer.add_directory("empty/", mode(0o755)).unwrap();
        writer.start_file("./a/b/c", mode(0o755)).unwrap();
        writer.write_all(&[7; 1000]).unwrap();
        let zip = writer.finish().unwrap().into_inner();
        unpack(&zip, folder.path(), SMALL).unwrap();
        let file = folder.path().join("a/b/c");
        assert_eq!(std::fs::read(&file).unwrap(), [7; 1000]);
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o555);
        assert!(folder.path().join("empty").is_dir());
    }

    #[test]
    fn sizes_in_data_descriptors_are_taken_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        unpack(&streamed("a", &[7; 1000]), folder.path(), SMALL).unwrap();
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), [7; 1000]);
        let said = refusal(&streamed("a", &[7; 1001]));
        assert_eq!(said, "Unzipped size must be smaller than 1000 bytes");
    }

    #[test]
    fn too_many_bytes_are_refused_in_one_file_and_in_many() {
        let said = "Unzipped size must be smaller than 1000 bytes";
        assert_eq!(refusal(&zip(&[("a", &[0; 1001])])), said);
        assert_eq!(refusal(&zip(&[("a", &[0; 600]), ("b", &[0; 401])])), said);
        // A thousand times as many as are in the zip: refused where the count ends, not where the file does.
        assert_eq!(refusal(&streamed("a", &vec![0; 10_000_000])), said);
    }

    #[test]
    fn a_size_that_is_a_lie_is_refused() {
        for lie in [0, 10, 999] {
            let said = refusal(&with_claimed_size(zip(&[("a", &[0; 5000])]), lie));
            assert!(
                said.contains("Unzipped size") || said.contains("Could not unzip"),
                "{said}"
            );
            let said = refusal(&with_claimed_size(streamed("a", &[0; 5000]), lie));
            assert!(
                said.contains("Unzipped size") || said.contains("Could not unzip"),
                "{said}"
            );
        }
        let said = refusal(&with_claimed_size(zip(&[("a", b"a")]), u32::MAX - 1));
        assert!(said.contains("Unzipped size"), "{said}");
    }

    #[test]
    fn too_many_files_and_folders_are_refused() {
        let five: [(&str, &[u8]); 5] = [("a", b""), ("b", b""), ("c", b""), ("d", b""), ("e", b"")];
        let folder = tempfile::tempdir().unwrap();
        unpack(&zip(&five), folder.path(), SMALL).unwrap();
        let said = "The zip has more than 5 files and folders: the sandbox unpacks no more";
        assert_eq!(refusal(&zip(&[&five[..], &[("f", b"")]].concat())), said);
        assert_eq!(refusal(&zip(&[("a/b/c", b""), ("d/e/f", b"")])), said);
    }

    #[test]
    fn a_path_that_leads_out_or_is_too_long_is_refused() {
        for (name, wrong) in [
            ("/a", "leads out"),
            ("../a", "leads out"),
            ("a/../../b", "leads out"),
            ("a/..", "leads out"),
            ("a\0b", "is no path"),
            ("a/b/c/d", "too deep"),
            ("a23456789/123456789/1", "too long"),
        ] {
            let said = refusal(&zip(&[(name, b"")]));
            assert!(said.contains(wrong), "{name:?}: {said}");
        }
    }

    #[test]
    fn links_are_refused() {
        for target in ["/etc/passwd", "../../a", "b"] {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            writer
                .add_symlink("a", target, SimpleFileOptions::default())
                .unwrap();
            let said = refusal(&writer.finish().unwrap().into_inner());
            assert!(said.contains("is a link"), "{said}");
        }
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        for [one, two] in [["a", "./a"], ["a", "a/b"], ["a/b", "a"]] {
            let said = refusal(&zip(&[(one, b"1"), (two, b"2")]));
            assert!(said.contains("is there twice"), "{one} {two}: {said}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out(name in "[a./\\\\\0]{0,20}") {
            if let Ok(path) = inside(&name, SMALL) {
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
            }
        }

        #[test]
        fn a_broken_zip_is_refused_or_stays_in_its_bounds(at in 0..400_usize, byte: u8) {
            let mut zip = zip(&[("a", &[1; 500]), ("b/c", &[2; 100])]);
            let at = at % zip.len();
            zip[at] = byte;
            let outer = tempfile::tempdir().unwrap();
            let folder = outer.path().join("folder");
            std::fs::create_dir(&folder).unwrap();
            let _ = unpack(&zip, &folder, SMALL);
            prop_assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1);
        }
    }
}
