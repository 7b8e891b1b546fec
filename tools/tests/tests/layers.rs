//! The layers of the tools: each uses only those below it, and no modules import each other in a circle.
//!
//! What is looked at are the paths in the source files that begin with `crate`, `super` or `self`, so a layer
//! that is not in the table, or an import that goes up, is found without compiling anything.
#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The layers of a crate from the lowest up. Each may use all below it but those that are named beside it.
type Layers = &'static [(&'static str, &'static [&'static str])];

const ROLLOUT: Layers = &[
    ("aws", &[]),
    ("delivery", &[]),
    ("release", &[]),
    ("report", &[]),
    ("cli", &[]),
];

const SANDBOX: Layers = &[
    ("aws", &[]),
    ("net", &[]),
    ("execution", &[]),
    ("services", &[]),
    ("rehearsal", &["net"]),
    ("server", &[]),
    ("client", &["net", "server"]),
    ("testing", &[]),
    ("cli", &[]),
];

/// A module by its path from the crate's root.
type Module = Vec<String>;

/// The modules of a crate, and what each of them refers to.
struct Crate {
    references: BTreeMap<Module, BTreeSet<Module>>,
}

impl Crate {
    fn read(name: &str) -> Self {
        let root = source(name);
        let mut files = Vec::new();
        collect(&root, &mut Vec::new(), &mut files);
        let modules: BTreeSet<Module> = files.iter().map(|(module, _)| module.clone()).collect();
        let exports = exports(&files, &modules);
        let references = files.into_iter().map(|(module, text)| {
            let paths = paths(&text);
            let found = paths
                .into_iter()
                .filter_map(|path| resolve(&module, &path, &modules, &exports));
            let found = found.filter(|found| *found != module).collect();
            (module, found)
        });
        Self {
            references: references.collect(),
        }
    }

    /// Every reference from one layer to another.
    fn between_layers(&self) -> BTreeSet<(String, String)> {
        let references = self.references.iter().flat_map(|(from, all)| {
            let layer = from.first().cloned();
            all.iter()
                .filter_map(move |to| Some((layer.clone()?, to.first()?.clone())))
        });
        references.filter(|(from, to)| from != to).collect()
    }

    /// For every folder, which of the modules in it refer to which.
    fn between_siblings(&self) -> BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> {
        let mut folders: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (from, all) in &self.references {
            for to in all {
                let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
                if let (Some(a), Some(b)) = (from.get(common), to.get(common)) {
                    let folder = folders.entry(from[..common].to_vec()).or_default();
                    folder.entry(a.clone()).or_default().insert(b.clone());
                }
            }
        }
        folders
    }
}

/// The folder with the source files of a crate.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(name)
        .join("src")
}

/// All source files below a folder, but for tests.
fn collect(folder: &Path, module: &mut Module, files: &mut Vec<(Module, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("a name").to_owned();
        if stem == "tests" {
            continue;
        }
        if path.is_dir() {
            module.push(stem);
            collect(&path, module, files);
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut own = module.clone();
            if !["mod", "lib", "main"].contains(&stem.as_str()) {
                own.push(stem);
            }
            let text = fs::read_to_string(&path).expect("a text");
            files.push((own, without_tests_and_comments(&text)));
        }
    }
}

fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| match line.split_once("//") {
        // A URL is no comment.
        Some((before, _)) if !before.ends_with(':') => before,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What modules re-export: a name, and the module that it is from.
fn exports(
    files: &[(Module, String)],
    modules: &BTreeSet<Module>,
) -> BTreeMap<(Module, String), Module> {
    let mut exports = BTreeMap::new();
    for (module, text) in files {
        for part in text.split("pub use ").skip(1) {
            let tree = part.split(';').next().unwrap_or_default();
            for path in flat(tree) {
                let path = path.strip_prefix(&["self".to_owned()][..]).unwrap_or(&path);
                let Some((name, from)) = path.split_last() else {
                    continue;
                };
                let from = [&module[..], from].concat();
                if modules.contains(&from) {
                    exports.insert((module.clone(), name.clone()), from);
                }
            }
        }
    }
    exports
}

/// Every path in a text that begins with `crate`, `super` or `self`.
fn paths(text: &str) -> Vec<Module> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
            if !inside {
                paths.extend(flat(tree(&text[at..])));
            }
        }
    }
    paths
}

