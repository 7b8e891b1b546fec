//! DynamoDB: `awsim`'s. Its chaos engine holds the faults that are ordered for DynamoDB and SQS.

use std::sync::Arc;

use awsim_chaos::ChaosEngine;
use awsim_core::{AppState, ServiceHandler as _};
use axum::Router;

use crate::aws::{ACCOUNT_ID, DEFAULT_REGION};

/// Answers every request as one to DynamoDB. `authority` is the sandbox's own `host:port`.
pub fn router(chaos: Arc<ChaosEngine>, authority: String) -> Router {
    let mut state = AppState::new(DEFAULT_REGION.to_owned(), ACCOUNT_ID.to_owned());
    state.listen_authority = Some(authority);
    state.chaos = chaos;
    let dynamodb = Arc::new(awsim_dynamodb::DynamoDbService::new());
    let routes = dynamodb.routes();
    state.register(dynamodb, routes);
    Router::new()
        .fallback(awsim_core::gateway::handle_request)
        .with_state(state)
}
