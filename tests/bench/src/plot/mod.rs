//! Plots as SVG. They have their own background, which is dark in a dark theme.

mod bars;
mod growth;
mod legend;
mod lines;
mod theme;

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The file's name in `plots/`, without `.svg`.
    pub file: String,
    /// The title. It is also the alternative text.
    pub title: String,
    /// The kind of plot.
    pub shape: Shape,
}

/// The kinds of plots.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Both axes are logarithmic. A power law is then a straight line, and its slope is the exponent.
    LogLog {
        /// The varied size.
        x: Axis,
        /// The cost.
        y: Axis,
        /// Points and lines.
        series: Vec<Series>,
    },
    /// Both axes are linear: what happens over time.
    Lines {
        /// The time.
        x: Axis,
        /// What changes.
        y: Axis,
        /// The lines.
        series: Vec<Series>,
    },
    /// One bar for each name. The bars begin at zero.
    Bars {
        /// The measured quantity.
        x: Axis,
        /// Names and figures, from top to bottom.
        bars: Vec<(String, f64)>,
    },
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    name: String,
    unit: String,
}

/// A series of points or a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    is_line: bool,
}

impl Axis {
    /// An axis with a quantity and its unit.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into() }
    }

    fn label(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{}, {}", self.name, self.unit) }
    }
}

impl Series {
    /// A series of measured points.
    pub fn points(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, is_line: false }
    }

    /// A fitted line. It has the colour of the series before it.
    pub fn line(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, is_line: true }
    }
}

/// The error of a plot that could not be drawn.
#[derive(Debug)]
pub struct DrawError(String);

impl std::fmt::Display for DrawError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the plot cannot be drawn: {}", self.0)
    }
}

impl std::error::Error for DrawError {}

impl Plot {
    /// The plot as an SVG document.
    pub fn svg(&self) -> Result<String, DrawError> {
        let drawn = match &self.shape {
            Shape::LogLog { x, y, series } => growth::draw(&self.title, x, y, series),
            Shape::Lines { x, y, series } => lines::draw(&self.title, x, y, series),
            Shape::Bars { x, bars } => bars::draw(&self.title, x, bars),
        };
        Ok(theme::both(&drawn?))
    }
}

/// What a chart draws, as a document.
fn document(draw: impl FnOnce(&mut String) -> Result<(), Box<dyn std::error::Error>>) -> Result<String, DrawError> {
    let mut svg = String::new();
    draw(&mut svg).map_err(|error| DrawError(error.to_string()))?;
    Ok(svg)
}

/// The text of a figure at an axis, without needless digits.
fn tick(value: &f64) -> String {
    let value = *value;
    if value >= 1000.0 && value % 1000.0 == 0.0 {
        return format!("{}k", value / 1000.0);
    }
    let digits = if value >= 10.0 || value == 0.0 {
        0
    } else if value >= 1.0 {
        1
    } else {
        3
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The text of a figure that may be negative or large: with `k` for a thousand and `M` for a million.
fn large(value: &f64) -> String {
    match value.abs() {
        size if size < 1e-9 => "0".to_owned(),
        size if size >= 1e6 => format!("{}M", tick(&(value / 1e6))),
        size if size >= 1e3 => format!("{}k", tick(&(value / 1e3))),
        _ if *value < 0.0 => format!("-{}", large(&-value)),
        size if size >= 10.0 => format!("{size:.1}").trim_end_matches(".0").to_owned(),
        _ => tick(value),
    }
}

#[cfg(test)]
mod tests;
