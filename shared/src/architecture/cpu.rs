//! The CPU: its name, the generation of a Graviton, and whether it is emulated.

use std::{fs, sync::OnceLock};

const CPUINFO: &str = "/proc/cpuinfo";
/// Implementers of Arm cores: Arm itself, and an emulator's own core, such as QEMU's `max`
/// (<https://developer.arm.com/documentation/ddi0601/latest/AArch64-Registers/MIDR-EL1--Main-ID-Register>).
const ARM: u32 = 0x41;
const SOFTWARE: u32 = 0x00;

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
            arm64(&cpuinfo)
        } else {
            x86_64(&cpuinfo)
        }
    })
}

/// What `/proc/cpuinfo` says to a binary for arm64.
///
/// User-mode QEMU up to 8.1 shows the host's, which on an x86 host has x86 lines; from 8.2 on it writes its own, with the
/// implementer "software" unless it was told to emulate a real core. A whole machine under QEMU that emulates a real
/// core looks like that core.
fn arm64(cpuinfo: &str) -> Cpu {
    let foreign = value(cpuinfo, "vendor_id").is_some();
    let core = hexadecimal(cpuinfo, "CPU implementer").zip(hexadecimal(cpuinfo, "CPU part"));
    let (model, graviton) = core.map(name_of).unzip();
    Cpu {
        model,
        graviton: graviton.flatten(),
        emulated: match core {
            _ if foreign => Some(true),
            Some((implementer, _)) => Some(implementer == SOFTWARE),
            None => None,
        },
    }
}

/// The core's name, or its numbers; and which Graviton has it (<https://github.com/aws/aws-graviton-getting-started>),
/// which is true on AWS: others sell machines with the same cores.
fn name_of((implementer, part): (u32, u32)) -> (String, Option<u8>) {
    let (name, graviton) = match (implementer, part) {
        (ARM, 0xd0c) => ("Neoverse N1", Some(2)),
        (ARM, 0xd40) => ("Neoverse V1", Some(3)),
        (ARM, 0xd49) => ("Neoverse N2", None),
        (ARM, 0xd4f) => ("Neoverse V2", Some(4)),
        (ARM, 0xd84) => ("Neoverse V3", None),
        _ => {
            let numbers = format!("implementer {implementer:#04x}, part {part:#05x}");
            return (numbers, None);
        }
    };
    (name.to_owned(), graviton)
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
fn value<'a>(cpuinfo: &'a str, key: &str) -> Option<&'a str> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

fn hexadecimal(cpuinfo: &str, key: &str) -> Option<u32> {
    u32::from_str_radix(value(cpuinfo, key)?.strip_prefix("0x")?, 16).ok()
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
    fn a_graviton_is_known_by_its_core_and_an_unknown_core_by_its_numbers() {
        let cpu = described(Some("Neoverse N1"), Some(2), Some(false));
        assert_eq!(arm64(GRAVITON_2), cpu);
        let cpu = described(Some("Neoverse V1"), Some(3), Some(false));
        assert_eq!(arm64(GRAVITON_3), cpu);
        let apple = "CPU implementer\t: 0x61\nCPU part\t: 0x022\n";
        let cpu = described(Some("implementer 0x61, part 0x022"), None, Some(false));
        assert_eq!(arm64(apple), cpu);
    }

    #[test]
    fn an_x86_is_known_by_its_makers_name() {
        assert_eq!(x86_64(EPYC), described(Some("AMD EPYC"), None, Some(false)));
    }

    #[test]
    fn an_emulator_is_known_by_what_it_lets_through_or_says() {
        let emulated = described(None, None, Some(true));
        assert_eq!(arm64(EPYC), emulated);
        assert_eq!(x86_64(GRAVITON_2), emulated);
        assert_eq!(arm64(QEMU_MAX).emulated, Some(true));
        let tcg = "model name\t: QEMU TCG CPU version 2.5+\n";
        assert_eq!(x86_64(tcg).emulated, Some(true));
    }

    #[test]
    fn without_anything_to_read_nothing_is_claimed() {
        let unknown = described(None, None, None);
        assert_eq!(arm64(""), unknown);
        assert_eq!(arm64("CPU implementer : 0x41\nCPU part : zzz\n"), unknown);
        assert_eq!(x86_64(""), unknown);
    }

    #[test]
    fn this_cpu_can_be_told() {
        assert!(cpu().emulated.is_some(), "{:?}", cpu());
    }
}
