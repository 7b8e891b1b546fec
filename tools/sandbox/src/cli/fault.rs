//! `sandbox fault`: sets, lists or clears the faults of a function.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use package::Architecture;

use super::terminal;
use crate::{
    client::{
        endpoint::{Clients, EndpointArgs},
        lambda,
    },
    execution::faults::{FaultPlan, FunctionFaults},
    rehearsal::faults::{Fault, FaultSpec},
};

/// Arguments of `sandbox fault`.
#[derive(Debug, Clone, Args)]
pub struct FaultArgs {
    /// Name of the function
    function: String,
    /// Faults to set, like arm64:errors=5% arm64:crash=2% x86_64:latency=50ms arm64:throttle=1%; 0 takes one away, none lists them
    #[arg(value_name = "ARCHITECTURE:KIND=SIZE")]
    specs: Vec<FaultSpec>,
    /// Take all faults of the function away first
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand, and says which faults hold afterwards.
///
/// # Errors
/// When the sandbox cannot be reached or has no such function.
pub async fn run(args: FaultArgs) -> Result<ExitCode> {
    let Clients { lambda, admin, .. } = Clients::new(&args.endpoint.sdk_config()?)?;
    if args.clear {
        admin.clear_faults(&args.function).await?;
    }
    let mut plans = admin
        .faults()
        .await?
        .remove(&args.function)
        .unwrap_or_default();
    if !args.specs.is_empty() {
        // A fault for a misspelt function would never be noticed.
        lambda::must_exist(&lambda, &args.function).await?;
    }
    for (architecture, plan) in changed(&plans, &args.specs) {
        admin
            .set_faults(&args.function, architecture, &plan)
            .await?;
        plans.insert(architecture, plan);
    }
    terminal::line(describe(&args.function, &plans));
    Ok(ExitCode::SUCCESS)
}

/// The plans that the specs change; several may be for one build.
fn changed(plans: &FunctionFaults, specs: &[FaultSpec]) -> FunctionFaults {
    let mut changed = FunctionFaults::new();
    for spec in specs {
        let before = plans.get(&spec.architecture).copied().unwrap_or_default();
        let plan = changed.entry(spec.architecture).or_insert(before);
        *plan = spec.fault.set_in(*plan);
    }
    changed
}

/// `hasher: arm64:errors=5% arm64:latency=50ms`, as one would write them.
fn describe(function: &str, plans: &FunctionFaults) -> String {
    let specs: Vec<_> = plans
        .iter()
        .flat_map(|(&architecture, plan)| specs(architecture, plan))
        .map(|spec| spec.to_string())
        .collect();
    if specs.is_empty() {
        return format!("{function}: no faults");
    }
    format!("{function}: {}", specs.join(" "))
}

fn specs(architecture: Architecture, plan: &FaultPlan) -> impl Iterator<Item = FaultSpec> {
    let shares = [
        (plan.errors, Fault::Errors(plan.errors)),
        (plan.crash, Fault::Crash(plan.crash)),
        (plan.throttle, Fault::Throttle(plan.throttle)),
    ];
    let latency = Duration::from_millis(plan.latency_ms);
    let shares = shares
        .into_iter()
        .filter(|&(share, _)| share > 0.0)
        .map(|(_, fault)| fault);
    let latency = (!latency.is_zero()).then_some(Fault::Latency(latency));
    shares.chain(latency).map(move |fault| FaultSpec {
        architecture,
        fault,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Vec<FaultSpec> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_listed_is_what_was_ordered() {
        let texts = [
            "arm64:errors=5%",
            "arm64:latency=50ms",
            "x86_64:throttle=1%",
        ];
        let plans = changed(&FunctionFaults::new(), &parse(&texts));
        assert_eq!(describe("f", &plans), format!("f: {}", texts.join(" ")));
    }

    #[test]
    fn a_fault_leaves_the_others_and_zero_takes_it_away() {
        let before = changed(
            &FunctionFaults::new(),
            &parse(&["arm64:errors=5%", "arm64:crash=1%"]),
        );
        let after = changed(&before, &parse(&["arm64:errors=0%"]));
        assert_eq!(describe("f", &after), "f: arm64:crash=1%");
        let none = changed(&after, &parse(&["arm64:crash=0%"]));
        assert_eq!(describe("f", &none), "f: no faults");
    }
}
