//! The defaults of the template's parameters, so that no benchmark types one in again.

/// The template of the deployment.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The default of a parameter, as text; empty if it has none.
pub fn default(parameter: &str) -> String {
    let begin = format!("\n  {parameter}:\n");
    let of_it = TEMPLATE.split_once(&begin).map_or("", |(_, rest)| rest);
    let lines = of_it.lines().take_while(|line| line.starts_with("    "));
    let default = lines.filter_map(|line| line.trim().strip_prefix("Default:")).next().unwrap_or_default();
    default.trim().trim_matches('"').to_owned()
}

/// The default of a parameter that is a number; 0 if it has none.
pub fn number(parameter: &str) -> f64 {
    default(parameter).parse().unwrap_or_default()
}

/// How often the template has this text.
pub fn count(text: &str) -> usize {
    TEMPLATE.matches(text).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_the_template_s() {
        assert_eq!(default("JwtIssuer"), "", "it has none, and the next one's is not its own");
        assert_eq!(default("NoSuchParameter"), "");
        for name in ["EmailConcurrency", "InAppConcurrency", "ThrottleRate", "MaxAttempts", "RetryBaseSeconds"] {
            assert!(number(name) >= 1.0, "{name}: {}", default(name));
        }
        assert!(count(r#"{"release": "held""#) >= 1, "no schedule releases what is held");
        assert!(["Text", "JSON"].contains(&default("LogFormat").as_str()));
    }
}
