//! Stacked bars over time, drawn on the server. They stretch with what they stand in; words and numbers stand beside the
//! drawing, so that they do not.
//!
//! What may not enter: a number that only the drawing tells.

use maud::{Markup, Render, html};

/// How many units of the drawing one bar is wide, with the gap after it.
const STEP: usize = 10;
const GAP: usize = 3;
/// How many units the drawing is high.
const HEIGHT: u64 = 100;
/// How high a part of a bar is at least.
const LEAST: u64 = 2;

/// One colour of a chart and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// What is counted, such as "done".
    pub label: &'static str,
    class: &'static str,
}

impl Series {
    /// What should happen.
    pub const fn good(label: &'static str) -> Self {
        Self { label, class: "good" }
    }

    /// What may happen.
    pub const fn doubtful(label: &'static str) -> Self {
        Self { label, class: "doubtful" }
    }

    /// What should not happen.
    pub const fn bad(label: &'static str) -> Self {
        Self { label, class: "bad" }
    }
}

/// A chart of bars, each a stack of the same series.
#[derive(Debug, Clone)]
pub struct BarChart {
    title: String,
    series: Vec<Series>,
    bars: Vec<(String, Vec<u64>)>,
    from: String,
    to: String,
}

impl BarChart {
    /// A chart called `title`, its series from the ground up.
    pub fn new(title: impl Into<String>, series: Vec<Series>) -> Self {
        Self { title: title.into(), series, bars: Vec::new(), from: String::new(), to: String::new() }
    }

    /// One more bar on the right: what it is called, and a number for each series.
    #[must_use]
    pub fn bar(mut self, label: impl Into<String>, values: Vec<u64>) -> Self {
        self.bars.push((label.into(), values));
        self
    }

    /// What stands under the first and under the last bar.
    #[must_use]
    pub fn ends(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        (self.from, self.to) = (from.into(), to.into());
        self
    }

    /// The height of the highest bar.
    fn most(&self) -> u64 {
        self.bars.iter().map(|(_, values)| values.iter().sum()).max().unwrap_or_default()
    }

    fn total(&self, series: usize) -> u64 {
        self.bars.iter().filter_map(|(_, values)| values.get(series)).sum()
    }

    /// The whole chart in a sentence.
    fn summary(&self) -> String {
        let totals = self.series.iter().enumerate().map(|(at, series)| format!("{} {}", self.total(at), series.label));
        format!("{}: {}; at most {} in one bar", self.title, totals.collect::<Vec<_>>().join(", "), self.most())
    }

    fn render_bar(&self, at: usize, label: &str, values: &[u64], scale: u64) -> Markup {
        let mut below = 0;
        let stack = self.series.iter().zip(heights(values, scale)).filter(|(_, height)| *height > 0);
        let stack = stack.map(|(series, height)| {
            below += height;
            (series.class, HEIGHT.saturating_sub(below), height)
        });
        let stack: Vec<_> = stack.collect();
        let words: Vec<_> =
            self.series.iter().zip(values).map(|(series, value)| format!("{value} {}", series.label)).collect();
        html! {
            @if !stack.is_empty() {
                g {
                    title { (label) ": " (words.join(", ")) }
                    @for (class, top, height) in stack {
                        rect class={ "chart__bar chart__bar--" (class) } x=(at * STEP) y=(top) width=(STEP - GAP)
                            height=(height) {}
                    }
                }
            }
        }
    }
}

/// How high each part of a bar is. What is there at all is seen, however small it is beside the rest; the largest part
/// makes room for it.
fn heights(values: &[u64], scale: u64) -> Vec<u64> {
    let seen = |value: &u64| if *value == 0 { 0 } else { (value * HEIGHT / scale).max(LEAST) };
    let mut heights: Vec<u64> = values.iter().map(seen).collect();
    let excess = heights.iter().sum::<u64>().saturating_sub(HEIGHT);
    if let Some(largest) = heights.iter_mut().max() {
        *largest = largest.saturating_sub(excess);
    }
    heights
}

impl Render for BarChart {
    fn render(&self) -> Markup {
        let (most, width) = (self.most(), (self.bars.len() * STEP).max(STEP));
        html! {
            figure.chart {
                figcaption.chart__caption {
                    h3 { (self.title) }
                    ul.chart__key {
                        @for (at, series) in self.series.iter().enumerate() {
                            li { span class={ "chart__swatch chart__swatch--" (series.class) } {} strong { (self.total(at)) } " " (series.label) }
                        }
                    }
                }
                div.chart__plot {
                    @if most > 0 { span.chart__most aria-hidden="true" { (most) } }
                    svg viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                        aria-label=(self.summary()) focusable="false" {
                        @for (at, (label, values)) in self.bars.iter().enumerate() {
                            (self.render_bar(at, label, values, most.max(1)))
                        }
                    }
                }
                div.chart__ends aria-hidden="true" { span { (self.from) } span { (self.to) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> BarChart {
        BarChart::new("forum", vec![Series::good("done"), Series::bad("dead")]).ends("12:00", "12:01")
    }

    #[test]
    fn bars_stack_from_the_ground_up_to_the_highest() {
        let drawn = chart().bar("12:00", vec![3, 1]).bar("12:01", vec![2, 0]).render().into_string();
        assert!(drawn.contains(r#"chart__bar--good" x="0" y="25" width="7" height="75""#), "{drawn}");
        assert!(drawn.contains(r#"chart__bar--bad" x="0" y="0" width="7" height="25""#), "{drawn}");
        assert!(drawn.contains(r#"chart__bar--good" x="10" y="50" width="7" height="50""#), "{drawn}");
    }

    #[test]
    fn one_among_thousands_is_still_seen() {
        let drawn = chart().bar("12:00", vec![5000, 0]).bar("12:01", vec![0, 1]).render().into_string();
        assert!(drawn.contains(r#"chart__bar--bad" x="10" y="98" width="7" height="2""#), "{drawn}");
    }

    #[test]
    fn small_parts_of_the_highest_bar_do_not_cover_each_other() {
        let series = vec![Series::good("done"), Series::doubtful("failed"), Series::bad("dead")];
        let drawn = BarChart::new("forum", series).bar("12:00", vec![98, 1, 1]).render().into_string();
        for (class, y, height) in [("good", 4, 96), ("doubtful", 2, 2), ("bad", 0, 2)] {
            let part = format!(r#"chart__bar--{class}" x="0" y="{y}" width="7" height="{height}""#);
            assert!(drawn.contains(&part), "{part}: {drawn}");
        }
    }

    #[test]
    fn whoever_cannot_see_it_is_told_the_numbers() {
        let drawn = chart().bar("12:00", vec![3, 1]).render().into_string();
        assert!(drawn.contains(r#"aria-label="forum: 3 done, 1 dead; at most 4 in one bar""#), "{drawn}");
    }

    #[test]
    fn nothing_at_all_draws_nothing() {
        let drawn = chart().bar("12:00", vec![0, 0]).render().into_string();
        assert!(!drawn.contains("rect") && !drawn.contains("chart__most"), "{drawn}");
    }
}
