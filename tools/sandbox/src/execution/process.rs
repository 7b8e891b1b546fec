//! The process of an environment: started in a group of its own, which is stopped, continued and killed as a whole.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{
        OnceLock,
        mpsc::{Sender, channel},
    },
    thread,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::{emulation::find_in_path, log::Log};

/// What to start.
#[derive(Debug)]
pub struct Program<'a> {
    /// Emulator and its options; empty for native code.
    pub prefix: Vec<OsString>,
    /// Folder that the `bootstrap` is in: the working directory.
    pub folder: &'a Path,
    /// All environment variables.
    pub variables: BTreeMap<String, String>,
    /// Receives what it writes.
    pub log: &'a Log,
}

impl Program<'_> {
    /// Starts it.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub async fn start(self) -> io::Result<Child> {
        let mut arguments = confinement();
        arguments.extend(self.prefix);
        arguments.push(self.folder.join("bootstrap").into());
        let mut arguments = arguments.into_iter();
        let output = self.log.writer()?;
        let mut command = Command::new(arguments.next().unwrap_or_default());
        command
            .args(arguments)
            .env_clear()
            .envs(self.variables)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true);
        spawn(command).await
    }
}

/// The command prefix that makes the kernel kill a process when the sandbox ends, however it ends, and that takes root's
/// capabilities away, as far as there are any: with them nothing could keep a function from changing its code. Without
/// `setpriv` (util-linux) a function notices the end on its own: its next call to the Runtime API fails.
fn confinement() -> Vec<OsString> {
    static PREFIX: OnceLock<Vec<OsString>> = OnceLock::new();
    let prefix = PREFIX.get_or_init(|| {
        let Some(setpriv) = find_in_path("setpriv") else {
            return Vec::new();
        };
        let with = |options: &[&str]| {
            let options = options.iter().map(OsString::from);
            [setpriv.clone().into()]
                .into_iter()
                .chain(options)
                .collect()
        };
        let die = ["--pdeathsig", "KILL"];
        let weak = ["--bounding-set", "-all", "--inh-caps", "-all"];
        // Refused to those who have no capabilities.
        let works = std::process::Command::new(&setpriv)
            .args(weak)
            .arg("true")
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        match works {
            true => with(&[die.as_slice(), &weak].concat()),
            false => with(&die),
        }
    });
    prefix.clone()
}

type Job = (Command, Handle, oneshot::Sender<io::Result<Child>>);

/// Starts a process from the one thread that starts all of them: the kernel sends the parent-death signal when the
/// *thread* ends that started a process, and this one lasts as long as the sandbox.
async fn spawn(command: Command) -> io::Result<Child> {
    static JOBS: OnceLock<Sender<Job>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (jobs, received) = channel::<Job>();
        thread::spawn(move || {
            for (mut command, runtime, reply) in received {
                let _inside = runtime.enter();
                // Fails when nobody waits for it: then the child is dropped and thereby killed.
                let _ = reply.send(command.spawn());
            }
        });
        jobs
    });
    let (reply, child) = oneshot::channel();
    let gone = |_| io::Error::other("the thread that starts processes is gone");
    jobs.send((command, Handle::current(), reply))
        .map_err(|_| io::Error::other("no thread starts processes"))?;
    child.await.map_err(gone)?
}

/// Kills a process and everything that it started. For this and the other signals, one that is gone already is no error.
pub fn kill_group(pid: u32) {
    signal_group(pid, Signal::SIGKILL);
}

/// Stops a process and everything that it started: none of them runs, until [`continue_group`].
pub fn stop_group(pid: u32) {
    signal_group(pid, Signal::SIGSTOP);
}

/// Lets a stopped group go on.
pub fn continue_group(pid: u32) {
    signal_group(pid, Signal::SIGCONT);
}

/// Asks a process to end itself; what it started is for it to end.
pub fn terminate(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}

fn signal_group(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = killpg(Pid::from_raw(pid), signal);
    }
}

/// Peak resident memory of a process in MiB; 0 when it is gone. Under an emulator this is the emulator's.
#[must_use]
pub fn peak_memory_mib(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| peak_of(&status))
        .unwrap_or_default()
}

fn peak_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib.div_ceil(1024))
}

/// How a process ended, in Lambda's words.
#[must_use]
pub fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => {
            format!("Runtime exited with error: signal: {}", signal_name(signal))
        }
        (None, None) => "Runtime exited".to_owned(),
    }
}

/// The words of Go's `syscall.Signal`, which Lambda's messages have.
fn signal_name(signal: i32) -> String {
    let name = match Signal::try_from(signal) {
        Ok(Signal::SIGKILL) => "killed",
        Ok(Signal::SIGSEGV) => "segmentation fault",
        Ok(Signal::SIGABRT) => "aborted",
        Ok(Signal::SIGBUS) => "bus error",
        Ok(Signal::SIGILL) => "illegal instruction",
        Ok(Signal::SIGFPE) => "floating point exception",
        Ok(Signal::SIGTERM) => "terminated",
        Ok(Signal::SIGINT) => "interrupt",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_read_as_lambda_reports_them() {
        let code = |code: i32| describe_exit(ExitStatus::from_raw(code << 8));
        assert_eq!(code(3), "Runtime exited with error: exit status 3");
        assert_eq!(code(0), "Runtime exited without providing a reason");
        assert_eq!(
            describe_exit(ExitStatus::from_raw(9)),
            "Runtime exited with error: signal: killed"
        );
    }

    #[test]
    fn peak_memory_is_rounded_up_to_mib() {
        assert_eq!(peak_of("VmPeak:\t 9000 kB\nVmHWM:\t    1025 kB\n"), Some(2));
        assert_eq!(peak_of("VmPeak:\t 9000 kB\n"), None);
        assert!(peak_memory_mib(std::process::id()) > 0);
    }
}
