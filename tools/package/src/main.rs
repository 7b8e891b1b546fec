//! `package`: packs what `scripts/build.sh` built into `dist/`; `lib.rs` is the map.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};
use package::{
    Architecture, Artifact,
    archive::{code_sha256, zip_bootstrap},
    manifest::MANIFEST_FILE,
    project::Project,
    resources::Resources,
    settings::Function,
};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the functions of this workspace, one name a line.
    List {
        /// A JSON array on one line instead, for a matrix.
        #[arg(long)]
        json: bool,
    },
    /// Print what the functions of this workspace share: tables and queues, as
    /// variables for Terraform (infra/platform), with what the project says of itself.
    Resources,
    /// Print what the project says of itself; nothing where it does not say it.
    Project {
        /// A key of [workspace.metadata.project].
        key: ProjectKey,
    },
    /// Check a function's settings without building anything.
    Check {
        /// A folder under functions/.
        function: String,
    },
    /// Write dist/<function>/: both zips, sample events with expected answers, traffic and function.json.
    Pack {
        /// A folder under functions/.
        function: String,
        /// The commit that the bootstraps were built from.
        #[arg(long)]
        commit: String,
        /// Where the bootstraps are: <FOLDER>/<architecture>/<function>/bootstrap.
        #[arg(long, default_value = "target/lambda")]
        bootstraps: PathBuf,
        /// Where to write.
        #[arg(long, default_value = "dist")]
        dist: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ProjectKey {
    Name,
    Region,
    Repository,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is gone.
            let _ = writeln!(std::io::stderr().lock(), "package: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::List { json } => {
            let functions = Function::all()?;
            let names: Vec<_> = functions.iter().map(Function::name).collect();
            if json {
                writeln!(out, "{}", serde_json::to_string(&names)?)?;
            } else {
                names.iter().try_for_each(|name| writeln!(out, "{name}"))?;
            }
        }
        Command::Resources => {
            let resources = Resources::of(Project::read()?, &Function::all()?)?;
            writeln!(out, "{}", serde_json::to_string_pretty(&resources)?)?;
        }
        Command::Project { key } => {
            let project = Project::read()?;
            let repository = project.github.map(|github| github.repository);
            let value = match key {
                ProjectKey::Name => Some(project.name),
                ProjectKey::Region => project.region,
                ProjectKey::Repository => repository,
            };
            writeln!(out, "{}", value.unwrap_or_default())?;
        }
        Command::Check { function } => {
            Function::find(&function)?.manifest(BTreeMap::new())?;
        }
        Command::Pack {
            function,
            commit,
            bootstraps,
            dist,
        } => pack(&function, &commit, &bootstraps, &dist)?,
    }
    Ok(())
}

fn pack(name: &str, commit: &str, bootstraps: &Path, dist: &Path) -> Result<()> {
    let function = Function::find(name)?;
    let folder = dist.join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // The manifest goes first and comes last: a pack that is killed in between leaves a folder
    // that says "build it again" rather than one that mixes two builds.
    remove_if_there(&folder.join(MANIFEST_FILE))?;

    let mut artifacts = BTreeMap::new();
    for architecture in Architecture::ALL {
        let bootstrap = bootstraps
            .join(architecture.as_str())
            .join(name)
            .join("bootstrap");
        artifacts.insert(
            architecture,
            pack_build(architecture, &bootstrap, commit, &folder)?,
        );
    }
    for samples in ["events", "traffic"] {
        copy_json(&function.folder(samples), &folder.join(samples))?;
    }
    let manifest = serde_json::to_string_pretty(&function.manifest(artifacts)?)?;
    write(
        &folder.join(MANIFEST_FILE),
        format!("{manifest}\n").as_bytes(),
    )
}

fn pack_build(
    architecture: Architecture,
    bootstrap: &Path,
    commit: &str,
    folder: &Path,
) -> Result<Artifact> {
    let bootstrap = fs::read(bootstrap).with_context(|| {
        format!(
            "cannot read {}: build it for this architecture first (scripts/build.sh)",
            bootstrap.display()
        )
    })?;
    let zip = zip_bootstrap(&bootstrap)?;
    let name = format!("{architecture}.zip");
    write(&folder.join(&name), &zip)?;
    Ok(Artifact {
        zip: name,
        code_sha256: code_sha256(&zip),
        zip_bytes: zip.len() as u64,
        bootstrap_bytes: bootstrap.len() as u64,
        commit: commit.to_owned(),
    })
}

/// Copies what a deploy sends, so that `dist/` can be handed to another machine as it is.
fn copy_json(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("cannot remove {}", to.display()))?;
    }
    if !from.exists() {
        return Ok(());
    }
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = fs::read(&path)?;
            serde_json::from_slice::<serde_json::Value>(&text)
                .with_context(|| format!("{} is not JSON", path.display()))?;
            write(&to.join(path.file_name().unwrap_or_default()), &text)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
