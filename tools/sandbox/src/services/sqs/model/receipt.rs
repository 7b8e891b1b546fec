//! Receipt handles: they identify one receive of one message.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::message::Key;

/// What a receipt handle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the queue: another one for every queue that is created, also under an old name.
    pub queue: u64,
    /// The message.
    pub key: Key,
    /// Which receive of it: its receive count at that time.
    pub receive: u32,
}

impl Receipt {
    /// The handle: opaque to clients.
    #[must_use]
    pub fn to_handle(self) -> String {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.queue.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.key.0.to_be_bytes());
        bytes[16..].copy_from_slice(&self.receive.to_be_bytes());
        BASE64.encode(bytes)
    }

    /// Reads a handle; none when it was never given out.
    #[must_use]
    pub fn parse(handle: &str) -> Option<Self> {
        let bytes: [u8; 20] = BASE64.decode(handle).ok()?.try_into().ok()?;
        let (queue, rest) = bytes.split_first_chunk::<8>()?;
        let (key, rest) = rest.split_first_chunk::<8>()?;
        let receive = rest.first_chunk::<4>()?;
        Some(Self {
            queue: u64::from_be_bytes(*queue),
            key: Key(u64::from_be_bytes(*key)),
            receive: u32::from_be_bytes(*receive),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_handle_says_what_it_was_made_of(queue: u64, key: u64, receive: u32) {
            let receipt = Receipt { queue, key: Key(key), receive };
            prop_assert_eq!(Receipt::parse(&receipt.to_handle()), Some(receipt));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = Receipt::parse(&text);
        }
    }
}
