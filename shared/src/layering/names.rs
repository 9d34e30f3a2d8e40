//! The names in a file: its modules, its `use` declarations, and every path in its code.

use std::{collections::BTreeMap, fmt};

use proc_macro2::{TokenStream, TokenTree};

/// A path. Each part is one name.
pub type Names = Vec<String>;

/// A path that leads out of the crate, and the module that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub module: Names,
    pub path: Names,
}

/// The names in one file, outside of its tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The child modules that are files of their own.
    pub modules: Vec<String>,
    /// The paths that `use` binds, by their names in this file.
    pub bindings: BTreeMap<String, Names>,
    /// The paths before `::*` in `use` declarations.
    pub globs: Vec<Names>,
    /// The macros that the file exports. Rust puts them at the top of the crate.
    pub macros: Vec<String>,
    /// Every path in the code, outside of `use`. A single name is a path, too.
    pub paths: Vec<Names>,
}

impl Mention {
    /// Whether the path begins with `name`, whose parts are separated by `::`. A `name` that ends in `*` is the
    /// beginning of the path's first name.
    pub fn begins(&self, name: &str) -> bool {
        match name.strip_suffix('*') {
            Some(begin) => self.path.first().is_some_and(|first| first.starts_with(begin)),
            None => name.split("::").enumerate().all(|(at, part)| self.path.get(at).is_some_and(|own| own == part)),
        }
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} names {}", self.module.join("::"), self.path.join("::"))
    }
}

impl File {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Self {
        let mut file = Self::default();
        file.code(Tokens::of(text.parse().unwrap()));
        file
    }

    fn code(&mut self, mut tokens: Tokens) {
        // Whether the next name is a field's or a method's name, and no path.
        let mut after_dot = false;
        // Whether the next macro is exported.
        let mut is_exported = false;
        while let Some(token) = tokens.next() {
            let was_after_dot = std::mem::take(&mut after_dot);
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let attribute = tokens.attribute().unwrap_or_default();
                    is_exported |= attribute == "macro_export";
                    if attribute.starts_with("cfg(test)") || attribute.starts_with("cfg(all(test") {
                        tokens.skip_item();
                    }
                }
                TokenTree::Punct(punct) => after_dot = punct.as_char() == '.' && !tokens.is_punct('.'),
                TokenTree::Literal(_) => {}
                TokenTree::Group(group) => self.code(Tokens::of(group.stream())),
                TokenTree::Ident(ident) => match ident.to_string().as_str() {
                    "use" => self.declaration(Names::new(), &mut tokens),
                    "mod" => self.child(&mut tokens),
                    "macro_rules" => {
                        // The token before the macro's name is `!`.
                        let name = tokens.nth(1).map(|name| name.to_string());
                        self.macros.extend(name.filter(|_| std::mem::take(&mut is_exported)));
                    }
                    first => {
                        let mut path = vec![first.to_owned()];
                        while let Some(name) = tokens.next_in_path() {
                            path.push(name);
                        }
                        if !was_after_dot {
                            self.paths.push(path);
                        }
                    }
                },
            }
        }
    }

    /// Reads the tokens after `mod`. A module with its code in the same file counts as a part of that file.
    fn child(&mut self, tokens: &mut Tokens) {
        if let Some(TokenTree::Ident(name)) = tokens.next()
            && tokens.is_punct(';')
        {
            self.modules.push(name.to_string());
        }
    }

    /// Reads the tokens after `use`, or after a `::` or a brace in a `use` declaration. `before` is the path so far.
    fn declaration(&mut self, mut before: Names, tokens: &mut Tokens) {
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(name) => {
                    before.push(name.to_string());
                    if tokens.is_punct(':') {
                        continue;
                    }
                    let alias = if tokens.is_name("as") { tokens.nth(1) } else { None };
                    return self.bind(before, alias.map(|name| name.to_string()));
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => return self.globs.push(before),
                TokenTree::Punct(_) => {}
                TokenTree::Group(group) => {
                    let mut entries = Tokens::of(group.stream());
                    while entries.peek(0).is_some() {
                        self.declaration(before.clone(), &mut entries);
                        while entries.is_punct(',') {
                            entries.next();
                        }
                    }
                    return;
                }
                TokenTree::Literal(_) => return,
            }
        }
    }

    fn bind(&mut self, mut path: Names, alias: Option<String>) {
        // `use a::{self}` binds `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(name) = alias.or_else(|| path.last().cloned()) {
            self.bindings.insert(name, path);
        }
    }
}

/// Tokens, and the position of the next one.
struct Tokens {
    all: Vec<TokenTree>,
    at: usize,
}

impl Iterator for Tokens {
    type Item = TokenTree;

    fn next(&mut self) -> Option<TokenTree> {
        let token = self.all.get(self.at).cloned();
        self.at += 1;
        token
    }
}

impl Tokens {
    fn of(stream: TokenStream) -> Self {
        Self { all: stream.into_iter().collect(), at: 0 }
    }

    fn peek(&self, ahead: usize) -> Option<&TokenTree> {
        self.all.get(self.at + ahead)
    }

    fn is_punct(&self, wanted: char) -> bool {
        matches!(self.peek(0), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
    }

    fn is_name(&self, wanted: &str) -> bool {
        matches!(self.peek(0), Some(TokenTree::Ident(name)) if name == wanted)
    }

    /// Reads the next name of a path: `::name`.
    fn next_in_path(&mut self) -> Option<String> {
        let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
        let Some(TokenTree::Ident(name)) = self.peek(2) else { return None };
        let name = name.to_string();
        (is_colon(self.peek(0)) && is_colon(self.peek(1))).then(|| {
            self.at += 3;
            name
        })
    }

    /// Reads an attribute after its `#`. Returns its text without spaces.
    fn attribute(&mut self) -> Option<String> {
        if self.is_punct('!') {
            self.next();
        }
        let Some(TokenTree::Group(group)) = self.next() else { return None };
        Some(group.stream().to_string().replace(' ', ""))
    }

    /// Skips an item, up to its semicolon or its closing brace.
    fn skip_item(&mut self) {
        for token in self {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ';' => return,
                TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => return,
                _ => {}
            }
        }
    }
}
