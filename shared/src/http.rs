//! What an HTTP function needs besides lambda_http and a router: the path as the caller has sent it.
//!
//! ```text
//! lambda_http::run(telemetry.observe(http::path_as_sent(router)))
//! ```
//!
//! API Gateway decodes the path, and lambda_http makes a URI of it, with the stage in front unless it is `$default`. So
//! `/documents/%2E%2E/health` would reach the route `/health`, and a question mark within a segment would begin the
//! query. Here the path is that of the event, encoded. Host, domain and stage stay where lambda_http puts them. An event
//! whose host or query no URI can have, such as a query with a bare `<`, makes lambda_http panic before anything here is
//! called: a function error, which callers see as 500.

use lambda_http::{
    Request, RequestExt as _,
    http::{Uri, uri::PathAndQuery},
    tower::util::MapRequest,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Characters that must be encoded in a path (RFC 3986, section 3.3). The percent sign is none of them: what was sent
/// encoded stays encoded. The question mark is: it is part of a segment that was decoded.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same service, with every request's path as the caller has sent it.
pub fn path_as_sent<S>(service: S) -> MapRequest<S, fn(Request) -> Request> {
    MapRequest::new(service, restore)
}

fn restore(mut request: Request) -> Request {
    let sent = request.raw_http_path();
    let mut path = utf8_percent_encode(sent, NOT_IN_PATH).to_string();
    // lambda_http has put them into the URI as they are, in front of the query.
    let query = match sent.contains(['?', '#']) {
        false => request.uri().query().map(str::to_owned),
        true => {
            let parameters = request.query_string_parameters_ref();
            parameters.map(|parameters| parameters.to_query_string())
        }
    };
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        path = format!("{path}?{query}");
    }
    let mut parts = request.uri().clone().into_parts();
    // A path that is none stays as lambda_http has made it.
    if let Ok(path) = path.parse::<PathAndQuery>() {
        parts.path_and_query = Some(path);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use lambda_http::request::{RequestContext, from_str};
    use serde_json::json;

    use super::*;

    fn request(path: &str, query: &str, stage: &str) -> Request {
        let event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "api.example.com", "x-forwarded-proto": "https"},
            "requestContext": {
                "domainName": "api.example.com",
                "stage": stage,
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            },
            "isBase64Encoded": false,
        });
        restore(from_str(&event.to_string()).unwrap())
    }

    #[test]
    fn a_decoded_path_stays_one_path() {
        for (path, query, target) in [
            (
                "/documents",
                "limit=2&cursor=a%2Bb",
                "/documents?limit=2&cursor=a%2Bb",
            ),
            (
                "/documents/a?b#c",
                "limit=2",
                "/documents/a%3Fb%23c?limit=2",
            ),
            ("/documents/a#b", "", "/documents/a%23b"),
            ("/documents/%2F", "", "/documents/%2F"),
            ("/ä ö", "", "/%C3%A4%20%C3%B6"),
            ("//documents", "", "//documents"),
            ("/documents/../health", "", "/documents/../health"),
            ("/documents/.%2E/.", "", "/documents/.%2E/."),
        ] {
            let request = request(path, query, "$default");
            let found = request.uri().path_and_query().map(PathAndQuery::as_str);
            assert_eq!(found, Some(target));
        }
    }

    #[test]
    fn host_and_stage_stay_visible_and_the_stage_is_no_part_of_the_path() {
        let request = request("/documents", "a=b", "staging");
        assert_eq!(request.uri(), "https://api.example.com/documents?a=b");
        let RequestContext::ApiGatewayV2(context) = request.request_context() else {
            panic!("another context");
        };
        assert_eq!(context.domain_name.as_deref(), Some("api.example.com"));
        assert_eq!(context.stage.as_deref(), Some("staging"));
    }
}
