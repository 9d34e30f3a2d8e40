//! The modules of one crate, and the places to which their paths lead.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    graph::Graph,
    names::{File, Mention, Names},
};

/// The most re-exports in a row.
const MAX_STEPS: usize = 20;

/// A crate's modules by their paths. The path of the crate itself is empty.
pub struct Tree(BTreeMap<Names, File>);

/// The place to which a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A module of the crate, or something that the module defines. The second value is the rest of the path, after the
    /// module.
    Inside(Names, Names),
    /// Something outside of the crate, or a name that every file knows.
    Outside(Names),
}

impl Tree {
    /// Reads a crate, beginning with its `lib.rs`.
    pub fn read(lib: &Path) -> Self {
        let mut tree = Self(BTreeMap::new());
        tree.add(Names::new(), lib, lib.parent().unwrap());
        tree
    }

    /// A crate from the texts of its files, each with its module's path.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let names = |path: &str| path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self(files.iter().map(|(path, text)| (names(path), File::parse(text))).collect())
    }

    fn add(&mut self, module: Names, file: &Path, children: &Path) {
        let parsed = File::parse(&fs::read_to_string(file).unwrap());
        for name in parsed.modules.clone() {
            let child = [module.as_slice(), std::slice::from_ref(&name)].concat();
            let folder = children.join(&name);
            let flat = children.join(format!("{name}.rs"));
            let file = if flat.exists() { flat } else { folder.join("mod.rs") };
            self.add(child, &file, &folder);
        }
        self.0.insert(module, parsed);
    }

    /// The modules at the top of the crate.
    pub fn top(&self) -> Vec<String> {
        self.0.keys().filter(|module| module.len() == 1).map(|module| module[0].clone()).collect()
    }

    /// The graph of the modules that name each other.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(self.0.keys().cloned());
        for (module, file) in &self.0 {
            for path in &file.globs {
                match self.place(module, path, 0) {
                    Place::Inside(target, rest) if rest.is_empty() => {
                        panic!("{} takes all of {}: nobody sees what it names", module.join("::"), target.join("::"))
                    }
                    place => graph.add(module, inside(place)),
                }
            }
            // A `use` of a module's own children is there to re-export their names. The module depends on its children
            // only if its own code uses those names.
            let used = file.bindings.values().filter_map(|path| inside(self.place(module, path, 0)));
            used.filter(|target| !target.starts_with(module)).for_each(|target| graph.add(module, Some(target)));
            for path in &file.paths {
                if path.len() > 1 || file.bindings.contains_key(&path[0]) {
                    graph.add(module, inside(self.place(module, path, 0)));
                }
            }
        }
        graph
    }

    /// All mentions of names outside of the crate.
    pub fn outside(&self) -> Vec<Mention> {
        let mut all = Vec::new();
        for (module, file) in &self.0 {
            let used = file.bindings.values().chain(&file.globs).chain(file.paths.iter().filter(|path| path.len() > 1));
            for path in used {
                if let Place::Outside(path) = self.place(module, path, 0) {
                    all.push(Mention { module: module.clone(), path });
                }
            }
        }
        all
    }

    /// The place to which a path in the code of `module` leads.
    fn place(&self, module: &Names, path: &[String], steps: usize) -> Place {
        assert!(steps < MAX_STEPS, "{} leads in a circle from {}", path.join("::"), module.join("::"));
        let Some((first, rest)) = path.split_first() else { return Place::Inside(module.clone(), Names::new()) };
        match first.as_str() {
            "crate" => match self.0.iter().find(|(_, file)| rest.len() == 1 && file.macros.contains(&rest[0])) {
                Some((module, _)) => Place::Inside(module.clone(), rest.to_vec()),
                None => self.walk(Names::new(), rest, steps),
            },
            "self" => self.walk(module.clone(), rest, steps),
            "super" => self.place(
                &module[..module.len().saturating_sub(1)].to_vec(),
                &[&["self".to_owned()], rest].concat(),
                steps,
            ),
            name => {
                let file = &self.0[module];
                match file.bindings.get(name) {
                    Some(bound) if bound[0] != *name => self.place(module, &[bound, rest].concat(), steps + 1),
                    _ if file.modules.contains(first) => self.walk(module.clone(), path, steps),
                    _ => Place::Outside(path.to_vec()),
                }
            }
        }
    }

    /// The place to which a path leads that begins inside of `module`: first the children are searched, then the names
    /// that the module re-exports.
    fn walk(&self, module: Names, path: &[String], steps: usize) -> Place {
        let Some((first, rest)) = path.split_first() else { return Place::Inside(module, Names::new()) };
        if first == "super" {
            return self.walk(module[..module.len().saturating_sub(1)].to_vec(), rest, steps);
        }
        let file = &self.0[&module];
        if file.modules.contains(first) {
            return self.walk([module.as_slice(), std::slice::from_ref(first)].concat(), rest, steps);
        }
        match file.bindings.get(first) {
            Some(bound) => self.place(&module, &[bound, rest].concat(), steps + 1),
            None => Place::Inside(module, path.to_vec()),
        }
    }
}

fn inside(place: Place) -> Option<Names> {
    match place {
        Place::Inside(module, _) => Some(module),
        Place::Outside(_) => None,
    }
}
