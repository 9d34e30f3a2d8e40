//! Chooses the locale for a reader: RFC 4647's lookup (§3.4).

use std::collections::BTreeMap;

use crate::domain::display::language;

/// The locale for readers of all other languages.
pub(super) const DEFAULT: &str = "default";

/// A locale's name in the form in which it is stored: `default`, or a canonical language tag. `None` if it is not
/// valid.
pub fn canonical(name: &str) -> Option<String> {
    if name == DEFAULT { Some(name.to_owned()) } else { language::canonical(name) }
}

/// The text for readers of the language `tag`, of texts by canonical tags and `default`. It is empty if there is not even one for
/// readers of all other languages.
pub fn in_language<'a>(texts: &'a BTreeMap<String, String>, tag: &str) -> &'a str {
    chain(tag).iter().find_map(|tag| texts.get(tag)).map_or("", String::as_str)
}

/// The locales that fit `tag`, the best one first: `fr-CA`, `fr`, `default`. Those of the language that encloses the tag's own come
/// after its own: `yue-Hant`, `yue`, `zh-Hant`, `zh`, `default`.
pub(super) fn chain(tag: &str) -> Vec<String> {
    let mut all = of_language(tag);
    all.extend(language::enclosing(tag).iter().flat_map(|tag| of_language(tag)));
    all.push(DEFAULT.to_owned());
    all
}

/// The tag and its shorter forms. A tag that leaves out its script has those with the script before the language alone, which may
/// be written in another one: `zh-TW`, `zh-Hant-TW`, `zh-Hant`, `zh`. A region has the form that it shares with its neighbours before
/// the language alone, which is that of another part of the world: `es-MX`, `es-419`, `es`.
fn of_language(tag: &str) -> Vec<String> {
    let shortened = |tag: &str| -> Vec<String> {
        std::iter::successors(Some(tag), |tag| shorter(tag)).map(str::to_owned).collect()
    };
    let mut all = shortened(tag);
    if let Some(written) = with_script(tag) {
        all.pop();
        all.extend(shortened(&written));
    }
    let forms = std::iter::successors(language::shared_form(tag), |form| language::shared_form(form));
    let before_the_language = all.len().saturating_sub(1);
    all.splice(before_the_language..before_the_language, forms.map(str::to_owned));
    all
}

/// A Chinese tag with a region and no script, with the script that is usual there (CLDR's likely subtags). It is the one language
/// whose templates are commonly split by script.
fn with_script(tag: &str) -> Option<String> {
    let rest = tag.strip_prefix("zh-")?;
    let script = match rest.split('-').next()? {
        "TW" | "HK" | "MO" => "Hant",
        "CN" | "SG" | "MY" => "Hans",
        _ => return None,
    };
    Some(format!("zh-{script}-{rest}"))
}

/// The tag without its last subtag. A subtag of one character that is then at the end is removed, too (§3.4).
fn shorter(tag: &str) -> Option<&str> {
    let (rest, _) = tag.rsplit_once('-')?;
    match rest.rsplit_once('-') {
        Some((rest, singleton)) if singleton.len() == 1 => Some(rest),
        _ => Some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_shortened_as_rfc_4647_says() {
        let of = chain;
        assert_eq!(of("fr-CA"), ["fr-CA", "fr", "default"]);
        assert_eq!(of("yue-Hant"), ["yue-Hant", "yue", "zh-Hant", "zh", "default"]);
        assert_eq!(of("de"), ["de", "default"]);
        assert_eq!(of("nb-NO"), ["nb-NO", "nb", "no-NO", "no", "default"]);
        let private =
            ["zh-Hant-CN-x-private1-private2", "zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh", "default"];
        assert_eq!(of("zh-Hant-CN-x-private1-private2"), private);
    }

    #[test]
    fn a_region_of_chinese_implies_its_script() {
        assert_eq!(chain("zh-TW"), ["zh-TW", "zh-Hant-TW", "zh-Hant", "zh", "default"]);
        assert_eq!(chain("zh-SG"), ["zh-SG", "zh-Hans-SG", "zh-Hans", "zh", "default"]);
        assert_eq!(chain("zh-Hans-TW"), ["zh-Hans-TW", "zh-Hans", "zh", "default"], "what is said counts");
        assert_eq!(chain("zh-US"), ["zh-US", "zh", "default"]);
        assert_eq!(chain("zh"), ["zh", "default"]);
    }

    #[test]
    fn a_region_reads_the_form_that_it_shares_before_that_of_another_part_of_the_world() {
        assert_eq!(chain("es-MX"), ["es-MX", "es-419", "es", "default"]);
        assert_eq!(chain("es-MX-u-nu-latn"), ["es-MX-u-nu-latn", "es-MX-u-nu", "es-MX", "es-419", "es", "default"]);
        assert_eq!(chain("pt-AO"), ["pt-AO", "pt-PT", "pt", "default"]);
        assert_eq!(chain("en-GB"), ["en-GB", "en-001", "en", "default"]);
        assert_eq!(chain("en-DE"), ["en-DE", "en-150", "en-001", "en", "default"]);
        assert_eq!(chain("en-150"), ["en-150", "en-001", "en", "default"]);
        assert_eq!(chain("es-419"), ["es-419", "es", "default"]);
        assert_eq!(chain("en-US"), ["en-US", "en", "default"]);
    }

    #[test]
    fn a_text_is_the_one_that_fits_the_reader_best() {
        let texts: BTreeMap<_, _> =
            [("default", "News"), ("fr", "Nouvelles"), ("fr-CA", "Nouveautés"), ("zh-Hant", "消息")]
                .map(|(tag, text)| (tag.to_owned(), text.to_owned()))
                .into();
        for (tag, text) in
            [("fr-CA", "Nouveautés"), ("fr-BE", "Nouvelles"), ("zh-TW", "消息"), ("de", "News"), ("", "News")]
        {
            assert_eq!(in_language(&texts, tag), text, "{tag}");
        }
    }

    #[test]
    fn a_locale_is_default_or_a_language() {
        assert_eq!(canonical("default").as_deref(), Some("default"));
        assert_eq!(canonical("PT-br").as_deref(), Some("pt-BR"));
        assert_eq!(canonical("IW-il").as_deref(), Some("he-IL"));
        for bad in ["", "Default", "xx-nowhere", "fr_CA"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }
}
