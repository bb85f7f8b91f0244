//! Plots as SVG. Every colour is a CSS variable, so that one picture serves a light page and a dark one.

use std::fmt::Write;

/// A line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    /// Sorted by the first number.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Title and axis labels of a plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Words<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
/// Margins for the numbers at the left, the title above, and the numbers below.
const LEFT: f64 = 56.0;
const TOP: f64 = 16.0;
const RIGHT: f64 = 16.0;
const BELOW: f64 = 44.0;
/// Number of colours in the page's style, `--s0` and so on.
const COLOURS: usize = 8;
/// Points of a line that a screen can show.
const POINTS: usize = 600;

/// Maps numbers to positions in the picture.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn x(&self, x: f64) -> f64 {
        LEFT + (x - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, y: f64) -> f64 {
        HEIGHT - BELOW - (y - self.y.0) / (self.y.1 - self.y.0) * (HEIGHT - TOP - BELOW)
    }
}

/// Returns the next round number: 1, 2, 2.5 or 5 times a power of ten.
fn round_up(number: f64) -> f64 {
    if number <= 0.0 || !number.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(number.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let step = steps.iter().find(|&&step| step * power >= number * 0.999_999);
    step.map_or(number, |step| step * power)
}

/// Formats a number without trailing zeros.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn open(svg: &mut String, words: &Words<'_>) {
    let (title, x, y) = (escape(words.title), escape(words.x), escape(words.y));
    let _ = write!(
        svg,
        r#"<figure><figcaption>{title}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">"#
    );
    let _ = write!(
        svg,
        r#"<text class="axis" x="{:.1}" y="{:.1}" text-anchor="middle">{x}</text>"#,
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 6.0
    );
    let middle = f64::midpoint(TOP, HEIGHT - BELOW);
    let _ = write!(
        svg,
        r#"<text class="axis" x="12" y="{middle:.1}" text-anchor="middle" transform="rotate(-90 12 {middle:.1})">{y}</text>"#
    );
}

/// Returns round numbers from zero to the end of an axis.
fn ticks(end: f64) -> impl Iterator<Item = f64> {
    let step = round_up(end / 5.0);
    let all = (0_u32..).map(move |nth| f64::from(nth) * step);
    all.take_while(move |&it| it <= end * 1.000_001)
}

fn across(svg: &mut String, frame: &Frame) {
    for value in ticks(frame.y.1) {
        let at = frame.y(value);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" y1="{at:.1}" x2="{:.1}" y2="{at:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            short(value)
        );
    }
}

/// Returns the picture of a figure as a file of its own: with the style of the page, and its legend below the title.
pub(crate) fn file(figure: &str, style: &str) -> String {
    let (from, to) = (figure.find("<svg").unwrap_or(0), figure.rfind("</svg>").unwrap_or(figure.len()));
    let picture = figure.get(from..to).unwrap_or_default();
    let names = figure.get(to..).unwrap_or_default().split("<span>").skip(1);
    let mut legend = String::new();
    let mut left = LEFT;
    for (nth, entry) in names.enumerate() {
        let name =
            entry.split("</i>").nth(1).and_then(|rest| rest.split("</span>").next()).unwrap_or_default();
        let colour = nth % COLOURS;
        let _ = write!(legend, r#"<text x="{left:.0}" y="11" style="fill:var(--s{colour})">{name}</text>"#);
        left += 7.0 * f64::from(u32::try_from(name.len()).unwrap_or(0)) + 18.0;
    }
    let size = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\"");
    format!("{}<style>{style}</style>{legend}</svg>\n", picture.replacen("<svg", &size, 1))
}

