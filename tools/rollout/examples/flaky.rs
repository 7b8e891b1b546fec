//! A function that fails as often as its environment says: the fixture of the tests of `run`.
//!
//! `FAIL_EVERY=10` makes every tenth invocation of an environment fail, `FAIL_BY=exit` makes it fail
//! by ending the process instead of reporting an error, and `SLOW_EVERY=10` makes every tenth one take
//! 100 ms longer. It speaks the Runtime API with nothing but
//! the standard library, so that it starts at once.

use std::{
    env,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
    thread,
    time::Duration,
};

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";

fn main() -> io::Result<ExitCode> {
    let fail_every: u64 = env::var("FAIL_EVERY").map_or(0, |text| text.parse().unwrap_or(0));
    let slow_every: u64 = env::var("SLOW_EVERY").map_or(0, |text| text.parse().unwrap_or(0));
    let fail_by_exit = env::var("FAIL_BY").is_ok_and(|by| by == "exit");
    for invocation in 1_u64.. {
        let event = request("GET", "invocation/next", "")?;
        let id = header(&event, REQUEST_ID).ok_or(io::ErrorKind::InvalidData)?;
        let fails = fail_every > 0 && invocation.is_multiple_of(fail_every);
        if slow_every > 0 && invocation.is_multiple_of(slow_every) {
            thread::sleep(Duration::from_millis(100));
        }
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
