//! Functions as their API shows them.

use aws_sdk_lambda::{
    primitives::Blob,
    types::{
        ApplicationLogLevel, Environment, FunctionVersion, LastUpdateStatus, LogFormat,
        LoggingConfig, State, SystemLogLevel, builders::LoggingConfigBuilder,
    },
};

use super::create_live;
use crate::common::{
    FUNCTION, ROLE, Sandbox, create_function, does, eventually, foreign, host, is_alive, probe_zip,
    refusal, script_zip, zip,
};

#[tokio::test]
async fn a_created_function_reads_back_as_it_was_created() {
    let sandbox = Sandbox::with_probe().await;
    let function = sandbox
        .lambda
        .get_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let configuration = function.configuration.unwrap();
    assert_eq!(configuration.version.as_deref(), Some("$LATEST"));
    assert_eq!(configuration.architectures.as_deref(), Some(&[host()][..]));
    assert_eq!(
        (configuration.timeout, configuration.memory_size),
        (Some(3), Some(128))
    );
    assert_eq!(
        configuration.function_arn.as_deref(),
        Some("arn:aws:lambda:us-east-1:000000000000:function:probe")
    );
    assert_eq!(function.tags, None);
    let location = function.code.unwrap().location.unwrap();
    let emulated = format!(".zip?emulated={}", foreign().as_str());
    assert!(location.ends_with(&emulated), "{location}");
}

#[tokio::test]
async fn a_function_has_the_tags_that_it_was_created_with_and_no_others() {
    let sandbox = Sandbox::start().await;
    let create = create_function(&sandbox.lambda, probe_zip()).tags("team", "a");
    let arn = create.send().await.unwrap().function_arn.unwrap();
    let expected = Some([("team".to_owned(), "a".to_owned())].into());
    let function = sandbox.lambda.get_function().function_name(FUNCTION);
    assert_eq!(function.send().await.unwrap().tags, expected);
    let listed = sandbox.lambda.list_tags().resource(arn).send().await;
    assert_eq!(listed.unwrap().tags, expected);
}

#[tokio::test]
async fn names_that_are_taken_or_unknown_are_refused_as_on_lambda() {
    let sandbox = Sandbox::with_probe().await;
    let again = sandbox
        .lambda
        .create_function()
        .function_name(FUNCTION)
        .role(ROLE);
    let again = again.runtime("provided.al2023".into()).handler("bootstrap");
    let code = aws_sdk_lambda::types::FunctionCode::builder()
        .zip_file(Blob::new(script_zip("exit 0")))
        .build();
    let (kind, status, _) = refusal(again.code(code).send().await);
    assert_eq!((kind.as_str(), status), ("ResourceConflictException", 409));
    let (kind, status, message) = refusal(
        sandbox
            .lambda
            .get_function()
            .function_name("nobody")
            .send()
            .await,
    );
    assert_eq!((kind.as_str(), status), ("ResourceNotFoundException", 404));
    assert_eq!(
        message,
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"
    );
    let (kind, status, message) = refusal(
        sandbox
            .lambda
            .invoke()
            .function_name("nobody")
            .qualifier("live")
            .send()
            .await,
    );
    assert_eq!((kind.as_str(), status), ("ResourceNotFoundException", 404));
    assert_eq!(
        message,
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:live"
    );
}

