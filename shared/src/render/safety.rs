//! What a template may not hold, because the engine would end the process for it.

use minijinja::{
    Error,
    machinery::{Token, tokenize},
};

use super::fault::refuse;

/// The most words and signs between `{{` and `}}`, or between `{%` and `%}`.
const MAX_TOKENS: usize = 1000;
/// The most `elif` of a text.
const MAX_ELIFS: usize = 100;

/// Refuses what would end the process instead of being an error:
///
/// - a syntax tree that is too deep for the stack, since the engine walks it by recursion. The engine itself counts brackets and
///   statements within each other, but neither a chain of operators or filters (`1+1+1…`) nor one of `elif`, where each link is
///   one level;
/// - a slice with a step below zero. The engine panics if it gets an empty text or list (`''[::-1]`, minijinja 3.0.5).
pub(super) fn check(text: &str) -> Result<(), Error> {
    let (mut tokens, mut elifs) = (0, 0);
    let mut brackets = Brackets::default();
    for token in tokenize(text, false, Default::default()) {
        let token = token?.0;
        if !brackets.take(&token) {
            return Err(refuse(
                "the step of a slice must be a whole number above 0; the filter reverse gives the other direction",
            ));
        }
        match token {
            Token::VariableStart | Token::BlockStart => tokens = 0,
            Token::Ident("elif") => elifs += 1,
            _ => tokens += 1,
        }
        if tokens > MAX_TOKENS {
            return Err(refuse(format!("one tag must not contain more than {MAX_TOKENS} words and signs")));
        }
        if elifs > MAX_ELIFS {
            return Err(refuse(format!("it must not contain more than {MAX_ELIFS} elif")));
        }
    }
    Ok(())
}

/// The brackets that are open, each with what was last seen of a slice in it.
#[derive(Default)]
struct Brackets(Vec<Slice>);

/// What comes next within a bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slice {
    /// The first part, or no slice at all.
    Begin,
    /// The second part, after one colon.
    End,
    /// The step, after two colons.
    Step,
    /// Nothing, after a step.
    Closed,
}

impl Brackets {
    /// Takes the next token. Returns false if it is a step that may be below zero.
    fn take(&mut self, token: &Token<'_>) -> bool {
        let last = self.0.last_mut();
        match (token, last) {
            (Token::BracketClose | Token::BraceClose | Token::ParenClose, _) => drop(self.0.pop()),
            (Token::Int(step), Some(part)) if *part == Slice::Step && *step > 0 => *part = Slice::Closed,
            (_, Some(Slice::Step | Slice::Closed)) => return false,
            (Token::BracketOpen | Token::BraceOpen | Token::ParenOpen, _) => self.0.push(Slice::Begin),
            (Token::Colon, Some(part)) => *part = if *part == Slice::Begin { Slice::End } else { Slice::Step },
            // In an object, a comma ends what a colon began.
            (Token::Comma, Some(part)) => *part = Slice::Begin,
            (Token::VariableStart | Token::BlockStart, _) => self.0.clear(),
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::render::source::{Kind, Source};

    /// Each is as deep a tree as its length allows, and refused; and a shorter one is taken.
    #[test]
    fn a_text_whose_tree_is_too_deep_for_the_stack_is_refused() {
        let check = |text: &str| Source::new("it", text, Kind::Text).check().map_err(|fault| fault.to_string());
        let chain = |link: &str, times: usize| format!("{{{{ x{} }}}}", link.repeat(times));
        let signs = "it: one tag must not contain more than 1000 words and signs";
        for link in ["+1", "~x", "|upper", ".a", "[0]", "**1", " or x", " if x else x", " is odd"] {
            assert_eq!(check(&chain(link, 60_000 / link.len())), Err(signs.into()), "{link}");
            assert_eq!(check(&chain(link, 100)), Ok(()), "{link}");
        }
        for link in ["+1", "~x", "**1", "|upper"] {
            assert_eq!(check(&chain(link, 490)), Ok(()), "{link}");
        }
        let before = |link: &str, times: usize| format!("{{{{ {}x }}}}", link.repeat(times));
        assert_eq!(check(&before("not ", 15_000)), Err(signs.into()));
        assert_eq!(check(&before("not ", 900)), Ok(()));
        assert_eq!(
            check(&format!("{{% set y = {} %}}", before("1+", 15_000).trim_matches(['{', '}']))),
            Err(signs.into())
        );
        let elifs = |times: usize| format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}y".repeat(times));
        assert_eq!(check(&elifs(4000)), Err("it: it must not contain more than 100 elif".into()));
        assert_eq!(check(&elifs(100)), Ok(()));
        // The engine itself counts these.
        for nested in ["{% if x %}", "{% for a in x %}", "{{ (((("] {
            assert!(check(&nested.repeat(60_000 / nested.len())).is_err(), "{nested}");
        }
        let brackets = |open: &str, close: &str| format!("{{{{ {}x{} }}}}", open.repeat(400), close.repeat(400));
        for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("-(", ")"), ("x[", "]"), ("x|join(", ")")] {
            assert!(check(&brackets(open, close)).is_err(), "{open}");
        }
        // Text outside of tags is no chain.
        assert_eq!(check(&"a+b|c-d ".repeat(8000)), Ok(()));
    }

    #[test]
    fn a_slice_s_step_is_a_number_above_zero() {
        let check = |text: &str| Source::new("it", text, Kind::Text).check().map_err(|fault| fault.to_string());
        let step =
            "it: the step of a slice must be a whole number above 0; the filter reverse gives the other direction";
        for bad in
            ["::-1", "::x", "1:2:-1", "::0", "::1 - 2", ":: (1)", "::'a'", "::x[0]", "[1][0]::-1", "{1: 2}[1]::-1"]
        {
            assert_eq!(check(&format!("{{{{ x[{bad}] }}}}")), Err(step.into()), "{bad}");
            assert_eq!(check(&format!("{{% if [x[{bad}], (1)] %}}y{{% endif %}}")), Err(step.into()), "{bad}");
        }
        for good in [
            "x[::2]",
            "x[1:2:1]",
            "x[::]",
            "x[:]",
            "x[-2:-1]",
            "[{1: 2, 3: 4, 5: 6}, 1]",
            "{'a': {'b': x[:1]}, 'c': 1}",
            "x|join(x[::9])",
        ] {
            assert_eq!(check(&format!("a: b: c: [:: {{{{ {good} }}}} [::-1]")), Ok(()), "{good}");
        }
    }
}
