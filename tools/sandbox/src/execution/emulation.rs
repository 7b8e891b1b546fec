//! Code for the other architecture: run under qemu-user, or an error that says what to install.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use package::Architecture;

/// The architecture of this machine.
#[cfg(target_arch = "aarch64")]
pub const HOST: Architecture = Architecture::Arm64;
/// The architecture of this machine.
#[cfg(not(target_arch = "aarch64"))]
pub const HOST: Architecture = Architecture::X86_64;

/// Where the emulators are, when the user says so. Otherwise they are looked up in `PATH` at every start of an
/// environment, so that installing one helps at once.
#[derive(Debug, Clone, Default)]
pub struct Emulators {
    /// Instead of `qemu-aarch64-static`.
    pub arm64: Option<PathBuf>,
    /// Instead of `qemu-x86_64-static`.
    pub x86_64: Option<PathBuf>,
}

/// An emulator or its C library is not installed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "Cannot run {architecture} code on this {HOST} machine: {missing} is missing. \
     Install it, on Debian with: apt-get install {packages}"
)]
pub struct MissingEmulator {
    architecture: Architecture,
    missing: String,
    packages: &'static str,
}

/// The names that go with one emulated architecture.
struct Names {
    program: &'static str,
    sysroot: &'static str,
    packages: &'static str,
}

const fn names(architecture: Architecture) -> Names {
    match architecture {
        Architecture::Arm64 => Names {
            program: "qemu-aarch64-static",
            sysroot: "/usr/aarch64-linux-gnu",
            packages: "qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross",
        },
        Architecture::X86_64 => Names {
            program: "qemu-x86_64-static",
            sysroot: "/usr/x86_64-linux-gnu",
            packages: "qemu-user-static libc6-amd64-cross libgcc-s1-amd64-cross",
        },
    }
}

impl Emulators {
    /// The command prefix that runs a program of this architecture: empty on the host's own.
    ///
    /// # Errors
    /// [`MissingEmulator`] when there is no emulator or no C library for it.
    pub fn prefix(&self, architecture: Architecture) -> Result<Vec<OsString>, MissingEmulator> {
        if architecture == HOST {
            return Ok(Vec::new());
        }
        let names = names(architecture);
        let missing = |what: String| MissingEmulator {
            architecture,
            missing: what,
            packages: names.packages,
        };
        let chosen = match architecture {
            Architecture::Arm64 => &self.arm64,
            Architecture::X86_64 => &self.x86_64,
        };
        let program = match chosen {
            Some(path) => is_program(path).then(|| path.clone()),
            None => find_in_path(names.program),
        };
        let program = program.ok_or_else(|| {
            let wanted = chosen.as_ref().map_or_else(
                || names.program.to_owned(),
                |path| path.display().to_string(),
            );
            missing(wanted)
        })?;
        if !Path::new(names.sysroot).is_dir() {
            return Err(missing(names.sysroot.to_owned()));
        }
        Ok(vec![program.into(), "-L".into(), names.sysroot.into()])
    }
}

/// The first program of this name in `PATH`.
#[must_use]
pub fn find_in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_code_runs_as_it_is() {
        assert_eq!(
            Emulators::default().prefix(HOST).unwrap(),
            Vec::<OsString>::new()
        );
    }

    #[test]
    fn a_missing_emulator_names_the_packages_to_install() {
        let nowhere = Some(PathBuf::from("/nonexistent/qemu"));
        let emulators = Emulators {
            arm64: nowhere.clone(),
            x86_64: nowhere,
        };
        let message = emulators.prefix(HOST.other()).unwrap_err().to_string();
        assert!(
            message.contains("/nonexistent/qemu is missing"),
            "{message}"
        );
        assert!(
            message.contains("apt-get install qemu-user-static libc6-"),
            "{message}"
        );
    }
}
