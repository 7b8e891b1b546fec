//! Lists in pages: a page ends with a token, and the next request brings it back.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Index of the first item of the next page, if there is one.
    pub next: Option<usize>,
}

/// The page of at most `size` items that begins at the index `from`.
pub fn page<T>(items: impl IntoIterator<Item = T>, from: usize, size: usize) -> Page<T> {
    let mut rest = items.into_iter().skip(from);
    let items: Vec<T> = rest.by_ref().take(size).collect();
    let next = rest.next().map(|_| from + items.len());
    Page { items, next }
}

/// A token that says this and does not look like it, so that clients do not make their own.
#[must_use]
pub fn token(content: impl std::fmt::Display) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(content.to_string())
}

/// What a token of [`token`] says.
#[must_use]
pub fn read_token(token: &str) -> Option<String> {
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_put_together_are_the_list() {
        for size in [1, 2, 5, 6] {
            let (mut all, mut from) = (Vec::new(), Some(0));
            while let Some(index) = from {
                let page = page(0..5, index, size);
                assert!(page.items.len() <= size);
                all.extend(page.items);
                from = page.next;
            }
            assert_eq!(all, [0, 1, 2, 3, 4], "pages of {size}");
        }
    }

    #[test]
    fn a_token_is_read_back_and_anything_else_is_none() {
        assert_eq!(read_token(&token("7:a")).as_deref(), Some("7:a"));
        assert_eq!(read_token("!"), None);
    }
}
