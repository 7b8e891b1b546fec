//! All functions.

use std::collections::BTreeMap;

use super::{error::LambdaError, function::Function, names};

/// All functions, by name.
#[derive(Debug, Default)]
pub struct Account(BTreeMap<String, Function>);

impl Account {
    /// A function.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn function(&self, name: &str, region: &str) -> Result<&Function, LambdaError> {
        self.0.get(name).ok_or_else(|| not_found(name, region))
    }

    /// A function, to change it.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn function_mut(&mut self, name: &str, region: &str) -> Result<&mut Function, LambdaError> {
        self.0.get_mut(name).ok_or_else(|| not_found(name, region))
    }

    /// Whether there is a function of this name already.
    ///
    /// # Errors
    /// `ResourceConflictException` when there is.
    pub fn check_free(&self, name: &str) -> Result<(), LambdaError> {
        if self.0.contains_key(name) {
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
        Ok(self.0.entry(name).or_insert(function))
    }

    /// Takes a function out.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn remove(&mut self, name: &str, region: &str) -> Result<Function, LambdaError> {
        self.0.remove(name).ok_or_else(|| not_found(name, region))
    }

    /// All functions in the order of their names.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.0.values()
    }
}

fn not_found(name: &str, region: &str) -> LambdaError {
    LambdaError::not_found(format!(
        "Function not found: {}",
        names::function_arn(region, name, None)
    ))
}
