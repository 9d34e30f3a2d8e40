use super::*;

const RULES: &str = r#"
Parameters:
  One: { Type: String, Default: a }
  Two: { Type: String, Default: b }
  Checked: { Type: String, Default: "yes" }
Rules:
  Differ:
    RuleCondition: !Equals [!Ref Checked, "yes"]
    Assertions:
      - { Assert: !Not [!Equals [!Ref One, !Ref Two]], AssertDescription: One and Two must differ }
"#;

#[test]
fn parameters_that_cannot_be_together_are_refused_with_the_rule_s_sentence() {
    let yaml = RULES.to_owned() + &with("");
    assert!(read(&yaml, &[]).is_ok());
    assert_eq!(read(&yaml, &[("Two", "a")]).unwrap_err(), "rule Differ of the template: One and Two must differ");
    assert!(read(&yaml, &[("Two", "a"), ("Checked", "no")]).is_ok(), "the rule does not apply");
}

#[test]
fn a_rule_that_is_not_understood_is_refused() {
    for (good, bad, at) in [
        ("!Not [!Equals [!Ref One, !Ref Two]]", "{ 'Fn::EachMemberIn': [[a], [b]] }", "Rules.Differ.Assertions.Assert"),
        ("AssertDescription", "Description", "Rules.Differ.Assertions.AssertDescription"),
        ("Assertions", "Asserts", "Rules.Differ.Assertions"),
    ] {
        let error = read(&(RULES.replace(good, bad) + &with("")), &[]).unwrap_err();
        assert!(error.starts_with(at), "{error}");
    }
}
