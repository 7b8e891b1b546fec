//! Which functions a workspace has, seen on a small one.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::str::contains;
use tempfile::TempDir;

/// Two functions, and a library that is none.
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
    let lock = ["generate-lockfile", "--offline"];
    let mut cargo = Command::new("cargo");
    let cargo = cargo.args(lock).current_dir(folder.path());
    cargo.assert().success();
    folder
}

fn write(folder: &TempDir, place: &str, text: &str) {
    let path = folder.path().join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn package(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_package"));
    command.current_dir(folder);
    command
}

#[test]
fn a_library_beside_the_functions_is_none() {
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
    let list = package(&folder).args(["list", "--json"]).assert().success();
    list.stdout("[\"api\",\"plain\"]\n");
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
fn a_tool_that_is_a_function_can_be_packed_and_is_in_no_list() {
    let folder = workspace();
    write(
        &folder,
        "tools/Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n",
    );
    for (name, metadata) in [
        (
            "ticker",
            "[package.metadata.function]\ntrigger = { kind = \"controller\" }\n",
        ),
        ("helper", ""),
    ] {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{metadata}"
        );
        write(&folder, &format!("tools/{name}/Cargo.toml"), &manifest);
        write(
            &folder,
            &format!("tools/{name}/src/main.rs"),
            "fn main() {}\n",
        );
    }
    package(&folder)
        .args(["check", "ticker"])
        .assert()
        .success();
    let list = package(&folder).arg("list").assert().success();
    list.stdout("api\nplain\n");
    let unknown = package(&folder).args(["check", "helper"]).assert();
    unknown
        .code(2)
        .stderr(contains("there is no function \"helper\""));
}
