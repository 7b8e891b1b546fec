//! The files of functions: nobody changes them, and nobody keeps them for longer than they are used.

use serde_json::json;

use crate::common::{FUNCTION, Sandbox, eventually, host, zip};

/// Does to the files in its folder what the event says, and answers with what became of that.
const CHANGES_ITSELF: &str = r##"#!/usr/bin/env python3
import http.client, json, os, shutil

def attempt(change):
    try:
        change()
        return "done"
    except OSError as error:
        return error.strerror

def write(path, text):
    with open(path, "a") as file:
        file.write(text)

def replace():
    folder = os.getcwd()
    os.chmod(folder, 0o777)
    os.unlink("bootstrap")
    write("bootstrap", "#!/bin/sh\nexit 1\n")
    os.chmod("bootstrap", 0o777)

changes = {
    "append": lambda: write("bootstrap", "garbage"),
    "add": lambda: write("added", "garbage"),
    "replace": replace,
}

while True:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    invocation = connection.getresponse()
    event = json.loads(invocation.read())
    if event.get("exit"):
        os._exit(1)
    answer = {"files": sorted(os.listdir(".")), "uid": os.getuid()}
    answer |= {name: attempt(changes[name]) for name in event.get("do", [])}
    id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    connection.request("POST", f"/2018-06-01/runtime/invocation/{id}/response", json.dumps(answer))
    connection.getresponse().read()
"##;

async fn changes_itself() -> Sandbox {
    let sandbox = Sandbox::start_with(|options| {
        options.init_limit = std::time::Duration::from_secs(10);
    })
    .await;
    let code = zip(&[
        ("bootstrap", 0o755, CHANGES_ITSELF.as_bytes()),
        ("data/words.txt", 0o666, b"words"),
    ]);
    sandbox.create(host(), code).await;
    sandbox
}

#[tokio::test]
async fn a_function_cannot_change_its_files() {
    let sandbox = changes_itself().await;
    let answer = sandbox.answer(json!({"do": ["append"]})).await;
    assert_eq!(answer["append"], json!("Permission denied"), "{answer}");
    if answer["uid"] == json!(0) {
        let answer = sandbox.answer(json!({"do": ["add", "replace"]})).await;
        assert_eq!(answer["add"], json!("Permission denied"), "{answer}");
        assert_eq!(
            answer["replace"],
            json!("Operation not permitted"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn files_that_were_changed_all_the_same_are_not_what_runs_next() {
    let sandbox = changes_itself().await;
    for _ in 0..2 {
        let answer = sandbox.answer(json!({"do": ["replace"]})).await;
        assert_eq!(answer["files"], json!(["bootstrap", "data"]));
        if answer["replace"] != json!("done") {
            // As root the function cannot; the sandbox's owner can.
            let folder = newest_folder(&sandbox);
            std::fs::remove_file(folder.join("bootstrap")).unwrap();
            std::fs::write(folder.join("added"), "garbage").unwrap();
        }
        sandbox.error(json!({"exit": true})).await;
    }
    let answer = sandbox.answer(json!({})).await;
    assert_eq!(answer["files"], json!(["bootstrap", "data"]));
}

fn newest_folder(sandbox: &Sandbox) -> std::path::PathBuf {
    let entries = std::fs::read_dir(sandbox.folder.join("code")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    folders.filter(|path| path.is_dir()).max().unwrap()
}

#[tokio::test]
async fn code_is_removed_with_the_last_version_and_environment_that_has_it() {
    let sandbox = changes_itself().await;
    let packages = || {
        let entries = std::fs::read_dir(sandbox.folder.join("code")).unwrap();
        entries.count() / 2
    };
    sandbox.answer(json!({})).await;
    sandbox.publish().await;
    let update = sandbox
        .lambda
        .update_function_code()
        .function_name(FUNCTION);
    let other = zip(&[("bootstrap", 0o755, b"#!/bin/sh\n")]);
    let update = update.zip_file(aws_sdk_lambda::primitives::Blob::new(other));
    update.send().await.unwrap();
    assert_eq!(packages(), 2);
    let delete = sandbox.lambda.delete_function().function_name(FUNCTION);
    delete.qualifier("1").send().await.unwrap();
    eventually("the first one is gone", async || packages() == 1).await;
    let delete = sandbox.lambda.delete_function().function_name(FUNCTION);
    delete.send().await.unwrap();
    eventually("all are gone", async || packages() == 0).await;
}
