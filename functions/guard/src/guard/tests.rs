use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::*;
use crate::{alias::Alias, event::Target};

/// An alias that somebody else changes several times, each time between a read and a write.
struct Contended {
    alias: Mutex<Alias>,
    changes: Mutex<u32>,
    /// Whether these changes set the weight to 0.
    by_another_guard: bool,
}

impl Contended {
    fn new(changes: u32, by_another_guard: bool) -> Self {
        Self {
            alias: Mutex::new(Alias {
                version: "1".to_owned(),
                weights: HashMap::from([("2".to_owned(), 0.05)]),
                description: String::new(),
                revision_id: "0".to_owned(),
            }),
            changes: Mutex::new(changes),
            by_another_guard,
        }
    }

    fn alias(&self) -> std::sync::MutexGuard<'_, Alias> {
        self.alias.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Aliases for Contended {
    async fn read(&self, _: &str) -> Result<Option<Alias>, AliasError> {
        let read = self.alias().clone();
        let mut changes = self.changes.lock().unwrap();
        if *changes > 0 {
            *changes -= 1;
            let mut alias = self.alias();
            alias.revision_id.push('0');
            if self.by_another_guard {
                alias.weights.clear();
            }
        }
        Ok(Some(read))
    }

    async fn serve_primary_alone(
        &self,
        function: &str,
        read: &Alias,
        description: String,
    ) -> Result<(), AliasError> {
        let mut alias = self.alias();
        if alias.revision_id != read.revision_id {
            let function = function.to_owned();
            return Err(AliasError::Changed { function });
        }
        alias.weights.clear();
        alias.description = description;
        Ok(())
    }
}

fn alarm(state: &str) -> Alarm {
    Alarm {
        name: "f-live-candidate".to_owned(),
        state: state.to_owned(),
        reason: "too many".to_owned(),
        target: Target {
            function: "f".to_owned(),
            version: "2".to_owned(),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn a_candidate_is_rolled_back_though_somebody_else_changes_the_alias_meanwhile() {
    let aliases = Contended::new(4, false);
    let answer = guard(&alarm("ALARM"), &aliases).await.unwrap();
    let expected = Did::RolledBack {
        percent: 5.0,
        serves: "1".to_owned(),
    };
    assert_eq!(answer.did, expected);
    assert!(aliases.alias().weights.is_empty());
    assert!(aliases.alias().description.ends_with("by guard"));
}

#[tokio::test(start_paused = true)]
async fn what_another_has_rolled_back_meanwhile_is_left_as_it_is() {
    let aliases = Contended::new(1, true);
    let answer = guard(&alarm("ALARM"), &aliases).await.unwrap();
    assert_eq!(answer.did, Did::Nothing(Why::NoWeight));
    assert_eq!(aliases.alias().description, "");
}

#[tokio::test(start_paused = true)]
async fn endless_changes_are_an_error_that_lambda_tries_again() {
    let aliases = Contended::new(u32::MAX, false);
    let error = guard(&alarm("ALARM"), &aliases).await.unwrap_err();
    assert!(matches!(error, AliasError::Changed { .. }), "{error:?}");
}

#[tokio::test]
async fn in_any_other_state_the_alias_is_not_even_read() {
    let aliases = Contended::new(1, false);
    for state in ["OK", "INSUFFICIENT_DATA"] {
        let answer = guard(&alarm(state), &aliases).await.unwrap();
        assert_eq!(answer.did, Did::Nothing(Why::NotInAlarm));
    }
    assert_eq!(*aliases.changes.lock().unwrap(), 1);
}
