//! Where answers differ, by JSON pointer (no I/O).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::Answer;

/// One place where the answers of both builds differ, or are not as expected.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// JSON pointer (RFC 6901) into the answer, and on into the JSON of a string; empty for the whole of it.
    pub pointer: String,
    /// What must be there; none when nothing is said of this place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What the x86_64 build has there; none when it has nothing.
    pub x86_64: Option<Value>,
    /// What the arm64 build has there; none when it has nothing.
    pub arm64: Option<Value>,
}

/// Lists where two answers differ from each other or from what is expected, apart from what is at or under
/// one of the `ignored` pointers.
pub(super) fn differences(
    expected: Option<&Answer>,
    x86_64: &Answer,
    arm64: &Answer,
    ignored: &[String],
) -> Vec<Difference> {
    let mut found: BTreeMap<String, Difference> = BTreeMap::new();
    for (pointer, x86_64, arm64) in mismatches(x86_64, arm64, Rule::Equal, ignored) {
        let difference = found.entry(pointer).or_default();
        (difference.x86_64, difference.arm64) = (x86_64, arm64);
    }
    if let Some(expected) = expected {
        for (pointer, expected, x86_64) in mismatches(expected, x86_64, Rule::Contained, ignored) {
            let difference = found.entry(pointer).or_default();
            (difference.expected, difference.x86_64) = (expected, x86_64);
        }
        for (pointer, expected, arm64) in mismatches(expected, arm64, Rule::Contained, ignored) {
            let difference = found.entry(pointer).or_default();
            (difference.expected, difference.arm64) = (expected, arm64);
        }
    }
    let named = |(pointer, difference)| Difference {
        pointer,
        ..difference
    };
    found.into_iter().map(named).collect()
}

/// What holds between the left and the right answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// They are the same.
    Equal,
    /// What the left one says is in the right one, whose objects may have further members.
    Contained,
}

/// A pointer, and what the left and the right answer have there.
type Mismatch = (String, Option<Value>, Option<Value>);

/// A failure is no response and says nothing that may vary: no pointer hides it.
fn mismatches(left: &Answer, right: &Answer, rule: Rule, ignored: &[String]) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let (a, b) = (Some(left.value()), Some(right.value()));
    match (left, right) {
        (Answer::Response(_), Answer::Response(_)) => {
            compare(String::new(), a, b, rule, ignored, &mut found);
        }
        (Answer::Failure(_), Answer::Failure(_)) => {
            compare(String::new(), a, b, rule, &[], &mut found);
        }
        _ => found.push((String::new(), a.cloned(), b.cloned())),
    }
    found
}

fn compare(
    pointer: String,
    left: Option<&Value>,
    right: Option<&Value>,
    rule: Rule,
    ignored: &[String],
    found: &mut Vec<Mismatch>,
) {
    if left == right || ignored.contains(&pointer) {
        return;
    }
    if let Some((left, right)) = json_in_strings(left, right, rule) {
        return compare(pointer, Some(&left), Some(&right), rule, ignored, found);
    }
    match (left, right) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: BTreeSet<_> = a.keys().collect();
            if rule == Rule::Equal {
                keys.extend(b.keys());
            }
            for key in keys {
                let pointer = format!("{pointer}/{}", escaped(key));
                compare(pointer, a.get(key), b.get(key), rule, ignored, found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                let pointer = format!("{pointer}/{index}");
                compare(pointer, a.get(index), b.get(index), rule, ignored, found);
            }
        }
        _ => found.push((pointer, left.cloned(), right.cloned())),
    }
}

/// HTTP bodies are strings. Where both are JSON, it is that which is compared; an expected answer may say
/// the JSON itself in place of the string.
fn json_in_strings(
    left: Option<&Value>,
    right: Option<&Value>,
    rule: Rule,
) -> Option<(Value, Value)> {
    match (left?, right?) {
        (Value::String(left), Value::String(right)) => Some((parsed(left)?, parsed(right)?)),
        (left @ (Value::Object(_) | Value::Array(_)), Value::String(right))
            if rule == Rule::Contained =>
        {
            Some((left.clone(), parsed(right)?))
        }
        _ => None,
    }
}

