//! The deployment's brand on the pages (`BrandName`, `BrandLogoUrl`, `BrandColor`). Whatever the colour is, texts on it and in it are
//! readable: WCAG 2.2's success criterion 1.4.3 asks for a contrast of 4.5:1 (<https://www.w3.org/TR/WCAG22/#contrast-minimum>).

use shared::hash::sha256_base64;

/// The contrast that text needs (level AA).
const ENOUGH: f64 = 4.5;
/// The grounds of `style.css` that texts and switches stand on, in light and in dark.
const LIGHT: [Rgb; 3] = [Rgb(0xff, 0xff, 0xff), Rgb(0xf3, 0xf4, 0xf8), Rgb(0xec, 0xef, 0xfc)];
const DARK: [Rgb; 3] = [Rgb(0x18, 0x1c, 0x25), Rgb(0x0f, 0x12, 0x18), Rgb(0x20, 0x27, 0x3c)];
const WHITE: Rgb = Rgb(0xff, 0xff, 0xff);
const BLACK: Rgb = Rgb(0, 0, 0);

/// What the pages show of a brand. By default there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// The name, or an empty text.
    pub name: String,
    /// The logo's URL, or an empty text.
    pub logo: String,
    /// The colours as a style sheet, or an empty text.
    pub style: String,
    /// What the Content-Security-Policy allows beside the page's own.
    policy: [String; 2],
}

/// A setting that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBrand {
    /// The colour.
    #[error("must be a colour such as #3652d0")]
    Color,
    /// The logo.
    #[error("must be an https URL of a picture, without a query")]
    Logo,
}

impl Brand {
    /// The brand of these parameters, each of which may be missing.
    pub fn of(name: Option<String>, logo: Option<String>, color: Option<String>) -> Result<Self, InvalidBrand> {
        let logo = logo.unwrap_or_default();
        if !(logo.is_empty() || is_url(&logo)) {
            return Err(InvalidBrand::Logo);
        }
        let color = color.map(|color| Rgb::parse(&color).ok_or(InvalidBrand::Color)).transpose()?;
        let style = color.map(style).unwrap_or_default();
        let digest =
            if style.is_empty() { String::new() } else { format!(" 'sha256-{}'", sha256_base64(style.as_bytes())) };
        let images = if logo.is_empty() { String::new() } else { format!("; img-src {logo}") };
        Ok(Self { name: name.unwrap_or_default(), logo, style, policy: [digest, images] })
    }

    /// What is appended to `style-src`, which is the policy's last directive, and what follows it.
    pub fn policy(&self) -> String {
        self.policy.concat()
    }
}

/// Whether a URL can stand in a policy and in an attribute: `https`, and no character that would end a source or a directive.
fn is_url(url: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/%".contains(&b);
    url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && url.bytes().all(good)
}

