//! The clients that are no Rust: the AWS CLI and boto3.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// A program from the project's own virtual environment, or from `PATH`.
pub(crate) fn tool(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = workspace.join(".tools/clients/bin").join(name);
    let paths = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&paths).map(|folder| folder.join(name));
    std::iter::once(own)
        .chain(on_path)
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: run scripts/setup.sh --clients"))
}

/// A command whose AWS client talks to `endpoint` and sees nothing of the user's configuration.
pub(crate) fn aws_command(program: &str, endpoint: &str) -> Command {
    let mut command = Command::new(tool(program));
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "sandbox")
        .env("AWS_SECRET_ACCESS_KEY", "sandbox")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1");
    command
}

/// Runs a command to its end and gives its standard output; fails with everything that it said.
pub(crate) fn stdout_of(mut command: Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed with {}: {}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}
