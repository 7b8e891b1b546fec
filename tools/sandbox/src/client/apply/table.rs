//! A DynamoDB table with its indexes and its time to live.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_dynamodb::{
    Client,
    client::Waiters as _,
    operation::describe_table::DescribeTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TableDescription, TimeToLiveSpecification,
    },
};
use package::manifest::{Index, KeyAttribute, Table};

use crate::client::if_there;

/// How long a table may take to become active.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Creates the table, or checks that the one that exists is the same; says what it did.
///
/// # Errors
/// When a table of that name has other keys or indexes: that is never changed, its items would be lost.
pub(super) async fn apply(client: &Client, table: &Table) -> Result<String> {
    let name = &table.name;
    let created = match describe(client, name).await? {
        None => {
            create(client, table).await?;
            true
        }
        Some(found) => {
            let (found, wanted) = (keys_of(&found), keys(table));
            if found != wanted {
                bail!(
                    "the table {name} exists with other keys: it has {found}, the function wants {wanted}. \
                     Give the function's table another name, or start with an empty sandbox (sandbox stop)"
                );
            }
            false
        }
    };
    let ttl_changed = apply_ttl(client, table).await?;
    Ok(match (created, ttl_changed) {
        (true, _) => "created".to_owned(),
        (false, true) => "updated (time to live)".to_owned(),
        (false, false) => "unchanged".to_owned(),
    })
}

async fn describe(client: &Client, name: &str) -> Result<Option<TableDescription>> {
    let asked = client.describe_table().table_name(name);
    let missing = DescribeTableError::is_resource_not_found_exception;
    let found = if_there(asked.send().await, missing);
    let found = found.with_context(|| format!("cannot ask the sandbox about the table {name}"))?;
    Ok(found.and_then(|output| output.table))
}

async fn create(client: &Client, table: &Table) -> Result<()> {
    let name = &table.name;
    let indexes = table
        .indexes
        .iter()
        .map(index)
        .collect::<Result<Vec<_>>>()?;
    let created = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema(&table.partition_key, table.sort_key.as_ref())?))
        .set_attribute_definitions(Some(definitions(table)?))
        // An empty list is not allowed.
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .send()
        .await;
    created.with_context(|| format!("cannot create the table {name}"))?;
    let active = client.wait_until_table_exists().table_name(name);
    let active = active.wait(READY_WITHIN).await;
    active.with_context(|| format!("the table {name} does not become active"))?;
    Ok(())
}

/// Sets the attribute of the time to live where it differs; says whether it did.
async fn apply_ttl(client: &Client, table: &Table) -> Result<bool> {
    let name = &table.name;
    let failed = || format!("cannot set the time to live of the table {name}");
    let described = client.describe_time_to_live().table_name(name).send().await;
    let found = described
        .with_context(failed)?
        .time_to_live_description
        .filter(|ttl| {
            // `ENABLING` and `ENABLED`, not `DISABLING` and `DISABLED`.
            ttl.time_to_live_status()
                .is_some_and(|status| status.as_str().starts_with("ENABL"))
        })
        .and_then(|ttl| ttl.attribute_name);
    if found == table.ttl_attribute {
        return Ok(false);
    }
    // Another attribute can only be chosen once the present one is switched off.
    for (attribute, enabled) in [(found, false), (table.ttl_attribute.clone(), true)] {
        let Some(attribute) = attribute else { continue };
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(enabled)
            .build()?;
        let update = client.update_time_to_live().table_name(name);
        let updated = update
            .time_to_live_specification(specification)
            .send()
            .await;
        updated.with_context(failed)?;
    }
    Ok(true)
}

fn index(index: &Index) -> Result<GlobalSecondaryIndex> {
    let all = Projection::builder().projection_type(ProjectionType::All);
    Ok(GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(schema(&index.partition_key, index.sort_key.as_ref())?))
        .projection(all.build())
        .build()?)
}

fn schema(partition: &KeyAttribute, sort: Option<&KeyAttribute>) -> Result<Vec<KeySchemaElement>> {
    let element = |key: &KeyAttribute, key_type| {
        let element = KeySchemaElement::builder().attribute_name(&key.name);
        element.key_type(key_type).build()
    };
    let mut schema = vec![element(partition, KeyType::Hash)?];
    if let Some(sort) = sort {
        schema.push(element(sort, KeyType::Range)?);
    }
    Ok(schema)
}

/// Every attribute that is part of a key, once.
fn definitions(table: &Table) -> Result<Vec<AttributeDefinition>> {
    let indexes = table.indexes.iter();
    let mut attributes: Vec<_> = indexes
        .flat_map(|index| [Some(&index.partition_key), index.sort_key.as_ref()])
        .chain([Some(&table.partition_key), table.sort_key.as_ref()])
        .flatten()
        .collect();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    attributes.dedup_by(|a, b| a.name == b.name);
    let define = |attribute: &KeyAttribute| {
        let definition = AttributeDefinition::builder().attribute_name(&attribute.name);
        let key_type = ScalarAttributeType::from(attribute.key_type.as_str());
        Ok(definition.attribute_type(key_type).build()?)
    };
    attributes.into_iter().map(define).collect()
}

/// The keys of the table and of its indexes, as people read them: `id (S); by_kind: kind (S), id (S)`.
fn keys(table: &Table) -> String {
    let written = |partition: &KeyAttribute, sort: Option<&KeyAttribute>| {
        let keys = [Some(partition), sort].into_iter().flatten();
        let keys = keys.map(|key| format!("{} ({})", key.name, key.key_type.as_str()));
        keys.collect::<Vec<_>>().join(", ")
    };
    let indexes = table.indexes.iter().map(|index| {
        let keys = written(&index.partition_key, index.sort_key.as_ref());
        (index.name.clone(), keys)
    });
    join(
        written(&table.partition_key, table.sort_key.as_ref()),
        indexes.collect(),
    )
}

/// [`keys`] of a table that exists.
fn keys_of(table: &TableDescription) -> String {
    let written = |schema: &[KeySchemaElement]| {
        let keys = schema.iter().map(|element| {
            let name = element.attribute_name();
            let definition = table
                .attribute_definitions()
                .iter()
                .find(|definition| definition.attribute_name() == name);
            let key_type = definition.map_or("?", |found| found.attribute_type().as_str());
            format!("{name} ({key_type})")
        });
        keys.collect::<Vec<_>>().join(", ")
    };
    let indexes = table.global_secondary_indexes().iter().map(|index| {
        let name = index.index_name().unwrap_or_default().to_owned();
        (name, written(index.key_schema()))
    });
    join(written(table.key_schema()), indexes.collect())
}

fn join(table: String, mut indexes: Vec<(String, String)>) -> String {
    indexes.sort();
    let indexes = indexes
        .into_iter()
        .map(|(name, keys)| format!("{name}: {keys}"));
    std::iter::once(table)
        .chain(indexes)
        .collect::<Vec<_>>()
        .join("; ")
}
