//! Where results go: the only module that writes to stdout and stderr.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// For people: lines and tables.
    Human,
    /// For machines: JSON values, one a line, and nothing else on stdout.
    Json,
}

/// Standard output in the chosen format.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// How results are written.
    pub format: Format,
    /// Whether a person is watching: only then is anything redrawn in place.
    pub terminal: bool,
}

impl Output {
    /// Standard output, with a look at whether it is a terminal.
    #[must_use]
    pub(super) fn stdout(format: Format) -> Self {
        let terminal = format == Format::Human && io::stdout().is_terminal();
        Self { format, terminal }
    }

    /// Writes lines for people; with `--json` there are none. Colours in them reach terminals alone,
    /// and none where `NO_COLOR` is set.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn line(&self, text: impl Display) -> io::Result<()> {
        match self.format {
            Format::Json => Ok(()),
            Format::Human => writeln!(anstream::stdout().lock(), "{text}"),
        }
    }

    /// The same for prose, which is folded to [`COLUMNS`].
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn prose(&self, text: &str) -> io::Result<()> {
        self.line(folded(text))
    }

    /// Writes a JSON line for machines; without `--json` there is none.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        match self.format {
            Format::Human => Ok(()),
            Format::Json => {
                let mut stdout = io::stdout().lock();
                serde_json::to_writer(&mut stdout, value)?;
                writeln!(stdout)
            }
        }
    }
}

/// Tells on stderr why the command could not run, with all causes.
pub fn error(error: &anyhow::Error) {
    let text = folded(&format!("rollout: {error:#}"));
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How long a line of prose is at most.
const COLUMNS: usize = 120;

/// What the second line of a folded one begins with: as wide as the time before an event.
const INDENT: &str = "         ";

/// Breaks long lines at spaces. A word that is longer than a line stays whole.
pub(super) fn folded(text: &str) -> String {
    text.lines().map(fold).collect::<Vec<_>>().join("\n")
}

fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + INDENT.len());
    let mut width = 0;
    // Spaces belong to the word behind them, so that columns keep theirs.
    for word in line.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if width > INDENT.len() && width + length > COLUMNS {
            folded.truncate(folded.trim_end().len());
            folded.push('\n');
            folded.push_str(INDENT);
            width = INDENT.len();
        }
        folded.push_str(word);
        width += word.chars().count();
    }
    folded
}

/// Sends the program's own log to stderr; `RUST_LOG` chooses how much of it.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("rollout=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_line_stays_as_it_is_and_a_long_one_is_folded_below_its_time() {
        let short = "13:30:57   5%  arm64 (version 2): 0 of 119 failed (0.0%)";
        assert_eq!(folded(short), short);
        let long = format!("13:30:57 {}end", "word ".repeat(30));
        let lines: Vec<_> = folded(&long).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].len() <= COLUMNS && lines[1].starts_with(INDENT),
            "{lines:?}"
        );
    }

    proptest! {
        #[test]
        fn folding_loses_no_word_and_leaves_no_line_of_words_too_long(
            words in prop::collection::vec("[a-z%()]{1,40}", 0..60),
        ) {
            let text = words.join(" ");
            let folded = folded(&text);
            prop_assert!(folded.lines().all(|line| line.chars().count() <= COLUMNS), "{}", folded);
            let left: Vec<_> = folded.split_whitespace().collect();
            prop_assert_eq!(left, words);
        }
    }
}
