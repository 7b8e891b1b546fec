//! Which environments there are: idle ones to reuse, and room for more. Bookkeeping only, under one short lock.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use super::{
    environment::Environment,
    version::{Version, VersionId},
};

/// No environment is idle, and none more may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What an invocation gets.
#[derive(Debug)]
pub enum Lease {
    /// An idle environment of its version.
    Idle(Arc<Environment>),
    /// Room for a new one, which is counted already. The environment must be killed to make that room, if there is
    /// one.
    Room(Option<Arc<Environment>>),
}

/// All environments.
#[derive(Debug, Default)]
pub struct Pool {
    /// Started and not gone, by id.
    all: HashMap<String, Arc<Environment>>,
    /// Idle, by version, the most recently used last.
    idle: HashMap<VersionId, Vec<Arc<Environment>>>,
    /// Versions whose environments are not to be used again.
    retired: HashSet<VersionId>,
    /// Started or about to be, and not gone.
    count: usize,
    /// Shutting down: nothing is leased any more.
    closed: bool,
}

impl Pool {
    /// The most recently used idle environment of a version, or room for one.
    ///
    /// # Errors
    /// [`Full`] when there are `limit` environments and all are busy.
    pub fn lease(&mut self, version: &Version, limit: usize) -> Result<Lease, Full> {
        if self.closed {
            return Err(Full);
        }
        if let Some(environment) = self.idle.get_mut(&version.id).and_then(Vec::pop) {
            return Ok(Lease::Idle(environment));
        }
        let evicted = if self.count < limit {
            None
        } else {
            Some(self.longest_idle().ok_or(Full)?)
        };
        self.count += 1;
        Ok(Lease::Room(evicted))
    }

    fn longest_idle(&mut self) -> Option<Arc<Environment>> {
        let longest = self
            .idle
            .values()
            .flatten()
            .min_by_key(|environment| environment.idle_since())
            .cloned()?;
        self.unidle(&longest);
        Some(longest)
    }

    fn unidle(&mut self, environment: &Environment) {
        if let Some(idle) = self.idle.get_mut(&environment.version.id) {
            idle.retain(|other| other.id != environment.id);
        }
    }

    /// Room for one more, whatever the limit: to replace one that is being killed.
    pub fn take_room(&mut self) {
        self.count += 1;
    }

    /// Refuses every lease from now on.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Gives back room that was leased and not used.
    pub fn give_back_room(&mut self) {
        self.count -= 1;
    }

    /// Adds a started environment, in the room that was leased for it.
    pub fn add(&mut self, environment: &Arc<Environment>) {
        self.all
            .insert(environment.id.clone(), Arc::clone(environment));
    }

    /// Makes an environment idle; gives it back when it is not to be used again.
    pub fn release(&mut self, environment: Arc<Environment>) -> Option<Arc<Environment>> {
        if self.retired.contains(&environment.version.id) || !self.all.contains_key(&environment.id)
        {
            return Some(environment);
        }
        environment.rest();
        self.idle
            .entry(environment.version.id)
            .or_default()
            .push(environment);
        None
    }

    /// Forgets an environment whose process is gone.
    pub fn remove(&mut self, environment: &Environment) {
        if self.all.remove(&environment.id).is_some() {
            self.count -= 1;
        }
        self.unidle(environment);
    }

    /// Stops using the environments of a version; gives the idle ones, to be killed.
    pub fn retire(&mut self, version: VersionId) -> Vec<Arc<Environment>> {
        self.retired.insert(version);
        self.idle.remove(&version).unwrap_or_default()
    }

    /// Takes out those that have been idle since before `limit`, to be killed.
    pub fn take_idle_since(&mut self, limit: Instant) -> Vec<Arc<Environment>> {
        let mut taken = Vec::new();
        for idle in self.idle.values_mut() {
            taken.extend(idle.extract_if(.., |environment| environment.idle_since() < limit));
        }
        taken
    }

    /// All that run.
    #[must_use]
    pub fn everyone(&self) -> Vec<Arc<Environment>> {
        self.all.values().cloned().collect()
    }

    /// Number of environments by function and version.
    #[must_use]
    pub fn census(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut census: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for environment in self.all.values() {
            let version = &environment.version;
            *census
                .entry(version.function.clone())
                .or_default()
                .entry(version.number.to_string())
                .or_default() += 1;
        }
        census
    }
}
