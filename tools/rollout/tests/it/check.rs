//! `rollout publish --check` on real artifacts, and on real artifacts that were spoiled in one respect each.

use crate::common::release;
use package::Architecture::{Arm64, X86_64};
use release::{Dist, Entry, FUNCTION, bootstrap, rollout, said};

/// Where an ELF header has its machine.
const E_MACHINE: usize = 18;

/// Expects that the check fails for a reason, and names the file.
fn refused(dist: &Dist, reasons: &[&str]) {
    let assert = rollout(dist, &["publish", "--check", FUNCTION]).code(2);
    let said = said(&assert);
    for reason in reasons {
        assert!(said.contains(reason), "{reason:?} is not in: {said}");
    }
}

/// Replaces a text in a binary by one of the same length, wherever it stands.
fn patch(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    for start in 0..bytes.len() - from.len() {
        let window = &mut bytes[start..start + from.len()];
        if window == from.as_bytes() {
            window.copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{from} is not in the bootstrap");
}

#[test]
fn real_artifacts_pass() {
    let dist = Dist::real();
    let assert = rollout(&dist, &["--json", "publish", "--check", FUNCTION]).success();
    let checked: serde_json::Value =
        serde_json::from_slice(&assert.get_output().stdout).expect("JSON");
    assert_eq!(checked["builds"][0]["architecture"], "x86_64");
    assert_eq!(checked["builds"][1]["architecture"], "arm64");
    let size = checked["builds"][1]["bootstrap_bytes"].as_u64();
    assert_eq!(size, Some(dist.bootstrap(Arm64).len() as u64));
}

#[test]
fn a_function_that_was_not_built_is_named_with_what_builds_it() {
    let assert = rollout(&Dist::real(), &["publish", "--check", "nosuch"]).code(2);
    assert!(
        said(&assert).contains("scripts/build.sh nosuch"),
        "{}",
        said(&assert)
    );
}

#[test]
fn a_bootstrap_of_the_other_architecture_is_refused() {
    let mut dist = Dist::real();
    let wrong = dist.bootstrap(X86_64);
    dist.pack_bootstrap(Arm64, wrong);
    refused(
        &dist,
        &[
            "arm64.zip",
            "is built for x86_64, this artifact is for arm64",
        ],
    );
}

#[test]
fn a_bootstrap_of_a_machine_that_lambda_has_not_got_is_refused() {
    const EM_RISCV: u8 = 243;
    let mut dist = Dist::real();
    let mut bytes = dist.bootstrap(X86_64);
    bytes[E_MACHINE] = EM_RISCV;
    dist.pack_bootstrap(X86_64, bytes);
    refused(&dist, &["x86_64.zip", "ELF machine 243"]);
}

#[test]
fn a_bootstrap_that_needs_a_newer_glibc_is_refused() {
    let mut dist = Dist::real();
    for architecture in [X86_64, Arm64] {
        let mut bytes = dist.bootstrap(architecture);
        patch(&mut bytes, "GLIBC_2.34", "GLIBC_2.38");
        dist.pack_bootstrap(architecture, bytes);
    }
    // Both problems are told at once.
    refused(
        &dist,
        &["x86_64.zip needs glibc 2.38", "arm64.zip needs glibc 2.38"],
    );
}

#[test]
fn a_bootstrap_with_another_loader_is_refused() {
    let mut dist = Dist::real();
    let mut bytes = dist.bootstrap(X86_64);
    patch(
        &mut bytes,
        "/lib64/ld-linux-x86-64",
        "/lib64/ld-musl--x86-64",
    );
    dist.pack_bootstrap(X86_64, bytes);
    refused(&dist, &["x86_64.zip", "ld-musl"]);
}

#[test]
fn a_script_is_no_bootstrap() {
    let mut dist = Dist::real();
    dist.pack_bootstrap(X86_64, b"#!/bin/sh\nexit 1\n".to_vec());
    refused(&dist, &["x86_64.zip", "not a 64-bit ELF executable"]);
}

#[test]
fn a_truncated_bootstrap_is_refused_and_does_not_panic() {
    let whole = Dist::real().bootstrap(Arm64);
    for length in [0, 1, 63, 64, 1_000, whole.len() / 2] {
        let mut dist = Dist::real();
        dist.pack_bootstrap(Arm64, whole[..length].to_vec());
        refused(&dist, &["arm64.zip", "not a 64-bit ELF executable"]);
    }
}

#[test]
fn a_zip_without_bootstrap_in_its_root_is_refused() {
    let mut dist = Dist::real();
    let bytes = dist.bootstrap(X86_64);
    let name = "bin/bootstrap".to_owned();
    dist.pack(
        X86_64,
        &[Entry {
            name,
            ..bootstrap(bytes)
        }],
    );
    refused(&dist, &["x86_64.zip has no bootstrap in its root"]);
}

#[test]
fn a_bootstrap_that_is_not_executable_is_refused() {
    let mut dist = Dist::real();
    let bytes = dist.bootstrap(X86_64);
    dist.pack(
        X86_64,
        &[Entry {
            mode: 0o644,
            ..bootstrap(bytes)
        }],
    );
    refused(&dist, &["x86_64.zip is not executable (mode 644)"]);
}

#[test]
fn content_beyond_what_lambda_unpacks_is_refused() {
    let mut dist = Dist::real();
    let filling = Entry {
        name: "filling".to_owned(),
        mode: 0o644,
        bytes: vec![0; 250 * 1024 * 1024],
    };
    let entries = [bootstrap(dist.bootstrap(X86_64)), filling];
    dist.pack(X86_64, &entries);
    refused(&dist, &["x86_64.zip unpacks to", "250 MiB at most"]);
}

#[test]
fn a_zip_that_is_not_the_one_in_the_manifest_is_refused() {
    let mut dist = Dist::real();
    let stated = dist.manifest.artifacts[&X86_64].code_sha256.clone();
    dist.change(X86_64, "newer");
    dist.manifest
        .artifacts
        .get_mut(&X86_64)
        .expect("a build")
        .code_sha256 = stated.clone();
    dist.write_manifest();
    refused(&dist, &["x86_64.zip has SHA-256", &stated]);
}

#[test]
fn what_is_no_zip_is_refused() {
    let mut dist = Dist::real();
    dist.change(Arm64, "x");
    let zip = std::fs::read(dist.zip(Arm64)).expect("a zip");
    std::fs::remove_file(dist.zip(X86_64)).expect("is removed");
    std::fs::write(dist.zip(Arm64), &zip[..zip.len() / 2]).expect("is written");
    refused(
        &dist,
        &["x86_64.zip", "cannot read", "arm64.zip has SHA-256"],
    );
}

#[test]
fn builds_of_different_commits_are_refused() {
    let mut dist = Dist::real();
    dist.manifest
        .artifacts
        .get_mut(&Arm64)
        .expect("a build")
        .commit = "0123abc".to_owned();
    dist.write_manifest();
    refused(&dist, &["different commits", "arm64 0123abc"]);
}

#[test]
fn a_missing_build_is_refused() {
    let mut dist = Dist::real();
    dist.manifest.artifacts.remove(&Arm64);
    dist.write_manifest();
    refused(&dist, &["hasher has no arm64 build"]);
}
