//! The colours. Plots are drawn for a light page. A CSS rule in the file replaces the colours of background, text and
//! grid on a dark page.

use plotters::style::{Color, RGBColor};

pub const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
pub const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
pub const GRID: RGBColor = RGBColor(0xd8, 0xde, 0xe4);
/// Colours that differ on a light and on a dark background, and for people with red-green colour blindness.
pub const SERIES: [RGBColor; 8] = [
    RGBColor(0x2f, 0x7e, 0xd8),
    RGBColor(0xd9, 0x6a, 0x0b),
    RGBColor(0x1b, 0x9e, 0x77),
    RGBColor(0xa0, 0x62, 0xd0),
    RGBColor(0x8a, 0x8d, 0x2a),
    RGBColor(0xc9, 0x3b, 0x6b),
    RGBColor(0x3a, 0x9a, 0xb5),
    RGBColor(0x8b, 0x6b, 0x4a),
];

/// The colour of the series with this number.
pub fn series(number: usize) -> RGBColor {
    SERIES[number % SERIES.len()]
}

/// Adds the rule for dark pages to the document.
pub fn both(svg: &str) -> String {
    let rules = [(PAPER, "#0d1117"), (INK, "#e6edf3"), (GRID, "#30363d")].map(|(light, dark)| {
        let light = hex(light);
        format!(r#"[fill="{light}"] {{ fill: {dark} }} [stroke="{light}"] {{ stroke: {dark} }}"#)
    });
    let style = format!("<style>@media (prefers-color-scheme: dark) {{ {} }}</style>", rules.join(" "));
    match svg.find('>') {
        Some(end) => format!("{}\n{style}{}", &svg[..=end], &svg[end + 1..]),
        None => svg.to_owned(),
    }
}

/// A colour as the SVG backend writes it.
fn hex(color: RGBColor) -> String {
    let (red, green, blue) = color.to_backend_color().rgb;
    format!("#{red:02X}{green:02X}{blue:02X}")
}
