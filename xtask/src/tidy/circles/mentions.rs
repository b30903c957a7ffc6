//! The paths that an item of Rust source mentions: in `use`, in code, and inside macros.
//!
//! Everything except `use` is read as tokens, so that the arguments of macros count like any code.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;

/// A path in the source.
pub(super) struct Mention {
    /// Its names, without generic arguments.
    pub(super) path: Vec<String>,
    /// Counted from one.
    pub(super) line: usize,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// `use`, with the name that it binds (none for `as _`), and whether others may import it.
    Import { binds: Option<String>, public: bool },
    /// `use` of everything in a module.
    Glob,
    /// The name of a macro before its `!`.
    Macro,
    /// Any other path in code.
    Code,
}

/// All paths that an item mentions.
pub(super) fn of(item: &syn::Item) -> Vec<Mention> {
    let mut found = Vec::new();
    match item {
        syn::Item::Use(item) => imports(item, &mut found),
        item => code(item.to_token_stream(), &mut found),
    }
    found
}

/// The name that an item defines, if it defines one.
pub(super) fn defined(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::TraitAlias(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(plain(name))
}

/// A name without the `r#` of a raw identifier.
pub(super) fn plain(name: &syn::Ident) -> String {
    name.unraw().to_string()
}

pub(super) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether attributes keep an item out of everything but tests.
pub(super) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| is_test_condition(attribute.meta.to_token_stream()))
}

/// The file that `#[path = "…"]` gives a module.
pub(super) fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
}

/// `cfg(test)`, or `cfg(all(…))` with `test` among its conditions.
fn is_test_condition(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter();
    let named = |tree: Option<TokenTree>, name: &str| matches!(tree, Some(TokenTree::Ident(ident)) if ident == name);
    if !named(tokens.next(), "cfg") {
        return false;
    }
    let Some(TokenTree::Group(group)) = tokens.next() else {
        return false;
    };
    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
    match &inside[..] {
        [TokenTree::Ident(name)] => name == "test",
        [TokenTree::Ident(name), TokenTree::Group(group)] if name == "all" => group
            .stream()
            .into_iter()
            .any(|tree| matches!(tree, TokenTree::Ident(name) if name == "test")),
        _ => false,
    }
}

fn imports(item: &syn::ItemUse, found: &mut Vec<Mention>) {
    // A leading `::` names another crate.
    if item.leading_colon.is_none() {
        let public = !matches!(item.vis, syn::Visibility::Inherited);
        import_tree(&item.tree, &mut Vec::new(), public, found);
    }
}

fn import_tree(
    tree: &syn::UseTree,
    before: &mut Vec<String>,
    public: bool,
    found: &mut Vec<Mention>,
) {
    let mut leaf = |name: &syn::Ident, binds: Option<&syn::Ident>| {
        let mut path = before.clone();
        let mut binds = binds.map(plain).filter(|name| name != "_");
        if name == "self" && !path.is_empty() {
            if binds.as_deref() == Some("self") {
                binds = path.last().cloned();
            }
        } else {
            path.push(plain(name));
        }
        found.push(Mention {
            path,
            line: name.span().start().line,
            kind: Kind::Import { binds, public },
        });
    };
    match tree {
        syn::UseTree::Path(tree) => {
            before.push(plain(&tree.ident));
            import_tree(&tree.tree, before, public, found);
            before.pop();
        }
        syn::UseTree::Name(tree) => leaf(&tree.ident, Some(&tree.ident)),
        syn::UseTree::Rename(tree) => leaf(&tree.ident, Some(&tree.rename)),
        syn::UseTree::Glob(tree) => found.push(Mention {
            path: before.clone(),
            line: tree.star_token.spans[0].start().line,
            kind: Kind::Glob,
        }),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                import_tree(tree, before, public, found);
            }
        }
    }
}

