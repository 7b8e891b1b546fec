//! CreateEventSourceMapping, GetEventSourceMapping, ListEventSourceMappings, UpdateEventSourceMapping,
//! DeleteEventSourceMapping.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;

use super::{
    mapping::{self, Mapping},
    registry::EventSources,
    settings::{Change, Settings},
};
use crate::services::lambda::{
    error::LambdaError,
    model::{function::Tags, names::FunctionRef},
    wire::{Answer, Query, json, page, parse},
};

/// `CreateEventSourceMapping`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    function_name: String,
    event_source_arn: Option<String>,
    enabled: Option<bool>,
    #[serde(default)]
    tags: Tags,
    #[serde(flatten)]
    change: Change,
}

/// `UpdateEventSourceMapping`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    function_name: Option<String>,
    enabled: Option<bool>,
    #[serde(flatten)]
    change: Change,
}

/// The routes.
pub fn router(sources: EventSources) -> Router {
    let all = get(list).post(create);
    Router::new()
        .route("/2015-03-31/event-source-mappings", all.clone())
        .route("/2015-03-31/event-source-mappings/", all)
        .route(
            "/2015-03-31/event-source-mappings/{uuid}",
            get(read).put(update).delete(remove),
        )
        .with_state(sources)
}

/// `POST /event-source-mappings/`
async fn create(State(sources): State<EventSources>, query: Query, body: Bytes) -> Answer {
    let request: Create = parse(&body)?;
    let queue_arn = request
        .event_source_arn
        .ok_or_else(|| LambdaError::invalid("Unrecognized event source."))?;
    if !queue_arn.starts_with("arn:aws:sqs:") {
        return Err(LambdaError::invalid(
            "The sandbox maps queues only: EventSourceArn must be the ARN of an SQS queue.",
        ));
    }
    let function = query.function(&request.function_name)?;
    let fifo = queue_arn.ends_with(".fifo");
    let settings = Settings::default().with(&request.change, fifo)?;
    let region = check(&sources, &function, &queue_arn, &query.region)?;
    let mapping = Mapping {
        uuid: uuid::Uuid::new_v4().to_string(),
        queue_arn,
        function,
        region,
        settings,
        state: mapping::State::Creating,
        modified: Utc::now(),
    };
    sources.add(mapping.clone(), request.enabled.unwrap_or(true))?;
    let mut functions = sources.lambda().write();
    functions.mapping_tags.insert(mapping.arn(), request.tags);
    Ok(json(StatusCode::ACCEPTED, &mapping.to_json()))
}

/// The queue and the function must be there, and the function must be done before the queue shows its messages again.
/// Gives the function's region.
fn check(
    sources: &EventSources,
    function: &FunctionRef,
    queue_arn: &str,
    region: &str,
) -> Result<String, LambdaError> {
    let (region, timeout_s) = {
        let functions = sources.lambda().read();
        let found = functions.function(&function.name, region);
        let version = found.and_then(|found| found.resolve(function.qualifier.as_deref(), || 0.0));
        let version = version.map_err(|_| LambdaError::invalid("Function does not exist"))?;
        (version.region.clone(), version.settings.timeout_s)
    };
    let queues = sources.sqs().queues();
    let queue = queues.by_arn(queue_arn).ok_or_else(|| {
        LambdaError::invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. \
             SQS Error Message: The specified queue does not exist.",
        )
    })?;
    let visibility_s = queue.settings.visibility() / 1000;
    if visibility_s < u64::from(timeout_s) {
        return Err(LambdaError::invalid(format!(
            "Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
        )));
    }
    Ok(region)
}

/// `GET /event-source-mappings/{uuid}`
async fn read(State(sources): State<EventSources>, Path(uuid): Path<String>) -> Answer {
    Ok(json(StatusCode::OK, &sources.get(&uuid)?.to_json()))
}

/// `GET /event-source-mappings/`; a function without a qualifier means all of its mappings.
async fn list(State(sources): State<EventSources>, query: Query) -> Answer {
    let asked = |name: &str| query.get(name).filter(|text| !text.is_empty());
    let queue_arn = asked("EventSourceArn");
    let function = asked("FunctionName")
        .map(|name| query.function(name))
        .transpose()?;
    let is_asked_for = |mapping: &Mapping| {
        queue_arn.is_none_or(|arn| mapping.queue_arn == arn)
            && function.as_ref().is_none_or(|asked| {
                mapping.function.name == asked.name
                    && (asked.qualifier.is_none() || mapping.function.qualifier == asked.qualifier)
            })
    };
    let mappings = sources.all();
    let found = mappings.iter().filter(|mapping| is_asked_for(mapping));
    let (found, marker) = page(found.map(Mapping::to_json).collect(), &query, 100)?;
    Ok(json(
        StatusCode::OK,
        &json!({"EventSourceMappings": found, "NextMarker": marker}),
    ))
}

/// `PUT /event-source-mappings/{uuid}`
async fn update(
    State(sources): State<EventSources>,
    Path(uuid): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: Update = parse(&body)?;
    let before = sources.get(&uuid)?;
    let function = match request.function_name {
        None => before.function.clone(),
        Some(name) => {
            let function = query.function(&name)?;
            check(&sources, &function, &before.queue_arn, &query.region)?;
            function
        }
    };
    let fifo = before.queue_arn.ends_with(".fifo");
    let settings = before.settings.with(&request.change, fifo)?;
    let mapping = sources.update(&uuid, function, settings, request.enabled)?;
    Ok(json(StatusCode::ACCEPTED, &mapping.to_json()))
}

/// `DELETE /event-source-mappings/{uuid}`
async fn remove(State(sources): State<EventSources>, Path(uuid): Path<String>) -> Answer {
    let mapping = sources.remove(&uuid)?;
    let mut functions = sources.lambda().write();
    functions.mapping_tags.remove(&mapping.arn());
    Ok(json(StatusCode::ACCEPTED, &mapping.to_json()))
}
