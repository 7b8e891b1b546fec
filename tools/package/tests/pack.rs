//! The command that `scripts/build.sh` calls, on this workspace's own functions.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use package::{Architecture, FunctionManifest};
use predicates::str::contains;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn package() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_package"));
    command.current_dir(workspace());
    command
}

/// A function of this workspace, whichever a fork has left in it.
fn function() -> String {
    let folders = fs::read_dir(workspace().join("functions")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let functions = folders.filter(|folder| folder.join("src/main.rs").is_file());
    let function = functions.min().unwrap();
    function.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Bootstraps of both its builds, as the build lays them out.
fn bootstraps(folder: &Path) {
    for architecture in Architecture::ALL {
        let folder = folder.join(architecture.as_str()).join(function());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bootstrap"), format!("code for {architecture}")).unwrap();
    }
}

fn pack(folder: &Path) -> Command {
    let mut command = package();
    command.args(["pack", &function(), "--commit", "abc", "--bootstraps"]);
    command.arg(folder).arg("--dist").arg(folder.join("dist"));
    command
}

#[test]
fn the_functions_come_from_the_tree() {
    package()
        .arg("list")
        .assert()
        .success()
        .stdout(contains(format!("{}\n", function())));
}

#[test]
fn an_unknown_function_is_named_with_those_that_exist() {
    let assert = package().args(["check", "nothing"]).assert();
    assert
        .code(2)
        .stderr(contains(
            "there is no function \"nothing\": functions/ has ",
        ))
        .stderr(contains(function()));
}

#[test]
fn an_architecture_that_was_not_built_is_named_and_leaves_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    bootstraps(folder.path());
    pack(folder.path()).assert().success();
    let bootstrap = format!("arm64/{}/bootstrap", function());
    fs::remove_file(folder.path().join(&bootstrap)).unwrap();
    let assert = pack(folder.path()).assert();
    assert.code(2).stderr(contains(format!(
        "{bootstrap}: build it for this architecture first"
    )));
    let missing = FunctionManifest::read(&folder.path().join("dist"), &function()).unwrap_err();
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
        let manifest = FunctionManifest::read(&dist, &function()).unwrap();
        let zips = Architecture::ALL.map(|architecture| {
            fs::read(
                dist.join(function())
                    .join(&manifest.artifacts[&architecture].zip),
            )
            .unwrap()
        });
        (manifest, zips)
    };
    let (manifest, zips) = packed();
    assert_eq!((manifest.clone(), zips.clone()), packed());
    for (architecture, zip) in Architecture::ALL.iter().zip(&zips) {
        let artifact = &manifest.artifacts[architecture];
        assert_eq!(artifact.code_sha256, package::archive::code_sha256(zip));
        assert_eq!(artifact.zip_bytes, zip.len() as u64);
        assert_eq!(artifact.commit, "abc");
    }
    let own = workspace().join("functions").join(function());
    let count = |folder: PathBuf| fs::read_dir(folder).unwrap().count();
    let packed = dist.join(function()).join("events");
    assert_eq!(count(packed), count(own.join("events")));
}
