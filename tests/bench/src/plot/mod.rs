//! Plots as SVG: on paper of their own, dark where the reader's theme is.

mod bars;
mod growth;
mod theme;

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The file's name in `plots/`, without `.svg`.
    pub file: String,
    /// What it shows; also its alternative text.
    pub title: String,
    /// How.
    pub shape: Shape,
}

/// How a plot shows its figures.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Both axes by logarithm: what grows by a power is a straight line, and its slope the exponent.
    LogLog {
        /// What is varied.
        x: Axis,
        /// What it costs.
        y: Axis,
        /// Points and lines.
        series: Vec<Series>,
    },
    /// A bar a name, from zero.
    Bars {
        /// What the bars are of.
        x: Axis,
        /// Names and figures, from the top.
        bars: Vec<(String, f64)>,
    },
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    name: String,
    unit: String,
}

/// Some figures of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    is_line: bool,
}

impl Axis {
    /// What is along it, and its unit.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into() }
    }

    fn label(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{}, {}", self.name, self.unit) }
    }
}

impl Series {
    /// What was measured.
    pub fn points(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, is_line: false }
    }

    /// What was fitted to it: in the colour of the series before it.
    pub fn line(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, is_line: true }
    }
}

/// It could not be drawn.
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
            Shape::Bars { x, bars } => bars::draw(&self.title, x, bars),
        };
        Ok(theme::both(&drawn?))
    }
}

/// A figure at an axis: no more digits than it needs.
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

#[cfg(test)]
mod tests;
