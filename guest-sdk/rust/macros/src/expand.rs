//! From an annotated function to the function, a type that implements `Agent`, and its export.

use crate::options::Options;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, Result, ReturnType, Type, parse2,
};

const SHAPE: &str = "`fn name(input: Input, cx: &Context) -> Result<Output>`";

pub(crate) fn agent(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options: Options = parse2(options)?;
    let function: ItemFn = parse2(item).map_err(|error| {
        Error::new(
            error.span(),
            format!("`#[hap_guest::agent]` goes on a free function like {SHAPE}"),
        )
    })?;
    refuse_unsupported(&function)?;
    let (input, takes_context) = parameters(&function)?;
    let returned = returned(&function)?;

    let name = &function.sig.ident;
    let visibility = &function.vis;
    let agent = agent_type(name);
    let agent_doc = format!("The agent `{name}`, for [`hap_guest::testing`] and [`hap_guest::export!`].");
    let manifest = manifest(&options, &function.attrs);
    let call = if takes_context {
        quote!(#name(input, cx))
    } else {
        quote!(#name(input))
    };
    let cx = if takes_context { quote!(cx) } else { quote!(_cx) };

    Ok(quote! {
        #function

        #[doc = #agent_doc]
        #[allow(dead_code, reason = "off WebAssembly only tests use it")]
        #visibility struct #agent;

        impl ::hap_guest::Agent for #agent {
            type Input = #input;
            type Output = <#returned as ::hap_guest::AgentResult>::Output;
            const MANIFEST: ::hap_guest::Manifest = #manifest;

            fn run(input: Self::Input, #cx: &::hap_guest::Context) -> ::hap_guest::Result<Self::Output> {
                ::hap_guest::AgentResult::into_result(#call)
            }
        }

        ::hap_guest::export!(#agent);
    })
}

/// Refuses what a synchronous call of a free function cannot be.
fn refuse_unsupported(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        let message =
            "an agent is not `async`: remove the keyword; every function of the SDK returns when it is done";
        return Err(Error::new_spanned(asyncness, message));
    }
    if !signature.generics.params.is_empty() {
        let message = "an agent has no generic parameters: name the input and output types";
        return Err(Error::new_spanned(&signature.generics, message));
    }
    Ok(())
}

/// The input's type, and whether the function takes the context.
fn parameters(function: &ItemFn) -> Result<(&Type, bool)> {
    let signature = &function.sig;
    let mut parameters = signature.inputs.iter();
    let Some(first) = parameters.next() else {
        let message = format!("an agent takes its input: write {SHAPE}");
        return Err(Error::new_spanned(&signature.ident, message));
    };
    let input = match first {
        FnArg::Typed(typed) => &*typed.ty,
        _ => {
            let message =
                format!("`#[hap_guest::agent]` goes on a free function, not on a method: write {SHAPE}");
            return Err(Error::new_spanned(first, message));
        }
    };
    if matches!(input, Type::Reference(_)) {
        let message = "an agent owns its input: remove the `&`, and put `cx: &Context` second";
        return Err(Error::new_spanned(input, message));
    }
    let context = parameters.next();
    if let Some(FnArg::Typed(typed)) = context
        && !matches!(&*typed.ty, Type::Reference(_))
    {
        let message = "the second parameter is `cx: &Context`; put all input into one struct";
        return Err(Error::new_spanned(&typed.ty, message));
    }
    if let Some(extra) = parameters.next() {
        let message = "an agent takes an input and a context and nothing else; put all input into one struct";
        return Err(Error::new_spanned(extra, message));
    }
    Ok((input, context.is_some()))
}

fn returned(function: &ItemFn) -> Result<&Type> {
    match &function.sig.output {
        ReturnType::Type(_, returned) => Ok(returned),
        ReturnType::Default => {
            let message = format!("an agent returns its output: write {SHAPE}");
            Err(Error::new_spanned(&function.sig.ident, message))
        }
    }
}

/// `find_terms` becomes `FindTermsAgent`. The ending keeps clear of types that are named like the function.
fn agent_type(function: &Ident) -> Ident {
    let mut camel = String::new();
    for word in function.to_string().trim_start_matches("r#").split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    format_ident!("{camel}Agent", span = function.span())
}

fn manifest(options: &Options, attributes: &[Attribute]) -> TokenStream {
    let name = options.name.iter();
    let description = description(attributes).into_iter();
    let read_only = options.read_only.then(|| quote!(.read_only()));
    let idempotent = options.idempotent.then(|| quote!(.idempotent()));
    quote!(::hap_guest::manifest!() #(.name(#name))* #(.description(#description))* #read_only #idempotent)
}

/// The first paragraph of the doc comment, on one line.
fn description(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(line), ..
            }) => Some(line.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    let paragraph: Vec<String> = lines
        .skip_while(String::is_empty)
        .take_while(|line| !line.is_empty())
        .collect();
    (!paragraph.is_empty()).then(|| paragraph.join(" "))
}
