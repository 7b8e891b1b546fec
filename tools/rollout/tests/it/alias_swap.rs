//! Compare-and-swap of an alias when answers are lost, against an endpoint that follows a script.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

use rollout::aws::{
    alias::{Alias, AliasError, compare_and_swap},
    routing::Routing,
};

/// What the endpoint does with one request.
#[derive(Clone, Copy)]
enum Step {
    /// Ends the connection without an answer.
    Hang,
    Answer(&'static str, &'static str),
}

const WANTED: &str = r#"{"FunctionVersion":"2","Description":"mine","RevisionId":"b"}"#;
const OTHER: &str = r#"{"FunctionVersion":"3","Description":"theirs","RevisionId":"b"}"#;
const CHANGED: Step = Step::Answer("412 PreconditionFailedException", "{}");
const THROTTLED: Step = Step::Answer("429 TooManyRequestsException", "{}");
const BROKEN: Step = Step::Answer("500 ServiceException", "{}");
const DENIED: Step = Step::Answer("403 AccessDeniedException", "{}");

/// Asks for version 2 alone while the endpoint follows the script; the script must be used up.
async fn swap(script: &'static [Step]) -> Result<Alias, AliasError> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        for step in script {
            let (connection, _) = listener.accept().expect("a connection");
            follow(*step, connection);
        }
    });
    let before = Alias {
        function: "probe".to_owned(),
        name: "live".to_owned(),
        routing: Routing::alone("1".parse().expect("a version")),
        description: String::new(),
        revision_id: "a".to_owned(),
    };
    let wanted = Routing::alone("2".parse().expect("a version"));
    let result = compare_and_swap(&client(&endpoint), &before, wanted, "mine").await;
    server.join().expect("the script is followed to its end");
    result
}

fn follow(step: Step, mut connection: TcpStream) {
    let mut reader = BufReader::new(connection.try_clone().expect("a clone"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).expect("a body");
    if let Step::Answer(status, body) = step {
        let (code, kind) = status.split_once(' ').unwrap_or((status, ""));
        let length = body.len();
        write!(
            connection,
            "HTTP/1.1 {code} Scripted\r\nx-amzn-errortype: {kind}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .expect("is answered");
    }
}

fn client(endpoint: &str) -> aws_sdk_lambda::Client {
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(aws_sdk_lambda::config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::new(
            "a", "b", None, None, "test",
        ))
        .build();
    aws_sdk_lambda::Client::from_conf(config)
}

#[tokio::test]
async fn a_lost_answer_is_recognised_as_our_own_change() {
    const SCRIPT: &[Step] = &[Step::Hang, CHANGED, Step::Answer("200", WANTED)];
    let alias = swap(SCRIPT).await.expect("is ours");
    assert_eq!(alias.revision_id, "b");
}

#[tokio::test]
async fn somebody_who_wanted_the_same_is_still_somebody_else() {
    const SCRIPT: &[Step] = &[CHANGED, Step::Answer("200", WANTED)];
    let result = swap(SCRIPT).await;
    assert!(
        matches!(result, Err(AliasError::Changed { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_refusal_that_is_retried_does_not_make_another_change_ours() {
    const SCRIPT: &[Step] = &[THROTTLED, CHANGED, Step::Answer("200", WANTED)];
    let result = swap(SCRIPT).await;
    assert!(
        matches!(result, Err(AliasError::Changed { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn another_change_after_a_lost_answer_is_not_overwritten() {
    const SCRIPT: &[Step] = &[BROKEN, CHANGED, Step::Answer("200", OTHER)];
    let error = swap(SCRIPT).await.expect_err("is not ours");
    assert!(error.to_string().contains("version 3 alone"), "{error}");
}

#[tokio::test]
async fn a_throttled_change_is_made_in_the_end() {
    const SCRIPT: &[Step] = &[THROTTLED, BROKEN, Step::Answer("200", WANTED)];
    assert!(swap(SCRIPT).await.is_ok());
}

#[tokio::test]
async fn what_is_denied_is_not_tried_again() {
    let error = swap(&[DENIED]).await.expect_err("is denied");
    assert!(
        error.to_string().contains("AccessDeniedException"),
        "{error}"
    );
}
