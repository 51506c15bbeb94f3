//! What the style rules ask of one Rust file, read from its syntax tree.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ExprMethodCall, ExprUnsafe, FnArg, ImplItemFn, ItemFn, ItemImpl, ItemMod, Safety,
    Signature, TraitItemFn, Type,
};

/// A function with a body.
#[derive(Debug)]
pub(super) struct Function {
    /// Its name.
    pub(super) name: String,
    /// The line that it begins at.
    pub(super) line: usize,
    /// How many lines it takes, from `fn` to the closing brace.
    pub(super) lines: usize,
    /// Whether it is part of the program or of its tests.
    pub(super) part: Part,
}

/// The part of a file that something is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// The program.
    #[default]
    Program,
    /// Tests, and what is built for them alone.
    Tests,
}

/// The parameters of a function of the program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// The function's name.
    pub(super) name: String,
    /// The line that it begins at.
    pub(super) line: usize,
    /// How many parameters it has, without `self`.
    pub(super) all: usize,
    /// How many of them are `bool`.
    pub(super) booleans: usize,
}

/// A word that stands where it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A call of `unwrap` or `expect`.
    Unwrap,
    /// `unsafe`, in whatever place.
    Unsafe,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Its functions, those of its tests too.
    pub(super) functions: Vec<Function>,
    /// The parameters of its functions outside tests.
    pub(super) parameters: Vec<Parameters>,
    /// Words outside tests that may not stand everywhere, with their lines.
    pub(super) words: Vec<(usize, Word)>,
    /// The lines that hold tests, first to last.
    pub(super) tests: Vec<std::ops::RangeInclusive<usize>>,
    /// The part that is being visited.
    part: Part,
    /// Whether an `impl` of a trait is being visited: the trait determines the parameters of its functions.
    of_trait: bool,
}

/// Reads a file's syntax.
///
/// # Errors
/// If it is not Rust.
pub(super) fn read(text: &str) -> syn::Result<Findings> {
    let mut findings = Findings::default();
    findings.visit_file(&syn::parse_file(text)?);
    Ok(findings)
}

impl Findings {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let line = signature.fn_token.span.start().line;
        let end = block.brace_token.span.close().end().line;
        let (name, part) = (signature.ident.to_string(), self.part);
        self.functions.push(Function { name, line, lines: end - line + 1, part });
    }

    fn word(&mut self, span: Span, word: Word) {
        if self.part == Part::Program {
            self.words.push((span.start().line, word));
        }
    }

    /// Visits an item, as part of the tests if it is one of theirs.
    fn within(&mut self, (attributes, span): (&[Attribute], Span), visit: impl FnOnce(&mut Self)) {
        let before = self.part;
        if before == Part::Program && attributes.iter().any(is_of_tests) {
            self.tests.push(span.start().line..=span.end().line);
            self.part = Part::Tests;
        }
        visit(self);
        self.part = before;
    }
}

/// Counts the parameters of a function.
fn parameters(signature: &Signature) -> Parameters {
    let typed = || {
        signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(one) => Some(&*one.ty),
            FnArg::Receiver(_) => None,
        })
    };
    let is_boolean = |kind: &&Type| matches!(kind, Type::Path(path) if path.path.is_ident("bool"));
    Parameters {
        name: signature.ident.to_string(),
        line: signature.fn_token.span.start().line,
        all: typed().count(),
        booleans: typed().filter(is_boolean).count(),
    }
}

/// Returns `true` if an attribute makes its item part of the tests: `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
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
        self.within((&item.attrs, item.span()), |own| visit::visit_item_mod(own, item));
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.within((&item.attrs, item.span()), |own| {
            own.function(&item.sig, &item.block);
            visit::visit_item_fn(own, item);
        });
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        self.within((&item.attrs, item.span()), |own| {
            if let Some(token) = &item.unsafety {
                own.word(token.span, Word::Unsafe);
            }
            own.of_trait = item.trait_.is_some();
            visit::visit_item_impl(own, item);
            own.of_trait = false;
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.within((&item.attrs, item.span()), |own| {
            own.function(&item.sig, &item.block);
            visit::visit_impl_item_fn(own, item);
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        if let Safety::Unsafe(token) = &signature.safety {
            self.word(token.span, Word::Unsafe);
        }
        if self.part == Part::Program && !self.of_trait {
            self.parameters.push(parameters(signature));
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_unsafe(&mut self, expression: &'ast ExprUnsafe) {
        self.word(expression.unsafe_token.span, Word::Unsafe);
        visit::visit_expr_unsafe(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "unwrap" || call.method == "expect" {
            self.word(call.method.span(), Word::Unwrap);
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
    fn tests_are_a_part_of_their_own_and_may_unwrap() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b(c: bool) { c().unwrap(); }\n}\nfn d() {}\n";
        let found = read(text).unwrap();
        let parts: Vec<_> = found.functions.iter().map(|function| function.part).collect();
        assert_eq!([Part::Program, Part::Tests, Part::Program], parts[..]);
        assert_eq!((2, 0), (found.parameters.len(), found.words.len()));
        assert_eq!(vec![2..=5], found.tests);
    }

    #[test]
    fn parameters_are_counted_without_self_and_once_for_a_trait() {
        let text = "trait A {\n    fn a(&self, b: u8, c: bool, d: &bool);\n}\nfn e() {}\nimpl A for B {\n    fn a(&self, c: bool) {}\n}\n";
        let counted: Vec<_> =
            read(text).unwrap().parameters.iter().map(|one| (one.line, one.all, one.booleans)).collect();
        assert_eq!([(2, 3, 1), (4, 0, 0)], counted[..]);
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
