//! The flags that say which prices hold.

use std::path::PathBuf;

use clap::Args;

use crate::{
    context::Context,
    prices::{PriceList, PricesError, Rates},
};

/// Which prices hold.
#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// Price list in the form of infra/function/prices.json [default: the one that comes along]
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// GB-seconds a month of the account in this region, which decide the price's tier
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
    /// The list that was asked for.
    pub(super) fn list(&self) -> Result<PriceList, PricesError> {
        match &self.prices {
            Some(path) => PriceList::read(path),
            None => PriceList::built_in(),
        }
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
