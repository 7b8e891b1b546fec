//! A run as Markdown, for docs/figures.md.

use std::io::{self, Write};

use crate::figures::Run;

/// Writes both tables; the first subject is the yardstick.
pub(crate) fn write(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let Some(yardstick) = run.subjects.first() else {
        return Ok(());
    };
    writeln!(
        out,
        "| | zip KiB | init ms, median | next to {} | idle RSS MiB | peak RSS MiB |",
        yardstick.name
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for subject in &run.subjects {
        let init_ms = subject.init.p50_ms;
        writeln!(
            out,
            "| {} | {} | {init_ms:.1} | {:.2} times, {:+.1} ms | {:.1} | {:.1} |",
            subject.name,
            subject.zip_kib,
            init_ms / yardstick.init.p50_ms,
            init_ms - yardstick.init.p50_ms,
            subject.idle_mib,
            subject.peak_mib,
        )?;
    }
    writeln!(out)?;
    writeln!(out, "| | event | p50 ms | p99 ms |")?;
    writeln!(out, "| --- | --- | ---: | ---: |")?;
    for subject in &run.subjects {
        for (event, durations) in &subject.invocations {
            writeln!(
                out,
                "| {} | {event} | {:.2} | {:.2} |",
                subject.name, durations.p50_ms, durations.p99_ms
            )?;
        }
    }
    Ok(())
}
