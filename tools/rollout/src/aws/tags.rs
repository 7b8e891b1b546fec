//! A function's tags, which may be written without a new version.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::Client;

use super::{
    client::explain,
    function::{Function, FunctionError, failed},
};

/// Reads a function's tags, as they are now. One that is gone has none.
///
/// # Errors
/// [`FunctionError::Call`].
pub async fn list(
    client: &Client,
    name: &str,
    arn: &str,
) -> Result<HashMap<String, String>, FunctionError> {
    let listed = client.list_tags().resource(arn).send().await;
    match listed {
        Ok(listed) => Ok(listed.tags.unwrap_or_default()),
        Err(error) => match error.as_service_error() {
            Some(gone) if gone.is_resource_not_found_exception() => Ok(HashMap::new()),
            _ => Err(failed("ListTags", name, explain(&error))),
        },
    }
}

/// Sets these tags and removes those.
///
/// # Errors
/// [`FunctionError::Call`].
pub async fn change(
    client: &Client,
    function: &Function,
    set: BTreeMap<String, String>,
    remove: Vec<String>,
) -> Result<(), FunctionError> {
    let Function { name, arn, .. } = function;
    let set: HashMap<_, _> = set.into_iter().collect();
    if set
        .iter()
        .any(|(key, value)| function.tags.get(key) != Some(value))
    {
        let tag = client.tag_resource().resource(arn).set_tags(Some(set));
        let tagged = tag.send().await;
        tagged.map_err(|error| failed("TagResource", name, explain(&error)))?;
    }
    if !remove.is_empty() {
        let untag = client.untag_resource().resource(arn);
        let untagged = untag.set_tag_keys(Some(remove)).send().await;
        untagged.map_err(|error| failed("UntagResource", name, explain(&error)))?;
    }
    Ok(())
}
