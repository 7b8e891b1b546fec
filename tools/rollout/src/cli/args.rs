//! Arguments that several commands have: a version, a duration, the prices.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Args;
use package::Architecture;

use super::context::Context;
use crate::{
    aws::{
        alias::{self, AliasError},
        routing::Version,
    },
    report::prices::{PriceList, PricesError, Rates},
};

/// A version by its number, or as the one of an architecture in the newest pair.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// The newest version of an architecture.
    Newest(Architecture),
    /// The version of a number.
    Version(Version),
}

impl std::str::FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let newest = text.parse().map(Self::Newest);
        newest
            .or_else(|_| text.parse().map(Self::Version))
            .map_err(|_| {
                format!("{text:?} is neither arm64 nor x86_64 nor the number of a version")
            })
    }
}

impl Goal {
    /// Which version that is.
    pub(super) async fn version(
        self,
        context: &Context,
        function: &str,
    ) -> Result<Version, AliasError> {
        match self {
            Self::Version(version) => Ok(version),
            Self::Newest(architecture) => {
                let newest =
                    alias::read(&context.clients.lambda, function, architecture.as_str()).await?;
                Ok(newest.routing.primary)
            }
        }
    }
}

/// Reads a duration such as `250ms`.
pub(super) fn milliseconds(text: &str) -> Result<f64, String> {
    let duration: Duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    Ok(duration.as_secs_f64() * 1e3)
}

/// Which prices to use.
#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// Price list in the form of infra/modules/function/prices.json [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// GB-seconds a month of the account in this region, which decide the price tier
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, value_parser = gb_seconds)]
    pub(super) monthly_gb_seconds: f64,
}

fn gb_seconds(text: &str) -> Result<f64, String> {
    match text.replace('_', "").parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("give a number of GB-seconds, such as 7_500_000_000".to_owned()),
    }
}

impl PriceArgs {
    /// The list that the arguments name.
    pub(super) fn list(&self) -> anyhow::Result<PriceList> {
        let Some(path) = &self.prices else {
            return Ok(PriceList::built_in()?);
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the prices in {name}"))?;
        Ok(PriceList::parse(&text, &name)?)
    }

    /// What the region of the clients charges.
    pub(super) fn rates(&self, list: &PriceList, context: &Context) -> Result<Rates, PricesError> {
        list.rates(region(context), self.monthly_gb_seconds)
    }
}

/// The region of the clients.
pub(super) fn region(context: &Context) -> &str {
    let region = context.clients.cloudwatch.config().region();
    region.map_or("an unknown region", |region| region.as_ref())
}
