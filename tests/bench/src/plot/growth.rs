//! Points and fitted lines, both axes by logarithm.

use std::ops::Range;

use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::{ChartBuilder, Circle, IntoDrawingArea, PathElement, SVGBackend, SeriesLabelPosition};
use plotters::style::{Color, IntoFont};

use super::theme::{self, GRID, INK, PAPER};
use super::{Axis, DrawError, Series, tick};

const SIZE: (u32, u32) = (720, 420);

/// Draws it for a light page.
pub fn draw(title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Result<String, DrawError> {
    let mut svg = String::new();
    drawn(&mut svg, title, x, y, all).map_err(|error| DrawError(error.to_string()))?;
    Ok(svg)
}

fn drawn(svg: &mut String, title: &str, x: &Axis, y: &Axis, all: &[Series]) -> Result<(), Box<dyn std::error::Error>> {
    let points = || all.iter().flat_map(|series| &series.points);
    let (across, up) = (decades(points().map(|point| point.0)), decades(points().map(|point| point.1)));
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&PAPER)?;
    let mut chart = ChartBuilder::on(&root)
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
    let mut colour = 0;
    for (number, series) in all.iter().enumerate() {
        // A line is in the colour of the points that it was fitted to.
        if number > 0 && !series.is_line {
            colour += 1;
        }
        let ink = theme::series(colour);
        let drawn = if series.is_line {
            let line = PathElement::new(series.points.clone(), ink.stroke_width(2));
            chart.draw_series([line])?.label(&series.name)
        } else {
            let dots = series.points.iter().map(|point| Circle::new(*point, 5, ink.filled()));
            chart.draw_series(dots)?.label(&series.name)
        };
        if series.is_line {
            drawn.legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], ink.stroke_width(2)));
        } else {
            // A path as long as the others', so that both kinds can stand in one legend: as thick as a dot.
            drawn.legend(move |(x, y)| PathElement::new([(x + 4, y), (x + 12, y)], ink.stroke_width(8)));
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(PAPER)
        .border_style(GRID)
        .label_font(text)
        .draw()?;
    root.present()?;
    Ok(())
}

/// The whole powers of ten around some figures, at least one apart.
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
