//! A proxy that carries every request, and loses every answer to a change of `live`.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Starts the proxy; it ends with the process.
pub(crate) fn proxy(endpoint: &str) -> String {
    let upstream = endpoint.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&upstream).expect("the sandbox listens");
            carry(client, server).expect("is carried");
        }
    });
    format!("http://{address}")
}

fn carry(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let loses = Arc::new(AtomicBool::new(false));
    let (mut requests, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let seen = Arc::clone(&loses);
    thread::spawn(move || {
        pump(&mut requests, &mut to_server, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            if text.starts_with("PUT ") && text.contains("/aliases/live") {
                seen.store(true, Ordering::SeqCst);
            }
            true
        })
    });
    let (mut answers, mut to_client) = (server, client);
    thread::spawn(move || {
        pump(&mut answers, &mut to_client, |_| {
            !loses.load(Ordering::SeqCst)
        })
    });
    Ok(())
}

/// Copies until one side ends or `passes` says no, and then ends both sides.
fn pump(from: &mut TcpStream, to: &mut TcpStream, passes: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !passes(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
