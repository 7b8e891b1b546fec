//! A fork may have removed an example: its tests are then left out.

use std::path::Path;

/// The functions that have tests here; those of `http-api` are in `tests/http_api`.
const FUNCTIONS: [&str; 3] = ["event-processor", "hasher", "http-api"];

fn main() {
    for function in FUNCTIONS {
        let tests = function.replace('-', "_");
        let manifest = format!("../../functions/{function}/Cargo.toml");
        println!("cargo::rustc-check-cfg=cfg({tests})");
        println!("cargo::rerun-if-changed={manifest}");
        if Path::new(&manifest).is_file() {
            println!("cargo::rustc-cfg={tests}");
        } else {
            println!("cargo::warning=there is no functions/{function}: tests/{tests} is left out");
        }
    }
}
