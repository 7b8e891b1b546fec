//! All functions.

use std::collections::BTreeMap;

use super::{
    function::{Function, Tags},
    names::{FunctionRef, Tagged, not_found},
};
use crate::services::lambda::error::LambdaError;

/// All functions, by name, and what has tags beside them.
#[derive(Debug, Default)]
pub struct Functions {
    functions: BTreeMap<String, Function>,
    /// Tags of event source mappings, by ARN: the operations on tags are the same as for functions.
    pub mapping_tags: BTreeMap<String, Tags>,
}

impl Functions {
    /// A function.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn function(&self, name: &str, region: &str) -> Result<&Function, LambdaError> {
        self.functions
            .get(name)
            .ok_or_else(|| not_found(region, name, None))
    }

    /// The function of a version or an alias that is asked for: whether that is there is for
    /// [`Function::resolve`] to say.
    ///
    /// # Errors
    /// `ResourceNotFoundException` that names the version or alias.
    pub fn function_of(
        &self,
        reference: &FunctionRef,
        region: &str,
    ) -> Result<&Function, LambdaError> {
        let FunctionRef { name, qualifier } = reference;
        self.functions
            .get(name)
            .ok_or_else(|| not_found(region, name, qualifier.as_deref()))
    }

    /// A function, to change it.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn function_mut(&mut self, name: &str, region: &str) -> Result<&mut Function, LambdaError> {
        self.functions
            .get_mut(name)
            .ok_or_else(|| not_found(region, name, None))
    }

    /// Whether there is a function of this name already.
    ///
    /// # Errors
    /// `ResourceConflictException` when there is.
    pub fn check_free(&self, name: &str) -> Result<(), LambdaError> {
        if self.functions.contains_key(name) {
            return Err(LambdaError::conflict(format!(
                "Function already exist: {name}"
            )));
        }
        Ok(())
    }

    /// Adds a function.
    ///
    /// # Errors
    /// `ResourceConflictException` when there is one of this name.
    pub fn insert(&mut self, function: Function) -> Result<&mut Function, LambdaError> {
        let name = function.latest.function.clone();
        self.check_free(&name)?;
        Ok(self.functions.entry(name).or_insert(function))
    }

    /// Removes a function.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn remove(&mut self, name: &str, region: &str) -> Result<Function, LambdaError> {
        self.functions
            .remove(name)
            .ok_or_else(|| not_found(region, name, None))
    }

    /// The tags of a function or an event source mapping.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, and those of [`Tagged::parse`].
    pub fn tags(&self, arn: &str, region: &str) -> Result<&Tags, LambdaError> {
        match Tagged::parse(arn, region)? {
            Tagged::Function(name) => Ok(&self.function(&name, region)?.tags),
            Tagged::Mapping => self.mapping_tags.get(arn).ok_or_else(|| {
                LambdaError::not_found(format!("Event source mapping not found: {arn}"))
            }),
            Tagged::Other => Err(LambdaError::not_found(
                "The resource you requested does not exist.",
            )),
        }
    }

    /// Sets the tags of a function, which has another `RevisionId` then, or of an event source mapping.
    ///
    /// # Errors
    /// As [`Self::tags`].
    pub fn set_tags(&mut self, arn: &str, region: &str, tags: Tags) -> Result<(), LambdaError> {
        self.tags(arn, region)?;
        if let Tagged::Function(name) = Tagged::parse(arn, region)? {
            let function = self.function_mut(&name, region)?;
            function.tags = tags;
            function.revise_latest();
        } else {
            self.mapping_tags.insert(arn.to_owned(), tags);
        }
        Ok(())
    }

    /// All functions in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Function> {
        self.functions.values()
    }

    /// All functions, to change them.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Function> {
        self.functions.values_mut()
    }
}
