//! The graph of the modules that name each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::names::Names;

/// The name of a folder's own file, in the graph of that folder.
const OWN: &str = "(itself)";

/// Modules and the arrows between them.
pub struct Graph {
    modules: BTreeSet<Names>,
    arrows: BTreeSet<(Names, Names)>,
}

/// The arrows between the modules and folders in one folder.
#[derive(Default)]
pub struct Collapsed(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    pub fn new(modules: impl Iterator<Item = Names>) -> Self {
        Self { modules: modules.collect(), arrows: BTreeSet::new() }
    }

    /// Adds an arrow, if `to` is another module.
    pub fn add(&mut self, from: &Names, to: Option<Names>) {
        if let Some(to) = to.filter(|to| to != from) {
            self.arrows.insert((from.clone(), to));
        }
    }

    /// The graph of the modules in one folder. Each folder in it counts as one module.
    pub fn within(&self, folder: &[String]) -> Collapsed {
        let child = |module: &Names| {
            let rest = module.strip_prefix(folder)?;
            Some(rest.first().cloned().unwrap_or_else(|| OWN.to_owned()))
        };
        let mut collapsed = Collapsed::default();
        for (from, to) in &self.arrows {
            if let (Some(from), Some(to)) = (child(from), child(to))
                && from != to
            {
                collapsed.0.entry(from).or_default().insert(to);
            }
        }
        collapsed
    }

    /// One arrow of the whole graph, as an example for the arrow between these two names in a folder.
    pub fn example(&self, folder: &[String], from: &str, to: &str) -> String {
        let is = |module: &Names, name: &str| match module.strip_prefix(folder) {
            Some([first, ..]) => first == name,
            Some([]) => name == OWN,
            None => false,
        };
        let found = self.arrows.iter().find(|(one, other)| is(one, from) && is(other, to));
        found.map(|(one, other)| format!("{} -> {}", name_of(one), name_of(other))).unwrap_or_default()
    }

    /// The folders: all modules with child modules, and the crate.
    fn folders(&self) -> BTreeSet<Names> {
        self.modules.iter().filter_map(|module| module.split_last().map(|(_, folder)| folder.to_vec())).collect()
    }

    /// The circles of all folders, as text.
    pub fn circles(&self) -> Vec<String> {
        let mut all = Vec::new();
        for folder in self.folders() {
            let circles = self.within(&folder).circles();
            all.extend(circles.into_iter().map(|circle| {
                let arrows = circle.windows(2).map(|pair| format!("({})", self.example(&folder, &pair[0], &pair[1])));
                format!("in {}: {} {}", name_of(&folder), circle.join(" -> "), arrows.collect::<String>())
            }));
        }
        all
    }

    /// The graph as text, one line for each module.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for folder in self.folders() {
            for (from, to) in self.within(&folder).0 {
                let to: Vec<_> = to.into_iter().collect();
                lines.push(format!("{}: {from} -> {}", name_of(&folder), to.join(", ")));
            }
        }
        lines
    }
}

impl Collapsed {
    pub fn arrows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to.as_str())))
    }

    /// One shortest circle for each set of modules that name each other. The first module of a circle is also its last
    /// one.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        for start in self.0.keys() {
            if seen.contains(start) {
                continue;
            }
            if let Some(circle) = self.circle(start) {
                seen.extend(circle.iter().cloned());
                all.push(circle);
            }
        }
        all
    }

    /// The shortest circle from a module back to itself, if there is one.
    fn circle(&self, start: &str) -> Option<Vec<String>> {
        let mut ways = VecDeque::from([vec![start.to_owned()]]);
        let mut reached = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in way.last().and_then(|last| self.0.get(last)).into_iter().flatten() {
                let longer: Vec<_> = way.iter().cloned().chain([next.clone()]).collect();
                if next == start {
                    return Some(longer);
                }
                if reached.insert(next.clone()) {
                    ways.push_back(longer);
                }
            }
        }
        None
    }
}
fn name_of(folder: &[String]) -> String {
    if folder.is_empty() { "the crate".to_owned() } else { folder.join("::") }
}
