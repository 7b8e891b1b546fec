//! The bootstrap: its machine, its loader, the newest glibc that it needs.

use std::path::Path;

use object::{
    LittleEndian,
    elf::{self, FileHeader64},
    read::elf::{FileHeader, ProgramHeader},
};
use package::Architecture;

use super::{Glibc, NEWEST_GLIBC, Problem};

const ENDIAN: LittleEndian = LittleEndian;

type Header = FileHeader64<LittleEndian>;

/// Checks a bootstrap and says which glibc it needs; none when it is linked statically.
pub(super) fn inspect(
    path: &Path,
    architecture: Architecture,
    bootstrap: &[u8],
) -> Result<Option<Glibc>, Problem> {
    let not_elf = |error: object::read::Error| Problem::NotElf {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let header = parse(bootstrap).map_err(not_elf)?;
    check_machine(path, architecture, header)?;
    let loader = loader(header, bootstrap).map_err(not_elf)?;
    check_loader(path, architecture, loader)?;
    let glibc = newest_glibc(header, bootstrap).map_err(not_elf)?;
    match glibc {
        Some(found) if found > NEWEST_GLIBC => Err(Problem::GlibcTooNew {
            path: path.to_owned(),
            found,
        }),
        _ => Ok(glibc),
    }
}

fn parse(bootstrap: &[u8]) -> object::read::Result<&Header> {
    let header = Header::parse(bootstrap)?;
    header.endian()?;
    Ok(header)
}

fn check_machine(path: &Path, architecture: Architecture, header: &Header) -> Result<(), Problem> {
    let found = header.e_machine(ENDIAN);
    let (expected, _) = platform(architecture);
    if found == expected {
        return Ok(());
    }
    Err(Problem::WrongMachine {
        path: path.to_owned(),
        found: machine_name(found),
        architecture,
    })
}

fn check_loader(
    path: &Path,
    architecture: Architecture,
    loader: Option<&[u8]>,
) -> Result<(), Problem> {
    let (_, expected) = platform(architecture);
    match loader {
        Some(found) if found != expected.as_bytes() => Err(Problem::WrongLoader {
            path: path.to_owned(),
            found: String::from_utf8_lossy(found).into_owned(),
            expected,
        }),
        _ => Ok(()),
    }
}

/// What the kernel starts a dynamically linked program with; none for a static one.
fn loader<'data>(
    header: &'data Header,
    bootstrap: &'data [u8],
) -> object::read::Result<Option<&'data [u8]>> {
    for segment in header.program_headers(ENDIAN, bootstrap)? {
        if let Some(path) = segment.interpreter(ENDIAN, bootstrap)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The highest `GLIBC_` version among the needs of all libraries (`.gnu.version_r`).
fn newest_glibc(header: &Header, bootstrap: &[u8]) -> object::read::Result<Option<Glibc>> {
    let sections = header.sections(ENDIAN, bootstrap)?;
    let Some((mut libraries, link)) = sections.gnu_verneed(ENDIAN, bootstrap)? else {
        return Ok(None);
    };
    let strings = sections.strings(ENDIAN, bootstrap, link)?;
    let mut newest = None;
    while let Some((_, mut needs)) = libraries.next()? {
        while let Some(need) = needs.next()? {
            newest = newest.max(Glibc::from_symbol_version(need.name(ENDIAN, strings)?));
        }
    }
    Ok(newest)
}

/// The ELF machine and the glibc loader of an architecture.
fn platform(architecture: Architecture) -> (elf::Machine, &'static str) {
    match architecture {
        Architecture::Arm64 => (elf::EM_AARCH64, "/lib/ld-linux-aarch64.so.1"),
        Architecture::X86_64 => (elf::EM_X86_64, "/lib64/ld-linux-x86-64.so.2"),
    }
}

fn machine_name(machine: elf::Machine) -> String {
    Architecture::ALL
        .into_iter()
        .find(|architecture| platform(*architecture).0 == machine)
        .map_or_else(|| format!("ELF machine {}", machine.0), |a| a.to_string())
}