#[tokio::test]
async fn a_zip_that_is_refused_leaves_nothing_behind() {
    let sandbox = Sandbox::with_probe().await;
    let folders = ["", "code", "tmp"].map(|name| sandbox.folder.join(name));
    let before = folders.each_ref().map(|folder| names_in(folder));
    // 250 MiB and a byte of zeros, in 255 KB.
    let bomb = streamed_zip(262_144_001);
    let escape = zip(&[
        ("bootstrap", 0o755, b"#!/bin/sh"),
        ("../../escaped", 0o755, b""),
    ]);
    let long = format!("{}bootstrap", "a/".repeat(100));
    for (zip, part) in [
        (bomb, "Unzipped size must be smaller than 262144000 bytes"),
        (escape, "which leads out of the function's folder"),
        (zip(&[(&long, 0o755, b"")]), "which is too long or too deep"),
        (b"no zip".to_vec(), "Could not unzip uploaded file"),
    ] {
        let update = sandbox.lambda.update_function_code();
        let update = update.function_name(FUNCTION).zip_file(Blob::new(zip));
        let (kind, status, message) = refusal(update.send().await);
        let expected = ("InvalidParameterValueException", 400);
        assert_eq!((kind.as_str(), status), expected, "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(folders.each_ref().map(|folder| names_in(folder)), before);
    sandbox.answer(does("who")).await;
}

fn names_in(folder: &std::path::Path) -> std::collections::BTreeSet<std::ffi::OsString> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name()).collect()
}

/// A zip with this many zeros whose headers do not say how many.
fn streamed_zip(bytes: u64) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    let options = zip::write::SimpleFileOptions::default();
    writer.start_file("bootstrap", options).unwrap();
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), bytes),
        &mut writer,
    )
    .unwrap();
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn what_is_no_zip_is_refused() {
    let sandbox = Sandbox::with_probe().await;
    let update = sandbox
        .lambda
        .update_function_code()
        .function_name(FUNCTION);
    let (kind, status, message) = refusal(update.zip_file(Blob::new("no zip")).send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidParameterValueException", 400)
    );
    assert!(
        message.starts_with("Could not unzip uploaded file"),
        "{message}"
    );
}

#[tokio::test]
async fn a_request_and_a_zip_have_lambdas_sizes() {
    let sandbox = Sandbox::start().await;
    let update = sandbox.lambda.update_function_code();
    let update = update
        .function_name(FUNCTION)
        .zip_file(Blob::new(vec![0; 52_625_409]));
    let (kind, status, message) = refusal(update.send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("RequestEntityTooLargeException", 413)
    );
    assert_eq!(
        message,
        "Request must be smaller than 70167211 bytes for the UpdateFunctionCode operation"
    );
    let create = create_function(&sandbox.lambda, vec![0; 52_428_801]);
    let (kind, status, message) = refusal(create.send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("RequestEntityTooLargeException", 413)
    );
    assert_eq!(message, "Zipped size must be smaller than 52428800 bytes");
}

#[tokio::test]
async fn publishing_and_tags_change_the_revision_of_latest() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let latest = async || {
        let get = lambda.get_function_configuration().function_name(FUNCTION);
        let latest = get.send().await.unwrap();
        (latest.function_arn.unwrap(), latest.revision_id.unwrap())
    };
    let (arn, first) = latest().await;
    sandbox.publish().await;
    let (_, published) = latest().await;
    let tag = lambda.tag_resource().resource(&arn).tags("a", "b");
    tag.send().await.unwrap();
    let (_, tagged) = latest().await;
    let untag = lambda.untag_resource().resource(&arn).tag_keys("a");
    untag.send().await.unwrap();
    let (_, untagged) = latest().await;
    let all = std::collections::BTreeSet::from([first, published, tagged, untagged.clone()]);
    assert_eq!(all.len(), 4);
    create_live(&sandbox, "1").send().await.unwrap();
    assert_eq!(latest().await, (arn, untagged));
}

#[tokio::test]
async fn an_update_with_an_old_revision_changes_nothing() {
    let sandbox = Sandbox::with_probe().await;
    let client = &sandbox.lambda;
    let old = client
        .get_function_configuration()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let old = old.revision_id.unwrap();
    sandbox.change("newer").await;
    let publish = client
        .publish_version()
        .function_name(FUNCTION)
        .revision_id(&old);
    let configuration = client
        .update_function_configuration()
        .function_name(FUNCTION)
        .revision_id(&old);
    let code = client
        .update_function_code()
        .function_name(FUNCTION)
        .revision_id(&old);
    for (kind, status, _) in [
        refusal(publish.send().await),
        refusal(configuration.timeout(9).send().await),
        refusal(code.zip_file(Blob::new(probe_zip())).send().await),
    ] {
        assert_eq!(
            (kind.as_str(), status),
            ("PreconditionFailedException", 412)
        );
    }
    let now = client
        .get_function_configuration()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (now.timeout, now.description.as_deref()),
        (Some(3), Some("newer"))
    );
}

