//! A function that fails as often as its environment says: the fixture of the tests of `run`.
//!
//! `FAIL_EVERY=10` makes every tenth invocation of an environment fail, `FAIL_BY=exit` makes it fail
//! by ending the process instead of reporting an error, `SLOW_EVERY=10` makes every tenth one take
//! 100 ms longer, and `COUNT_EVERY=10` makes it count every tenth as a server error. It writes the metrics that
//! `shared::telemetry` writes. It speaks the Runtime API with nothing but
//! the standard library, so that it starts at once.

use std::{
    env,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";

fn main() -> io::Result<ExitCode> {
    let fail_every: u64 = env::var("FAIL_EVERY").map_or(0, |text| text.parse().unwrap_or(0));
    let slow_every: u64 = env::var("SLOW_EVERY").map_or(0, |text| text.parse().unwrap_or(0));
    let count_every: u64 = env::var("COUNT_EVERY").map_or(0, |text| text.parse().unwrap_or(0));
    let fail_by_exit = env::var("FAIL_BY").is_ok_and(|by| by == "exit");
    for invocation in 1_u64.. {
        let event = request("GET", "invocation/next", "")?;
        let id = header(&event, REQUEST_ID).ok_or(io::ErrorKind::InvalidData)?;
        let start = SystemTime::now();
        let fails = fail_every > 0 && invocation.is_multiple_of(fail_every);
        if slow_every > 0 && invocation.is_multiple_of(slow_every) {
            thread::sleep(Duration::from_millis(100));
        }
        let failed = count_every > 0 && invocation.is_multiple_of(count_every);
        write_metrics(start, invocation == 1, failed)?;
        match (fails, fail_by_exit) {
            (false, _) => request("POST", &format!("invocation/{id}/response"), "{}")?,
            (true, false) => {
                let error = r#"{"errorType":"Flaky","errorMessage":"as asked"}"#;
                request("POST", &format!("invocation/{id}/error"), error)?
            }
            (true, true) => return Ok(ExitCode::from(3)),
        };
    }
    Ok(ExitCode::SUCCESS)
}

/// The line of metrics of one invocation.
fn write_metrics(start: SystemTime, cold: bool, failed: bool) -> io::Result<()> {
    let variable = |name| env::var(name).unwrap_or_default();
    let since_1970 = start.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = if cold { "InitDuration" } else { "WarmDuration" };
    let took_ms = start.elapsed().unwrap_or_default().as_secs_f64() * 1e3;
    let line = format!(
        r#"{{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"Functions","Dimensions":[["Function","Version"]],"Metrics":[{{"Name":"{time}","Unit":"Milliseconds"}},{{"Name":"Requests","Unit":"Count"}},{{"Name":"ServerErrors","Unit":"Count"}}]}}]}},"Function":"{}","Version":"{}","{time}":{took_ms},"Requests":1,"ServerErrors":{}}}"#,
        since_1970.as_millis(),
        variable("AWS_LAMBDA_FUNCTION_NAME"),
        variable("AWS_LAMBDA_FUNCTION_VERSION"),
        u8::from(failed),
    );
    writeln!(io::stdout().lock(), "{line}")
}

/// One request to the Runtime API; the whole answer.
fn request(method: &str, path: &str, body: &str) -> io::Result<String> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let (host, prefix) = match api.split_once('/') {
        Some((host, prefix)) => (host, format!("/{prefix}")),
        None => (api.as_str(), String::new()),
    };
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "{method} {prefix}/2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {host}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
