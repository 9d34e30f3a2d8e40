//! Language tags (BCP 47). A tag is well-formed by the grammar of RFC 5646 §2.1 and valid by §2.2.9. It is stored in its
//! canonical form (§4.5), in which one language has one tag: `iw` is `he`, `zh-cmn` is `cmn`. Its upper and lower case follow
//! §2.1.1.
//!
//! A variant is valid after any prefix: §2.2.9 does not demand the recommended prefix, and §3.1.8 only advises it.

use std::iter::Peekable;

/// The registered subtags. `subtags.py` writes this file.
const REGISTRY: &str = include_str!("subtags.txt");
/// The longest tag that is accepted. RFC 5646 has no limit, but §4.4.1 allows an application to have a limit of 35 or
/// more.
const MAX_CHARACTERS: usize = 255;

/// The tag in its canonical form and case; `None` if it is not well-formed or not valid.
pub fn canonical(tag: &str) -> Option<String> {
    cased(tag).map(|tag| preferred(&tag))
}

/// A valid tag in its canonical form (RFC 5646 §4.5): a tag or a subtag that has a preferred value is replaced by it, and
/// extensions are in the order of their singletons. Tags were stored in other forms before, so what is read passes through here.
pub fn preferred(tag: &str) -> String {
    if let Some(whole) = replacement("whole", tag) {
        return whole.to_owned();
    }
    if tag.starts_with("x-") || registered("grandfathered").any(|known| known == tag) {
        return tag.to_owned();
    }
    let mut subtags = tag.split('-').peekable();
    let first = subtags.next().unwrap_or_default();
    // An extended language replaces its prefix.
    let language = subtags.next_if(|s| s.len() == 3 && is_alphabetic(s)).unwrap_or(first);
    let mut parts = vec![replacement("language", language).unwrap_or(language)];
    while let Some(subtag) = subtags.next_if(|s| s.len() > 1) {
        let kind = if subtag.len() == 2 { "region" } else { "variant" };
        let part = replacement(kind, subtag).unwrap_or(subtag);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let rest = subtags.collect::<Vec<_>>();
    let private = rest.iter().position(|s| *s == "x").unwrap_or(rest.len());
    let (extensions, private) = rest.split_at(private);
    let mut extensions: Vec<_> = extensions.chunk_by(|_, next| next.len() > 1).collect();
    extensions.sort_unstable();
    [parts, extensions.concat(), private.to_vec()].concat().join("-")
}

/// The same tag with the language that encloses its own, if there is one: `zh-Hant` for `yue-Hant`. A reader of the one often
/// reads the other too (RFC 5646 §4.1.2), and their tag once began with it: `zh-yue-Hant`.
pub fn enclosing(tag: &str) -> Option<String> {
    let (language, rest) = tag.split_at(tag.find('-').unwrap_or(tag.len()));
    // The registry has many more macrolanguages, whose languages are not read by each other's readers.
    if matches!(language, "nb" | "nn") {
        return Some(format!("no{rest}"));
    }
    let (_, prefix) =
        registered("extlang").filter_map(|pair| pair.split_once(':')).find(|(own, _)| *own == language)?;
    Some(format!("{prefix}{rest}"))
}

/// The region of a tag, if it has one. What follows a singleton belongs to an extension (RFC 5646 §2.2.6) and is no region, such as
/// `hc` in `en-u-hc-h23`.
pub fn region(tag: &str) -> Option<&str> {
    let mut subtags = tag.split('-').take_while(|subtag| subtag.len() > 1).skip(1);
    subtags.find(|s| s.len() == 2 || s.len() == 3 && s.starts_with(|first: char| first.is_ascii_digit()))
}

/// The hour cycle that a tag asks for, such as `h23` in `en-US-u-hc-h23` (RFC 6067;
/// <https://www.unicode.org/reports/tr35/tr35.html#UnicodeHourCycleIdentifier>).
pub fn hour_cycle(tag: &str) -> Option<&str> {
    let mut keywords = tag.split('-').take_while(|s| *s != "x").skip_while(|s| *s != "u").skip(1);
    keywords.by_ref().take_while(|s| s.len() > 1).find(|s| *s == "hc")?;
    keywords.next().filter(|value| value.len() > 2)
}

/// The form of a language that readers of several regions share, for a tag of one of these regions: `es-419` for `es-MX`, `pt-PT` for
/// `pt-AO`, `en-001` for `en-AU`. A shared form may have one itself: `en-150` for `en-DE`, and `en-001` for `en-150`. The language alone
/// is commonly written as in Spain, Brazil and the United States (CLDR's `parentLocale` and, for the
/// English of the United States, `$enUS`: <https://www.unicode.org/reports/tr35/tr35.html#Parent_Locales>).
pub fn shared_form(tag: &str) -> Option<&'static str> {
    match (tag.split('-').next()?, region(tag)?) {
        (
            "es",
            "AR" | "BO" | "BR" | "BZ" | "CL" | "CO" | "CR" | "CU" | "DO" | "EC" | "GT" | "HN" | "JP" | "MX" | "NI"
            | "PA" | "PE" | "PR" | "PY" | "SV" | "US" | "UY" | "VE",
        ) => Some("es-419"),
        ("pt", "AO" | "CH" | "CV" | "FR" | "GQ" | "GW" | "LU" | "MO" | "MZ" | "ST" | "TL") => Some("pt-PT"),
        ("en", "001" | "AS" | "GU" | "MH" | "MP" | "PH" | "PR" | "UM" | "US" | "VI") => None,
        ("en", "AT" | "BE" | "CH" | "DE" | "DK" | "FI" | "NL" | "SE" | "SI") => Some("en-150"),
        ("en", _) => Some("en-001"),
        _ => None,
    }
}

