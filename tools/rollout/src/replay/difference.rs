//! Where two answers differ (pure).

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::Answer;

/// One place where the answers of both halves differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// JSON pointer (RFC 6901) into the response; empty for the whole of it.
    pub pointer: String,
    /// What the first half has there; none when it has nothing.
    pub x86_64: Option<Value>,
    /// What the second half has there; none when it has nothing.
    pub arm64: Option<Value>,
}

/// Lists where two answers differ, apart from what is at or under one of the `ignored` pointers.
/// An answer that failed on one half only differs as a whole.
#[must_use]
pub fn differences(x86_64: &Answer, arm64: &Answer, ignored: &[String]) -> Vec<Difference> {
    let mut found = Vec::new();
    match (x86_64, arm64) {
        (Answer::Response(left), Answer::Response(right)) => {
            compare(String::new(), Some(left), Some(right), ignored, &mut found);
        }
        (Answer::Failure(left), Answer::Failure(right)) => {
            compare(String::new(), Some(left), Some(right), &[], &mut found);
        }
        (Answer::Response(left), Answer::Failure(right))
        | (Answer::Failure(left), Answer::Response(right)) => {
            found.push(difference(String::new(), Some(left), Some(right)));
        }
    }
    found
}

fn compare(
    pointer: String,
    left: Option<&Value>,
    right: Option<&Value>,
    ignored: &[String],
    found: &mut Vec<Difference>,
) {
    if left == right || ignored.contains(&pointer) {
        return;
    }
    match (left, right) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let pointer = format!("{pointer}/{}", escaped(key));
                compare(pointer, a.get(key), b.get(key), ignored, found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                let pointer = format!("{pointer}/{index}");
                compare(pointer, a.get(index), b.get(index), ignored, found);
            }
        }
        _ => found.push(difference(pointer, left, right)),
    }
}

fn difference(pointer: String, x86_64: Option<&Value>, arm64: Option<&Value>) -> Difference {
    Difference {
        pointer,
        x86_64: x86_64.cloned(),
        arm64: arm64.cloned(),
    }
}

/// RFC 6901, section 3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(left: Value, right: Value, ignored: &[&str]) -> Vec<String> {
        let ignored: Vec<_> = ignored.iter().map(ToString::to_string).collect();
        differences(&Answer::Response(left), &Answer::Response(right), &ignored)
            .into_iter()
            .map(|difference| difference.pointer)
            .collect()
    }

    #[test]
    fn equal_answers_differ_nowhere() {
        assert!(
            pointers(
                json!({"root": "ab", "n": [1, 2]}),
                json!({"n": [1, 2], "root": "ab"}),
                &[]
            )
            .is_empty()
        );
    }

    #[test]
    fn every_difference_is_found_at_its_pointer() {
        let left = json!({"a": 1, "b": {"c/d": [1, 2], "e~": 0}, "only_left": null});
        let right = json!({"a": 1.5, "b": {"c/d": [1, 3, 4], "e~": 1}});
        assert_eq!(
            pointers(left, right, &[]),
            ["/a", "/b/c~1d/1", "/b/c~1d/2", "/b/e~0", "/only_left"]
        );
    }

    #[test]
    fn what_is_at_or_under_an_ignored_pointer_may_differ() {
        let left = json!({"ms": 1, "cpu": {"features": ["sha"]}, "ms2": 1});
        let right = json!({"ms": 2, "cpu": {"features": []}, "ms2": 2});
        assert_eq!(pointers(left, right, &["/ms", "/cpu"]), ["/ms2"]);
    }

    #[test]
    fn a_failure_on_one_half_only_cannot_be_ignored() {
        let response = Answer::Response(json!({"ms": 1}));
        let failure = Answer::Failure(json!({"errorType": "Runtime.ExitError"}));
        let ignored = [String::new(), "/errorType".to_owned()];
        assert_eq!(differences(&response, &failure, &ignored).len(), 1);
    }

    #[test]
    fn the_same_failure_on_both_halves_is_no_difference() {
        let failure = Answer::Failure(json!({"errorType": "InvalidInput", "errorMessage": "x"}));
        assert!(differences(&failure, &failure, &[]).is_empty());
    }
}