fn legend(names: &[&str]) -> String {
    let entries = names.iter().enumerate().map(|(nth, name)| {
        let colour = nth % COLOURS;
        format!(r#"<span><i style="background:var(--s{colour})"></i>{}</span>"#, escape(name))
    });
    format!(r#"<div class="legend">{}</div></figure>"#, entries.collect::<String>())
}

/// Draws lines in steps: a value holds until the next point. The x axis ends at `most` at the latest.
pub(crate) fn lines(words: &Words<'_>, series: &[Series<'_>], most: f64, top: Option<f64>) -> String {
    let points = || series.iter().flat_map(|line| &line.points);
    let high = points().map(|it| it.1).fold(0.0, f64::max);
    let frame = Frame {
        x: (0.0, if most > 0.0 { most } else { 1.0 }),
        y: (0.0, top.unwrap_or_else(|| round_up(high))),
    };
    let mut svg = String::new();
    open(&mut svg, words);
    across(&mut svg, &frame);
    for value in ticks(frame.x.1) {
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            frame.x(value),
            HEIGHT - BELOW + 16.0,
            short(value)
        );
    }
    for (nth, line) in series.iter().enumerate() {
        let mut path = String::new();
        let mut last: Option<f64> = None;
        for (x, y) in thinned(&line.points, frame.x.1) {
            let (at, high) = (frame.x(x), frame.y(y.min(frame.y.1)));
            match last {
                None => {
                    let _ = write!(path, "M{at:.1} {high:.1}");
                }
                Some(before) => {
                    let _ = write!(path, "L{at:.1} {before:.1}L{at:.1} {high:.1}");
                }
            }
            last = Some(high);
        }
        if let Some(high) = last {
            let _ = write!(path, "L{:.1} {high:.1}", frame.x(frame.x.1));
        }
        let colour = nth % COLOURS;
        let _ = write!(svg, r#"<path d="{path}" fill="none" stroke="var(--s{colour})" stroke-width="2"/>"#);
    }
    svg.push_str("</svg>");
    let names: Vec<&str> = series.iter().map(|line| line.name).collect();
    svg + &legend(&names)
}

/// Reduces the points up to `most` to those that can be told apart, with the first and the last.
fn thinned(points: &[(f64, f64)], most: f64) -> Vec<(f64, f64)> {
    let inside = points.partition_point(|(x, _)| *x <= most);
    let step = inside.div_ceil(POINTS).max(1);
    let shown = points.iter().take(inside);
    let mut kept: Vec<(f64, f64)> = shown.clone().step_by(step).copied().collect();
    kept.extend({ shown }.next_back().filter(|_| step > 1).copied());
    kept
}

/// Draws groups of bars, with one bar per series.
pub(crate) fn bars(words: &Words<'_>, groups: &[&str], series: &[Series<'_>]) -> String {
    let points = || series.iter().flat_map(|line| &line.points);
    let high = points().map(|it| it.1).fold(0.0, f64::max);
    let count = groups.len().max(1);
    // A report has some dozens of groups at most.
    #[allow(clippy::cast_precision_loss)]
    let (all, many) = (count as f64, series.len().max(1) as f64);
    let frame = Frame { x: (0.0, all), y: (0.0, round_up(high)) };
    let mut svg = String::new();
    open(&mut svg, words);
    across(&mut svg, &frame);
    for (nth, group) in groups.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let at = frame.x(nth as f64 + 0.5);
        let _ = write!(
            svg,
            r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            HEIGHT - BELOW + 16.0,
            escape(group)
        );
    }
    for (nth, one) in series.iter().enumerate() {
        for &(group, value) in &one.points {
            #[allow(clippy::cast_precision_loss)]
            let from = group + 0.1 + 0.8 * nth as f64 / many;
            let (left, right) = (frame.x(from), frame.x(from + 0.8 / many));
            let at = frame.y(value);
            let _ = write!(
                svg,
                r#"<rect x="{left:.1}" y="{at:.1}" width="{:.1}" height="{:.1}" fill="var(--s{})"/>"#,
                (right - left - 1.0).max(1.0),
                frame.y(0.0) - at,
                nth % COLOURS
            );
        }
    }
    svg.push_str("</svg>");
    let names: Vec<&str> = series.iter().map(|line| line.name).collect();
    svg + &legend(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (number, end) in [(0.0, 1.0), (0.7, 1.0), (1.0, 1.0), (21.0, 25.0), (30.0, 50.0), (99.0, 100.0)] {
            assert!((round_up(number) - end).abs() < 1e-9, "{number}");
        }
    }

    #[test]
    fn names_from_a_log_are_escaped() {
        let words = Words { title: "<b>", x: "&", y: "" };
        let line = Series { name: "<script>", points: vec![(0.0, 0.0), (1.0, 2.0)] };
        let svg = lines(&words, &[line], 1.0, None);
        assert!(!svg.contains("<b>") && !svg.contains("<script>") && svg.contains("&lt;script&gt;"));
    }

    #[test]
    fn file_has_the_picture_its_style_and_its_legend() {
        let words = Words { title: "People", x: "s", y: "" };
        let figure = lines(&words, &[Series { name: "online", points: vec![(0.0, 1.0)] }], 1.0, None);
        let file = file(&figure, "svg { color: red }");
        assert!(file.starts_with("<svg xmlns=") && file.ends_with("</svg>\n"), "{file}");
        assert!(
            file.contains(">online</text>") && file.contains("color: red") && !file.contains("figcaption")
        );
    }

    #[test]
    fn many_points_are_thinned_and_the_last_is_kept() {
        let points: Vec<(f64, f64)> = (0..10_000).map(|n| (f64::from(n), 1.0)).collect();
        let kept = thinned(&points, 1e9);
        assert!(kept.len() <= POINTS + 1);
        assert_eq!(kept.last(), points.last());
    }
}
