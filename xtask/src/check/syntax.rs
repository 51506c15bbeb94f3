//! What the style rules ask of one Rust file, read from its syntax tree.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ExprMethodCall, ExprUnsafe, ImplItemFn, ItemFn, ItemImpl, ItemMod, Safety, Signature,
    TraitItemFn,
};

/// A function outside tests.
#[derive(Debug)]
pub(super) struct Function {
    /// Its name.
    pub(super) name: String,
    /// The line that it begins at.
    pub(super) line: usize,
    /// How many lines it takes, from `fn` to the closing brace.
    pub(super) lines: usize,
}

/// A word that stands where it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A call of `unwrap` or `expect`.
    Unwrap,
    /// `unsafe`, in whatever place.
    Unsafe,
}

/// What was found in a file outside its tests.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Its functions.
    pub(super) functions: Vec<Function>,
    /// Words that may not stand everywhere, with their lines.
    pub(super) words: Vec<(usize, Word)>,
    /// The lines that hold tests, first to last.
    pub(super) tests: Vec<std::ops::RangeInclusive<usize>>,
}

/// Reads a file's syntax.
///
/// # Errors
/// Where it is no Rust.
pub(super) fn read(text: &str) -> syn::Result<Findings> {
    let mut findings = Findings::default();
    findings.visit_file(&syn::parse_file(text)?);
    Ok(findings)
}

impl Findings {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let line = signature.fn_token.span.start().line;
        let end = block.brace_token.span.close().end().line;
        self.functions.push(Function { name: signature.ident.to_string(), line, lines: end - line + 1 });
    }

    /// Notes an item that is a test, and tells so.
    fn skips(&mut self, attributes: &[Attribute], item: &impl Spanned) -> bool {
        let skips = attributes.iter().any(is_of_tests);
        if skips {
            self.tests.push(item.span().start().line..=item.span().end().line);
        }
        skips
    }
}

/// Tells whether an attribute makes its item part of the tests: `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
fn is_of_tests(attribute: &Attribute) -> bool {
    let path = attribute.path();
    if path.is_ident("cfg") {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string().replace(' ', "");
        return condition == "test" || condition.starts_with("all(test,");
    }
    path.segments.last().is_some_and(|last| last.ident == "test")
}

impl<'ast> Visit<'ast> for Findings {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !self.skips(&item.attrs, item) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !self.skips(&item.attrs, item) {
            self.function(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if self.skips(&item.attrs, item) {
            return;
        }
        if let Some(token) = &item.unsafety {
            self.words.push((token.span.start().line, Word::Unsafe));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !self.skips(&item.attrs, item) {
            self.function(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        if let Safety::Unsafe(token) = &signature.safety {
            self.words.push((token.span.start().line, Word::Unsafe));
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_unsafe(&mut self, expression: &'ast ExprUnsafe) {
        self.words.push((expression.unsafe_token.span.start().line, Word::Unsafe));
        visit::visit_expr_unsafe(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "unwrap" || call.method == "expect" {
            self.words.push((call.method.span().start().line, Word::Unwrap));
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_measured_from_its_name_to_its_closing_brace() {
        let found = read("/// Docs.\n#[inline]\npub fn one(\n    a: u8,\n) -> u8 {\n    a\n}\n").unwrap();
        assert_eq!((3, 5), (found.functions[0].line, found.functions[0].lines));
    }

    #[test]
    fn methods_and_default_methods_are_measured() {
        let found = read("impl A {\n    fn a() {}\n}\ntrait B {\n    fn b() {}\n    fn c();\n}\n").unwrap();
        let names: Vec<_> = found.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(["a", "b"], names[..]);
    }

    #[test]
    fn tests_are_left_out_and_their_lines_are_told() {
        let found = read("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { c().unwrap(); }\n}\n").unwrap();
        assert_eq!((1, 0), (found.functions.len(), found.words.len()));
        assert_eq!(vec![2..=5], found.tests);
    }

    #[test]
    fn code_for_when_no_tests_run_is_no_test() {
        let found = read("#[cfg(not(test))]\nmod real {\n    fn b() {}\n}\n").unwrap();
        assert_eq!(1, found.functions.len());
    }

    #[test]
    fn unwrap_and_unsafe_are_found_with_their_lines() {
        let found =
            read("fn a() {\n    b().unwrap();\n    unsafe { c() }\n}\nunsafe impl D for E {}\n").unwrap();
        assert_eq!([(2, Word::Unwrap), (3, Word::Unsafe), (5, Word::Unsafe)], found.words[..]);
    }

    #[test]
    fn words_in_texts_and_comments_do_not_count() {
        let found = read("// unsafe { x.unwrap() }\nfn a() -> &'static str {\n    \"unsafe .unwrap()\"\n}\n")
            .unwrap();
        assert!(found.words.is_empty());
    }
}
