//! A chart with two axes, as SVG inside a page: colours come from its style sheet.

use maud::{Markup, html};

use super::scale::{Scale, Tick};

/// Size of the paper. Text is set in its units: 13 of them stay readable on a phone.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 220.0;

/// Where the axes are.
pub(super) const ACROSS: [f64; 2] = [54.0, 424.0];
pub(super) const UPWARDS: [f64; 2] = [190.0, 12.0];

/// Which line it is: the versions are told apart by colour, and by dashes where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pen {
    Baseline,
    Candidate,
    Threshold,
}

impl Pen {
    /// Of the baseline (0) or the candidate (1).
    pub(super) const fn new(version: usize) -> Self {
        if version == 0 {
            Self::Baseline
        } else {
            Self::Candidate
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
            Self::Threshold => "threshold",
        }
    }
}

/// What is drawn between the axes, in units of the axes.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    Line(Pen, Vec<(f64, f64)>),
    /// Constant up to the next point.
    Steps(Pen, Vec<(f64, f64)>),
    /// From the lower to the upper value at each place.
    Band(Pen, Vec<(f64, f64, f64)>),
    Dots(Pen, Vec<(f64, f64)>),
    /// Across the whole paper, with a word beside it.
    Level(Pen, f64, String),
}

/// A chart.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) x_ticks: Vec<Tick>,
    pub(super) y_ticks: Vec<Tick>,
    pub(super) marks: Vec<Mark>,
}

impl Chart {
    /// The picture, with what it is and what it shows for those who cannot see it.
    pub(super) fn svg(&self, id: &str, title: &str, description: &str) -> Markup {
        let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
        html! {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
                aria-labelledby={ (title_id) " " (description_id) } {
                title id=(title_id) { (title) }
                desc id=(description_id) { (description) }
                (self.grid())
                @for mark in &self.marks { (self.mark(mark)) }
            }
        }
    }

    fn grid(&self) -> Markup {
        let [left, right] = ACROSS.map(number);
        let bottom = UPWARDS[0];
        html! {
            g class="grid" {
                @for tick in &self.y_ticks {
                    @let y = self.y.place(tick.value);
                    line x1=(left) x2=(right) y1=(number(y)) y2=(number(y)) {}
                    text class="y" x=(number(ACROSS[0] - 7.0)) y=(number(y + 4.5)) { (tick.label) }
                }
                @for tick in &self.x_ticks {
                    @let x = self.x.place(tick.value);
                    line x1=(number(x)) x2=(number(x)) y1=(number(bottom)) y2=(number(bottom + 4.0)) {}
                    text class="x" x=(number(centre(x, &tick.label))) y=(number(bottom + 20.0)) { (tick.label) }
                }
            }
        }
    }

    fn mark(&self, mark: &Mark) -> Markup {
        match mark {
            Mark::Line(pen, points) => html! {
                path class={ "line " (pen.class()) } d=(path(points.iter().map(|p| self.place(*p)))) {}
            },
            Mark::Steps(pen, points) => html! {
                path class={ "line " (pen.class()) } d=(path(self.corners(points))) {}
            },
            Mark::Band(pen, points) => {
                let upper = points.iter().map(|(x, _, high)| self.place((*x, *high)));
                let lower = points
                    .iter()
                    .rev()
                    .map(|(x, low, _)| self.place((*x, *low)));
                html! { path class={ "band " (pen.class()) } d={ (path(upper.chain(lower))) "Z" } {} }
            }
            Mark::Dots(pen, points) => html! {
                g class={ "dots " (pen.class()) } {
                    @for point in points {
                        @let (x, y) = self.place(*point);
                        circle cx=(number(x)) cy=(number(y)) r="1.6" {}
                    }
                }
            },
            Mark::Level(pen, value, word) => {
                let y = self.y.place(*value);
                let [left, right] = ACROSS.map(number);
                html! {
                    line class={ "line " (pen.class()) } x1=(left) x2=(right) y1=(number(y)) y2=(number(y)) {}
                    text class="word" x=(number(ACROSS[1] - 6.0)) y=(number(y - 5.0)) { (word) }
                }
            }
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.place(x), self.y.place(y))
    }

    /// Every point, and before it the corner that leads to it from the one before.
    fn corners(&self, points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
        let befores = [None].into_iter().chain(points.iter().map(Some));
        befores.zip(points).flat_map(|(before, point)| {
            let corner = before.map(|before| self.place((point.0, before.1)));
            corner.into_iter().chain([self.place(*point)])
        })
    }
}

/// Where the middle of a label goes, so that all of it is on the paper.
fn centre(x: f64, label: &str) -> f64 {
    const HALF_A_LETTER: f64 = 4.2;
    let half = label.chars().count() as f64 * HALF_A_LETTER;
    x.clamp(half, WIDTH - half)
}

/// A path through places on the paper.
fn path(places: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (index, (x, y)) in places.enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{command}{} {}", number(x), number(y)));
    }
    path
}

/// As fine as one can see.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(marks: Vec<Mark>) -> String {
        let chart = Chart {
            x: Scale::new([0.0, 10.0], ACROSS),
            y: Scale::new([0.0, 1.0], UPWARDS),
            x_ticks: Vec::new(),
            y_ticks: vec![Tick {
                value: 1.0,
                label: "<100%>".to_owned(),
            }],
            marks,
        };
        chart.svg("weight", "Weight", "a & b").into_string()
    }

    #[test]
    fn text_is_escaped_and_the_picture_says_what_it_is() {
        let svg = chart(Vec::new());
        assert!(
            svg.contains("&lt;100%&gt;") && svg.contains("a &amp; b"),
            "{svg}"
        );
        assert!(
            svg.contains(r#"aria-labelledby="weight-title weight-description""#),
            "{svg}"
        );
    }

    #[test]
    fn steps_go_on_level_until_they_change() {
        let svg = chart(vec![Mark::Steps(
            Pen::Candidate,
            vec![(0.0, 0.0), (5.0, 1.0)],
        )]);
        assert!(svg.contains("M54.0 190.0L239.0 190.0L239.0 12.0"), "{svg}");
    }

    #[test]
    fn a_band_is_closed() {
        let svg = chart(vec![Mark::Band(
            Pen::Baseline,
            vec![(0.0, 0.0, 1.0), (10.0, 0.0, 1.0)],
        )]);
        assert!(
            svg.contains("M54.0 12.0L424.0 12.0L424.0 190.0L54.0 190.0Z"),
            "{svg}"
        );
    }
}
