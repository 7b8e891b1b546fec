//! Reads the alias, decides, changes it; starts again when somebody else has changed it in between.

use std::time::{Duration, SystemTime};

use crate::{
    alias::{AliasError, Aliases},
    answer::{Answer, Did, Why},
    description::rolled_back,
    event::Alarm,
    plan::{Plan, plan},
};

/// How many times it tries when somebody else changes the alias in between.
const ATTEMPTS: u32 = 5;
/// The pause before the second attempt; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Rolls the candidate back, if the alarm says so.
pub(crate) async fn guard(alarm: &Alarm, aliases: &impl Aliases) -> Result<Answer, AliasError> {
    if !alarm.is_alarm() {
        return Ok(Answer::of(alarm, Did::Nothing(Why::NotInAlarm)));
    }
    let mut attempt = 0;
    loop {
        match try_to_guard(alarm, aliases).await {
            Ok(did) => return Ok(Answer::of(alarm, did)),
            Err(AliasError::Changed { .. }) if attempt + 1 < ATTEMPTS => {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn try_to_guard(alarm: &Alarm, aliases: &impl Aliases) -> Result<Did, AliasError> {
    let target = &alarm.target;
    let Some(alias) = aliases.read(&target.function).await? else {
        return Ok(Did::Nothing(Why::NoAlias));
    };
    let weight = match plan(alarm, &alias) {
        Plan::Nothing(why) => return Ok(Did::Nothing(why)),
        Plan::RollBack { weight } => weight,
    };
    let description = rolled_back(&alias.description, &target.version, SystemTime::now());
    let changed = aliases.serve_primary_alone(&target.function, &alias, description);
    changed.await?;
    Ok(Did::RolledBack {
        percent: (weight * 1e4).round() / 1e2,
        serves: alias.version,
    })
}

#[cfg(test)]
mod tests;
