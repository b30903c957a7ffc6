//! The modules of a crate, what they define, and what the paths in them name.
//!
//! A reading of the source, not a compiler: visibility is ignored, traits and methods are not
//! followed, and code under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::mentions::{self, Mention};

/// A module and the names that are in scope in it.
struct Module {
    /// Index into `Tree::files`.
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    /// What `use` binds a name to; a name may stand for a function and a module at once.
    imports: BTreeMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
    mentions: Vec<Mention>,
}

/// What a path names.
#[derive(Clone, Copy)]
enum Target {
    Module(usize),
    /// An item, by the module that defines it.
    Item(usize),
}

/// All modules that grow from one root file.
pub(super) struct Tree {
    modules: Vec<Module>,
    /// Paths below the folder given to [`Tree::read`].
    files: Vec<String>,
    /// Modules that define a `macro_rules!` macro, whose scope is textual.
    macros: BTreeMap<String, usize>,
}

/// A file uses an item that another file defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) line: usize,
    /// The path as written.
    pub(super) path: String,
}

impl Tree {
    /// Reads the crate whose root is a file, `src/lib.rs` for example, below a folder.
    pub(super) fn read(folder: &Path, root: &str) -> Result<Self> {
        let mut tree = Self {
            modules: Vec::new(),
            files: Vec::new(),
            macros: BTreeMap::new(),
        };
        let root = folder.join(root);
        let below = root.parent().unwrap_or(folder).to_owned();
        tree.read_file(folder, &root, &below, None)?;
        Ok(tree)
    }

