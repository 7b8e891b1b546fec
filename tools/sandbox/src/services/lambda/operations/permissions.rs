//! AddPermission, GetPolicy, RemovePermission. Policies are kept and returned; nothing is checked against them.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    aws::arn::is_name_byte,
    execution::version::new_revision,
    services::lambda::{
        Lambda,
        error::LambdaError,
        model::{
            function::check_revision,
            names::{function_arn, is_alias_name},
        },
        wire::{Answer, Query, json, parse},
    },
};

/// `AddPermission`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddPermission {
    statement_id: String,
    action: String,
    principal: String,
    #[serde(default)]
    source_arn: Option<String>,
    #[serde(default)]
    source_account: Option<String>,
    #[serde(default, rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
    #[serde(default)]
    event_source_token: Option<String>,
    #[serde(default)]
    function_url_auth_type: Option<String>,
    #[serde(default)]
    invoked_via_function_url: Option<bool>,
    #[serde(default)]
    revision_id: Option<String>,
}

impl AddPermission {
    fn check_statement_id(&self) -> Result<(), LambdaError> {
        let id = &self.statement_id;
        if !id.is_empty() && id.bytes().all(is_name_byte) {
            return Ok(());
        }
        let constraint = "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)";
        Err(LambdaError::validation("statementId", id, constraint))
    }

    /// Who is allowed, in the language of IAM policies: a service, an account, an identity or everyone.
    fn principal(&self) -> Result<Value, LambdaError> {
        let is_service = |name: &str| {
            // Alexa's services are the ones under amazon.com.
            [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"]
                .into_iter()
                .any(|domain| name.ends_with(domain))
        };
        match self.principal.as_str() {
            "*" => Ok(json!("*")),
            service if is_service(service) => Ok(json!({"Service": service})),
            account if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(json!({"AWS": format!("arn:aws:iam::{account}:root")}))
            }
            arn if arn.starts_with("arn:aws") => Ok(json!({"AWS": arn})),
            _ => Err(LambdaError::invalid(
                "The provided principal was invalid. Please check the principal and try again.",
            )),
        }
    }

    /// The statement in the language of IAM policies.
    fn statement(&self, resource: &str) -> Result<Value, LambdaError> {
        let principal = self.principal()?;
        let mut condition: Map<String, Value> = Map::new();
        for (operator, key, value) in [
            ("ArnLike", "AWS:SourceArn", &self.source_arn),
            ("StringEquals", "AWS:SourceAccount", &self.source_account),
            ("StringEquals", "aws:PrincipalOrgID", &self.principal_org_id),
            (
                "StringEquals",
                "lambda:EventSourceToken",
                &self.event_source_token,
            ),
            (
                "StringEquals",
                "lambda:FunctionUrlAuthType",
                &self.function_url_auth_type,
            ),
        ] {
            if let Some(value) = value {
                condition.entry(operator).or_insert_with(|| json!({}))[key] = json!(value);
            }
        }
        if let Some(only) = self.invoked_via_function_url {
            condition.insert(
                "Bool".to_owned(),
                json!({"lambda:InvokedViaFunctionUrl": only.to_string()}),
            );
        }
        let mut statement = json!({
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": resource,
        });
        if !condition.is_empty() {
            statement["Condition"] = Value::Object(condition);
        }
        Ok(statement)
    }
}

/// `POST /functions/{name}/policy`
pub(super) async fn add(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: AddPermission = parse(&body)?;
    request.check_statement_id()?;
    let reference = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&reference.name, &query.region)?;
    if let Some(qualifier) = &reference.qualifier {
        function.check_qualifier(qualifier)?;
    }
    if reference.qualifier.as_deref() == Some("$LATEST") {
        return Err(LambdaError::invalid(
            "We currently do not support adding policies for $LATEST.",
        ));
    }
    let resource = function_arn(
        &function.latest.region,
        &reference.name,
        reference.qualifier.as_deref(),
    );
    let policy = function.policies.get(&reference.qualifier);
    let current = match policy {
        Some(policy) => &policy.revision_id,
        None => function.revision_id(reference.qualifier.as_deref())?,
    };
    check_revision(request.revision_id.as_deref(), current)
        .map_err(|_| LambdaError::stale_policy())?;
    if policy.is_some_and(|policy| policy.position(&request.statement_id).is_some()) {
        return Err(LambdaError::conflict(format!(
            "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
            request.statement_id
        )));
    }
    let statement = request.statement(&resource)?;
    let policy = function.policies.entry(reference.qualifier).or_default();
    policy.statements.push(statement.clone());
    policy.revision_id = new_revision();
    Ok(json(
        StatusCode::CREATED,
        &json!({"Statement": statement.to_string()}),
    ))
}

/// `GET /functions/{name}/policy`
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = query.function(&name)?;
    let functions = lambda.read();
    let function = functions.function(&reference.name, &query.region).ok();
    let policy = function.and_then(|function| function.policies.get(&reference.qualifier));
    let policy = policy
        .ok_or_else(|| LambdaError::not_found("The resource you requested does not exist."))?;
    let document = json!({
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": policy.statements,
    });
    Ok(json(
        StatusCode::OK,
        &json!({"Policy": document.to_string(), "RevisionId": policy.revision_id}),
    ))
}

/// `DELETE /functions/{name}/policy/{statement}`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path((name, statement)): Path<(String, String)>,
    query: Query,
) -> Answer {
    let reference = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&reference.name, &query.region);
    let function = function.map_err(|_| {
        let qualifier = reference.qualifier.as_deref();
        let arn = function_arn(&query.region, &reference.name, qualifier);
        LambdaError::not_found(format!("No policy found for: {arn}"))
    })?;
    if let Some(alias) = reference.qualifier.as_deref().filter(|q| is_alias_name(q)) {
        function.alias(alias)?;
    }
    let policy = function.policies.get_mut(&reference.qualifier);
    let policy = policy.ok_or_else(|| {
        LambdaError::not_found("No policy is associated with the given resource.")
    })?;
    check_revision(query.get("RevisionId"), &policy.revision_id)
        .map_err(|_| LambdaError::stale_policy())?;
    let position = policy.position(&statement).ok_or_else(|| {
        LambdaError::not_found(format!(
            "Statement {statement} is not found in resource policy."
        ))
    })?;
    policy.statements.remove(position);
    policy.revision_id = new_revision();
    if policy.statements.is_empty() {
        function.policies.remove(&reference.qualifier);
    }
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}