#[tokio::test]
async fn a_deleted_function_is_gone_with_its_processes() {
    let sandbox = Sandbox::with_probe().await;
    let pid = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
    sandbox
        .lambda
        .delete_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let (_, status, _) = refusal(sandbox.ask(&does("who")).send().await);
    assert_eq!(status, 404);
    eventually("the process is gone", async || !is_alive(pid)).await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let sandbox = Sandbox::with_probe().await;
    for number in 1..=5 {
        sandbox.change(&number.to_string()).await;
        sandbox.publish().await;
    }
    let pages = sandbox
        .lambda
        .list_versions_by_function()
        .function_name(FUNCTION)
        .max_items(2);
    let versions: Vec<_> = pages
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert_eq!(versions.len(), 6);
    let functions = sandbox
        .lambda
        .list_functions()
        .function_version(FunctionVersion::All)
        .send()
        .await
        .unwrap();
    assert_eq!(functions.functions().len(), 6);
}

#[tokio::test]
async fn a_function_has_no_code_signing_configuration_and_a_missing_one_is_missing() {
    let sandbox = Sandbox::with_probe().await;
    let ask = |name: &str| {
        let ask = sandbox.lambda.get_function_code_signing_config();
        ask.function_name(name).send()
    };
    let answer = ask(FUNCTION).await.unwrap();
    assert_eq!(answer.code_signing_config_arn(), "");
    assert_eq!(refusal(ask("nothing").await).1, 404);
}

#[tokio::test]
async fn what_the_sandbox_does_not_have_is_refused_by_its_name() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let says = |(kind, status, message): (String, u16, String), operation: &str| {
        let expected = ("UnknownOperationException", 400);
        assert_eq!((kind.as_str(), status), expected, "{message}");
        assert_eq!(message, format!("not in the sandbox: {operation}"));
    };
    let recursion = lambda.get_function_recursion_config();
    let recursion = recursion.function_name(FUNCTION).send().await;
    says(refusal(recursion), "GetFunctionRecursionConfig");
    // On a path that the sandbox has, with another method.
    let signing = lambda.delete_function_code_signing_config();
    let signing = signing.function_name(FUNCTION).send().await;
    says(refusal(signing), "DeleteFunctionCodeSigningConfig");
}

#[tokio::test]
async fn what_is_not_there_is_named_as_aws_names_it() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let get = |name: &str, qualifier: &str| {
        let get = lambda.get_function().function_name(name);
        get.qualifier(qualifier).send()
    };
    let invoke = lambda.invoke().function_name("nobody").send().await;
    let alias = lambda.create_alias().function_name("nobody").name("a");
    let alias = alias.function_version("1").send().await;
    let update = lambda.update_alias().function_name(FUNCTION).name("a");
    let update = update.send().await;
    let delete = |qualifier: &str| {
        let delete = lambda.delete_function().function_name("nobody");
        delete.qualifier(qualifier).send()
    };
    let arn = "arn:aws:lambda:us-east-1:000000000000:function";
    for ((kind, status, message), expected) in [
        (
            refusal(invoke),
            format!("Function not found: {arn}:nobody:$LATEST"),
        ),
        (
            refusal(delete("live").await),
            format!("Function not found: {arn}:nobody"),
        ),
        (
            refusal(get("nobody", "$LATEST").await),
            format!("Function not found: {arn}:nobody:$LATEST"),
        ),
        (
            refusal(get("nobody", "live").await),
            format!("Function not found: {arn}:nobody:live"),
        ),
        (
            refusal(get(FUNCTION, "1221").await),
            format!("Function not found: {arn}:probe:1221"),
        ),
        (
            refusal(get(FUNCTION, "$latest").await),
            format!("Function not found: {arn}:probe:$latest"),
        ),
        (
            refusal(alias),
            format!("Function not found: {arn}:nobody:1"),
        ),
        (refusal(update), format!("Alias not found: {arn}:probe:a")),
    ] {
        let found = (kind.as_str(), status, message);
        assert_eq!(found, ("ResourceNotFoundException", 404, expected));
    }
}

