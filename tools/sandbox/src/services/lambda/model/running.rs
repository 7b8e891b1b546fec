//! The invocations of a function that run now.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::execution::version::VersionNumber;

/// The invocations of a function that run now, by version.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<BTreeMap<VersionNumber, u32>>>);

/// One invocation that counts as running until this is dropped.
#[derive(Debug)]
pub struct Slot {
    running: Running,
    version: VersionNumber,
    /// How many of the function run, with this one.
    pub concurrent: u32,
}

impl Running {
    /// Counts one more invocation of a version, if there is room for it beside those that run.
    ///
    /// # Errors
    /// How many run, when there is no room.
    pub fn start(
        &self,
        version: VersionNumber,
        has_room: impl FnOnce(&BTreeMap<VersionNumber, u32>) -> bool,
    ) -> Result<Slot, u32> {
        let mut by_version = self.by_version();
        let all = by_version.values().sum();
        if !has_room(&by_version) {
            return Err(all);
        }
        *by_version.entry(version).or_default() += 1;
        Ok(Slot {
            running: self.clone(),
            version,
            concurrent: all + 1,
        })
    }

    fn by_version(&self) -> MutexGuard<'_, BTreeMap<VersionNumber, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(running) = self.running.by_version().get_mut(&self.version) {
            *running -= 1;
        }
    }
}