/// The preferred value of a tag or subtag of that kind.
fn replacement(kind: &str, old: &str) -> Option<&'static str> {
    let mut pairs = registered(&format!("preferred-{kind}")).filter_map(|pair| pair.split_once(':'));
    pairs.find(|(known, _)| known.eq_ignore_ascii_case(old)).map(|(_, new)| new)
}

/// The tag in its canonical case; `None` if it is not well-formed or not valid.
fn cased(tag: &str) -> Option<String> {
    if tag.len() > MAX_CHARACTERS {
        return None;
    }
    if let Some(whole) = registered("grandfathered").find(|known| known.eq_ignore_ascii_case(tag)) {
        return Some(whole.to_owned());
    }
    let lower = tag.to_ascii_lowercase();
    if !lower.split('-').all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return None;
    }
    let mut subtags = lower.split('-').peekable();
    let mut parts = Vec::new();
    if subtags.peek() != Some(&"x") {
        language(&mut subtags, &mut parts)?;
        variants(&mut subtags, &mut parts)?;
        extensions(&mut subtags, &mut parts)?;
    }
    private_use(&mut subtags, &mut parts)?;
    subtags.next().is_none().then(|| parts.join("-"))
}

type Parts = Vec<String>;

/// `language ["-" extlang] ["-" script] ["-" region]`.
fn language<'a>(subtags: &mut Peekable<impl Iterator<Item = &'a str>>, parts: &mut Parts) -> Option<()> {
    let language = subtags.next().filter(|s| s.len() >= 2 && is_alphabetic(s) && has("language", s))?;
    parts.push(language.to_owned());
    if let Some(extended) = subtags.next_if(|s| s.len() == 3 && is_alphabetic(s)) {
        // An extended language subtag is valid only after its own prefix (§2.2.2).
        parts.push(has("extlang", &format!("{extended}:{language}")).then(|| extended.to_owned())?);
    }
    if let Some(script) = subtags.next_if(|s| s.len() == 4 && is_alphabetic(s)) {
        parts.push(has("script", script).then(|| capitalized(script))?);
    }
    let is_region = |s: &&str| s.len() == 2 || s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit());
    if let Some(region) = subtags.next_if(is_region) {
        parts.push(has("region", region).then(|| region.to_ascii_uppercase())?);
    }
    Some(())
}

fn capitalized(script: &str) -> String {
    let mut capitalized = script.to_owned();
    capitalized.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
    capitalized
}

/// `*("-" variant)`, without duplicates.
fn variants<'a>(subtags: &mut Peekable<impl Iterator<Item = &'a str>>, parts: &mut Parts) -> Option<()> {
    let is_variant = |s: &&str| s.len() >= 5 || s.len() == 4 && s.starts_with(|first: char| first.is_ascii_digit());
    while let Some(variant) = subtags.next_if(is_variant) {
        if !has("variant", variant) || parts.iter().any(|part| part == variant) {
            return None;
        }
        parts.push(variant.to_owned());
    }
    Some(())
}

/// `*("-" singleton 1*("-" (2*8alphanum)))`, without a repeated singleton.
fn extensions<'a>(subtags: &mut Peekable<impl Iterator<Item = &'a str>>, parts: &mut Parts) -> Option<()> {
    while let Some(singleton) = subtags.next_if(|s| s.len() == 1 && *s != "x") {
        if parts.iter().any(|part| part == singleton) {
            return None;
        }
        parts.push(singleton.to_owned());
        subtags.peek().filter(|s| s.len() >= 2)?;
        while let Some(subtag) = subtags.next_if(|s| s.len() >= 2) {
            parts.push(subtag.to_owned());
        }
    }
    Some(())
}

/// `["-"] "x" 1*("-" (1*8alphanum))`.
fn private_use<'a>(subtags: &mut Peekable<impl Iterator<Item = &'a str>>, parts: &mut Parts) -> Option<()> {
    if subtags.next_if_eq(&"x").is_some() {
        parts.push("x".to_owned());
        subtags.peek()?;
        parts.extend(subtags.map(str::to_owned));
    }
    Some(())
}

