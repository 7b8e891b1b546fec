//! The functions that have a tag, by one query.

use std::collections::HashMap;

use aws_sdk_resourcegroupstagging::{Client, types::TagFilter};

use super::client::explain;

/// A function with its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// Its name.
    pub name: String,
    /// Its ARN, without a version.
    pub arn: String,
    /// Its tags.
    pub tags: HashMap<String, String>,
}

/// Lists the functions of the region that have a tag of this key. A change of tags shows up within seconds, not at once.
///
/// # Errors
/// What AWS said.
pub async fn functions(client: &Client, key: &str) -> Result<Vec<Tagged>, String> {
    let mut pages = client
        .get_resources()
        .resource_type_filters("lambda:function")
        .tag_filters(TagFilter::builder().key(key).build())
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.map_err(|error| format!("GetResources: {}", explain(&error)))?;
        let arn = item.resource_arn().unwrap_or_default();
        if let Some((_, name)) = arn.rsplit_once(":function:") {
            let tags = item.tags().iter();
            found.push(Tagged {
                name: name.to_owned(),
                arn: arn.to_owned(),
                tags: tags
                    .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
                    .collect(),
            });
        }
    }
    Ok(found)
}
