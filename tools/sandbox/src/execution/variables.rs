//! The environment variables of a function: Lambda's, the function's own, and nothing of the host's.

use std::{collections::BTreeMap, path::Path};

use super::version::Version;
use crate::aws::signature;

/// Where X-Ray's daemon is on Lambda.
const XRAY_ADDRESS: &str = "169.254.79.129";
const XRAY_PORT: &str = "2000";

/// What the variables of one environment depend on besides its version.
#[derive(Debug, Clone, Copy)]
pub struct EnvironmentContext<'a> {
    /// `host:port` of the Runtime API of this environment.
    pub runtime_api: &'a str,
    /// URL of the sandbox: where the SDKs in the function find the other services.
    pub endpoint: &'a str,
    /// Id of the environment.
    pub environment_id: &'a str,
    /// Folder that the code is in.
    pub folder: &'a Path,
    /// Folder for its temporary files.
    pub temporary: &'a Path,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`
    pub initialization_type: &'a str,
}

/// All variables of an environment.
#[must_use]
pub fn variables(version: &Version, context: EnvironmentContext<'_>) -> BTreeMap<String, String> {
    let settings = &version.settings;
    let number = version.number.to_string();
    let date = chrono::Utc::now().format("%Y/%m/%d");
    let mut variables = settings.environment.clone().unwrap_or_default();
    let mut set = |name: &str, value: String| {
        variables.insert(name.to_owned(), value);
    };
    set("_HANDLER", settings.handler.clone());
    set("AWS_LAMBDA_RUNTIME_API", context.runtime_api.to_owned());
    set("AWS_LAMBDA_FUNCTION_NAME", version.function.clone());
    set("AWS_LAMBDA_FUNCTION_VERSION", number.clone());
    set(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        settings.memory_mib.to_string(),
    );
    set("AWS_LAMBDA_LOG_GROUP_NAME", version.log_group());
    set(
        "AWS_LAMBDA_LOG_STREAM_NAME",
        format!("{date}/[{number}]{}", context.environment_id),
    );
    set(
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        context.initialization_type.to_owned(),
    );
    // Nobody listens there: segments are lost, as they are on Lambda when they are not sampled.
    set(
        "AWS_XRAY_DAEMON_ADDRESS",
        format!("{XRAY_ADDRESS}:{XRAY_PORT}"),
    );
    set("_AWS_XRAY_DAEMON_ADDRESS", XRAY_ADDRESS.to_owned());
    set("_AWS_XRAY_DAEMON_PORT", XRAY_PORT.to_owned());
    set("AWS_REGION", version.region.clone());
    set("AWS_DEFAULT_REGION", version.region.clone());
    let root = context.folder.display();
    set("LAMBDA_TASK_ROOT", root.to_string());
    set("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned());
    // Not secret: only the id is read, to know who sends a request.
    let caller = signature::Caller {
        function: &version.function,
        version: &number,
    };
    set("AWS_ACCESS_KEY_ID", caller.access_key_id());
    set("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned());
    set("AWS_SESSION_TOKEN", "sandbox".to_owned());
    if settings.logging.log_format.as_deref() == Some("JSON") {
        let level = settings
            .logging
            .application_log_level
            .as_deref()
            .unwrap_or("INFO");
        set("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned());
        set("AWS_LAMBDA_LOG_LEVEL", level.to_owned());
    }
    for (name, value) in [
        ("AWS_ENDPOINT_URL", context.endpoint.to_owned()),
        ("TMPDIR", context.temporary.display().to_string()),
        (
            "LD_LIBRARY_PATH",
            format!("/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{root}:{root}/lib:/opt/lib"),
        ),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ] {
        // Unlike those above, a configuration may set these itself.
        variables.entry(name.to_owned()).or_insert(value);
    }
    variables
}
