//! Which functions a push deploys, on a small workspace in a git repository of its own.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::str::contains;
use tempfile::TempDir;

/// `api` depends on `shared`, `plain` on nothing.
fn workspace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder,
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"functions/*\", \"shared\"]\n",
    );
    for (place, dependencies) in [
        (
            "functions/api",
            "[dependencies]\nshared = { path = \"../../shared\" }\n",
        ),
        (
            "functions/plain",
            "[dev-dependencies]\nshared = { path = \"../../shared\" }\n",
        ),
        ("shared", ""),
    ] {
        let name = Path::new(place).file_name().unwrap().to_str().unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{dependencies}"
        );
        write(&folder, &format!("{place}/Cargo.toml"), &manifest);
        let source = if place == "shared" {
            "lib.rs"
        } else {
            "main.rs"
        };
        write(&folder, &format!("{place}/src/{source}"), "fn main() {}\n");
    }
    run(&folder, "cargo", &["generate-lockfile", "--offline"]);
    run(&folder, "git", &["init", "--quiet"]);
    commit(&folder);
    folder
}

fn write(folder: &TempDir, place: &str, text: &str) {
    let path = folder.path().join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(folder: &TempDir, program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .assert()
        .success();
}

fn commit(folder: &TempDir) {
    run(folder, "git", &["add", "--all"]);
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let arguments = [&who[..], &["commit", "--quiet", "--message", "change"]].concat();
    run(folder, "git", &arguments);
}

fn package(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_package"));
    command.current_dir(folder);
    command
}

fn changed(folder: &TempDir, since: &str) -> Command {
    let mut command = package(folder);
    command.args(["changed", "--json", "--since", since]);
    command
}

fn deployed_after(place: &str) -> String {
    let folder = workspace();
    write(&folder, place, "// changed\n");
    commit(&folder);
    let output = changed(&folder, "HEAD~1").assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn a_change_in_shared_deploys_what_is_built_from_it_and_not_what_only_tests_with_it() {
    assert_eq!(deployed_after("shared/src/lib.rs"), "[\"api\"]\n");
}

#[test]
fn a_library_beside_the_functions_is_none_and_changes_those_that_are_built_from_it() {
    let folder = workspace();
    fs::rename(
        folder.path().join("shared"),
        folder.path().join("functions/shared"),
    )
    .unwrap();
    for place in ["functions/api/Cargo.toml", "functions/plain/Cargo.toml"] {
        let manifest = fs::read_to_string(folder.path().join(place)).unwrap();
        write(
            &folder,
            place,
            &manifest.replace("../../shared", "../shared"),
        );
    }
    write(
        &folder,
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"functions/*\"]\n",
    );
    commit(&folder);
    package(&folder)
        .arg("list")
        .assert()
        .success()
        .stdout("api\nplain\n");
    write(&folder, "functions/shared/src/lib.rs", "// changed\n");
    commit(&folder);
    let assert = changed(&folder, "HEAD~1").assert().success();
    assert.stdout("[\"api\"]\n");
}

#[test]
fn a_package_with_binaries_but_none_of_its_name_is_named_before_anything_is_built() {
    let folder = workspace();
    write(
        &folder,
        "functions/plain/src/bin/server.rs",
        "fn main() {}\n",
    );
    package(&folder)
        .arg("list")
        .assert()
        .success()
        .stdout("api\nplain\n");
    fs::remove_file(folder.path().join("functions/plain/src/main.rs")).unwrap();
    for command in [&["list"][..], &["check", "plain"], &["check", "api"]] {
        package(&folder)
            .args(command)
            .assert()
            .code(2)
            .stderr(contains(
                "functions/plain/Cargo.toml: package plain has the binaries server, and none of its own name",
            ))
            .stderr(contains("call one plain, or make the package a library"));
    }
}

#[test]
fn a_binary_that_needs_features_makes_a_library_no_function() {
    let folder = workspace();
    let manifest = fs::read_to_string(folder.path().join("functions/plain/Cargo.toml")).unwrap();
    let benchmark = "[features]\nbench = []\n[[bin]]\nname = \"speed\"\npath = \"speed.rs\"\nrequired-features = [\"bench\"]\n";
    write(
        &folder,
        "functions/plain/Cargo.toml",
        &(manifest + benchmark),
    );
    write(&folder, "functions/plain/speed.rs", "fn main() {}\n");
    let list = || package(&folder).arg("list").assert().success();
    list().stdout("api\nplain\n");
    fs::rename(
        folder.path().join("functions/plain/src/main.rs"),
        folder.path().join("functions/plain/src/lib.rs"),
    )
    .unwrap();
    list().stdout("api\n");
}

#[test]
fn a_change_in_one_function_deploys_that_one() {
    assert_eq!(
        deployed_after("functions/plain/src/main.rs"),
        "[\"plain\"]\n"
    );
}

#[test]
fn a_change_in_the_readme_deploys_none() {
    assert_eq!(deployed_after("README.md"), "[]\n");
}

#[test]
fn a_file_that_was_removed_is_a_change() {
    let folder = workspace();
    write(&folder, "functions/api/events/one.json", "{}");
    commit(&folder);
    fs::remove_file(folder.path().join("functions/api/events/one.json")).unwrap();
    commit(&folder);
    changed(&folder, "HEAD~1")
        .assert()
        .success()
        .stdout("[\"api\"]\n");
}

#[test]
fn a_commit_that_is_not_here_counts_as_a_change_of_everything() {
    let folder = workspace();
    for unknown in ["0000000000000000000000000000000000000000", "a..b", ""] {
        let assert = changed(&folder, unknown).assert().success();
        assert
            .stdout("[\"api\",\"plain\"]\n")
            .stderr(contains("every function counts as changed"));
    }
}

#[test]
fn a_lock_file_that_is_none_counts_as_a_change_of_everything() {
    let folder = workspace();
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    write(&folder, "Cargo.lock", "not a lock file");
    commit(&folder);
    write(&folder, "Cargo.lock", &lock);
    commit(&folder);
    let assert = changed(&folder, "HEAD~1").assert().success();
    assert.stderr(contains("Cargo.lock of"));
}
