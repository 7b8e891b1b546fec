//! Real lines, and what must hold of all.

use std::{fs, io::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::DateTime;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::alias::Version;

/// Lines as they were published, with their sources.
const CORPUS: &str = include_str!("data/corpus.log");

fn version(number: u64) -> Option<Version> {
    Some(number.to_string().parse().expect("a version"))
}

fn records(text: &str) -> Records {
    let mut reader = Reader::default();
    reader.text(text, None);
    reader.finish()
}

/// As Lambda writes it.
fn text(invocation: &Invocation) -> String {
    let mut line = format!(
        "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
        invocation.request_id,
        invocation.duration_ms,
        invocation.billed_ms,
        invocation.memory_mib,
        invocation.max_memory_mib
    );
    if let Some(init_ms) = invocation.init_ms {
        line += &format!("Init Duration: {init_ms:.2} ms\t");
    }
    line += match invocation.status {
        Status::Success => "",
        Status::Error => "Status: error\tError Type: Runtime.ExitError\t",
        Status::Timeout => "Status: timeout\t",
    };
    line
}

/// As Lambda writes it with the log format JSON.
fn platform(invocation: &Invocation) -> String {
    let mut metrics = json!({
        "durationMs": invocation.duration_ms,
        "billedDurationMs": invocation.billed_ms,
        "memorySizeMB": invocation.memory_mib,
        "maxMemoryUsedMB": invocation.max_memory_mib,
    });
    if let Some(init_ms) = invocation.init_ms {
        metrics["initDurationMs"] = init_ms.into();
    }
    let status = match invocation.status {
        Status::Success => "success",
        Status::Error => "error",
        Status::Timeout => "timeout",
    };
    let record = json!({"requestId": invocation.request_id, "metrics": metrics, "status": status});
    let time = invocation.ended.expect("a time").to_rfc3339();
    json!({"time": time, "type": "platform.report", "record": record}).to_string()
}

prop_compose! {
    /// In hundredths of a millisecond, as text has them.
    fn invocation()(
        request_id in "[0-9a-f]{8}-[0-9a-f]{4}",
        number in 1..1_000_000u64,
        ended_ms in 0..4_000_000_000_000i64,
        duration in 0..90_000_000u32,
        billed_ms in 0..900_000u64,
        init in proptest::option::of(0..1_000_000u32),
        memory_mib in 128..10_240u32,
        max_memory_mib in 0..10_240u32,
        status in prop_oneof![Just(Status::Success), Just(Status::Error), Just(Status::Timeout)],
    ) -> Invocation {
        Invocation {
            request_id,
            version: version(number),
            ended: DateTime::from_timestamp_millis(ended_ms),
            duration_ms: f64::from(duration) / 100.0,
            billed_ms,
            init_ms: init.map(|init| f64::from(init) / 100.0),
            memory_mib,
            max_memory_mib,
            status,
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_as_text_is_read_back(invocation in invocation()) {
        let Invocation { request_id, version, ended, .. } = &invocation;
        let start = format!("START RequestId: {request_id} Version: {}", version.expect("a version"));
        let time = ended.expect("a time").to_rfc3339();
        for report in [text(&invocation), text(&invocation).replace('\t', " ")] {
            let log = format!("{start}\nits own words\nEND RequestId: {request_id}\n{time} {report}\n");
            let expected = Records { invocations: vec![invocation.clone()], unreadable: 0 };
            prop_assert_eq!(records(&log), expected);
        }
    }

    #[test]
    fn what_was_written_as_json_is_read_back(invocation in invocation()) {
        let start = json!({
            "time": "2026-11-23T20:00:00.000Z",
            "type": "platform.start",
            "record": {"requestId": invocation.request_id, "version": invocation.version},
        });
        let Some(number) = invocation.version else { unreachable!("all have one") };
        let start = start.to_string().replace(&format!("\"version\":{number}"), &format!("\"version\":\"{number}\""));
        let read = records(&format!("{start}\n{}\n", platform(&invocation)));
        prop_assert_eq!(read.invocations, [invocation]);
    }

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        records(&text);
        records(&format!("REPORT RequestId: {text}"));
        records(&format!("{{\"type\":\"platform.report\",\"record\":{text}}}"));
        let _ = from_tail(&text);
        let _ = from_tail(&STANDARD.encode(&bytes));
    }

    #[test]
    fn a_report_that_is_cut_off_is_counted_and_never_misread(invocation in invocation(), cut in 0.0..1.0f64) {
        let whole = text(&invocation);
        let (fields, _) = whole.split_once("\tMax Memory Used").expect("a field");
        let cut = &fields[..(fields.len() as f64 * cut) as usize];
        let read = records(&format!("REPORT RequestId: {}", cut.trim_start_matches("REPORT RequestId: ")));
        prop_assert_eq!(read, Records { invocations: vec![], unreadable: 1 });
    }
}

#[test]
fn published_lines_of_both_formats_are_read() {
    let read = records(CORPUS);
    let cells: Vec<_> = read
        .invocations
        .iter()
        .map(|i| {
            (
                i.duration_ms,
                i.billed_ms,
                i.init_ms,
                i.memory_mib,
                i.max_memory_mib,
                i.status,
            )
        })
        .collect();
    use Status::{Error, Success, Timeout};
    assert_eq!(
        cells,
        [
            (22.74, 100, None, 128, 18, Success),
            (3000.0, 3000, None, 1024, 64, Timeout),
            (10935.7, 10936, None, 1024, 1024, Error),
            (2599.4, 2600, Some(549.04), 128, 94, Success),
            (11.642, 12, Some(174.055), 128, 67, Success),
            (5000.0, 5000, None, 128, 94, Timeout),
        ]
    );
    assert_eq!(read.unreadable, 0);
    assert_eq!(read.invocations[2].version, None, "$LATEST");
}

#[test]
fn the_functions_own_words_are_no_reports() {
    let own = r#"{"message":"a \"platform.report\" came","type":"own"}
the line REPORT RequestId: x is not at its beginning
{"type":"platform.start"}"#;
    assert_eq!(records(own), Records::default());
}

#[test]
fn a_start_with_a_restored_snapshot_is_cold() {
    let line = "REPORT RequestId: a\tDuration: 5.00 ms\tBilled Duration: 300 ms\tMemory Size: 512 MB\t\
                Max Memory Used: 80 MB\tRestore Duration: 684.97 ms\tBilled Restore Duration: 221 ms\t";
    let read = records(line);
    assert_eq!(read.invocations[0].init_ms, Some(684.97));
    assert!(read.invocations[0].is_cold());
}

#[test]
fn a_tail_that_begins_in_the_middle_of_a_character_still_has_its_report() {
    let mut tail = b"\xbf\xbf its own words\nSTART RequestId: a Version: 7\n".to_vec();
    tail.extend(
        b"REPORT RequestId: a\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\t\n",
    );
    let invocation = from_tail(&STANDARD.encode(tail)).expect("an invocation");
    assert_eq!((invocation.version, invocation.billed_ms), (version(7), 2));
}

#[test]
fn files_of_all_kinds_are_read_with_versions_and_times() {
    const REPORT: &str = "REPORT RequestId: a\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t\
                          Max Memory Used: 20 MB\t";
    let folder = tempfile::tempdir().unwrap();
    let time = "2026-11-23T20:00:00.250Z";
    let stream = folder.path().join("2026-11-23-[3]0f1e2d3c");
    fs::create_dir(&stream).unwrap();
    let mut gz = GzEncoder::new(
        fs::File::create(stream.join("000000.gz")).unwrap(),
        Compression::fast(),
    );
    writeln!(gz, "{time} {REPORT}").unwrap();
    gz.finish().unwrap();
    let ms = DateTime::parse_from_rfc3339(time)
        .unwrap()
        .timestamp_millis();
    let event = json!({"logStreamName": "2026/11/23/[4]0f1e", "timestamp": ms, "message": format!("{REPORT}\n")});
    let events = json!({"events": [event], "searchedLogStreams": []});
    fs::write(folder.path().join("a.json"), events.to_string()).unwrap();
    let tailed = format!("{time} 2026/11/23/[5]0f1e {REPORT}\n");
    fs::write(folder.path().join("b.txt"), tailed).unwrap();
    fs::write(folder.path().join("c.json"), platform_line(time)).unwrap();

    let read = read(folder.path()).unwrap();
    let versions: Vec<_> = read.invocations.iter().map(|i| i.version).collect();
    assert_eq!(versions, [version(3), version(4), version(5), None]);
    assert!(read.invocations.iter().all(|i| i.ended.is_some()));
}

fn platform_line(time: &str) -> String {
    let metrics = json!({"durationMs": 1, "billedDurationMs": 2.0, "memorySizeMB": 128, "maxMemoryUsedMB": 3});
    json!({"time": time, "type": "platform.report", "record": {"requestId": "a", "metrics": metrics}})
        .to_string()
}

#[test]
fn a_folder_without_reports_is_an_error_that_says_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), "nothing\n").unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("has no REPORT line") && error.contains("filter-log-events"),
        "{error}"
    );
}
