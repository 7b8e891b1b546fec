//! Arm's main ID register, which names the core.
//!
//! ```text
//! bits  31..24 implementer   23..20 variant   19..16 architecture   15..4 part   3..0 revision
//! ```
//! <https://developer.arm.com/documentation/ddi0601/latest/AArch64-Registers/MIDR-EL1--Main-ID-Register>

/// Arm Ltd.
const ARM: u8 = 0x41;
/// "Reserved for software use": an emulator's own CPU, such as QEMU's `max`.
const SOFTWARE: u8 = 0x00;

/// Who made a core, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Midr {
    implementer: u8,
    part: u16,
}

impl Midr {
    /// Reads `/sys/devices/system/cpu/cpu0/regs/identification/midr_el1`, such as
    /// `0x00000000413fd0c1`.
    pub(super) fn from_register(text: &str) -> Option<Self> {
        let register = hexadecimal(text)?;
        Some(Self {
            implementer: u8::try_from(register >> 24 & 0xff).ok()?,
            part: u16::try_from(register >> 4 & 0xfff).ok()?,
        })
    }

    /// Reads the lines `CPU implementer` and `CPU part` of `/proc/cpuinfo`.
    pub(super) fn from_cpuinfo(cpuinfo: &str) -> Option<Self> {
        let value = |key| hexadecimal(super::cpu::value(cpuinfo, key)?);
        Some(Self {
            implementer: u8::try_from(value("CPU implementer")?).ok()?,
            part: u16::try_from(value("CPU part")?).ok()?,
        })
    }

    /// The core's name; the number of a core that is not in our list.
    pub(super) fn model(self) -> String {
        let name = match (self.implementer, self.part) {
            (ARM, 0xd0c) => "Neoverse N1",
            (ARM, 0xd40) => "Neoverse V1",
            (ARM, 0xd49) => "Neoverse N2",
            (ARM, 0xd4f) => "Neoverse V2",
            (ARM, 0xd84) => "Neoverse V3",
            (implementer, part) => {
                return format!("implementer {implementer:#04x}, part {part:#05x}");
            }
        };
        name.to_owned()
    }

    /// Which Graviton has this core (<https://github.com/aws/aws-graviton-getting-started>).
    ///
    /// True on AWS; others sell machines with the same cores.
    pub(super) const fn graviton(self) -> Option<u8> {
        match (self.implementer, self.part) {
            (ARM, 0xd0c) => Some(2),
            (ARM, 0xd40) => Some(3),
            (ARM, 0xd4f) => Some(4),
            _ => None,
        }
    }

    /// Whether this number is of an emulator and not of a real core.
    pub(super) const fn is_software(self) -> bool {
        self.implementer == SOFTWARE
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_names_the_core_and_the_graviton() {
        for (register, model, graviton) in [
            ("0x00000000413fd0c1\n", "Neoverse N1", Some(2)),
            ("0x00000000411fd401\n", "Neoverse V1", Some(3)),
            ("0x00000000410fd4f0\n", "Neoverse V2", Some(4)),
            ("0x00000000410fd840\n", "Neoverse V3", None),
            ("0x00000000611f0221", "implementer 0x61, part 0x022", None),
        ] {
            let midr = Midr::from_register(register).unwrap();
            assert_eq!(midr.model(), model);
            assert_eq!(midr.graviton(), graviton, "{model}");
        }
    }

    #[test]
    fn text_that_is_no_register_is_none() {
        for text in ["", "0x", "413fd0c1", "0xgg", "0x1ffffffffffffffff"] {
            assert_eq!(Midr::from_register(text), None, "{text}");
        }
    }
}
