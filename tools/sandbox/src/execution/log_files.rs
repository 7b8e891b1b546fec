//! How much of the logs is kept: of each environment its end, and of those that have ended the newest.
//!
//! What is no longer kept of a log becomes a hole in its file, which takes no disk: all positions stay what they are, for
//! the process that writes and for those who read.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, fallocate},
    unistd::{Whence, lseek},
};

/// How much of a log is kept, in bytes.
pub(super) const LOG_BYTES: u64 = 3 << 20;
/// And of its times: more than as many lines of Lambda's have.
pub(super) const TIMES_BYTES: u64 = 1 << 20;
/// A file is cut when it has grown by a third beyond that.
const SLACK: u64 = 3;
/// Holes begin and end at whole blocks.
const BLOCK_BYTES: u64 = 4096;

/// How much the logs of all environments that have ended may take together, in bytes.
const ENDED_BYTES: u64 = 128 << 20;
/// And how many there may be.
const ENDED_LOGS: usize = 2000;

/// The file that says when the lines of a log were written that Lambda writes: `<position in the log> <microseconds since
/// 1970>`, one a line, written before the line itself.
#[must_use]
pub fn times_path(log: &Path) -> PathBuf {
    log.with_extension("times")
}

/// Makes a hole of all but the last `kept` bytes of a file of this length; `cut` is where the last hole ends.
pub(super) fn cut(file: &File, length: u64, kept: u64, cut: &AtomicU64) {
    let before = cut.load(Ordering::Relaxed);
    if length.saturating_sub(before) <= kept + kept / SLACK {
        return;
    }
    let end = (length - kept) / BLOCK_BYTES * BLOCK_BYTES;
    let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    let range = i64::try_from(before).and_then(|from| Ok((from, i64::try_from(end - before)?)));
    if let Ok((from, length)) = range
        && let Err(error) = fallocate(file, flags, from, length)
    {
        // Not every file system can: then the log grows.
        tracing::debug!(%error, "cannot cut a log");
    }
    cut.store(end, Ordering::Relaxed);
}

/// What a file has from a position on, without what was cut off; and where that begins.
///
/// # Errors
/// When it cannot be read.
pub fn read_from(path: &Path, position: u64) -> io::Result<(u64, Vec<u8>)> {
    let mut file = File::open(path)?;
    let offset = i64::try_from(position).map_err(io::Error::other)?;
    let start = match lseek(&file, offset, Whence::SeekData) {
        Ok(start) => u64::try_from(start).unwrap_or(position),
        // There is nothing but a hole, or nothing.
        Err(Errno::ENXIO) => return Ok((position, Vec::new())),
        // Not every file system knows holes.
        Err(_) => position,
    };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if start == position {
        return Ok((start, bytes));
    }
    // A hole begins and ends within lines.
    let line = bytes.iter().position(|byte| *byte == b'\n');
    let line = line.map_or(bytes.len(), |end| end + 1);
    bytes.drain(..line);
    Ok((start + line as u64, bytes))
}

/// Removes the oldest logs of environments that have ended, beyond what is kept of them.
///
/// # Errors
/// When a folder cannot be read or a file not removed.
pub(super) fn remove_old(folder: &Path, running: &HashSet<PathBuf>) -> io::Result<()> {
    let mut ended = Vec::new();
    for function in entries(folder)? {
        for version in entries(&function)? {
            let logs = entries(&version)?.into_iter();
            let logs = logs.filter(|path| path.extension().is_some_and(|is| is == "log"));
            for path in logs.filter(|path| !running.contains(path)) {
                let taken = |path: &Path| path.metadata().map_or(0, |file| file.blocks() * 512);
                let bytes = taken(&path) + taken(&times_path(&path));
                let modified = path.metadata().and_then(|file| file.modified());
                ended.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), bytes, path));
            }
        }
    }
    ended.sort_unstable_by(|one, other| other.cmp(one));
    let mut kept = 0;
    for (number, (_, bytes, path)) in ended.into_iter().enumerate() {
        kept += bytes;
        if number >= ENDED_LOGS || kept > ENDED_BYTES {
            std::fs::remove_file(times_path(&path)).or_else(ignore_absent)?;
            std::fs::remove_file(&path).or_else(ignore_absent)?;
        }
    }
    Ok(())
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::OpenOptions, io::Write as _};

    #[test]
    fn a_log_takes_no_more_than_is_kept_and_is_read_from_its_first_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .unwrap();
        let (mut length, cut_at) = (0, AtomicU64::new(0));
        let line = |number: u64| format!("{number:0100}\n");
        let lines = 12 * (1 << 20) / 101;
        for number in 0..lines {
            file.write_all(line(number).as_bytes()).unwrap();
            length += 101;
            cut(&file, length, LOG_BYTES, &cut_at);
        }
        assert_eq!(path.metadata().unwrap().len(), length);
        let taken = path.metadata().unwrap().blocks() * 512;
        let most = LOG_BYTES + LOG_BYTES / SLACK + 2 * BLOCK_BYTES;
        assert!(taken <= most, "{taken}");
        let (start, bytes) = read_from(&path, 0).unwrap();
        assert!(bytes.len() as u64 >= LOG_BYTES - 101);
        assert_eq!(start + bytes.len() as u64, length);
        let first = String::from_utf8(bytes[..101].to_vec()).unwrap();
        assert_eq!(first, line(start / 101));
        // Where nothing is cut, reading begins where it is told.
        let (start, bytes) = read_from(&path, length - 50).unwrap();
        assert_eq!((start, bytes.len()), (length - 50, 50));
        assert_eq!(read_from(&path, length).unwrap(), (length, Vec::new()));
    }

    #[test]
    fn of_the_logs_of_ended_environments_the_newest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let version = folder.path().join("f/1");
        std::fs::create_dir_all(&version).unwrap();
        let log = |number: usize| version.join(format!("{number}.log"));
        let begin = SystemTime::now() - std::time::Duration::from_hours(24);
        for number in 0..ENDED_LOGS + 10 {
            let file = File::create(log(number)).unwrap();
            std::fs::write(times_path(&log(number)), "0 0\n").unwrap();
            let age = std::time::Duration::from_secs(number as u64);
            file.set_modified(begin + age).unwrap();
        }
        let running = HashSet::from([log(0)]);
        remove_old(folder.path(), &running).unwrap();
        assert!(log(0).exists());
        assert!((1..10).all(|number| !log(number).exists() && !times_path(&log(number)).exists()));
        assert!((10..ENDED_LOGS + 10).all(|number| log(number).exists()));
    }
}
