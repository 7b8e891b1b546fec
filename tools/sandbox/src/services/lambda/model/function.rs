//! A function: `$LATEST`, published versions, aliases, policies, tags. No I/O: every rule of Lambda about them is here.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU32},
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    alias::{Additional, Alias, RoutingConfig},
    event_invoke::EventInvokeSettings,
    functions::{alias_not_found, not_found},
    names,
};
use crate::{
    execution::{
        code::Code,
        version::{Settings, Version, VersionNumber, new_revision},
    },
    services::lambda::error::LambdaError,
};

/// Tags by name.
pub type Tags = BTreeMap<String, String>;

/// Most tags of one resource.
const MOST_TAGS: usize = 50;

/// Whether a resource may have so many tags.
///
/// # Errors
/// `InvalidParameterValueException`.
pub fn check_count(tags: &Tags) -> Result<(), LambdaError> {
    if tags.len() > MOST_TAGS {
        return Err(LambdaError::invalid(
            "Number of tags exceeds resource tag limit.",
        ));
    }
    Ok(())
}

/// The statements of one resource policy and its revision.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// By statement id, in AWS's shape.
    pub statements: BTreeMap<String, Value>,
    /// Changes with every update.
    pub revision_id: String,
}

/// The provisioned concurrency of one version or alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provisioned {
    /// How many environments were asked for.
    pub requested: u32,
    /// When that was.
    pub last_modified: DateTime<Utc>,
}

impl Provisioned {
    /// The configuration on the wire, in the answer to the request that has set it (`fresh`) or later.
    #[must_use]
    pub fn to_json(self, fresh: bool) -> Value {
        let there = if fresh { 0 } else { self.requested };
        json!({
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AvailableProvisionedConcurrentExecutions": there,
            "AllocatedProvisionedConcurrentExecutions": there,
            "Status": if fresh { "IN_PROGRESS" } else { "READY" },
            "LastModified": self.last_modified.format("%Y-%m-%dT%H:%M:%S+0000").to_string(),
        })
    }
}

/// A function with all that belongs to it.
#[derive(Debug)]
pub struct Function {
    /// What updates change.
    pub latest: Arc<Version>,
    /// By number.
    pub published: BTreeMap<u64, Arc<Version>>,
    /// By name.
    pub aliases: BTreeMap<String, Alias>,
    /// By qualifier; the function itself is `None`.
    pub policies: BTreeMap<Option<String>, Policy>,
    /// By qualifier.
    pub provisioned: BTreeMap<String, Provisioned>,
    /// By qualifier; the function itself is `$LATEST`.
    pub event_invoke: BTreeMap<String, EventInvokeSettings>,
    /// Tags of the function.
    pub tags: Tags,
    /// Number of the next version. Numbers are never used again.
    next_number: u64,
}

/// What an `UpdateAlias` changes; `None` changes nothing.
#[derive(Debug, Default)]
pub struct AliasChange {
    /// The main version.
    pub version: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The routing.
    pub routing: Option<RoutingConfig>,
}

impl Function {
    /// A function with `$LATEST` alone.
    #[must_use]
    pub fn new(name: &str, region: &str, settings: Settings, code: Arc<Code>, tags: Tags) -> Self {
        let in_flight = Arc::new(AtomicU32::new(0));
        Self {
            latest: Arc::new(Version::latest(name, region, settings, code, in_flight)),
            published: BTreeMap::new(),
            aliases: BTreeMap::new(),
            policies: BTreeMap::new(),
            provisioned: BTreeMap::new(),
            event_invoke: BTreeMap::new(),
            tags,
            next_number: 1,
        }
    }

    fn arn(&self, qualifier: Option<&str>) -> String {
        names::function_arn(&self.latest.region, &self.latest.function, qualifier)
    }

    /// The version under a number.
    #[must_use]
    pub fn version(&self, number: VersionNumber) -> Option<&Arc<Version>> {
        match number {
            VersionNumber::Latest => Some(&self.latest),
            VersionNumber::Published(number) => self.published.get(&number),
        }
    }

