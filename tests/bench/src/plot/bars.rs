//! Bar charts. Each bar has a name and begins at zero.

use plotters::prelude::{ChartBuilder, IntoDrawingArea, Rectangle, SVGBackend, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont};

use super::theme::{self, GRID, INK, PAPER};
use super::{Axis, DrawError, document, tick};

const WIDTH: u32 = 720;
const BAR: u32 = 34;
/// The height of title, axis and margins, in pixels.
const AROUND: u32 = 110;
/// The width of a letter in the names before the bars, in pixels.
const LETTER: u32 = 8;

/// Draws the chart for a light page.
pub fn draw(title: &str, x: &Axis, bars: &[(String, f64)]) -> Result<String, DrawError> {
    document(|svg| drawn(svg, title, x, bars))
}

fn drawn(svg: &mut String, title: &str, x: &Axis, bars: &[(String, f64)]) -> Result<(), Box<dyn std::error::Error>> {
    let count = u32::try_from(bars.len())?;
    let longest = bars.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let most = bars.iter().map(|(_, figure)| *figure).fold(f64::MIN_POSITIVE, f64::max);
    let root = SVGBackend::with_string(svg, (WIDTH, AROUND + BAR * count)).into_drawing_area();
    root.fill(&PAPER)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 19).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(LETTER * u32::try_from(longest)? + 10)
        .build_cartesian_2d(0.0..most * 1.15, 0.0..f64::from(count))?;
    let text = ("sans-serif", 15).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(GRID.stroke_width(0))
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text.clone())
        .axis_desc_style(text.clone())
        .x_labels(7)
        .x_label_formatter(&tick)
        .x_desc(x.label())
        .draw()?;
    for (number, (name, figure)) in (0..count).zip(bars) {
        let top = f64::from(count - number);
        let bar = Rectangle::new([(0.0, top - 0.8), (*figure, top - 0.2)], theme::series(0).filled());
        chart.draw_series([bar])?;
        let beside = |horizontal| text.clone().pos(Pos::new(horizontal, VPos::Center));
        let place = chart.backend_coord(&(*figure, top - 0.5));
        root.draw(&Text::new(tick(figure), (place.0 + 6, place.1), beside(HPos::Left)))?;
        let place = chart.backend_coord(&(0.0, top - 0.5));
        root.draw(&Text::new(name.as_str(), (place.0 - 8, place.1), beside(HPos::Right)))?;
    }
    root.present()?;
    Ok(())
}
