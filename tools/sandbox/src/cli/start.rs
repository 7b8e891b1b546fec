//! `sandbox start`: in the background.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;

use super::{serve::ServeArgs, terminal};
use crate::client::endpoint_file::EndpointFile;

/// How long a sandbox may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Starts a sandbox unless one runs from this folder, and waits until it is ready.
///
/// # Errors
/// When it ends before it is ready: with what it said.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    if let Some(running) = EndpointFile::running(&args.folder) {
        terminal::line(format_args!(
            "sandbox already running at {} (pid {})",
            running.endpoint, running.pid
        ));
        return Ok(ExitCode::SUCCESS);
    }
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot create {}", args.folder.display()))?;
    let log = args.folder.join("sandbox.log");
    let mut child = spawn(&args, &log)?;
    let ready = wait_until_ready(&args.folder, &mut child, &log).await?;
    terminal::line(format_args!(
        "sandbox ready at {} (pid {}, log {})",
        ready.endpoint,
        ready.pid,
        log.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The same program with `serve`, in a process group of its own: an interrupt at the terminal does not reach it.
fn spawn(args: &ServeArgs, log: &Path) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("cannot find the program itself")?;
    let open = || -> std::io::Result<(File, File)> {
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(log)?;
        Ok((file.try_clone()?, file))
    };
    let (stdout, stderr) = open().with_context(|| format!("cannot write {}", log.display()))?;
    Command::new(program)
        .arg("serve")
        .args(words(args))
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .process_group(0)
        .spawn()
        .context("cannot start the sandbox")
}

/// The arguments as words again.
fn words(args: &ServeArgs) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![
        "--port".into(),
        args.port.to_string().into(),
        "--folder".into(),
        args.folder.clone().into(),
        "--max-environments".into(),
        args.max_environments.to_string().into(),
    ];
    if let Some(data) = &args.data {
        words.extend(["--data".into(), data.clone().into()]);
    }
    for fault in &args.faults {
        words.extend([
            "--fault".into(),
            format!("{}:{}", fault.function, fault.spec).into(),
        ]);
    }
    if let Some(seed) = args.seed {
        words.extend(["--seed".into(), seed.to_string().into()]);
    }
    if args.realistic {
        words.push("--realistic".into());
    }
    if args.sparse_metrics {
        words.push("--sparse-metrics".into());
    }
    if let Some(minute_s) = args.metrics_minute {
        words.extend(["--metrics-minute".into(), minute_s.to_string().into()]);
    }
    for (name, path) in [
        ("--qemu-aarch64", &args.qemu_aarch64),
        ("--qemu-x86-64", &args.qemu_x86_64),
    ] {
        if let Some(path) = path {
            words.extend([name.into(), path.clone().into()]);
        }
    }
    words
}

async fn wait_until_ready(
    folder: &Path,
    child: &mut Child,
    log: &Path,
) -> anyhow::Result<EndpointFile> {
    let begun = Instant::now();
    while begun.elapsed() < READY_WITHIN {
        if let Some(ready) = EndpointFile::running(folder).filter(|file| file.pid == child.id()) {
            return Ok(ready);
        }
        if let Some(status) = child.try_wait().context("cannot watch the sandbox")? {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let said = said.trim().trim_start_matches("error: ");
            anyhow::bail!("the sandbox ended at once ({status}): {said}");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().context("cannot stop the sandbox")?;
    anyhow::bail!(
        "the sandbox was not ready after {} s: see {}",
        READY_WITHIN.as_secs(),
        log.display()
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn parse(words: &[OsString]) -> Result<ServeArgs, clap::Error> {
        let program = std::iter::once(OsString::from("serve"));
        Program::try_parse_from(program.chain(words.iter().cloned())).map(|program| program.args)
    }

    #[test]
    fn every_option_is_passed_on() {
        let given = "--port 7 --folder f --max-environments 3 --fault h:arm64:errors=5% --seed 9 --realistic \
                     --sparse-metrics --metrics-minute 5 --qemu-aarch64 a --qemu-x86-64 x";
        let given: Vec<_> = given.split_whitespace().map(OsString::from).collect();
        let args = parse(&given).unwrap();
        assert_eq!(words(&args), given);
    }

    #[test]
    fn a_minute_of_metrics_is_a_period_of_cloudwatch_in_realistic_time() {
        let refused = |words: &str| {
            let words: Vec<_> = words.split_whitespace().map(OsString::from).collect();
            parse(&words).unwrap_err().to_string()
        };
        assert!(refused("--realistic --metrics-minute 7").contains("use 1, 5, 10, 20, 30 or 60"));
        assert!(refused("--metrics-minute 5").contains("--realistic"));
    }
}
