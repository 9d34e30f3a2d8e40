//! Plots show axes with units and every series, and have colours for light and dark pages.

use super::*;

fn growth() -> Plot {
    let points = vec![(1.0, 1.0), (10.0, 2.0), (1000.0, 4.0)];
    let series = vec![Series::points("units", points), Series::line("fitted", vec![(1.0, 1.0), (1000.0, 4.1)])];
    let shape = Shape::LogLog { x: Axis::new("users", ""), y: Axis::new("cost", "units"), series };
    Plot { file: "growth".to_owned(), title: "A <title>".to_owned(), shape }
}

#[test]
fn a_plot_of_growth_has_its_axes_points_and_line() {
    let svg = growth().svg().unwrap();
    for text in ["A &lt;title&gt;", "cost, units", "users", "fitted", "1k", "0.1"] {
        let there = svg.contains(&format!("{text}\n")) || svg.contains(&format!(">{text}<"));
        assert_eq!(there, text != "0.1", "{text}: {svg}");
    }
    assert_eq!(svg.matches("<circle").count(), 3 + 1, "three points, and one in the legend");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
}

#[test]
fn paper_and_ink_turn_round_on_a_dark_page() {
    let svg = growth().svg().unwrap();
    assert!(svg.contains("prefers-color-scheme: dark"));
    // The rule for dark pages finds the colours that it replaces.
    for light in ["#FFFFFF", "#1F2328", "#D8DEE4"] {
        let used = svg.matches(&format!("=\"{light}\"")).count();
        assert!(used > 2, "{light} is only in the rule: {svg}");
    }
}

#[test]
fn a_figure_that_never_changes_is_drawn_too() {
    let series = vec![Series::points("flat", vec![(1.0, 1.0), (50.0, 1.0)]), Series::points("none", Vec::new())];
    let shape = Shape::LogLog { x: Axis::new("x", ""), y: Axis::new("y", ""), series };
    let plot = Plot { file: String::new(), title: String::new(), shape };
    assert_eq!(plot.svg().unwrap().matches("<circle").count(), 2 + 2);
}

#[test]
fn bars_stand_beside_their_names() {
    let bars = vec![("Rust".to_owned(), 12.0), ("Node".to_owned(), 40.6)];
    let shape = Shape::Bars { x: Axis::new("time", "ms"), bars };
    let svg = Plot { file: String::new(), title: "t".to_owned(), shape }.svg().unwrap();
    for text in ["Rust", "Node", "time, ms", "41"] {
        assert!(svg.contains(&format!("{text}\n")), "{text}: {svg}");
    }
    let none = Shape::Bars { x: Axis::new("time", "ms"), bars: Vec::new() };
    assert!(Plot { file: String::new(), title: String::new(), shape: none }.svg().is_ok());
}

#[test]
fn a_tick_has_no_more_digits_than_it_needs() {
    let ticks = [0.0, 0.001, 0.5, 1.0, 2.5, 10.0, 100.0, 1000.0, 100_000.0].map(|value| tick(&value));
    assert_eq!(ticks, ["0", "0.001", "0.5", "1", "2.5", "10", "100", "1k", "100k"]);
}

#[test]
fn lines_over_time_have_their_axes_and_a_legend() {
    let series = vec![Series::line("email", vec![(0.0, 0.0), (12.0, 2.5e6)]), Series::line("push", Vec::new())];
    let shape = Shape::Lines { x: Axis::new("hour", ""), y: Axis::new("waiting", "deliveries"), series };
    let svg = Plot { file: String::new(), title: "A day".to_owned(), shape }.svg().unwrap();
    for text in ["A day", "hour", "waiting, deliveries", "email", "push", "2M"] {
        assert!(svg.contains(&format!("{text}\n")), "{text}: {svg}");
    }
    let none = Shape::Lines { x: Axis::new("x", ""), y: Axis::new("y", ""), series: Vec::new() };
    assert!(Plot { file: String::new(), title: String::new(), shape: none }.svg().is_ok());
}

#[test]
fn a_large_tick_has_its_unit() {
    let ticks = [-20.0, 0.0, 10.5, 12.0, 2500.0, 1e6, 2.5e6].map(|value| large(&value));
    assert_eq!(ticks, ["-20", "0", "10.5", "12", "2.5k", "1M", "2.5M"]);
}
