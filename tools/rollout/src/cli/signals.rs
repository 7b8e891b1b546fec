//! Signals, and the question on a terminal.
//!
//! | signal | `run` on a terminal | `run` without | `bench` |
//! | --- | --- | --- | --- |
//! | SIGINT | asks; a second one aborts | aborts | stops |
//! | SIGTERM | aborts | aborts | stops |
//! | SIGHUP, unless under `nohup` | aborts: nobody is left to watch | aborts | stops |
//!
//! The rollout goes on while the question is open. The answer is a whole line, read by a separate thread: a
//! prompt that reads single keys would leave the terminal without echo when the rollout ends first.

use std::{
    io::{self, BufRead, IsTerminal},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{
        mpsc::{UnboundedReceiver, unbounded_channel},
        watch,
    },
    time,
};

use super::output::Output;
use crate::{
    delivery::{driver::Commands, event::Command},
    release::bench::{Stop, Stopped},
};

/// Commands to a run: from signals, and from answers to the question that SIGINT raises.
#[derive(Debug)]
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: HangUp,
    /// Whether there is somebody to ask.
    terminal: bool,
    /// Lines from the terminal, from the first question on.
    lines: Option<UnboundedReceiver<String>>,
    /// Whether a question is open.
    asking: bool,
}

impl Interrupts {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses to hand over signals.
    pub(super) fn listen(output: &Output) -> anyhow::Result<Self> {
        let listen = |kind, name| signal(kind).with_context(|| format!("cannot listen for {name}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt(), "SIGINT")?,
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
            hang_up: HangUp::listen().context("cannot listen for SIGHUP")?,
            terminal: output.terminal && io::stdin().is_terminal(),
            lines: None,
            asking: false,
        })
    }

    fn interrupted(&mut self) -> Command {
        if !self.terminal || self.asking {
            return Command::Abort;
        }
        let lines = self.lines.get_or_insert_with(read_lines);
        // What was typed before the question is no answer to it.
        while lines.try_recv().is_ok() {}
        self.asking = true;
        Command::Ask
    }

    fn answered(&mut self, line: Option<&str>) -> Command {
        let command = understand(line);
        self.asking = command == Command::Ask;
        command
    }
}

impl Commands for Interrupts {
    async fn next(&mut self) -> Command {
        tokio::select! {
            _ = self.interrupt.recv() => self.interrupted(),
            _ = self.terminate.recv() => Command::Abort,
            () = self.hang_up.recv() => Command::Abort,
            line = answer(&mut self.lines), if self.asking => self.answered(line.as_deref()),
        }
    }
}

/// Waits until somebody wants this process to end that only looks on.
///
/// # Errors
/// When the system refuses to hand over signals.
pub(super) async fn left() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = HangUp::listen()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = hang_up.recv() => {}
    }
    Ok(())
}

/// From now on signals stop the benchmark instead of ending the process; so does the end of its time.
pub(super) fn stop_within(within: Duration) -> io::Result<Stop> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = HangUp::listen()?;
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let why = tokio::select! {
            _ = interrupt.recv() => Stopped::Signal,
            _ = terminate.recv() => Stopped::Signal,
            () = hang_up.recv() => Stopped::Signal,
            () = time::sleep(within) => Stopped::Time,
        };
        let _ = sender.send(Some(why));
        // The sender stays, so that a receiver never waits for nobody.
        sender.closed().await;
    });
    Ok(Stop::new(receiver))
}

/// The command in a line; no line means that the terminal is gone.
fn understand(line: Option<&str>) -> Command {
    let Some(line) = line else {
        return Command::Abort;
    };
    match line.trim().to_ascii_lowercase().as_str() {
        "a" | "abort" => Command::Abort,
        "d" | "detach" => Command::Detach,
        "r" | "resume" => Command::Resume,
        _ => Command::Ask,
    }
}

async fn answer(lines: &mut Option<UnboundedReceiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => None,
    }
}

/// Starts a thread that the runtime does not wait for: it may still be reading when the run ends.
fn read_lines() -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if line.is_err() || sender.send(line.unwrap_or_default()).is_err() {
                return;
            }
        }
    });
    lines
}

/// Listens for SIGHUP; never hears it under `nohup`: whoever uses that wants to outlive the terminal.
#[derive(Debug)]
struct HangUp(Option<Signal>);

impl HangUp {
    /// From now on SIGHUP no longer ends the process.
    fn listen() -> io::Result<Self> {
        let ignored = is_ignored();
        let listening = (!ignored).then(|| signal(SignalKind::hangup()));
        listening.transpose().map(Self)
    }

    /// Waits for it. May be dropped and called again without losing one.
    async fn recv(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

/// Whether the process was started to ignore SIGHUP, as `nohup` does. Only Linux says so in a file;
/// elsewhere it is always heard.
fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.is_ok_and(|status| is_first_signal_ignored(&status))
}

/// Reads the mask of ignored signals in `/proc/PID/status`; SIGHUP is signal 1, the lowest bit.
fn is_first_signal_ignored(status: &str) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_none_asks_again_and_a_terminal_that_is_gone_aborts() {
        for (line, command) in [
            (Some("a\n"), Command::Abort),
            (Some(" Detach "), Command::Detach),
            (Some("r"), Command::Resume),
            (Some("yes"), Command::Ask),
            (Some(""), Command::Ask),
            (None, Command::Abort),
        ] {
            assert_eq!(understand(line), command, "{line:?}");
        }
    }

    #[test]
    fn nohup_shows_in_the_mask_of_ignored_signals() {
        let status =
            |mask: &str| format!("Name:\trollout\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n");
        assert!(is_first_signal_ignored(&status("0000000000001001")));
        assert!(!is_first_signal_ignored(&status("0000000000001000")));
        assert!(!is_first_signal_ignored("Name:\trollout\n"));
    }
}
