//! Charts with points and fitted lines. Both axes are logarithmic.

use std::ops::Range;

use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::{ChartBuilder, Circle, IntoDrawingArea, PathElement, SVGBackend, Text};
use plotters::style::{Color, IntoFont};

use super::legend::{ENTRY, HEIGHT, LEGEND, PLOT};
use super::theme::{self, GRID, INK, PAPER};
use super::{Axis, DrawError, Series, document, tick};

/// Draws the chart for a light page.
pub fn draw(title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Result<String, DrawError> {
    document(|svg| drawn(svg, title, x, y, all))
}

fn drawn(svg: &mut String, title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Result<(), Box<dyn std::error::Error>> {
    let points = || all.iter().flat_map(|series| &series.points);
    let (across, up) = (decades(points().map(|point| point.0)), decades(points().map(|point| point.1)));
    let root = SVGBackend::with_string(svg, (PLOT + LEGEND, HEIGHT)).into_drawing_area();
    root.fill(&PAPER)?;
    let (left, right) = root.split_horizontally(PLOT);
    let mut chart = ChartBuilder::on(&left)
        .caption(title, ("sans-serif", 19).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(across.log_scale(), up.log_scale())?;
    let text = ("sans-serif", 15).into_font().color(&INK);
    chart
        .configure_mesh()
        .light_line_style(GRID.stroke_width(0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text.clone())
        .axis_desc_style(text.clone())
        .max_light_lines(0)
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&tick)
        .y_label_formatter(&tick)
        .x_desc(x.label())
        .y_desc(y.label())
        .draw()?;
    let (mut colour, mut at) = (0, 60);
    for (number, series) in all.iter().enumerate() {
        // A line has the colour of the points that it was fitted to.
        if number > 0 && !series.is_line {
            colour += 1;
        }
        let ink = theme::series(colour);
        if series.is_line {
            chart.draw_series([PathElement::new(series.points.clone(), ink.stroke_width(2))])?;
            // A line without a name only joins its points.
            if series.name.is_empty() {
                continue;
            }
            right.draw(&PathElement::new([(6, at), (26, at)], ink.stroke_width(2)))?;
        } else {
            chart.draw_series(series.points.iter().map(|point| Circle::new(*point, 5, ink.filled())))?;
            right.draw(&Circle::new((16, at), 5, ink.filled()))?;
        }
        right.draw(&Text::new(series.name.as_str(), (34, at - 6), text.clone()))?;
        at += ENTRY;
    }
    root.present()?;
    Ok(())
}

/// The range of whole powers of ten that contains all figures. It is never empty.
fn decades(figures: impl Iterator<Item = f64>) -> Range<f64> {
    let logs = figures.filter(|figure| *figure > 0.0).map(f64::log10);
    let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
    if low > high {
        return 1.0..10.0;
    }
    let (low, high) = (low.floor(), high.ceil());
    let (low, high) = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
    10_f64.powf(low)..10_f64.powf(high)
}
