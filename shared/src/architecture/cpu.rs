//! The CPU: its name, the generation of a Graviton, and whether it is emulated.

use std::{fs, sync::OnceLock};

use super::midr::Midr;

const CPUINFO: &str = "/proc/cpuinfo";
const MIDR_EL1: &str = "/sys/devices/system/cpu/cpu0/regs/identification/midr_el1";

/// What is known about the CPU; `None` where it is not known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cpu {
    /// Its name: the maker's on x86_64, the core's on arm64.
    #[serde(rename = "cpu_model")]
    pub model: Option<String>,
    /// Generation of the Graviton, on AWS.
    pub graviton: Option<u8>,
    /// Whether this CPU is emulated. `None` where it cannot be told.
    pub emulated: Option<bool>,
}

/// The CPU that this process runs on: read from the system at the first call, which takes some
/// tens of microseconds, and remembered.
pub fn cpu() -> &'static Cpu {
    static CPU: OnceLock<Cpu> = OnceLock::new();
    CPU.get_or_init(|| {
        let cpuinfo = fs::read_to_string(CPUINFO).unwrap_or_default();
        if cfg!(target_arch = "aarch64") {
            arm64(&cpuinfo, fs::read_to_string(MIDR_EL1).ok().as_deref())
        } else {
            x86_64(&cpuinfo)
        }
    })
}

/// What `/proc/cpuinfo` and the register say to a binary for arm64.
///
/// User-mode QEMU up to 8.1 shows the host's `/proc/cpuinfo`, which on an x86 host has x86 lines; from 8.2 on it writes
/// its own, with the implementer "software" unless it was told to emulate a real core. The register's file is the
/// host's in both, so it is read last. A whole machine under QEMU that emulates a real core looks like that core.
fn arm64(cpuinfo: &str, register: Option<&str>) -> Cpu {
    let foreign = value(cpuinfo, "vendor_id").is_some();
    let midr = match Midr::from_cpuinfo(cpuinfo) {
        None if !foreign => register.and_then(Midr::from_register),
        from_cpuinfo => from_cpuinfo,
    };
    Cpu {
        model: midr.map(Midr::model),
        graviton: midr.and_then(Midr::graviton),
        emulated: match midr {
            _ if foreign => Some(true),
            Some(midr) => Some(midr.is_software()),
            None => None,
        },
    }
}

/// What `/proc/cpuinfo` says to a binary for x86_64.
///
/// Lines of an Arm core come from the host of a user-mode QEMU; a whole machine under QEMU
/// without hardware virtualisation says so in the CPU's name.
fn x86_64(cpuinfo: &str) -> Cpu {
    let foreign = value(cpuinfo, "CPU implementer").is_some();
    let model = value(cpuinfo, "model name");
    Cpu {
        model: model.map(str::to_owned),
        graviton: None,
        emulated: match model {
            _ if foreign => Some(true),
            Some(model) => Some(model.contains("QEMU TCG")),
            None => None,
        },
    }
}

/// The value of the first line `key : value`.
pub(super) fn value<'a>(cpuinfo: &'a str, key: &str) -> Option<&'a str> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Captured on an EPYC. The others were written by hand, with the fields as Linux prints them
    // (arch/arm64/kernel/cpuinfo.c), because no such machine was available.
    const EPYC: &str = include_str!("samples/epyc.txt");
    const GRAVITON_2: &str = include_str!("samples/graviton-2.txt");
    const GRAVITON_3: &str = include_str!("samples/graviton-3.txt");
    const QEMU_MAX: &str = include_str!("samples/qemu-aarch64-max.txt");

    fn described(model: Option<&str>, graviton: Option<u8>, emulated: Option<bool>) -> Cpu {
        Cpu {
            model: model.map(str::to_owned),
            graviton,
            emulated,
        }
    }

    #[test]
    fn a_graviton_is_known_by_its_core() {
        let cpu = described(Some("Neoverse N1"), Some(2), Some(false));
        assert_eq!(arm64(GRAVITON_2, None), cpu);
        assert_eq!(arm64("", Some("0x00000000413fd0c1\n")), cpu);
        let cpu = described(Some("Neoverse V1"), Some(3), Some(false));
        assert_eq!(arm64(GRAVITON_3, None), cpu);
    }

    #[test]
    fn an_x86_is_known_by_its_makers_name() {
        assert_eq!(x86_64(EPYC), described(Some("AMD EPYC"), None, Some(false)));
    }

    #[test]
    fn an_emulator_is_known_by_what_it_lets_through_or_says() {
        let emulated = described(None, None, Some(true));
        assert_eq!(arm64(EPYC, None), emulated);
        assert_eq!(x86_64(GRAVITON_2), emulated);
        assert_eq!(arm64(QEMU_MAX, None).emulated, Some(true));
        let tcg = "model name\t: QEMU TCG CPU version 2.5+\n";
        assert_eq!(x86_64(tcg).emulated, Some(true));
    }

    #[test]
    fn without_anything_to_read_nothing_is_claimed() {
        let unknown = described(None, None, None);
        assert_eq!(arm64("", None), unknown);
        assert_eq!(arm64("CPU part : zzz\n", Some("?")), unknown);
        assert_eq!(x86_64(""), unknown);
    }

    #[test]
    fn this_cpu_can_be_told() {
        assert!(cpu().emulated.is_some(), "{:?}", cpu());
    }
}
