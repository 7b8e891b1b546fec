//! A DynamoDB table with its indexes and its time to live.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use package::manifest::{Index, KeyAttribute, Table};
use serde_json::{Value, json};

use crate::client::http::{JsonClient, Service::Dynamodb};

/// How long a table may take to become active, and how often to look.
const ACTIVE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Creates the table, or checks that the one that exists is the same; says what it did.
///
/// # Errors
/// When a table of that name has other keys or indexes: that is never changed, its items would be lost.
pub(super) async fn apply(client: &JsonClient, table: &Table) -> Result<String> {
    let name = &table.name;
    let asked = json!({"TableName": name});
    let missing = "ResourceNotFoundException";
    let found = client.call_if_there(Dynamodb, "DescribeTable", &asked, missing);
    let found = found.await;
    let found = found.with_context(|| format!("cannot ask the sandbox about the table {name}"))?;
    if let Some(found) = &found {
        let (found, wanted) = (keys_of(&found["Table"]), keys(table));
        if found != wanted {
            bail!(
                "the table {name} exists with other keys: it has {found}, the function wants {wanted}. \
                 Give the function's table another name, or start with an empty sandbox (sandbox stop)"
            );
        }
    } else {
        let created = client.call(Dynamodb, "CreateTable", &creation(table)).await;
        created.with_context(|| format!("cannot create the table {name}"))?;
    }
    wait_until_active(client, name).await?;
    let ttl_changed = apply_ttl(client, table).await?;
    apply_backups(client, name).await?;
    Ok(match (found, ttl_changed) {
        (None, _) => "created".to_owned(),
        (Some(_), true) => "updated (time to live)".to_owned(),
        (Some(_), false) => "unchanged".to_owned(),
    })
}

/// A table that is being created or changed answers no other call.
async fn wait_until_active(client: &JsonClient, name: &str) -> Result<()> {
    let begun = tokio::time::Instant::now();
    loop {
        let asked = json!({"TableName": name});
        let described = client.call(Dynamodb, "DescribeTable", &asked).await;
        let described = described.with_context(|| format!("cannot look at the table {name}"))?;
        if described["Table"]["TableStatus"] == "ACTIVE" {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < ACTIVE_WITHIN,
            "the table {name} does not become active"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Switches point-in-time recovery on.
async fn apply_backups(client: &JsonClient, name: &str) -> Result<()> {
    let update = json!({
        "TableName": name,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
    });
    let updated = client.call(Dynamodb, "UpdateContinuousBackups", &update);
    updated
        .await
        .with_context(|| format!("cannot set the backups of the table {name}"))?;
    Ok(())
}

/// Input of CreateTable.
fn creation(table: &Table) -> Value {
    let mut creation = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": schema(&table.partition_key, table.sort_key.as_ref()),
        "AttributeDefinitions": definitions(table),
    });
    // An empty list is not allowed.
    if !table.indexes.is_empty() {
        creation["GlobalSecondaryIndexes"] = table.indexes.iter().map(index).collect();
    }
    creation
}

/// Sets the attribute of the time to live where it differs; says whether it did.
async fn apply_ttl(client: &JsonClient, table: &Table) -> Result<bool> {
    let name = &table.name;
    let failed = || format!("cannot set the time to live of the table {name}");
    let asked = json!({"TableName": name});
    let described = client.call(Dynamodb, "DescribeTimeToLive", &asked).await;
    let described = described.with_context(failed)?;
    let ttl = &described["TimeToLiveDescription"];
    // `ENABLING` and `ENABLED`, not `DISABLING` and `DISABLED`.
    let status = ttl["TimeToLiveStatus"].as_str().unwrap_or_default();
    let found = ttl["AttributeName"].as_str().map(str::to_owned);
    let found = found.filter(|_| status.starts_with("ENABL"));
    if found == table.ttl_attribute {
        return Ok(false);
    }
    // Another attribute can only be chosen once the present one is switched off.
    for (attribute, enabled) in [(found, false), (table.ttl_attribute.clone(), true)] {
        let Some(attribute) = attribute else { continue };
        let update = json!({
            "TableName": name,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": enabled},
        });
        let updated = client.call(Dynamodb, "UpdateTimeToLive", &update).await;
        updated.with_context(failed)?;
    }
    Ok(true)
}

fn index(index: &Index) -> Value {
    json!({
        "IndexName": index.name,
        "KeySchema": schema(&index.partition_key, index.sort_key.as_ref()),
        "Projection": {"ProjectionType": "ALL"},
    })
}

fn schema(partition: &KeyAttribute, sort: Option<&KeyAttribute>) -> Value {
    [Some((partition, "HASH")), sort.map(|key| (key, "RANGE"))]
        .into_iter()
        .flatten()
        .map(|(key, kind)| json!({"AttributeName": key.name, "KeyType": kind}))
        .collect()
}

/// Every attribute that is part of a key, once.
fn definitions(table: &Table) -> Value {
    let indexes = table.indexes.iter();
    let mut attributes: Vec<_> = indexes
        .flat_map(|index| [Some(&index.partition_key), index.sort_key.as_ref()])
        .chain([Some(&table.partition_key), table.sort_key.as_ref()])
        .flatten()
        .collect();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    attributes.dedup_by(|a, b| a.name == b.name);
    attributes
        .into_iter()
        .map(|key| json!({"AttributeName": key.name, "AttributeType": key.key_type.as_str()}))
        .collect()
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

/// [`keys`] of a table that exists: what DescribeTable says of it.
fn keys_of(table: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let definitions = list(&table["AttributeDefinitions"]);
    let written = |schema: &Value| {
        let keys = list(schema).into_iter().map(|element| {
            let name = &element["AttributeName"];
            let definition = definitions
                .iter()
                .find(|found| found["AttributeName"] == *name);
            let key_type =
                definition.map_or_else(|| "?".into(), |found| text(&found["AttributeType"]));
            format!("{} ({key_type})", text(name))
        });
        keys.collect::<Vec<_>>().join(", ")
    };
    let indexes = list(&table["GlobalSecondaryIndexes"]);
    let indexes = indexes
        .iter()
        .map(|index| (text(&index["IndexName"]), written(&index["KeySchema"])));
    join(written(&table["KeySchema"]), indexes.collect())
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
