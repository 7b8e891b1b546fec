//! Queues in a file: every change is there before its caller is answered, so that nothing that was acknowledged is lost
//! when the sandbox is killed. When the machine fails, the last changes may be: SQLite does not wait for the disk.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use rusqlite::{Connection, ErrorCode, params};
use serde::{Deserialize, Serialize};

use super::{
    error::SqsError,
    model::{
        message::Key,
        queue::{Position, Queue},
        queues::{QueueEntry, Queues},
        settings::Settings,
    },
};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS queues (number INTEGER PRIMARY KEY, queue TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (queue INTEGER, key INTEGER, message TEXT NOT NULL, PRIMARY KEY (queue, key));
CREATE TABLE IF NOT EXISTS deduplication (queue INTEGER, until INTEGER, id TEXT, sent TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deduplication_by_time ON deduplication (until);
";

/// Why queues cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite cannot do it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row is not what this version writes.
    #[error("a queue was saved by another version of the sandbox")]
    Row(#[from] serde_json::Error),
    /// Attributes that are none.
    #[error("a queue was saved with attributes that it cannot have")]
    Attributes(#[from] SqsError),
}

impl StoreError {
    /// Whether another process has the file.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }
}

/// What is saved of a queue besides its messages.
#[derive(Serialize, Deserialize)]
struct SavedQueue {
    name: String,
    arn: String,
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    created_s: u64,
    modified_s: u64,
    position: Position,
}

/// The file.
#[derive(Debug)]
pub struct Store(Connection);

impl Store {
    /// Opens the file, or makes it, for this process alone; gives the queues that it has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<(Self, Queues), StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(TABLES)?;
        let queues = read(&connection)?;
        Ok((Self(connection), queues))
    }

    /// Writes everything that is not saved yet, all or nothing.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of it counts as saved.
    pub fn save(&mut self, queues: &mut Queues) -> Result<(), StoreError> {
        let changed = queues.iter().any(|(_, entry)| is_unsaved(entry));
        if !changed && queues.deleted().is_empty() {
            return Ok(());
        }
        let transaction = self.0.transaction()?;
        for number in queues.deleted() {
            for delete in [
                "DELETE FROM queues WHERE number = ?",
                "DELETE FROM messages WHERE queue = ?",
                "DELETE FROM deduplication WHERE queue = ?",
            ] {
                transaction.prepare_cached(delete)?.execute([number])?;
            }
        }
        for (name, entry) in queues.iter().filter(|(_, entry)| is_unsaved(entry)) {
            write(&transaction, name, entry)?;
        }
        transaction.commit()?;
        queues.saved();
        Ok(())
    }
}

fn is_unsaved(entry: &QueueEntry) -> bool {
    entry.unsaved
        || entry.queue.unsaved().next().is_some()
        || entry.queue.unsaved_deduplication().next().is_some()
}

fn write(connection: &Connection, name: &str, entry: &QueueEntry) -> Result<(), StoreError> {
    let number = entry.queue.number();
    let queue = SavedQueue {
        name: name.to_owned(),
        arn: entry.arn.to_string(),
        attributes: entry.settings.values().clone(),
        tags: entry.tags.clone(),
        created_s: entry.created_s,
        modified_s: entry.modified_s,
        position: entry.queue.position(),
    };
    connection
        .prepare_cached("INSERT OR REPLACE INTO queues VALUES (?, ?)")?
        .execute(params![number, serde_json::to_string(&queue)?])?;
    for (key, message) in entry.queue.unsaved() {
        match message {
            Some(message) => connection
                .prepare_cached("INSERT OR REPLACE INTO messages VALUES (?, ?, ?)")?
                .execute(params![number, key.0, serde_json::to_string(message)?])?,
            None => connection
                .prepare_cached("DELETE FROM messages WHERE queue = ? AND key = ?")?
                .execute(params![number, key.0])?,
        };
    }
    for (end, id, sent) in entry.queue.unsaved_deduplication() {
        // What is forgotten when another one begins to count needs no row.
        connection
            .prepare_cached("DELETE FROM deduplication WHERE until <= ?")?
            .execute([end.saturating_sub(super::model::queue::DEDUPLICATION_INTERVAL)])?;
        connection
            .prepare_cached("INSERT INTO deduplication VALUES (?, ?, ?, ?)")?
            .execute(params![number, end, id, serde_json::to_string(sent)?])?;
    }
    Ok(())
}

fn read(connection: &Connection) -> Result<Queues, StoreError> {
    let mut queues = Queues::default();
    for (number, text) in rows::<u64, String>(connection, "SELECT * FROM queues", [])? {
        let saved: SavedQueue = serde_json::from_str(&text)?;
        let fifo = saved.name.ends_with(".fifo");
        let mut entries = Vec::new();
        let select = "SELECT key, message FROM messages WHERE queue = ?";
        for (key, message) in rows::<u64, String>(connection, select, [number])? {
            entries.push((Key(key), serde_json::from_str(&message)?));
        }
        let mut remembered = Vec::new();
        let select = "SELECT until, json_array(id, json(sent)) FROM deduplication WHERE queue = ? ORDER BY until";
        for (end, sent) in rows::<u64, String>(connection, select, [number])? {
            let (id, sent) = serde_json::from_str(&sent)?;
            remembered.push((end, id, sent));
        }
        let queue = Queue::restore(
            number,
            fifo,
            saved.position,
            entries.into_iter(),
            remembered.into_iter(),
        );
        let entry = QueueEntry {
            queue,
            settings: Settings::new(fifo).with(&saved.attributes)?,
            arn: saved.arn.into(),
            tags: saved.tags,
            created_s: saved.created_s,
            modified_s: saved.modified_s,
            unsaved: false,
            changed: Arc::default(),
        };
        queues.restore(saved.name, entry);
    }
    Ok(queues)
}

/// All rows of two columns.
fn rows<A: rusqlite::types::FromSql, B: rusqlite::types::FromSql>(
    connection: &Connection,
    select: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<(A, B)>, rusqlite::Error> {
    let mut select = connection.prepare_cached(select)?;
    let rows = select.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::sqs::model::{
        message::{Content, Message, Millis},
        queues::Sending,
    };

    /// A file, and the queues that were last read from it.
    struct Saved {
        folder: tempfile::TempDir,
        store: Option<Store>,
        queues: Queues,
    }

    impl Saved {
        fn new() -> Self {
            let mut saved = Self {
                folder: tempfile::tempdir().unwrap(),
                store: None,
                queues: Queues::default(),
            };
            saved.restart();
            saved
        }

        /// Saves, and reads everything again.
        fn restart(&mut self) {
            if let Some(store) = &mut self.store {
                store.save(&mut self.queues).unwrap();
            }
            self.store = None;
            let (store, queues) = Store::open(&self.folder.path().join("queues.sqlite")).unwrap();
            (self.store, self.queues) = (Some(store), queues);
        }

        fn create(&mut self, name: &str) {
            let fifo = [("FifoQueue".to_owned(), "true".to_owned())];
            let fifo = fifo.into_iter().filter(|_| name.ends_with(".fifo"));
            let (attributes, tags) = (fifo.collect(), BTreeMap::new());
            self.queues.create(name, "r", &attributes, tags, 0).unwrap();
        }

        fn send(&mut self, queue: &str, body: &str, delay: Millis, now: Millis) {
            let mut content = Content::new(body.to_owned(), body.to_owned(), BTreeMap::new());
            content.group = queue.ends_with(".fifo").then(|| "g".into());
            let sending = Sending {
                message: Message::new(content, now),
                delay: Some(delay),
                deduplication: queue.ends_with(".fifo").then(|| body.to_owned()),
            };
            self.queues.send(queue, sending, now).unwrap();
        }

        /// Bodies of what can be received, for ten seconds.
        fn receive(&mut self, queue: &str, now: Millis) -> Vec<String> {
            let received = self.queues.receive(queue, 10, Some(10_000), now).unwrap();
            let received = received.into_iter();
            received.map(|it| it.message.content.body.clone()).collect()
        }
    }

    #[test]
    fn messages_are_visible_delayed_and_in_flight_as_they_were() {
        let mut saved = Saved::new();
        saved.create("q");
        saved.send("q", "in flight", 0, 0);
        assert_eq!(saved.receive("q", 0), ["in flight"]);
        saved.send("q", "visible", 0, 0);
        saved.send("q", "delayed", 5_000, 0);
        saved.restart();
        assert_eq!(saved.receive("q", 1), ["visible"]);
        assert_eq!(saved.receive("q", 5_000), ["delayed"]);
        assert_eq!(saved.receive("q", 10_000), ["in flight"]);
        let counts = saved.queues.queue("q").unwrap().queue.counts();
        assert_eq!(
            (counts.visible, counts.delayed, counts.in_flight),
            (0, 0, 3)
        );
    }

    #[test]
    fn a_duplicate_is_known_for_five_minutes_whoever_restarts() {
        let mut saved = Saved::new();
        saved.create("q.fifo");
        saved.send("q.fifo", "a", 0, 0);
        saved.restart();
        saved.send("q.fifo", "a", 0, 299_999);
        assert_eq!(saved.receive("q.fifo", 299_999), ["a"]);
        saved.restart();
        saved.send("q.fifo", "a", 0, 300_000);
        assert_eq!(saved.receive("q.fifo", 309_999), ["a", "a"]);
    }

    #[test]
    fn what_is_deleted_purged_or_changed_stays_so() {
        let mut saved = Saved::new();
        for name in ["gone", "purged", "tagged"] {
            saved.create(name);
            saved.send(name, "a", 0, 0);
        }
        saved.restart();
        saved.queues.delete("gone").unwrap();
        saved.queues.queue_at("purged", 0).unwrap().queue.purge();
        let tags = saved.queues.tags_mut("tagged").unwrap();
        tags.insert("a".to_owned(), "b".to_owned());
        let delay = [("DelaySeconds".to_owned(), "9".to_owned())].into();
        saved.queues.configure("tagged", &delay, 0).unwrap();
        saved.restart();
        assert_eq!(
            saved.queues.names().collect::<Vec<_>>(),
            ["purged", "tagged"]
        );
        assert_eq!(saved.receive("purged", 0), [""; 0]);
        let tagged = saved.queues.queue("tagged").unwrap();
        assert_eq!(
            (tagged.tags["a"].as_str(), tagged.settings.delay()),
            ("b", 9_000)
        );
        assert_eq!(saved.receive("tagged", 0), ["a"]);
    }

    #[test]
    fn a_file_is_of_one_process() {
        let saved = Saved::new();
        let other = Store::open(&saved.folder.path().join("queues.sqlite"));
        assert!(other.unwrap_err().is_in_use());
    }
}
