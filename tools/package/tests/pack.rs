//! The command that `scripts/build.sh` calls, on this workspace's own functions.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::{fs, path::Path};

use assert_cmd::Command;
use package::{Architecture, FunctionManifest};
use predicates::str::contains;

fn package() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_package"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command
}

/// Bootstraps of both halves of hasher, as the build lays them out.
fn bootstraps(folder: &Path) {
    for half in Architecture::ALL {
        let folder = folder.join(half.as_str()).join("hasher");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bootstrap"), format!("code for {half}")).unwrap();
    }
}

fn pack(folder: &Path) -> Command {
    let mut command = package();
    command.args(["pack", "hasher", "--commit", "abc", "--bootstraps"]);
    command.arg(folder).arg("--dist").arg(folder.join("dist"));
    command
}

#[test]
fn the_functions_come_from_the_tree() {
    package()
        .arg("list")
        .assert()
        .success()
        .stdout(contains("hasher\n"));
}

#[test]
fn an_unknown_function_is_named_with_those_that_exist() {
    let assert = package().args(["check", "nothing"]).assert();
    assert
        .code(2)
        .stderr(contains(
            "there is no function \"nothing\": functions/ has ",
        ))
        .stderr(contains("hasher"));
}

#[test]
fn a_half_that_was_not_built_is_named_and_leaves_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    bootstraps(folder.path());
    pack(folder.path()).assert().success();
    fs::remove_file(folder.path().join("arm64/hasher/bootstrap")).unwrap();
    let assert = pack(folder.path()).assert();
    assert
        .code(2)
        .stderr(contains("arm64/hasher/bootstrap: build this half first"));
    let missing = FunctionManifest::read(&folder.path().join("dist"), "hasher").unwrap_err();
    assert!(
        missing.to_string().contains("build the function first"),
        "{missing}"
    );
}

#[test]
fn packing_again_gives_the_same_bytes_and_a_manifest_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    bootstraps(folder.path());
    let packed = || {
        pack(folder.path()).assert().success();
        let manifest = FunctionManifest::read(&dist, "hasher").unwrap();
        let zips = Architecture::ALL.map(|half| {
            fs::read(dist.join("hasher").join(&manifest.artifacts[&half].zip)).unwrap()
        });
        (manifest, zips)
    };
    let (manifest, zips) = packed();
    assert_eq!((manifest.clone(), zips.clone()), packed());
    for (half, zip) in Architecture::ALL.iter().zip(&zips) {
        let artifact = &manifest.artifacts[half];
        assert_eq!(artifact.code_sha256, package::archive::code_sha256(zip));
        assert_eq!(artifact.zip_bytes, zip.len() as u64);
        assert_eq!(artifact.commit, "abc");
    }
    assert!(dist.join("hasher/events/three-bytes.json").is_file());
}