    /// Reads a file as a module; its children's files are in the folder `below`.
    fn read_file(
        &mut self,
        folder: &Path,
        path: &Path,
        below: &Path,
        parent: Option<usize>,
    ) -> Result<usize> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let syntax =
            syn::parse_file(&text).with_context(|| format!("parsing {}", path.display()))?;
        let name = path.strip_prefix(folder).unwrap_or(path);
        let names: Vec<_> = name.iter().map(|name| name.to_string_lossy()).collect();
        self.files.push(names.join("/"));
        let file = self.files.len() - 1;
        let directory = path.parent().unwrap_or(folder);
        self.add(folder, directory, below, file, parent, syntax.items)
    }

    fn add(
        &mut self,
        folder: &Path,
        directory: &Path,
        below: &Path,
        file: usize,
        parent: Option<usize>,
        items: Vec<syn::Item>,
    ) -> Result<usize> {
        let this = self.modules.len();
        self.modules.push(Module {
            file,
            parent,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            imports: BTreeMap::new(),
            globs: Vec::new(),
            mentions: Vec::new(),
        });
        for item in items {
            if mentions::is_test(mentions::attributes(&item)) {
                continue;
            }
            match item {
                syn::Item::Mod(child) => {
                    let name = mentions::plain(&child.ident);
                    let inside = below.join(&name);
                    let index = match child.content {
                        Some((_, items)) => {
                            self.add(folder, directory, &inside, file, Some(this), items)?
                        }
                        None => {
                            let attribute = mentions::path_attribute(&child.attrs);
                            let (path, inside) =
                                module_file(directory, below, &name, attribute.as_deref());
                            self.read_file(folder, &path, &inside, Some(this))?
                        }
                    };
                    self.modules[this].children.insert(name, index);
                }
                item => {
                    if let Some(name) = mentions::defined(&item) {
                        if matches!(item, syn::Item::Macro(_)) {
                            self.macros.insert(name.clone(), this);
                        }
                        self.modules[this].items.insert(name);
                    }
                    self.mention(this, &item);
                }
            }
        }
        Ok(this)
    }

    fn mention(&mut self, this: usize, item: &syn::Item) {
        for mention in mentions::of(item) {
            let module = &mut self.modules[this];
            match &mention.kind {
                mentions::Kind::Import {
                    binds: Some(name), ..
                } => {
                    let paths = module.imports.entry(name.clone()).or_default();
                    paths.push(mention.path.clone());
                }
                mentions::Kind::Glob => module.globs.push(mention.path.clone()),
                _ => {}
            }
            module.mentions.push(mention);
        }
    }

    /// The imports between different files, one for each pair of files, sorted.
    pub(super) fn imports(&self) -> Vec<Import> {
        let mut found: BTreeMap<(usize, usize), Import> = BTreeMap::new();
        for (from, module) in self.modules.iter().enumerate() {
            for mention in &module.mentions {
                let Some(to) = self.uses(from, mention) else {
                    continue;
                };
                let files = (module.file, self.modules[to].file);
                if files.0 == files.1 {
                    continue;
                }
                let import = Import {
                    from: self.files[files.0].clone(),
                    to: self.files[files.1].clone(),
                    line: mention.line,
                    path: mention.path.join("::"),
                };
                found.entry(files).or_insert(import);
            }
        }
        let mut imports: Vec<Import> = found.into_values().collect();
        imports.sort();
        imports
    }

    /// The module that defines what a mention makes the module `from` depend on.
    fn uses(&self, from: usize, mention: &Mention) -> Option<usize> {
        let target = match &mention.kind {
            mentions::Kind::Macro if mention.path.len() == 1 => {
                let named = self.resolve(from, &mention.path, &mut BTreeSet::new());
                return match named {
                    Some(Target::Item(module)) => Some(module),
                    _ => self.macros.get(&mention.path[0]).copied(),
                };
            }
            _ => self.resolve(from, &mention.path, &mut BTreeSet::new())?,
        };
        // A module's own name is no use of it: what is taken out of it is mentioned elsewhere.
        let Target::Item(module) = target else {
            return None;
        };
        let facade = matches!(mention.kind, mentions::Kind::Import { public: true, .. });
        if facade && self.is_below(module, from) {
            return None;
        }
        Some(module)
    }

    fn is_below(&self, mut module: usize, ancestor: usize) -> bool {
        while let Some(parent) = self.modules[module].parent {
            if parent == ancestor {
                return true;
            }
            module = parent;
        }
        false
    }

    /// What a path names, seen from a module; nothing if it leaves the crate.
    fn resolve(
        &self,
        from: usize,
        path: &[String],
        seen: &mut BTreeSet<(usize, String, bool)>,
    ) -> Option<Target> {
        let (first, mut rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(from),
            "super" => Target::Module(self.modules[from].parent?),
            name => self.look_up(from, name, rest.is_empty(), seen)?,
        };
        while let (Target::Module(module), Some((name, after))) = (target, rest.split_first()) {
            target = match name.as_str() {
                "self" => target,
                "super" => Target::Module(self.modules[module].parent?),
                name => self.look_up(module, name, after.is_empty(), seen)?,
            };
            rest = after;
        }
        Some(target)
    }

    /// What a name stands for in a module. Only a path's last name prefers an item to a module.
    fn look_up(
        &self,
        module: usize,
        name: &str,
        last: bool,
        seen: &mut BTreeSet<(usize, String, bool)>,
    ) -> Option<Target> {
        if !seen.insert((module, name.to_owned(), last)) {
            return None;
        }
        let scope = &self.modules[module];
        let child = scope.children.get(name).map(|child| Target::Module(*child));
        if child.is_some() && !last {
            return child;
        }
        if scope.items.contains(name) {
            return Some(Target::Item(module));
        }
        let mut imported = scope
            .imports
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|path| self.resolve(module, path, seen))
            .collect::<Vec<_>>();
        imported.sort_by_key(|target| matches!(target, Target::Module(_)) == last);
        if let Some(target) = imported.first() {
            return Some(*target);
        }
        if child.is_some() {
            return child;
        }
        scope.globs.iter().find_map(
            |path| match self.resolve(module, path, &mut seen.clone())? {
                Target::Module(globbed) => self.look_up(globbed, name, last, seen),
                Target::Item(_) => None,
            },
        )
    }
}

/// The file of a child module and the folder of that module's own children.
fn module_file(
    directory: &Path,
    below: &Path,
    name: &str,
    attribute: Option<&str>,
) -> (PathBuf, PathBuf) {
    if let Some(written) = attribute {
        let path = directory.join(written);
        let inside = path.parent().unwrap_or(directory).to_owned();
        return (path, inside);
    }
    let flat = below.join(format!("{name}.rs"));
    let path = if flat.exists() {
        flat
    } else {
        below.join(name).join("mod.rs")
    };
    (path, below.join(name))
}