/// The use tree, or the path, that a text begins with.
fn tree(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' if text[..at].trim_end().ends_with("::") || depth > 0 => depth += 1,
            '}' if depth > 1 => depth -= 1,
            '}' if depth == 1 => return &text[..=at],
            _ if depth > 0 || c.is_alphanumeric() || c == '_' || c == ':' => {}
            _ => return &text[..at],
        }
    }
    text
}

/// The paths of a use tree such as `a::{b, c::{self, D}}`.
fn flat(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        let words = tree.split(" as ").next().unwrap_or_default();
        let path: Module = words
            .split("::")
            .map(str::trim)
            .filter(|word| !word.is_empty() && *word != "*")
            .map(str::to_owned)
            .collect();
        return vec![path];
    };
    let prefix: Module = flat(head).concat();
    let group = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
    let mut paths = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                for inner in flat(&group[start..at]) {
                    let inner = inner.into_iter().filter(|word| word != "self");
                    paths.push(prefix.iter().cloned().chain(inner).collect());
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// The module that a path in another one refers to.
fn resolve(
    from: &Module,
    path: &[String],
    modules: &BTreeSet<Module>,
    exports: &BTreeMap<(Module, String), Module>,
) -> Option<Module> {
    let mut at = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => from.clone(),
    };
    for word in path {
        match word.as_str() {
            "crate" | "self" => {}
            "super" => drop(at.pop()),
            _ => {
                at.push(word.clone());
                if modules.contains(&at) {
                    continue;
                }
                at.pop();
                let exported = exports.get(&(at.clone(), word.clone()));
                return Some(exported.cloned().unwrap_or(at));
            }
        }
    }
    Some(at)
}

/// A circle in a graph, if there is one.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        at: &str,
        graph: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|before| before == at) {
            return Some(way[start..].to_vec());
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        way.push(at.to_owned());
        let next = graph.get(at).into_iter().flatten();
        let found = next.into_iter().find_map(|to| visit(to, graph, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph
        .keys()
        .find_map(|start| visit(start, graph, &mut Vec::new(), &mut done))
}

fn uses_only_what_is_below(name: &str, layers: Layers) {
    let read = Crate::read(name);
    let known: BTreeSet<&str> = layers.iter().map(|(layer, _)| *layer).collect();
    let found: BTreeSet<&str> = read
        .references
        .keys()
        .filter_map(|module| module.first().map(String::as_str))
        .collect();
    assert_eq!(found, known, "the layers of {name}");
    for (from, to) in read.between_layers() {
        let place = layers.iter().position(|(layer, _)| *layer == from);
        let place = place.expect("is known");
        let but = layers[place].1;
        let below = layers[..place].iter().map(|(layer, _)| *layer);
        let may_use: Vec<&str> = below.filter(|layer| !but.contains(layer)).collect();
        assert!(
            may_use.contains(&to.as_str()),
            "{name}: {from} uses {to}, and may use {may_use:?} only"
        );
    }
}

fn has_no_circle(name: &str) {
    for (folder, graph) in Crate::read(name).between_siblings() {
        let circle = circle(&graph);
        assert_eq!(circle, None, "{name}/src/{}", folder.join("/"));
    }
}

#[test]
fn each_layer_of_rollout_uses_only_those_below_it() {
    uses_only_what_is_below("rollout", ROLLOUT);
}

#[test]
fn each_layer_of_the_sandbox_uses_only_those_below_it() {
    uses_only_what_is_below("sandbox", SANDBOX);
}

#[test]
fn no_modules_of_a_tool_import_each_other_in_a_circle() {
    for name in ["analysis", "package", "rollout", "sandbox"] {
        has_no_circle(name);
    }
}

#[test]
fn a_circle_is_found_and_paths_are_read_as_the_compiler_reads_them() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in edges {
            let all = graph.entry((*from).to_owned()).or_default();
            all.insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")]));
    assert_eq!(found, Some(vec!["b".to_owned(), "c".to_owned()]));

    let text = "use crate::{a::{self, B}, c::D};\nfn f() { super::e::g(crate::h::I {}) }";
    let joined: BTreeSet<String> = paths(text).iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::a",
        "crate::a::B",
        "crate::c::D",
        "crate::h::I",
        "super::e::g",
    ];
    assert_eq!(joined, expected.map(str::to_owned).into());
}
