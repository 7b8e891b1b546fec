//! What people want in mid-rollout: signals, and the question on a terminal.
//!
//! | signal | with a terminal | without |
//! | --- | --- | --- |
//! | SIGINT | asks; a second one takes the weight back | takes back |
//! | SIGTERM | takes back | takes back |
//! | SIGHUP | takes back: nobody is left to watch | takes back, and nothing under `nohup` |
//!
//! The watch goes on while the question stands: the answer is a line, read by a thread of its own. A
//! prompt that reads single keys would leave the terminal without echo when the rollout ends first.

use std::{
    io::{self, BufRead, IsTerminal},
    thread,
};

use anyhow::Context as _;
use serde::Serialize;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::{hang_up::HangUp, output::Output};

/// What somebody wants of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// The weight goes back to 0.
    TakeBack,
    /// The run ends, the weight stays.
    Leave,
    /// Nothing, after all.
    GoOn,
    /// To be asked which of these.
    Ask,
}

/// Everything that may ask a run to end: signals, and answers to the question that some of them raise.
#[derive(Debug)]
pub struct Wishes {
    interrupt: Signal,
    terminate: Signal,
    hang_up: HangUp,
    /// Whether there is somebody to ask.
    terminal: bool,
    /// Lines from the terminal, from the first question on.
    lines: Option<UnboundedReceiver<String>>,
    /// Whether a question stands.
    asking: bool,
}

impl Wishes {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses to hand over signals.
    pub fn listen(output: &Output) -> anyhow::Result<Self> {
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

    /// The next wish. May be dropped and called again without losing one.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => self.interrupted(),
            _ = self.terminate.recv() => Wish::TakeBack,
            () = self.hang_up.recv() => Wish::TakeBack,
            line = answer(&mut self.lines), if self.asking => self.answered(line.as_deref()),
        }
    }

    fn interrupted(&mut self) -> Wish {
        if !self.terminal || self.asking {
            return Wish::TakeBack;
        }
        let lines = self.lines.get_or_insert_with(read_lines);
        // What was typed before the question is no answer to it.
        while lines.try_recv().is_ok() {}
        self.asking = true;
        Wish::Ask
    }

    fn answered(&mut self, line: Option<&str>) -> Wish {
        let wish = understand(line);
        self.asking = wish == Wish::Ask;
        wish
    }
}

/// What a line says; no line is a terminal that is gone.
fn understand(line: Option<&str>) -> Wish {
    let Some(line) = line else {
        return Wish::TakeBack;
    };
    match line.trim().to_ascii_lowercase().as_str() {
        "t" | "take back" => Wish::TakeBack,
        "l" | "leave" => Wish::Leave,
        "g" | "go on" => Wish::GoOn,
        _ => Wish::Ask,
    }
}

async fn answer(lines: &mut Option<UnboundedReceiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => None,
    }
}

/// A thread that no runtime waits for: it may be reading when the run ends.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_none_asks_again_and_a_terminal_that_is_gone_takes_back() {
        for (line, wish) in [
            (Some("t\n"), Wish::TakeBack),
            (Some(" Leave "), Wish::Leave),
            (Some("g"), Wish::GoOn),
            (Some("yes"), Wish::Ask),
            (Some(""), Wish::Ask),
            (None, Wish::TakeBack),
        ] {
            assert_eq!(understand(line), wish, "{line:?}");
        }
    }
}
