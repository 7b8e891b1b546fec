//! What the query by tags has not found, and what the tags hold that this version cannot read.

use chrono::Utc;
use rollout::{
    aws::{
        LIVE,
        alarm::CandidateAlarm,
        alias,
        routing::{Percent, Routing},
        tagged::Tagged,
        tags,
    },
    delivery::{
        decision::Cause,
        frozen::Frozen,
        moves::MoveError,
        record::{self, Record},
        tags::{RUN, TagsError},
    },
};

use crate::{
    tell::{Teller, Told, What},
    tick::{Account, TickError, function},
};

impl Account {
    /// A rollout under way of this function. Tells of one that nobody watches: its tags are gone.
    ///
    /// # Errors
    /// When AWS does not answer.
    pub(crate) async fn missed(&self, name: &str, arn: &str) -> Result<Option<Tagged>, TickError> {
        let lambda = &self.clients.lambda;
        let Some(live) = alias::find(lambda, name, LIVE).await? else {
            return Ok(None);
        };
        let Ok(record) = live.description.parse::<Record>() else {
            return Ok(None);
        };
        let tags = tags::list(lambda, name, arn).await?;
        if tags.contains_key(&RUN.key(1)) {
            let (name, arn) = (name.to_owned(), arn.to_owned());
            return Ok(Some(Tagged { name, arn, tags }));
        }
        if live.routing.candidate().is_some() || record.awaits_approval() {
            let (candidate, percent) = (record.candidate, record.percent());
            let sentence = format!(
                "version {candidate} has {percent} of live, and nothing says how its rollout was started, so that nobody \
                 watches it: rollout start --to {candidate}, or rollout abort"
            );
            let mut teller = Teller::new(name);
            teller.tell(Told::new(What::Failed, name, Some(&record), sentence));
            self.send(&mut teller).await?;
        }
        Ok(None)
    }

    /// Another version of these tools has started this rollout. Its weight stays, and goes back when the candidate's alarm
    /// goes off: the alias says enough for that.
    ///
    /// # Errors
    /// [`TickError`].
    pub(crate) async fn unreadable(
        &self,
        tagged: &Tagged,
        why: &TagsError,
    ) -> Result<(), TickError> {
        let Tagged { name, arn, .. } = tagged;
        let lambda = &self.clients.lambda;
        let tags = tags::list(lambda, name, arn).await?;
        if RUN.read::<Frozen>(&tags).is_ok() {
            // The query was behind.
            return Ok(());
        }
        let live = alias::find(lambda, name, LIVE).await?;
        let record = live.as_ref().and_then(|it| it.description.parse().ok());
        let mut teller = Teller::new(name);
        let sentence = format!(
            "{why}. The weight stays unless the candidate's alarm goes off: update the controller (scripts/platform.sh), or \
             take it back with rollout abort"
        );
        teller.tell(Told::new(What::Failed, name, record.as_ref(), sentence));
        self.send(&mut teller).await?;
        let has_weight = |it: &Record| it.awaits_approval() || it.percent() > Percent::ZERO;
        if let (Some(live), Some(record)) = (live, record.filter(has_weight)) {
            let alarm = CandidateAlarm::new(self.clients.cloudwatch.clone(), name);
            let state = alarm.state().await.map_err(MoveError::from)?;
            let is_off = state.is_some_and(|it| it.is_off_at(Utc::now()));
            if !is_off || live.routing != record.routing() {
                return Ok(());
            }
            let zero = Percent::ZERO;
            let description =
                record::description_after(&live.description, zero, Some(Cause::Alarm), Utc::now());
            let alone = Routing::alone(record.baseline);
            alias::compare_and_swap(lambda, &live, alone, &description).await?;
            let sentence = format!("rolled back (alarm): live serves {alone}");
            let now = description.parse().ok();
            teller.tell(Told::new(What::RolledBack, name, now.as_ref(), sentence));
            self.send(&mut teller).await?;
            alarm.disarm_or_warn().await;
        }
        let keys = RUN.left_over(&tags, &Default::default());
        Ok(tags::change(lambda, &function(tagged), Default::default(), keys).await?)
    }
}
