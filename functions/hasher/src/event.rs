//! The event: its fields, their limits, and errors that name the field.

use std::{num::NonZeroU64, ops::RangeInclusive};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;
use shared::quote::shortened;

use crate::{HasherError, input::Input};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// Largest leaf in KiB.
const MAX_LEAF_KIB: u64 = 64 * 1024;
/// MiB of input per MiB of the function's memory. CPU time is proportional to memory, so this allows the same time
/// (about ten seconds with the SHA instructions) at every memory size.
const INPUT_PER_MEMORY: u64 = 8;
/// How many characters of a wrong event an error repeats at most.
const QUOTED_CHARACTERS: usize = 300;

/// A checked event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The bytes to hash; a working set is filled when the work begins.
    pub input: Input,
    /// Size of every leaf but the last, in bytes.
    pub leaf_bytes: NonZeroU64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    size_mib: Option<u64>,
    working_set_mib: Option<u64>,
    seed: Option<u64>,
    #[serde(default = "kib_of_a_mib")]
    leaf_kib: u64,
    data_base64: Option<String>,
}

const fn kib_of_a_mib() -> u64 {
    MIB / KIB
}

impl Request {
    /// Checks an event of a function with so much memory.
    ///
    /// # Errors
    /// [`HasherError::InvalidEvent`] with the field and its limits.
    pub fn parse(event: Value, memory_mib: u32) -> Result<Self, HasherError> {
        let memory_mib = u64::from(memory_mib);
        let event: Event = serde_path_to_error::deserialize(event)
            .map_err(|error| invalid(shortened(&error.to_string(), QUOTED_CHARACTERS)))?;
        let leaf_kib = in_range("leaf_kib", event.leaf_kib, 1..=MAX_LEAF_KIB)?;
        let size = |mib| {
            in_range("size_mib", mib, 1..=memory_mib * INPUT_PER_MEMORY).map(|mib| mib.get() * MIB)
        };
        let seed = event.seed.unwrap_or_default();
        let input = match (event.size_mib, event.working_set_mib, event.data_base64) {
            (Some(mib), None, None) => Input::generated(size(mib)?, seed),
            (Some(mib), Some(set), None) => {
                let set = in_range("working_set_mib", set, 1..=memory_mib / 2)?;
                Input::from_memory(size(mib)?, set.get() * MIB, seed)
            }
            (None, None, Some(text)) if event.seed.is_none() => Input::Given(
                BASE64_STANDARD
                    .decode(text)
                    .map_err(|error| invalid(format!("data_base64: {error}")))?,
            ),
            _ => {
                return Err(invalid(
                    "an event has either size_mib, and with it seed and working_set_mib, or data_base64",
                ));
            }
        };
        let leaf_bytes = leaf_kib.saturating_mul(NonZeroU64::MIN.saturating_add(KIB - 1));
        Ok(Self { input, leaf_bytes })
    }
}

fn in_range(
    field: &str,
    value: u64,
    range: RangeInclusive<u64>,
) -> Result<NonZeroU64, HasherError> {
    let within = NonZeroU64::new(value).filter(|_| range.contains(&value));
    within.ok_or_else(|| {
        let (min, max) = (range.start(), range.end());
        invalid(format!(
            "{field} is {value}, which is not between {min} and {max}"
        ))
    })
}

fn invalid(reason: impl Into<String>) -> HasherError {
    HasherError::InvalidEvent(reason.into())
}
