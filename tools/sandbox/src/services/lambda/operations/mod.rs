//! The operations of the Lambda API, one file per group, and their routes.

mod aliases;
mod concurrency;
mod event_invoke;
mod functions;
mod invoke;
mod missing;
mod permissions;
mod provisioned;
mod tags;
mod versions;

use axum::{
    Router,
    routing::{delete, get, post, put},
};

pub use self::missing::missing;
use super::Lambda;

/// The routes of the Lambda API.
pub fn router(lambda: Lambda) -> Router {
    let function = |rest: &str| format!("/2015-03-31/functions/{{name}}{rest}");
    let functions = get(functions::list).post(functions::create);
    let alias = get(aliases::get)
        .put(aliases::update)
        .delete(aliases::remove);
    let settings = get(concurrency::account_settings);
    Router::new()
        .route("/2015-03-31/functions", functions.clone())
        .route("/2015-03-31/functions/", functions)
        .route(&function(""), get(functions::get).delete(functions::remove))
        .route(
            &function("/configuration"),
            get(functions::get_configuration).put(functions::update_configuration),
        )
        .route(&function("/code"), put(functions::update_code))
        .route(
            &function("/versions"),
            get(versions::list).post(versions::publish),
        )
        .route(
            &function("/aliases"),
            get(aliases::list).post(aliases::create),
        )
        .route(&function("/aliases/{alias}"), alias)
        .route(
            &function("/policy"),
            get(permissions::get).post(permissions::add),
        )
        .route(
            &function("/policy/{statement}"),
            delete(permissions::remove),
        )
        .route(&function("/invocations"), post(invoke::invoke))
        .route(
            "/2020-06-30/functions/{name}/code-signing-config",
            get(functions::get_code_signing),
        )
        .route(
            "/2019-09-30/functions/{name}/provisioned-concurrency",
            get(provisioned::get)
                .put(provisioned::put)
                .delete(provisioned::remove),
        )
        .route("/2016-08-19/account-settings", settings.clone())
        .route("/2016-08-19/account-settings/", settings)
        .route(
            "/2017-10-31/functions/{name}/concurrency",
            put(concurrency::put).delete(concurrency::remove),
        )
        .route(
            "/2019-09-30/functions/{name}/concurrency",
            get(concurrency::get),
        )
        .route(
            "/2019-09-25/functions/{name}/event-invoke-config",
            get(event_invoke::get)
                .put(event_invoke::put)
                .post(event_invoke::update)
                .delete(event_invoke::remove),
        )
        .route(
            "/2019-09-25/functions/{name}/event-invoke-config/list",
            get(event_invoke::list),
        )
        .route(
            "/2017-03-31/tags/{arn}",
            get(tags::list).post(tags::add).delete(tags::remove),
        )
        .method_not_allowed_fallback(missing::refuse)
        .with_state(lambda)
}
