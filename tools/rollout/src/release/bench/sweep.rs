//! Temporary versions: publish, put `$LATEST` back, delete.

use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use chrono::{DateTime, Utc};
use package::Architecture;

use super::{Stop, Stopped};
use crate::aws::{
    function::FunctionError,
    latest::Latest,
    mark::{Mark, Target},
    routing::Version,
    versions,
};

/// The code of a build.
#[derive(Debug, Clone)]
pub struct Code {
    /// SHA-256 of the zip, in base64.
    pub sha256: String,
    /// The zip.
    pub zip: Vec<u8>,
}

/// Why there are no temporary versions.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A call failed.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// It was told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Another benchmark is under way, or was killed not long ago.
    #[error(
        "another benchmark of {function} is under way until {until} at the latest: wait for it; or, if \
         it was killed, add --take-over, which removes what it has left"
    )]
    UnderWay {
        /// The function.
        function: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The code of `$LATEST` belongs to neither build.
    #[error(
        "$LATEST of {0} is neither build of this commit, and a benchmark has to put it back: run rollout \
         publish {0} first"
    )]
    OtherCode(String),
    /// The description has no room for what to put back.
    #[error(
        "the description of {0} is too long: a benchmark needs 80 of its 256 characters while it has \
         borrowed $LATEST"
    )]
    Description(String),
    /// Somebody else changes the function at the same time.
    #[error("{function} was changed by somebody else meanwhile: {what}")]
    Changed {
        /// The function.
        function: String,
        /// What was found.
        what: String,
    },
}

/// One benchmark's temporary versions of one function.
#[derive(Debug)]
pub struct Sweep<'a> {
    /// Lambda.
    pub client: &'a Client,
    /// The function.
    pub function: &'a str,
    /// Marks what this benchmark makes.
    pub run: u32,
    /// When it will be over at the latest.
    pub until: DateTime<Utc>,
    /// The builds to make versions of.
    pub code: BTreeMap<Architecture, Code>,
}

