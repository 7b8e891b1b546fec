//! Keeps web pages out. The sandbox runs whatever code it is sent, and a browser lets any page send requests to
//! loopback; only the answers are hidden from the page, which is too late.
//!
//! A request of a page is told by what a browser always says and a page cannot leave out:
//! - `Origin`: on every request with another method than `GET` or `HEAD`, on every `fetch` with CORS, and on every
//!   WebSocket.
//! - `Sec-Fetch-Site`: on every request to loopback, images and forms too. `none` is a person at the address bar.
//! - `Host`: the name that the page used. A page may let its own name resolve to 127.0.0.1 (DNS rebinding): then its
//!   requests are same-origin and have neither of the above, but a name that is not loopback.
//!
//! SDKs, the AWS CLI, Terraform and runtimes send none of these but the `Host` of the endpoint that they were given.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use crate::aws::errors;

/// Fetch Metadata Request Headers, W3C, section 2.4.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How much of a request is quoted, in characters: a page may send a lot.
const QUOTED_CHARS: usize = 120;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("it comes from a web page (Origin: {0}), and no web page may use this port")]
    Origin(String),
    #[error(
        "a web page lets a browser send it (Sec-Fetch-Site: {0}), and no web page may use this port"
    )]
    FetchSite(String),
    #[error("it is for the host {0}, which is not loopback: use 127.0.0.1 or localhost")]
    ForeignHost(String),
    #[error("it does not say which host it is for: send the header Host")]
    NoHost,
}

/// For ports that only programs use: AWS's APIs, the admin routes, the Runtime API.
pub async fn refuse_web_pages(request: Request, next: Next) -> Response {
    let checked = check_host(request.uri(), request.headers())
        .and_then(|()| check_no_page(request.headers()));
    run_or_refuse(checked, request, next).await
}

/// For HTTP APIs: web pages are what they are there for, under any name but their own they are not.
pub async fn refuse_foreign_hosts(request: Request, next: Next) -> Response {
    let checked = check_host(request.uri(), request.headers());
    run_or_refuse(checked, request, next).await
}

async fn run_or_refuse(checked: Result<(), Refusal>, request: Request, next: Next) -> Response {
    let Err(refusal) = checked else {
        return next.run(request).await;
    };
    let message = format!("The sandbox refused this request: {refusal}.");
    let uri = quoted(request.uri().to_string().as_bytes());
    tracing::warn!("refused {} {uri}: {refusal}", request.method());
    // As AWS refuses, so that an SDK shows the message.
    let code = "AccessDeniedException";
    errors::rest_json(StatusCode::FORBIDDEN, code, &errors::typed(code, &message))
}

fn check_no_page(headers: &HeaderMap) -> Result<(), Refusal> {
    if let Some(origin) = headers.get(header::ORIGIN) {
        return Err(Refusal::Origin(quoted(origin.as_bytes())));
    }
    let mut sites = headers.get_all(SEC_FETCH_SITE).into_iter();
    match sites.find(|site| *site != "none") {
        Some(site) => Err(Refusal::FetchSite(quoted(site.as_bytes()))),
        None => Ok(()),
    }
}

/// Whatever names a host must name loopback: the request line (always in HTTP/2) and the header.
fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let in_line = uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let in_headers = headers.get_all(header::HOST).into_iter();
    let mut hosts = in_line
        .into_iter()
        .chain(in_headers.map(HeaderValue::as_bytes))
        .peekable();
    if hosts.peek().is_none() {
        return Err(Refusal::NoHost);
    }
    match hosts.find(|host| !is_loopback(host)) {
        Some(host) => Err(Refusal::ForeignHost(quoted(host))),
        None => Ok(()),
    }
}

/// Whether `host[:port]` is this machine under a name that nobody else can give out.
fn is_loopback(host: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(host) else {
        return false;
    };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().take(QUOTED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = lines.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    }

    #[test]
    fn only_loopback_is_this_machine() {
        for host in [
            "localhost",
            "LocalHost:4566",
            "127.0.0.1",
            "127.0.0.1:4566",
            "127.8.9.10:1",
            "[::1]",
            "[::1]:4566",
        ] {
            assert!(is_loopback(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:4566",
            "127.0.0.1.evil.example",
            "localhost.evil.example:4566",
            "evil.localhost",
            "localhost@evil.example",
            "0.0.0.0:4566",
            "10.0.0.1",
            "[::]:4566",
            "[::2]",
            "127.0.0.1 evil.example",
            "\u{fc}",
        ] {
            assert!(!is_loopback(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn every_host_that_a_request_names_must_be_loopback() {
        let path: Uri = "/a".parse().unwrap();
        let absolute: Uri = "http://evil.example/a".parse().unwrap();
        let ours = headers(&[("host", "127.0.0.1:1")]);
        let mut two = ours.clone();
        two.append(header::HOST, HeaderValue::from_static("evil.example"));
        let foreign = Err(Refusal::ForeignHost("evil.example".to_owned()));
        assert_eq!(check_host(&path, &ours), Ok(()));
        assert_eq!(check_host(&path, &HeaderMap::new()), Err(Refusal::NoHost));
        assert_eq!(check_host(&path, &two), foreign);
        assert_eq!(check_host(&absolute, &ours), foreign);
        let loopback: Uri = "http://localhost:1/a".parse().unwrap();
        assert_eq!(check_host(&loopback, &HeaderMap::new()), Ok(()));
    }

    #[test]
    fn what_browsers_add_for_a_page_is_refused_and_the_address_bar_is_not() {
        assert_eq!(check_no_page(&HeaderMap::new()), Ok(()));
        assert_eq!(
            check_no_page(&headers(&[("sec-fetch-site", "none")])),
            Ok(())
        );
        for origin in ["https://evil.example", "http://127.0.0.1:8000", "null", ""] {
            let refused = check_no_page(&headers(&[("origin", origin)]));
            assert_eq!(refused, Err(Refusal::Origin(origin.to_owned())));
        }
        for site in ["cross-site", "same-site", "same-origin", "None", ""] {
            let refused = check_no_page(&headers(&[("sec-fetch-site", site)]));
            assert_eq!(refused, Err(Refusal::FetchSite(site.to_owned())));
        }
    }

    #[test]
    fn a_refusal_quotes_a_part_only() {
        assert_eq!(quoted(&[b'x'; 5000]).len(), QUOTED_CHARS);
    }
}
