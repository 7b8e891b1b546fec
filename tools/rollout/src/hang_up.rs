//! The end of the terminal, SIGHUP, for those that it concerns.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for SIGHUP; never hears it under `nohup`: whoever uses that wants to outlive the terminal.
#[derive(Debug)]
pub struct HangUp(Option<Signal>);

impl HangUp {
    /// From now on SIGHUP no longer ends the process.
    ///
    /// # Errors
    /// When the process cannot listen for signals.
    pub fn listen() -> io::Result<Self> {
        let ignored = is_ignored();
        let listening = (!ignored).then(|| signal(SignalKind::hangup()));
        listening.transpose().map(Self)
    }

    /// Waits for it. May be dropped and called again without losing one.
    pub async fn recv(&mut self) {
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
    fn nohup_shows_in_the_mask_of_ignored_signals() {
        let status =
            |mask: &str| format!("Name:\trollout\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n");
        assert!(is_first_signal_ignored(&status("0000000000001001")));
        assert!(!is_first_signal_ignored(&status("0000000000001000")));
        assert!(!is_first_signal_ignored("Name:\trollout\n"));
    }
}
