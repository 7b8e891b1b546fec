//! What the sandbox adds to an invocation: a do-nothing function behind it, and clients that do as little as possible.
//!
//! `cargo run -p sandbox --example overhead` prints p50 and p99 of one client, and invocations per second of eight.
//! `-- SECONDS` sends 200 invocations per second for so long instead, and says how disk and memory grow.
//!
//! This program is also the function: Lambda's variables tell it which of the two it is.

use std::{
    env,
    io::{Cursor, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use sandbox::{
    cli::terminal,
    execution::emulation::HOST,
    server::{Options, Server},
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::oneshot};

/// Clients that send at the same time in the second part.
const CLIENTS: usize = 8;

/// Where the function is invoked.
const INVOCATIONS: &str = "/2015-03-31/functions/nothing/invocations";

/// Length of each part.
const LENGTH: Duration = Duration::from_secs(4);

fn main() -> anyhow::Result<()> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        return runtime.block_on(function());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

/// Answers every event with null.
async fn function() -> anyhow::Result<()> {
    let nothing = service_fn(async |_: LambdaEvent<Value>| Ok::<_, Error>(Value::Null));
    lambda_runtime::run(nothing)
        .await
        .map_err(anyhow::Error::from_boxed)
}

async fn measure() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::bind(Options::new(folder.path().to_owned())).await?;
    let authority = server.endpoint().trim_start_matches("http://").to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    create(&authority).await?;
    // Not counted: cold starts.
    invoke_for(&authority, CLIENTS, Duration::from_secs(1)).await?;
    match env::args().nth(1) {
        Some(seconds) => measure_growth(&authority, folder.path(), seconds.parse()?).await?,
        None => measure_time(&authority).await?,
    }
    let _ = stop.send(());
    running.await??;
    Ok(())
}

/// So many invocations per second, one after the other, for so many seconds.
async fn measure_growth(authority: &str, folder: &Path, seconds: u32) -> anyhow::Result<()> {
    let used = || anyhow::Ok((disk_bytes(folder)?, memory_bytes()?));
    let (disk, memory) = used()?;
    let mut client = connect(authority).await?;
    let mut every = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..seconds * 200 {
        every.tick().await;
        send(&mut client, INVOCATIONS, Bytes::from_static(b"{}")).await?;
    }
    let (disk_now, memory_now) = used()?;
    let days = f64::from(seconds) / 86_400.0;
    for (what, before, now) in [("disk", disk, disk_now), ("memory", memory, memory_now)] {
        let mib = |bytes: f64| bytes / f64::from(1 << 20);
        let grown = now - before;
        terminal::line(format_args!(
            "{what}: {:.1} MiB, {:.1} MiB more after {seconds} s: {:.0} MiB a day",
            mib(now),
            mib(grown),
            mib(grown / days)
        ));
    }
    Ok(())
}

/// What the files in a folder take on the disk.
fn disk_bytes(folder: &Path) -> std::io::Result<f64> {
    let mut bytes = 0.0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += metadata.blocks() as f64 * 512.0;
        if metadata.is_dir() {
            bytes += disk_bytes(&entry.path())?;
        }
    }
    Ok(bytes)
}

/// What this process has in memory.
fn memory_bytes() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmRSS")?.parse::<f64>()? * 1024.0)
}

async fn measure_time(authority: &str) -> anyhow::Result<()> {
    let one = invoke_for(authority, 1, LENGTH).await?;
    let many = invoke_for(authority, CLIENTS, LENGTH).await?;
    let micros =
        |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    terminal::line(format_args!(
        "1 client:  p50 {:.3} ms, p99 {:.3} ms",
        micros(&one, 0.5),
        micros(&one, 0.99)
    ));
    terminal::line(format_args!(
        "{CLIENTS} clients: {:.0} invocations/s, p50 {:.3} ms, p99 {:.3} ms",
        many.len() as f64 / LENGTH.as_secs_f64(),
        micros(&many, 0.5),
        micros(&many, 0.99)
    ));
    Ok(())
}

/// Creates the function `nothing` from this program.
async fn create(authority: &str) -> anyhow::Result<()> {
    let program = std::fs::read(env::current_exe()?)?;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options.compression_level(Some(1)))?;
    zip.write_all(&program)?;
    let request = json!({
        "FunctionName": "nothing",
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": "arn:aws:iam::000000000000:role/nothing",
        "Architectures": [HOST.as_str()],
        "Code": {"ZipFile": BASE64.encode(zip.finish()?.into_inner())},
    });
    let mut client = connect(authority).await?;
    send(
        &mut client,
        "/2015-03-31/functions",
        request.to_string().into(),
    )
    .await
}

/// So many clients for so long; gives the times in microseconds.
async fn invoke_for(
    authority: &str,
    clients: usize,
    length: Duration,
) -> anyhow::Result<Histogram<u64>> {
    let mut all = Histogram::new(3)?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let authority = authority.to_owned();
        tasks.spawn(async move { invoke_until(&authority, Instant::now() + length).await });
    }
    while let Some(times) = tasks.join_next().await {
        all.add(times??)?;
    }
    Ok(all)
}

async fn invoke_until(authority: &str, end: Instant) -> anyhow::Result<Histogram<u64>> {
    let mut times = Histogram::new(3)?;
    let mut client = connect(authority).await?;
    while Instant::now() < end {
        let begun = Instant::now();
        send(&mut client, INVOCATIONS, Bytes::from_static(b"{}")).await?;
        times.record(u64::try_from(begun.elapsed().as_micros())?)?;
    }
    Ok(times)
}

type Client = SendRequest<Full<Bytes>>;

async fn connect(authority: &str) -> anyhow::Result<Client> {
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn send(client: &mut Client, path: &str, body: Bytes) -> anyhow::Result<()> {
    client.ready().await?;
    let request = Request::post(path)
        .header("host", "localhost")
        .body(Full::new(body))?;
    let response = client.send_request(request).await?;
    let failed =
        response.headers().contains_key("x-amz-function-error") || !response.status().is_success();
    let body = response.into_body().collect().await?.to_bytes();
    ensure!(!failed, "{path}: {}", String::from_utf8_lossy(&body));
    Ok(())
}