/// Reads the paths in a sequence of tokens.
fn code(tokens: TokenStream, found: &mut Vec<Mention>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Punct(mark) if mark.as_char() == '#' => attribute(&tokens, at, found),
            // A lifetime, or a variable of a macro.
            TokenTree::Punct(mark) if mark.as_char() == '\'' => at + 2,
            TokenTree::Punct(mark) if mark.as_char() == '$' && !is_crate(&tokens, at + 1) => at + 2,
            // What follows `::` without a name before it belongs to a type: `Vec::<T>::new`.
            TokenTree::Punct(_) if is_separator(&tokens, at) => path(&tokens, at + 2).1,
            TokenTree::Ident(word) if word == "fn" => at + 2,
            TokenTree::Ident(word) if word == "use" => local_import(&tokens, at, found),
            TokenTree::Ident(_) => {
                let (names, after) = path(&tokens, at);
                if let Some(kind) = kind(&tokens, at, after, &names) {
                    found.push(Mention {
                        path: names,
                        line: tokens[at].span().start().line,
                        kind,
                    });
                }
                after
            }
            TokenTree::Group(group) => {
                code(group.stream(), found);
                at + 1
            }
            _ => at + 1,
        };
    }
}

/// The names of the path that begins here, and where it ends.
fn path(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        names.push(plain(name));
        at += 1;
        if !is_separator(tokens, at) || !matches!(tokens.get(at + 2), Some(TokenTree::Ident(_))) {
            break;
        }
        at += 2;
    }
    (names, at)
}

/// What a path in code is used as; nothing for fields, methods and local names.
fn kind(tokens: &[TokenTree], at: usize, after: usize, names: &[String]) -> Option<Kind> {
    let is_mark = |index: Option<usize>, mark: char| {
        let tree = index.and_then(|index| tokens.get(index));
        matches!(tree, Some(TokenTree::Punct(found)) if found.as_char() == mark)
    };
    if is_mark(Some(after), '!') && !is_mark(Some(after + 1), '=') {
        return Some(Kind::Macro);
    }
    if names.len() > 1 {
        return Some(Kind::Code);
    }
    let field = is_mark(at.checked_sub(1), '.') && !is_mark(at.checked_sub(2), '.');
    let called = matches!(
        tokens.get(after),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
    );
    let capital = names[0].starts_with(char::is_uppercase);
    (!field && (called || capital)).then_some(Kind::Code)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    matches!(
        (tokens.get(at), tokens.get(at + 1)),
        (Some(TokenTree::Punct(first)), Some(TokenTree::Punct(second)))
            if first.as_char() == ':'
                && second.as_char() == ':'
                && first.spacing() == Spacing::Joint
    )
}

fn is_crate(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "crate")
}

/// Reads an attribute and gives where to go on: behind its item if that is for tests only.
fn attribute(tokens: &[TokenTree], at: usize, found: &mut Vec<Mention>) -> usize {
    let inner = matches!(tokens.get(at + 1), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
    let at = at + 1 + usize::from(inner);
    let Some(TokenTree::Group(group)) = tokens.get(at) else {
        return at;
    };
    if is_test_condition(group.stream()) {
        let end = tokens[at + 1..].iter().position(|tree| match tree {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(mark) => matches!(mark.as_char(), ';' | ','),
            _ => false,
        });
        return end.map_or(tokens.len(), |end| at + end + 2);
    }
    let name = group.stream().into_iter().next();
    if matches!(name, Some(TokenTree::Ident(name)) if name == "serde") {
        quoted_paths(group, found);
    }
    at + 1
}

/// `#[serde(with = "a::b")]` names a path in a string.
fn quoted_paths(group: &Group, found: &mut Vec<Mention>) {
    for tree in group.stream() {
        match tree {
            TokenTree::Group(group) => quoted_paths(&group, found),
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                let text = literal.to_string();
                let path: Vec<String> = text
                    .trim_matches('"')
                    .split("::")
                    .map(str::to_owned)
                    .collect();
                let names = |name: &String| syn::parse_str::<syn::Ident>(name).is_ok();
                if path.len() > 1 && path[1..].iter().all(names) {
                    let kind = Kind::Code;
                    found.push(Mention { path, line, kind });
                }
            }
            _ => {}
        }
    }
}

/// Reads a `use` inside a function; it counts for the whole module.
fn local_import(tokens: &[TokenTree], at: usize, found: &mut Vec<Mention>) -> usize {
    let end = tokens[at..]
        .iter()
        .position(|tree| matches!(tree, TokenTree::Punct(mark) if mark.as_char() == ';'));
    // `impl Trait + use<'a>` is no import and does not parse as one.
    let item = end.and_then(|end| {
        let tokens: TokenStream = tokens[at..=at + end].iter().cloned().collect();
        syn::parse2::<syn::ItemUse>(tokens).ok()
    });
    match (item, end) {
        (Some(item), Some(end)) => {
            imports(&item, found);
            at + end + 1
        }
        _ => at + 1,
    }
}
