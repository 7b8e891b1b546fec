//! `UpdateAlias` that is refused, fails, or is carried out without an answer.

use super::{
    Candidate, is_sound,
    proxy::{Fault, Operation},
    set,
    stage::said,
};

const CHANGED: Fault = Fault::Answer(412, "PreconditionFailedException", "");
const CONFLICT: Fault = Fault::Answer(409, "ResourceConflictException", "");
const THROTTLED: Fault = Fault::Answer(429, "TooManyRequestsException", "");
const BROKEN: Fault = Fault::Answer(500, "ServiceException", "");
const UNAVAILABLE: Fault = Fault::Answer(503, "ServiceUnavailableException", "");
const DENIED: Fault = Fault::Answer(403, "AccessDeniedException", "");

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_refused_or_fail_for_a_while_are_made_in_the_end() {
    let (stage, proxy) = set(Candidate::Good).await;
    let first = [Some(CONFLICT), None];
    let second = [Some(THROTTLED), Some(BROKEN), Some(Fault::Cut), None];
    // Refused as changed by somebody else, and yet it is as it was.
    let third = [Some(UNAVAILABLE), Some(CHANGED), Some(CONFLICT), None];
    let script = [&first[..], &second, &third].concat();
    let attempts = script.len();
    proxy.script(Operation::UpdateAlias, script);
    let (code, text) = said(&stage.run_through(&proxy.endpoint, &[]).output().await);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(proxy.calls(Operation::UpdateAlias), attempts, "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_may_not_change_the_alias_says_so_and_leaves_it_and_no_alarm() {
    let (stage, proxy) = set(Candidate::Good).await;
    proxy.always(Some(Operation::UpdateAlias), DENIED);
    let (code, text) = said(&stage.run_through(&proxy.endpoint, &[]).output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("AccessDeniedException"), "{text}");
    assert!(text.contains("live was not changed"), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("1"));
    let status = stage.ask(&["status"]).await;
    assert!(
        text.contains("is armed") && status["alarm"].is_null(),
        "{status}"
    );
    is_sound(&stage, &[]).await;
}