/// An object or an array: a string that is a number or `true` stays a string.
fn parsed(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// RFC 6901, section 3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(
        expected: Option<Value>,
        x86_64: Value,
        arm64: Value,
        ignored: &[&str],
    ) -> Vec<String> {
        let ignored: Vec<_> = ignored.iter().map(ToString::to_string).collect();
        let [x86_64, arm64] = [x86_64, arm64].map(Answer::Response);
        let expected = expected.map(Answer::expected);
        differences(expected.as_ref(), &x86_64, &arm64, &ignored)
            .into_iter()
            .map(|difference| difference.pointer)
            .collect()
    }

    /// Where two builds that answer alike do not answer as expected.
    fn unexpected(expected: Value, answer: &Value) -> Vec<String> {
        pointers(Some(expected), answer.clone(), answer.clone(), &[])
    }

    #[test]
    fn equal_answers_differ_nowhere() {
        let left = json!({"root": "ab", "n": [1, 2]});
        let right = json!({"n": [1, 2], "root": "ab"});
        assert!(pointers(None, left, right, &[]).is_empty());
    }

    #[test]
    fn every_difference_is_found_at_its_pointer() {
        let left = json!({"a": 1, "b": {"c/d": [1, 2], "e~": 0}, "only_left": null});
        let right = json!({"a": 1.5, "b": {"c/d": [1, 3, 4], "e~": 1}});
        assert_eq!(
            pointers(None, left, right, &[]),
            ["/a", "/b/c~1d/1", "/b/c~1d/2", "/b/e~0", "/only_left"]
        );
    }

    #[test]
    fn answers_that_are_alike_but_wrong_are_found_with_what_was_expected() {
        let [expected, wrong] = [200, 503].map(|status| json!({ "statusCode": status }));
        let wrong = Answer::Response(wrong);
        let found = differences(Some(&Answer::expected(expected)), &wrong, &wrong, &[]);
        let difference = Difference {
            pointer: "/statusCode".to_owned(),
            expected: Some(json!(200)),
            x86_64: Some(json!(503)),
            arm64: Some(json!(503)),
        };
        assert_eq!(found, [difference]);
    }

    #[test]
    fn a_wrong_answer_of_one_build_stands_beside_the_right_one_of_the_other() {
        let [right, wrong] = [1, 2].map(|n| Answer::Response(json!({ "n": n })));
        let found = differences(Some(&right), &right, &wrong, &[]);
        let difference = Difference {
            pointer: "/n".to_owned(),
            expected: Some(json!(1)),
            x86_64: Some(json!(1)),
            arm64: Some(json!(2)),
        };
        assert_eq!(found, [difference]);
    }

    #[test]
    fn an_answer_may_have_more_members_than_expected_but_not_fewer_and_no_longer_arrays() {
        let answer = json!({"a": {"b": 1, "c": 2}, "list": [{"d": 1, "e": 2}], "f": null});
        for (expected, wrong) in [
            (json!({}), &[][..]),
            (json!({"a": {"b": 1}, "f": null}), &[]),
            (json!({"list": [{"e": 2}]}), &[]),
            (json!({"a": {"b": 1, "x": 1}}), &["/a/x"]),
            (json!({"x": null}), &["/x"]),
            (json!({"list": []}), &["/list/0"]),
            (json!({"list": [{"d": 1}, {}]}), &["/list/1"]),
            (json!({"a": "b"}), &["/a"]),
            (json!([]), &[""]),
        ] {
            assert_eq!(unexpected(expected.clone(), &answer), wrong, "{expected}");
        }
    }

    #[test]
    fn json_in_a_string_is_compared_as_json() {
        let answer = json!({"body": r#"{"documents":[{"id":7,"name":"a"}],"next":null}"#});
        for (expected, wrong) in [
            (json!({"body": {"documents": [{"name": "a"}]}}), &[][..]),
            (json!({"body": r#"{ "next": null }"#}), &[]),
            (
                json!({"body": {"documents": [{"name": "b"}]}}),
                &["/body/documents/0/name"],
            ),
            (json!({"body": []}), &["/body"]),
            (json!({"body": "next"}), &["/body"]),
        ] {
            assert_eq!(unexpected(expected.clone(), &answer), wrong, "{expected}");
        }
        // Text that is no JSON is text.
        assert_eq!(
            unexpected(json!({"body": {"a": 1}}), &json!({"body": "{"})),
            ["/body"]
        );
        // One build that answers with a string where the other one answers with JSON is another answer.
        let other = json!({"body": {"documents": [{"id": 7, "name": "a"}], "next": null}});
        assert_eq!(pointers(None, answer, other, &[]), ["/body"]);
    }

    #[test]
    fn what_is_at_or_under_an_ignored_pointer_may_differ_from_the_other_build_and_from_what_is_expected()
     {
        let left = json!({"ms": 1, "cpu": {"features": ["sha"]}, "ms2": 1});
        let right = json!({"ms": 2, "cpu": {"features": []}, "ms2": 2});
        let expected = Some(json!({"ms": 3, "ms2": 1}));
        assert_eq!(pointers(expected, left, right, &["/ms", "/cpu"]), ["/ms2"]);
    }

    #[test]
    fn an_ignored_pointer_reaches_inside_the_json_of_a_string() {
        let answer = |at: u64, n: u64| json!({"body": json!({"at": at, "n": n}).to_string()});
        assert!(pointers(None, answer(1, 5), answer(2, 5), &["/body/at"]).is_empty());
        let expected = Some(json!({"body": {"at": 0, "n": 6}}));
        assert_eq!(
            pointers(expected, answer(1, 5), answer(2, 5), &["/body/at"]),
            ["/body/n"]
        );
    }

    #[test]
    fn a_failure_of_one_build_only_cannot_be_ignored() {
        let response = Answer::Response(json!({"ms": 1}));
        let failure = Answer::Failure(json!({"errorType": "Runtime.ExitError"}));
        let ignored = [String::new(), "/errorType".to_owned()];
        assert_eq!(differences(None, &response, &failure, &ignored).len(), 1);
    }

    #[test]
    fn a_failure_can_be_what_is_expected_and_a_response_then_is_wrong() {
        let failure = Answer::Failure(json!({"errorType": "InvalidEvent", "errorMessage": "x"}));
        let response = Answer::Response(json!({"errorType": "InvalidEvent"}));
        let expected = |kind: &str| Answer::expected(json!({ "errorType": kind }));
        let found = |expected: &Answer, answer: &Answer| {
            let found = differences(Some(expected), answer, answer, &[]).into_iter();
            found
                .map(|difference| difference.pointer)
                .collect::<Vec<_>>()
        };
        assert!(found(&expected("InvalidEvent"), &failure).is_empty());
        assert_eq!(found(&expected("Other"), &failure), ["/errorType"]);
        assert_eq!(found(&expected("InvalidEvent"), &response), [""]);
        assert_eq!(found(&Answer::expected(json!({})), &failure), [""]);
    }
}
