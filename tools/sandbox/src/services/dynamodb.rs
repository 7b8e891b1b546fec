//! DynamoDB: `dynoxide`, a library that a public suite holds against AWS (<https://paritysuite.org>). Here is the way
//! from a request to one of its operations and back.

use std::{
    collections::HashSet,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use dynoxide::{Database, DynoxideError, streams::LOCAL_REGION};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::input::Input;
use crate::aws::{errors, json_protocol, signature};

mod input;

/// First part of a target.
pub const SERVICE: &str = "DynamoDB_20120810";

/// The largest request that DynamoDB reads, in bytes.
const MAX_BODY_BYTES: usize = 16 << 20;

/// The tables of one sandbox. Cheap to clone.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
    backups: ContinuousBackups,
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// A service with the tables of a file, where they are kept; without tables, and in memory, without a file.
    ///
    /// # Errors
    /// When SQLite cannot use the file.
    pub fn open(file: Option<&Path>) -> Result<Self, DynoxideError> {
        let database = match file {
            Some(file) => Database::new(&file.to_string_lossy())?,
            None => Database::memory()?,
        };
        Ok(Self {
            database,
            backups: ContinuousBackups::default(),
        })
    }

    /// Answers every request as one to DynamoDB.
    pub fn router(self) -> Router {
        Router::new().fallback(respond).with_state(self)
    }
}

async fn respond(State(dynamodb): State<DynamoDb>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(operation) = json_protocol::operation(&parts.headers, SERVICE).map(str::to_owned)
    else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "UnknownOperationException",
            "not in the sandbox: a request to none of its services",
        );
    };
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let region = signature::region(&parts.headers).to_owned();
    // On a thread of its own: SQLite blocks it.
    let ran = tokio::task::spawn_blocking(move || {
        let input = Input::new(&body);
        match run(&dynamodb, &operation, &input.body) {
            None => refuse(
                StatusCode::BAD_REQUEST,
                "UnknownOperationException",
                &format!("not in the sandbox: {operation} of DynamoDB"),
            ),
            // Of a table, not of items, whose content stays as it is.
            Some(Ok(answer)) if operation.ends_with("Table") => {
                json_protocol::answer(StatusCode::OK, in_region(&answer, &region))
            }
            Some(Ok(answer)) => json_protocol::answer(StatusCode::OK, input.answer(answer)),
            Some(Err(error)) => {
                let status = StatusCode::from_u16(error.status_code());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                json_protocol::answer(status, in_region(&error.to_json(), &region))
            }
        }
    });
    ran.await.unwrap_or_else(|failed| {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            &failed.to_string(),
        )
    })
}

/// An answer with the ARNs of a region, where `dynoxide` writes a region of its own.
fn in_region(answer: &str, region: &str) -> String {
    let prefix = |region| format!("arn:aws:dynamodb:{region}:");
    answer.replace(&prefix(LOCAL_REGION), &prefix(region))
}

/// The operations that the sandbox has: by name, with the method that does it.
macro_rules! operations {
    ($($operation:literal => $method:ident,)*) => {
        /// Runs an operation; nothing where the sandbox does not have it.
        fn run(dynamodb: &DynamoDb, operation: &str, body: &[u8]) -> Option<Result<String, DynoxideError>> {
            match operation {
                "DescribeContinuousBackups" => Some(call(operation, body, |input| dynamodb.describe_backups(input))),
                "UpdateContinuousBackups" => Some(call(operation, body, |input| dynamodb.update_backups(input))),
                $($operation => Some(call(operation, body, |input| dynamodb.database.$method(input))),)*
                _ => None,
            }
        }
    };
}

operations! {
    "BatchExecuteStatement" => batch_execute_statement,
    "BatchGetItem" => batch_get_item,
    "BatchWriteItem" => batch_write_item,
    "CreateTable" => create_table,
    "DeleteItem" => delete_item,
    "DeleteTable" => delete_table,
    "DescribeTable" => describe_table,
    "DescribeTimeToLive" => describe_time_to_live,
    "ExecuteStatement" => execute_statement,
    "ExecuteTransaction" => execute_transaction,
    "GetItem" => get_item,
    "ListTables" => list_tables,
    "ListTagsOfResource" => list_tags_of_resource,
    "PutItem" => put_item,
    "Query" => query,
    "Scan" => scan,
    "TagResource" => tag_resource,
    "TransactGetItems" => transact_get_items,
    "TransactWriteItems" => transact_write_items,
    "UntagResource" => untag_resource,
    "UpdateItem" => update_item,
    "UpdateTable" => update_table,
    "UpdateTimeToLive" => update_time_to_live,
}

/// Point-in-time recovery, which `dynoxide` does not know: a setting that Terraform writes and reads again, and no table
/// here has an earlier state to go back to. The names of the tables that have it.
#[derive(Clone, Default)]
struct ContinuousBackups(Arc<Mutex<HashSet<String>>>);

impl ContinuousBackups {
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BackupsInput {
    table_name: String,
    point_in_time_recovery_specification: Option<Specification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    point_in_time_recovery_enabled: bool,
}

impl DynamoDb {
    fn describe_backups(&self, asked: BackupsInput) -> Result<Value, DynoxideError> {
        let table = json!({"TableName": asked.table_name});
        let table = input::read("DescribeTable", table.to_string().as_bytes())?;
        if self.database.describe_table(table).is_err() {
            self.backups.lock().remove(&asked.table_name);
            let message = format!("Table not found: {}", asked.table_name);
            return Err(DynoxideError::ResourceNotFoundException(message));
        }
        let enabled = self.backups.lock().contains(&asked.table_name);
        let recovery = if enabled { "ENABLED" } else { "DISABLED" };
        Ok(json!({"ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery},
        }}))
    }

    fn update_backups(&self, input: BackupsInput) -> Result<Value, DynoxideError> {
        let enable = input
            .point_in_time_recovery_specification
            .as_ref()
            .is_some_and(|specification| specification.point_in_time_recovery_enabled);
        match enable {
            true => self.backups.lock().insert(input.table_name.clone()),
            false => self.backups.lock().remove(&input.table_name),
        };
        self.describe_backups(input)
    }
}

fn call<In: DeserializeOwned, Out: Serialize>(
    operation: &str,
    body: &[u8],
    run: impl FnOnce(In) -> Result<Out, DynoxideError>,
) -> Result<String, DynoxideError> {
    serde_json::to_string(&run(input::read(operation, body)?)?)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    json_protocol::answer(status, errors::typed(code, message).to_string())
}
