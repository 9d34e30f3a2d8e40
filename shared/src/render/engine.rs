//! The template engine with our restrictions: chosen filters and tests, no globals, no other templates, an error for
//! anything undefined, and limits for steps and output.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value, escape_formatter};

use super::{
    fault::{FUEL, refuse, refuse_length},
    filters, safety,
};
use crate::domain::rendered_content::escaped_for_slack;

/// The engine's name of a text decides how the text is escaped: for HTML or for Slack.
pub(super) const HTML: &str = "html";
pub(super) const SLACK: &str = "slack";

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // With debug on, the engine remembers which variable was undefined. Its debug text is not shown.
    environment.set_debug(true);
    environment.set_auto_escape_callback(|name| match name {
        HTML => AutoEscape::Html,
        SLACK => AutoEscape::Custom(SLACK.into()),
        _ => AutoEscape::None,
    });
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Ok(());
        }
        match state.auto_escape() {
            AutoEscape::Custom(_) if value.is_safe() => write!(out, "{value}").map_err(Error::from),
            AutoEscape::Custom(_) => out.write_str(&escaped_for_slack(&value.to_string())).map_err(Error::from),
            _ => escape_formatter(out, state, value),
        }
    });
    filters::register(&mut environment);
    environment
});

/// Compiles a text.
pub(super) fn compile<'a>(escape: &'a str, text: &'a str) -> Result<minijinja::Template<'a, 'a>, Error> {
    safety::check(text)?;
    let environment: &'a Environment<'a> = &ENVIRONMENT;
    environment.template_from_named_str(escape, text)
}

/// Fills in a text. More than `most` bytes of output are an error.
pub(super) fn fill(escape: &str, text: &str, context: &Value, most: usize) -> Result<String, Error> {
    let mut bounded = Bounded { written: Vec::new(), most, is_full: false };
    let filled = compile(escape, text)?.render_captured_to(context.clone(), &mut bounded).map(drop);
    if bounded.is_full {
        return Err(refuse_length(format!("the rendered text is longer than {most} bytes")));
    }
    filled?;
    String::from_utf8(bounded.written).map_err(|_| refuse("the result is not text"))
}

struct Bounded {
    written: Vec<u8>,
    most: usize,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len() + bytes.len() > self.most {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