#[tokio::test]
async fn one_architecture_is_written_as_aws_writes_it() {
    let sandbox = Sandbox::start().await;
    let create = |architectures: &[&str]| {
        let list = architectures.iter().map(|name| (*name).into()).collect();
        let create = create_function(&sandbox.lambda, probe_zip());
        create.set_architectures(Some(list)).send()
    };
    for (architectures, expected) in [
        (
            &["X86_64"][..],
            "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: \
             Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], \
             Member must not be null]",
        ),
        (
            &["x86_64", "arm64"],
            "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: \
             Member must have length less than or equal to 1",
        ),
    ] {
        let (kind, _, message) = refusal(create(architectures).await);
        assert_eq!(
            (kind.as_str(), message.as_str()),
            ("ValidationException", expected)
        );
    }
}

#[tokio::test]
async fn what_changes_by_itself_is_in_a_configuration_and_not_in_a_list() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let one = lambda.get_function_configuration().function_name(FUNCTION);
    let one = one.send().await.unwrap();
    assert_eq!(one.state, Some(State::Active));
    assert_eq!(one.last_update_status, Some(LastUpdateStatus::Successful));
    let runtime = one
        .runtime_version_config
        .unwrap()
        .runtime_version_arn
        .unwrap();
    let (prefix, id) = runtime.rsplit_once(':').unwrap();
    assert_eq!(prefix, "arn:aws:lambda:us-east-1::runtime");
    assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let functions = lambda
        .list_functions()
        .send()
        .await
        .unwrap()
        .functions
        .unwrap();
    let versions = lambda.list_versions_by_function().function_name(FUNCTION);
    let versions = versions.send().await.unwrap().versions.unwrap();
    assert_eq!((functions.len(), versions.len()), (1, 1));
    for listed in functions.iter().chain(&versions) {
        assert_eq!((listed.state(), listed.last_update_status()), (None, None));
        assert_eq!(listed.runtime_version_config(), None);
        assert_eq!(listed.memory_size(), Some(128));
    }
}

#[tokio::test]
async fn no_variables_and_no_environment_are_told_apart() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let environment = async || {
        let one = lambda.get_function_configuration().function_name(FUNCTION);
        one.send().await.unwrap().environment
    };
    assert_eq!(environment().await, None);
    let update = lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    let none = Environment::builder()
        .set_variables(Some([].into()))
        .build();
    update.environment(none).send().await.unwrap();
    let variables = environment().await.unwrap().variables;
    assert_eq!(variables, Some([].into()));
}

#[tokio::test]
async fn json_logs_have_levels_and_text_has_none() {
    let sandbox = Sandbox::with_probe().await;
    let set = async |logging: LoggingConfigBuilder| {
        let update = sandbox.lambda.update_function_configuration();
        let update = update
            .function_name(FUNCTION)
            .logging_config(logging.build());
        let logging = update.send().await.unwrap().logging_config.unwrap();
        (logging.application_log_level, logging.system_log_level)
    };
    let json = || LoggingConfig::builder().log_format(LogFormat::Json);
    let (application, system) = set(json()).await;
    assert_eq!(application, Some(ApplicationLogLevel::Info));
    assert_eq!(system, Some(SystemLogLevel::Info));
    let (application, system) = set(json().system_log_level(SystemLogLevel::Debug)).await;
    assert_eq!(application, Some(ApplicationLogLevel::Info));
    assert_eq!(system, Some(SystemLogLevel::Debug));
    let text = LoggingConfig::builder().log_format(LogFormat::Text);
    assert_eq!(set(text).await, (None, None));
}
