//! Charts with lines over time. Both axes are linear, and the upward one begins at zero.

use plotters::prelude::{ChartBuilder, IntoDrawingArea, PathElement, SVGBackend, Text};
use plotters::style::{Color, IntoFont};

use super::legend::{ENTRY, HEIGHT, LEGEND, PLOT};
use super::theme::{self, GRID, INK, PAPER};
use super::{Axis, DrawError, Series, document, large};

/// Draws the chart for a light page.
pub fn draw(title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Result<String, DrawError> {
    document(|svg| drawn(svg, title, x, y, all))
}

fn drawn(svg: &mut String, title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Result<(), Box<dyn std::error::Error>> {
    let points = || all.iter().flat_map(|series| &series.points);
    let (low, high) =
        points().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let across = if low < high { low..high } else { 0.0..1.0 };
    let most = points().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max);
    let root = SVGBackend::with_string(svg, (PLOT + LEGEND, HEIGHT)).into_drawing_area();
    root.fill(&PAPER)?;
    let (left, right) = root.split_horizontally(PLOT);
    let mut chart = ChartBuilder::on(&left)
        .caption(title, ("sans-serif", 19).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(74)
        .build_cartesian_2d(across, 0.0..most * 1.05)?;
    let text = ("sans-serif", 15).into_font().color(&INK);
    chart
        .configure_mesh()
        .light_line_style(GRID.stroke_width(0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text.clone())
        .axis_desc_style(text.clone())
        .max_light_lines(0)
        .x_labels(12)
        .y_labels(8)
        .x_label_formatter(&large)
        .y_label_formatter(&large)
        .x_desc(x.label())
        .y_desc(y.label())
        .draw()?;
    let mut at = 60;
    for (number, series) in all.iter().enumerate() {
        let ink = theme::series(number);
        chart.draw_series([PathElement::new(series.points.clone(), ink.stroke_width(2))])?;
        right.draw(&PathElement::new([(6, at), (26, at)], ink.stroke_width(2)))?;
        right.draw(&Text::new(series.name.as_str(), (34, at - 6), text.clone()))?;
        at += ENTRY;
    }
    root.present()?;
    Ok(())
}
