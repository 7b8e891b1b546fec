//! Which environments there are: idle ones to reuse, and how many more may be started. No I/O; under one short lock.

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
    /// A place for a new one, which is counted already. If it holds an environment, that one must be killed for it.
    New(Option<Arc<Environment>>),
}

/// All environments.
#[derive(Debug, Default)]
pub struct Pool {
    /// All environments, by id.
    all: HashMap<String, Arc<Environment>>,
    /// Idle, by version, the most recently used last.
    idle: HashMap<VersionId, Vec<Arc<Environment>>>,
    /// Versions whose environments are not to be used again.
    retired: HashSet<VersionId>,
    /// How many there are, with those about to be started.
    count: usize,
    /// Shutting down: nothing is leased any more.
    closed: bool,
}

impl Pool {
    /// The most recently used idle environment of a version, or a place for a new one.
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
        Ok(Lease::New(evicted))
    }

    fn longest_idle(&mut self) -> Option<Arc<Environment>> {
        let longest = self
            .idle
            .values()
            .flatten()
            .min_by_key(|environment| environment.idle_since())
            .cloned()?;
        self.remove_idle(&longest);
        Some(longest)
    }

    fn remove_idle(&mut self, environment: &Environment) {
        if let Some(idle) = self.idle.get_mut(&environment.version.id) {
            idle.retain(|other| other.id != environment.id);
        }
    }

    /// A place for one more, whatever the limit: it replaces one that is being killed.
    pub fn lease_replacement(&mut self) {
        self.count += 1;
    }

    /// Refuses every lease from now on.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Gives back a place that was leased and not used.
    pub fn cancel_lease(&mut self) {
        self.count -= 1;
    }

    /// Adds an environment in the place that was leased for it.
    pub fn add(&mut self, environment: &Arc<Environment>) {
        self.all
            .insert(environment.id.clone(), Arc::clone(environment));
    }

    /// Makes an environment idle; returns it when it must be killed instead.
    pub fn release(&mut self, environment: Arc<Environment>) -> Option<Arc<Environment>> {
        if self.retired.contains(&environment.version.id) || !self.all.contains_key(&environment.id)
        {
            return Some(environment);
        }
        environment.mark_idle();
        self.idle
            .entry(environment.version.id)
            .or_default()
            .push(environment);
        None
    }

    /// Removes an environment whose process has ended.
    pub fn remove(&mut self, environment: &Environment) {
        if self.all.remove(&environment.id).is_some() {
            self.count -= 1;
        }
        self.remove_idle(environment);
    }

    /// Stops using the environments of a version; returns the idle ones, to be killed.
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

    /// How many environments of a version were started as provisioned ones.
    #[must_use]
    pub fn provisioned(&self, version: VersionId) -> usize {
        let all = self.all.values();
        all.filter(|one| one.provisioned && one.version.id == version)
            .count()
    }

    /// All environments.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Environment>> {
        self.all.values().cloned().collect()
    }

    /// Number of environments by function and version.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut counts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for environment in self.all.values() {
            let version = &environment.version;
            *counts
                .entry(version.function.clone())
                .or_default()
                .entry(version.number.to_string())
                .or_default() += 1;
        }
        counts
    }
}