/// The colours of `style.css` that a brand's colour replaces. Where it is the ground of a text it is itself. Where it is the colour of
/// a text or of a switch, it is made darker or lighter until it stands out from every ground of the page.
fn style(brand: Rgb) -> String {
    let (light, dark) = (brand.until_readable_on(&LIGHT, BLACK), brand.until_readable_on(&DARK, WHITE));
    format!(
        ":root{{--brand:{};--on-brand:{};--accent:light-dark({},{});--on-accent:light-dark({},{})}}",
        brand.css(),
        brand.text().css(),
        light.css(),
        dark.css(),
        light.text().css(),
        dark.text().css(),
    )
}

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl Rgb {
    /// `#rrggbb`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
        Some(Self(part(0)?, part(2)?, part(4)?))
    }

    fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// The relative luminance, 0 to 1 (<https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>).
    fn luminance(self) -> f64 {
        let part = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(self.0) + 0.7152 * part(self.1) + 0.0722 * part(self.2)
    }

    /// The contrast of two colours, 1 to 21 (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>).
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Black or white, whichever is readable on this colour: one of them has a contrast of at least 4.58:1 to any colour.
    fn text(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// The colour with a share of another one, in percent.
    fn mixed(self, other: Self, percent: u16) -> Self {
        let part = |one: u8, other: u8| {
            let sum = u16::from(one) * (100 - percent) + u16::from(other) * percent;
            u8::try_from(sum / 100).unwrap_or(other)
        };
        Self(part(self.0, other.0), part(self.1, other.1), part(self.2, other.2))
    }

    /// The colour with as little of `towards` as makes it readable on all of these grounds.
    fn until_readable_on(self, grounds: &[Self], towards: Self) -> Self {
        let is_readable = |one: &Self| grounds.iter().all(|ground| one.contrast(*ground) >= ENOUGH);
        (0..=100).map(|percent| self.mixed(towards, percent)).find(is_readable).unwrap_or(towards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(color: &str) -> Brand {
        Brand::of(None, None, Some(color.to_owned())).unwrap()
    }

    #[test]
    fn luminance_and_contrast_are_those_of_wcag() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        let grey = Rgb(0x76, 0x76, 0x76);
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01, "{}", grey.contrast(WHITE));
    }

    #[test]
    fn whatever_the_colour_all_that_is_written_on_it_and_in_it_is_readable() {
        let steps = (0..=255).step_by(17).map(|part| u8::try_from(part).unwrap()).collect::<Vec<_>>();
        for &red in &steps {
            for &green in &steps {
                for &blue in &steps {
                    let brand = Rgb(red, green, blue);
                    let (light, dark) = (brand.until_readable_on(&LIGHT, BLACK), brand.until_readable_on(&DARK, WHITE));
                    for colour in [brand, light, dark] {
                        assert!(colour.contrast(colour.text()) >= ENOUGH, "{brand:?}");
                    }
                    assert!(LIGHT.iter().all(|ground| light.contrast(*ground) >= ENOUGH), "{brand:?}");
                    assert!(DARK.iter().all(|ground| dark.contrast(*ground) >= ENOUGH), "{brand:?}");
                }
            }
        }
    }

    #[test]
    fn a_colour_that_is_readable_stays_and_any_other_changes_as_little_as_it_must() {
        assert_eq!(
            of("#3652D0").style,
            ":root{--brand:#3652d0;--on-brand:#ffffff;--accent:light-dark(#3652d0,#7689df);--on-accent:light-dark(#ffffff,#000000)}"
        );
        assert!(
            of("#ffd400").style.starts_with(":root{--brand:#ffd400;--on-brand:#000000;"),
            "{}",
            of("#ffd400").style
        );
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let style = include_str!("../preference_center/style.css");
        for (name, place) in [("card", 0), ("ground", 1), ("tint", 2)] {
            let both = format!("--{name}: light-dark({}, {});", LIGHT[place].css(), DARK[place].css());
            assert!(style.contains(&both), "{both}");
        }
    }

    #[test]
    fn a_brand_without_parameters_is_none_and_the_policy_allows_what_it_shows() {
        assert_eq!(Brand::of(None, None, None), Ok(Brand::default()));
        let brand =
            Brand::of(Some("Acme".into()), Some("https://cdn.example/a.svg".into()), Some("#000000".into())).unwrap();
        let digest = sha256_base64(brand.style.as_bytes());
        assert_eq!(brand.policy(), format!(" 'sha256-{digest}'; img-src https://cdn.example/a.svg"));
    }

    #[test]
    fn what_cannot_stand_in_a_policy_or_a_style_is_refused() {
        for color in ["", "red", "#fff", "#12345g", "#1234567", "#12 456", "3652d0", "#é2345"] {
            assert_eq!(Brand::of(None, None, Some(color.into())), Err(InvalidBrand::Color), "{color}");
        }
        for logo in [
            "http://a.example/a",
            "https://",
            "https:///a",
            "https://a;script-src *",
            "https://a b",
            "https://a/?b",
            "https://a/'x",
            "data:x",
        ] {
            assert_eq!(Brand::of(None, Some(logo.into()), None), Err(InvalidBrand::Logo), "{logo}");
        }
    }
}
