//! The sizes of a chart with a legend beside it, in pixels.

pub const HEIGHT: u32 = 420;
pub const PLOT: u32 = 700;
/// The width of the legend. It is next to the plot, where it covers nothing.
pub const LEGEND: u32 = 330;
/// The height of an entry of the legend.
pub const ENTRY: i32 = 22;
