//! The attribute `#[test]` of `vault-trial`.

use proc_macro::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Expr, ItemFn, Meta, Token, parse_macro_input};

/// Makes a test of a function: `#[test]`, or `#[test(needs(Root, Fish))]` with variants of `vault_trial::Need`.
///
/// An `async` function runs on a Tokio runtime of its own, on the test's thread.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let needs = match needs_of(attribute) {
        Ok(needs) => needs,
        Err(error) => return error.to_compile_error().into(),
    };
    let function = parse_macro_input!(item as ItemFn);
    let name = &function.sig.ident;
    let run = if function.sig.asyncness.is_some() {
        quote!(|| ::vault_trial::block_on(#name()))
    } else {
        quote!(#name)
    };
    let needs = needs.iter();
    quote! {
        #function
        ::vault_trial::inventory::submit! {
            ::vault_trial::Test {
                path: concat!(module_path!(), "::", stringify!(#name)),
                needs: &[#(::vault_trial::Need::#needs),*],
                run: #run,
            }
        }
    }
    .into()
}

/// Reads `needs(…)`; no needs if there is nothing.
fn needs_of(attribute: TokenStream) -> syn::Result<Punctuated<Expr, Token![,]>> {
    if attribute.is_empty() {
        return Ok(Punctuated::new());
    }
    let meta: Meta = syn::parse(attribute)?;
    let list = meta.require_list()?;
    if !list.path.is_ident("needs") {
        return Err(syn::Error::new_spanned(&list.path, "expected `needs(…)`"));
    }
    list.parse_args_with(Punctuated::parse_terminated)
}