    /// `$LATEST`, and the published versions by number.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<Version>> {
        std::iter::once(&self.latest).chain(self.published.values())
    }

    /// The version that a qualifier names; an alias names its main version unless `draw` sends it elsewhere.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is none.
    pub fn resolve(
        &self,
        qualifier: Option<&str>,
        draw: impl FnOnce() -> f64,
    ) -> Result<&Arc<Version>, LambdaError> {
        let number = match qualifier {
            None | Some("$LATEST") => Some(VersionNumber::Latest),
            Some(text) if names::is_version_number(text) => {
                text.parse().ok().map(VersionNumber::Published)
            }
            Some(text) => self.aliases.get(text).map(|alias| alias.route(draw())),
        };
        number
            .and_then(|number| self.version(number))
            .ok_or_else(|| not_found(&self.latest.region, &self.latest.function, qualifier))
    }

    /// Whether there is such a version or alias.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, in other words for what can only be an alias.
    pub fn check_qualifier(&self, qualifier: &str) -> Result<(), LambdaError> {
        match names::is_alias_name(qualifier) {
            true => self.alias(qualifier).map(drop),
            false => self.resolve(Some(qualifier), || 0.0).map(drop),
        }
    }

    /// The `RevisionId` of a version, an alias, or the function itself.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is none.
    pub fn revision_id(&self, qualifier: Option<&str>) -> Result<&String, LambdaError> {
        if let Some(alias) = qualifier.and_then(|name| self.aliases.get(name)) {
            return Ok(&alias.revision_id);
        }
        let version = self.resolve(qualifier, || 0.0)?;
        Ok(&version.revision_id)
    }

    /// Compares a caller's `RevisionId` with that of `$LATEST`.
    ///
    /// # Errors
    /// `PreconditionFailedException` when they differ.
    pub fn check_revision(&self, revision_id: Option<&str>) -> Result<(), LambdaError> {
        check_revision(revision_id, &self.latest.revision_id)
    }

    /// Replaces `$LATEST`; gives the state that it replaced.
    pub fn replace_latest(&mut self, settings: Settings, code: Arc<Code>) -> Arc<Version> {
        let next = Version::latest(
            &self.latest.function,
            &self.latest.region,
            settings,
            code,
            Arc::clone(&self.latest.in_flight),
        );
        std::mem::replace(&mut self.latest, Arc::new(next))
    }

    /// Publishes `$LATEST`; gives the newest version instead when it has the same code and settings.
    ///
    /// # Errors
    /// `PreconditionFailedException` for another `RevisionId`, `InvalidParameterValueException` for other code.
    pub fn publish(
        &mut self,
        code_sha256: Option<&str>,
        revision_id: Option<&str>,
        description: Option<String>,
    ) -> Result<Arc<Version>, LambdaError> {
        self.check_revision(revision_id)?;
        let current = &self.latest.code.sha256;
        if let Some(asked) = code_sha256.filter(|asked| asked != current) {
            return Err(LambdaError::invalid(format!(
                "CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({current}). \
                 Please try again with the CodeSHA256 in $LATEST."
            )));
        }
        let newest = self.published.get(&(self.next_number - 1));
        if let Some(newest) = newest.filter(|newest| self.latest.same_content(newest)) {
            return Ok(Arc::clone(newest));
        }
        let version = Arc::new(self.latest.publish(self.next_number, description));
        self.published
            .insert(self.next_number, Arc::clone(&version));
        self.next_number += 1;
        Ok(version)
    }

    /// Deletes a published version; gives it if it was there.
    ///
    /// # Errors
    /// `ResourceConflictException` when an alias refers to it.
    pub fn delete_version(&mut self, number: u64) -> Result<Option<Arc<Version>>, LambdaError> {
        let users: Vec<&str> = self
            .aliases
            .values()
            .filter(|alias| alias.refers_to(number))
            .map(|alias| alias.name.as_str())
            .collect();
        if users.is_empty() {
            self.provisioned.remove(&number.to_string());
            return Ok(self.published.remove(&number));
        }
        Err(LambdaError::conflict(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            users.join(", ")
        )))
    }

    /// Creates an alias.
    ///
    /// # Errors
    /// As Lambda, for a bad name, a version that is not there, bad routing, or when it exists already.
    pub fn create_alias(&mut self, name: &str, change: AliasChange) -> Result<&Alias, LambdaError> {
        if !names::is_alias_name(name) {
            return Err(LambdaError::validation(
                "name",
                name,
                "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
            ));
        }
        if self.aliases.contains_key(name) {
            return Err(LambdaError::conflict(format!(
                "Alias already exists: {}",
                self.arn(Some(name))
            )));
        }
        let fresh = Alias {
            name: name.to_owned(),
            version: VersionNumber::Latest,
            additional: None,
            description: String::new(),
            revision_id: String::new(),
        };
        let alias = self.changed_alias(fresh, change)?;
        Ok(self.aliases.entry(name.to_owned()).or_insert(alias))
    }

    /// An alias by its name.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn alias(&self, name: &str) -> Result<&Alias, LambdaError> {
        let (region, function) = (&self.latest.region, &self.latest.function);
        let alias = self.aliases.get(name);
        alias.ok_or_else(|| alias_not_found(region, function, name))
    }

    /// Changes an alias as a whole or not at all.
    ///
    /// # Errors
    /// As [`Self::create_alias`], and `PreconditionFailedException` for another `RevisionId`.
    pub fn update_alias(
        &mut self,
        name: &str,
        revision_id: Option<&str>,
        change: AliasChange,
    ) -> Result<Alias, LambdaError> {
        let current = self.aliases.get(name).ok_or_else(|| {
            LambdaError::not_found(format!("Alias not found: {}", self.arn(Some(name))))
        })?;
        check_revision(revision_id, &current.revision_id)?;
        let alias = self.changed_alias(current.clone(), change)?;
        self.aliases.insert(name.to_owned(), alias.clone());
        Ok(alias)
    }

    fn changed_alias(&self, mut alias: Alias, change: AliasChange) -> Result<Alias, LambdaError> {
        if let Some(version) = change.version {
            alias.version = self.resolve_number(&version)?;
        }
        if let Some(description) = change.description {
            if description.chars().count() > 256 {
                let constraint = "Member must have length less than or equal to 256";
                return Err(LambdaError::validation(
                    "description",
                    description,
                    constraint,
                ));
            }
            alias.description = description;
        }
        let weights = change
            .routing
            .map(|routing| routing.additional_version_weights.unwrap_or_default());
        if let Some(weights) = weights {
            alias.additional = self.additional(&weights)?;
        }
        self.check_routing(&alias)?;
        self.check_weights(&alias)?;
        alias.revision_id = new_revision();
        Ok(alias)
    }

    /// A version that an alias may point at; an alias may not point at an alias.
    fn resolve_number(&self, text: &str) -> Result<VersionNumber, LambdaError> {
        if text != "$LATEST" && !names::is_version_number(text) {
            let constraint = "Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)";
            return Err(LambdaError::validation("functionVersion", text, constraint));
        }
        self.resolve(Some(text), || 0.0)
            .map(|version| version.number)
    }

    fn additional(
        &self,
        weights: &BTreeMap<String, f64>,
    ) -> Result<Option<Additional>, LambdaError> {
        if weights.len() > 1 {
            return Err(LambdaError::invalid(
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ));
        }
        let Some((version, &weight)) = weights.first_key_value() else {
            return Ok(None);
        };
        let field = "routingConfig.additionalVersionWeights";
        let value = format!("{{{version}={weight:?}}}");
        if !(0.0..=1.0).contains(&weight) {
            let constraint = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
                Member must have value greater than or equal to 0.0, Member must not be null]";
            return Err(LambdaError::validation(field, value, constraint));
        }
        if !names::is_version_number(version) {
            let constraint = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, \
                Member must have length greater than or equal to 1, \
                Member must satisfy regular expression pattern: [0-9]+]";
            return Err(LambdaError::validation(field, value, constraint));
        }
        match self.resolve_number(version)? {
            VersionNumber::Published(version) => Ok(Some(Additional { version, weight })),
            VersionNumber::Latest => Ok(None),
        }
    }

    /// The rules about two versions behind one alias.
    fn check_routing(&self, alias: &Alias) -> Result<(), LambdaError> {
        let Some(additional) = alias.additional else {
            return Ok(());
        };
        let VersionNumber::Published(main) = alias.version else {
            return Err(LambdaError::invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        };
        if main == additional.version {
            return Err(LambdaError::invalid(format!(
                "Invalid function version {main}. Function version {main} is already included in routing configuration."
            )));
        }
        let role = |number| {
            self.published
                .get(&number)
                .map(|version| &version.settings.role)
        };
        if role(main) != role(additional.version) {
            return Err(LambdaError::invalid(format!(
                "Function versions {main} and {} of an alias must have the same execution role.",
                additional.version
            )));
        }
        Ok(())
    }
}

/// Compare-and-swap: a request that names a revision only changes that one.
///
/// # Errors
/// `PreconditionFailedException` when they differ.
pub fn check_revision(asked: Option<&str>, current: &str) -> Result<(), LambdaError> {
    match asked {
        Some(asked) if asked != current => Err(LambdaError::stale_revision()),
        _ => Ok(()),
    }
}