/// The registered subtags of a type.
fn registered(kind: &str) -> impl Iterator<Item = &'static str> + use<> {
    let line = REGISTRY.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    line.unwrap_or_default().split(' ')
}

/// Whether the registry has `subtag` (in lower case) under that type, alone or within a range.
fn has(kind: &str, subtag: &str) -> bool {
    let within = |known: &str| {
        let Some((first, last)) = known.split_once("..") else { return false };
        let (first, last) = (first.to_ascii_lowercase(), last.to_ascii_lowercase());
        subtag.len() == first.len() && (first.as_str()..=last.as_str()).contains(&subtag)
    };
    registered(kind).any(|known| known.eq_ignore_ascii_case(subtag) || within(known))
}

fn is_alphabetic(subtag: &str) -> bool {
    subtag.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line holds `+` and a tag in its canonical case, then its preferred form if that is another; or `-` and a tag that is
    /// refused.
    const TAGS: &str = include_str!("../../../testdata/language-tags.txt");

    fn lines() -> impl Iterator<Item = &'static str> {
        TAGS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    #[test]
    fn three_hundred_tags_are_judged_as_rfc_5646_says() {
        let (mut good, mut bad) = (0, 0);
        for line in lines() {
            let (verdict, tag) = line.split_once(' ').unwrap();
            if verdict == "+" {
                let (tag, form) = tag.split_once(' ').unwrap_or((tag, tag));
                assert_eq!(cased(tag).as_deref(), Some(tag));
                for spelling in [tag, &tag.to_lowercase(), &tag.to_uppercase(), form] {
                    assert_eq!(canonical(spelling).as_deref(), Some(form), "{spelling}");
                }
                assert_eq!(preferred(form), form, "a preferred form stays");
                good += 1;
            } else {
                assert_eq!(canonical(tag), None, "{tag:?}");
                assert_eq!(canonical(&tag.to_uppercase()), None, "{tag:?}");
                bad += 1;
            }
        }
        assert!(good >= 150 && bad >= 150, "{good} good and {bad} bad tags");
    }

    #[test]
    fn what_is_no_tag_at_all_is_refused() {
        let long = format!("en-x-{}", ["abcdefgh"; 40].join("-"));
        for bad in ["", "-", "en-", "-en", "en--US", "en_US", "en US", " en", "en\n", "é", "en-é", "\0", &long] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_region_stands_before_every_extension() {
        for (tag, expected) in [
            ("en-US", Some("US")),
            ("zh-Hant-TW", Some("TW")),
            ("es-419", Some("419")),
            ("sl-IT-nedis", Some("IT")),
            ("en-GB-u-hc-h12", Some("GB")),
            ("en", None),
            ("en-u-hc-h23", None),
            ("de-1996-u-ca-gregory", None),
            ("sr-Latn-x-us", None),
            ("x-us", None),
        ] {
            assert_eq!(region(tag), expected, "{tag}");
        }
    }

    #[test]
    fn a_tag_may_ask_for_an_hour_cycle() {
        for (tag, expected) in [
            ("en-US-u-hc-h23", Some("h23")),
            ("en-u-ca-gregory-hc-h12-nu-latn", Some("h12")),
            ("en-a-foo-u-hc-h12-x-y", Some("h12")),
            ("en-US", None),
            ("en-u-hc", None),
            ("en-u-hc-nu-latn", None),
            ("en-u-ca-gregory-x-hc-h12", None),
            ("en-t-hc-h12", None),
            ("en-x-u-hc-h12", None),
        ] {
            assert_eq!(hour_cycle(tag), expected, "{tag}");
        }
    }

    #[test]
    fn regions_share_a_form_of_their_language() {
        for (tag, expected) in [
            ("es-MX", Some("es-419")),
            ("es-Latn-AR", Some("es-419")),
            ("pt-AO", Some("pt-PT")),
            ("en-AU", Some("en-001")),
            ("en-DE", Some("en-150")),
            ("en-150", Some("en-001")),
            ("es", None),
            ("es-ES", None),
            ("es-419", None),
            ("pt-BR", None),
            ("pt-PT", None),
            ("en-US", None),
            ("en-001", None),
            ("en-u-hc-h23", None),
            ("fr-CA", None),
        ] {
            assert_eq!(shared_form(tag), expected, "{tag}");
            let form = expected.map(str::to_owned);
            assert_eq!(expected.and_then(canonical), form, "the form is a valid tag");
        }
    }

    #[test]
    fn a_language_within_another_has_that_one_beside_it() {
        assert_eq!(enclosing("cmn-Hans-CN").as_deref(), Some("zh-Hans-CN"));
        assert_eq!(enclosing("arb").as_deref(), Some("ar"));
        for alone in ["zh", "en-US", "x-cmn", "i-default"] {
            assert_eq!(enclosing(alone), None, "{alone}");
        }
    }
}
