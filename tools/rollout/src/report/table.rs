//! Tables for people: no frames, numbers to the right, so that lines can be cut and pasted.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle, presets};

/// Space between two columns.
const GAP: u16 = 2;

/// How much of a commit's hash is shown: as much as `git` needs to find it.
const SHOWN_HASH: usize = 12;

/// A table whose first column is text and whose others are numbers.
#[must_use]
pub fn plain<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = table(header, rows, presets::NOTHING);
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.trim_fmt()
}

/// The same as a Markdown table.
#[must_use]
pub fn markdown<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    table(header, rows, presets::ASCII_MARKDOWN).trim_fmt()
}

fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    style: TableStyle,
) -> Table {
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A commit as people read it: its hash cut short, and whether the tree had changes.
#[must_use]
pub fn commit(full: &str) -> String {
    let (hash, changes) = match full.split_once('-') {
        Some((hash, changes)) => (hash, Some(changes)),
        None => (full, None),
    };
    let short = hash.get(..SHOWN_HASH).unwrap_or(hash);
    changes.map_or(short.to_owned(), |changes| format!("{short}-{changes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_no_line_ends_in_blanks() {
        let rows = [["a", "1"], ["bcd", "100"]].map(|row| row.map(str::to_owned));
        assert_eq!(
            plain(["version", "n"], rows),
            "version    n\na          1\nbcd      100"
        );
    }

    #[test]
    fn a_commit_is_cut_short_and_stays_marked_as_changed() {
        let hash = "7ed6e9c819f63e8579bfce5b5022551cbb5af487";
        assert_eq!(commit(hash), "7ed6e9c819f6");
        assert_eq!(commit(&format!("{hash}-dirty")), "7ed6e9c819f6-dirty");
        assert_eq!(commit("abc"), "abc");
    }
}