impl Sweep<'_> {
    /// Publishes a version for each target. What was made until an error stays, for
    /// [`Self::tidy_up`].
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn publish(
        &self,
        targets: &[Target],
        stop: &Stop,
    ) -> Result<BTreeMap<Target, Version>, SweepError> {
        let mut latest = self.borrow_latest().await?;
        let mut versions = BTreeMap::new();
        // The build that is there comes first: that saves an upload.
        let there = latest.target.architecture;
        let mut targets = targets.to_vec();
        targets.sort_by_key(|target| (target.architecture != there, *target));
        for target in targets {
            stop.check()?;
            latest = self.become_(latest, target).await?;
            let version = self.publish_one(&latest, target).await?;
            versions.insert(target, version);
            // Publishing has given $LATEST another revision.
            let description = latest.description;
            latest = Latest::settled(self.client, self.function).await?;
            self.check_ours(&latest, target, &description)?;
        }
        for version in versions.values() {
            stop.or(versions::wait_until_active(
                self.client,
                self.function,
                *version,
            ))
            .await??;
        }
        Ok(versions)
    }

    /// Marks `$LATEST` before anything else of it is changed.
    async fn borrow_latest(&self) -> Result<Latest, SweepError> {
        let latest = Latest::settled(self.client, self.function).await?;
        let target = latest.target;
        let known = self.code.get(&target.architecture);
        if known.is_none_or(|code| code.sha256 != latest.code_sha256) {
            return Err(SweepError::OtherCode(self.function.to_owned()));
        }
        let mark = self.mark(target, latest.description.clone());
        if !mark.fits() {
            return Err(SweepError::Description(self.function.to_owned()));
        }
        let mark = mark.to_string();
        Ok(latest
            .configure(self.client, self.function, target.memory_mib, &mark)
            .await?)
    }

    fn mark(&self, target: Target, description: String) -> Mark {
        Mark {
            run: self.run,
            until: self.until,
            target,
            description,
        }
    }

    /// Gives `$LATEST` the target's code and memory; its description stays the mark.
    async fn become_(&self, mut latest: Latest, target: Target) -> Result<Latest, SweepError> {
        let code = &self.code[&target.architecture];
        let description = latest.description.clone();
        if latest.target.architecture != target.architecture {
            latest = latest
                .upload(
                    self.client,
                    self.function,
                    target.architecture,
                    code.zip.clone(),
                )
                .await?;
        }
        if latest.target.memory_mib != target.memory_mib {
            latest = latest
                .configure(self.client, self.function, target.memory_mib, &description)
                .await?;
        }
        self.check_ours(&latest, target, &description)?;
        Ok(latest)
    }

    /// Nobody else has changed `$LATEST`.
    fn check_ours(
        &self,
        latest: &Latest,
        target: Target,
        description: &str,
    ) -> Result<(), SweepError> {
        if latest.description == description
            && latest.target == target
            && latest.code_sha256 == self.code[&target.architecture].sha256
        {
            return Ok(());
        }
        Err(self.changed(format!(
            "$LATEST is {} with the description {:?}",
            latest.target, latest.description
        )))
    }

    /// Checks by the description that Lambda has made a new version. It returns an existing one when nothing
    /// differs, and that one must not be deleted in the end.
    async fn publish_one(&self, latest: &Latest, target: Target) -> Result<Version, SweepError> {
        let description = self.mark(target, String::new()).to_string();
        let (number, found) = latest
            .publish(self.client, self.function, &description)
            .await?;
        match number.parse() {
            Ok(version) if found == description => Ok(version),
            _ => Err(self.changed(format!(
                "Lambda gave version {number} ({found:?}) for {target}, which is not this benchmark's"
            ))),
        }
    }

    fn changed(&self, what: String) -> SweepError {
        SweepError::Changed {
            function: self.function.to_owned(),
            what,
        }
    }

    /// Puts `$LATEST` back, if this benchmark has it.
    ///
    /// # Errors
    /// [`FunctionError`] when AWS refuses.
    pub async fn put_back(&self) -> Result<(), FunctionError> {
        let latest = Latest::settled(self.client, self.function).await?;
        match latest.mark() {
            Some(mark) if mark.run == self.run => self.put_back_to(latest, &mark).await,
            _ => Ok(()),
        }
    }

    /// The mark is removed last: until then another attempt can still read what to put back.
    async fn put_back_to(&self, mut latest: Latest, mark: &Mark) -> Result<(), FunctionError> {
        let Target {
            memory_mib,
            architecture,
        } = mark.target;
        if latest.target.architecture != architecture
            && let Some(code) = self.code.get(&architecture)
        {
            latest = latest
                .upload(self.client, self.function, architecture, code.zip.clone())
                .await?;
        }
        latest
            .configure(self.client, self.function, memory_mib, &mark.description)
            .await
            .map(drop)
    }

    /// Puts `$LATEST` back and deletes this benchmark's versions, all that can be.
    ///
    /// # Errors
    /// The first [`FunctionError`]; the rest is tidied up all the same.
    pub async fn tidy_up(&self) -> Result<(), FunctionError> {
        let put_back = self.put_back().await;
        let deleted = self.delete(|mark| mark.run == self.run).await;
        put_back.and(deleted).map(drop)
    }

    /// Removes what benchmarks have left that were killed; says how many versions that were. With
    /// `all`, also of those whose time is not over yet.
    ///
    /// # Errors
    /// [`SweepError::UnderWay`] when there are such and `all` is not given.
    pub async fn remove_leftovers(&self, all: bool) -> Result<usize, SweepError> {
        let now = Utc::now();
        let latest = Latest::settled(self.client, self.function).await?;
        let marks = self.marked().await?.into_values();
        let under_way = marks
            .chain(latest.mark())
            .filter(|mark| !mark.is_past(now))
            .map(|mark| mark.until)
            .max();
        if let (Some(until), false) = (under_way, all) {
            return Err(SweepError::UnderWay {
                function: self.function.to_owned(),
                until,
            });
        }
        if let Some(mark) = latest.mark() {
            self.put_back_to(latest, &mark).await?;
        }
        Ok(self.delete(|_| true).await?)
    }

    async fn marked(&self) -> Result<BTreeMap<Version, Mark>, FunctionError> {
        let published = versions::list(self.client, self.function).await?.published;
        let mark = |version: &versions::PublishedVersion| {
            Some((version.version, version.description.parse::<Mark>().ok()?))
        };
        Ok(published.iter().filter_map(mark).collect())
    }

    async fn delete(&self, is: impl Fn(&Mark) -> bool) -> Result<usize, FunctionError> {
        let mut first_error = Ok(0);
        for (version, mark) in self.marked().await? {
            if !is(&mark) {
                continue;
            }
            let deleted = versions::delete(self.client, self.function, version).await;
            first_error = match (first_error, deleted) {
                (Ok(n), Ok(())) => Ok(n + 1),
                (Ok(_), Err(error)) | (Err(error), _) => Err(error),
            };
        }
        first_error
    }
}
