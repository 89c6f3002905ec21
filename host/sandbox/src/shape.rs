//! The shape of an exported function as text, so that a component built against another contract is refused when it
//! is loaded, with both shapes side by side, and not at its first event.

use wasmtime::component::types::{Case, ComponentFunc, Field, Type};

/// `handle` of wit/plugin.
const HANDLE: &str = "func(record{id:string,kind:string,source:string,author:option<string>,\
    priority:enum{low,normal,high,critical},at:u64,payload:string,hops:u32,cause:option<string>,\
    extra:list<tuple<string,string>>}) -> result<_,variant{declined(record{code:string,message:string,\
    retry-at:option<u64>}),failed(string)}>";

/// `generate` of wit/plugin.
const GENERATE: &str = "func(record{id:string,kind:string,at:u64,payload:string,agents:list<record{id:string,\
    name:string,handle:string}>}) -> result<list<record{kind:string,targets:list<string>,\
    priority:enum{low,normal,high,critical},payload:string,delay-ms:u64}>,variant{declined(record{code:string,\
    message:string,retry-at:option<u64>}),failed(string)}>";

/// `migrate` of wit/migration.
pub(crate) const MIGRATE: &str =
    "func(record{version:u32,data:list<u8>}) -> result<record{version:u32,data:list<u8>},string>";

/// `handler` of wit/plugin.
pub(crate) const PERSONALITY: &[(&str, &str)] = &[("handle", HANDLE)];

/// `generator` of wit/plugin.
pub(crate) const GENERATOR: &[(&str, &str)] = &[("generate", GENERATE)];

/// `strategy` of wit/trading.
pub(crate) const STRATEGY: &[(&str, &str)] = &[
    (
        "on-candles",
        "func(record{at:u64,is-warm-up:bool,candles:list<record{market:u32,at:u64,open:u64,high:u64,low:u64,\
        close:u64,volume:u64}>}) -> list<record{client-id:string,market:u32,side:enum{buy,sell},kind:string,\
        quantity:u64,price:option<u64>,trail-bps:option<u32>,reduce-only:bool,time-in-force:string,\
        expires-at:option<u64>,max-slippage-bps:option<u32>,reason:string}>",
    ),
    (
        "describe",
        "func() -> record{parameters:list<record{name:string,description:string,unit:string,default:s64,min:s64,\
        max:s64}>,warm-up:u32,min-markets:u32,max-markets:u32,bar-seconds:u32}",
    ),
    (
        "init",
        "func(record{parameters:list<tuple<string,s64>>,markets:list<record{id:string,base-mint:string,\
        quote-mint:string,base-decimals:u8,quote-decimals:u8,price-decimals:u8,min-quantity:u64}>,bar-seconds:u32,\
        seed:u64,saved:option<list<u8>>}) -> result<_,string>",
    ),
    (
        "on-fill",
        "func(record{client-id:string,market:u32,side:enum{buy,sell},at:u64,quantity:u64,price:u64,fee:u64,\
        remaining:u64}) -> ",
    ),
    (
        "on-denied",
        "func(record{client-id:string,market:u32,at:u64,rule:string,detail:string,retry-at:option<u64>}) -> ",
    ),
    ("save", "func() -> list<u8>"),
];

/// The shape of a function.
pub(crate) fn signature(function: &ComponentFunc) -> String {
    let params = list(function.params().map(|(_, param)| shape(&param)));
    let results = list(function.results().map(|result| shape(&result)));
    format!("func({params}) -> {results}")
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn fields<'a>(fields: impl Iterator<Item = Field<'a>>) -> String {
    list(fields.map(|field| format!("{}:{}", field.name, shape(&field.ty))))
}

fn case(case: &Case<'_>) -> String {
    case.ty.as_ref().map_or_else(|| case.name.to_owned(), |ty| format!("{}({})", case.name, shape(ty)))
}

fn shape(ty: &Type) -> String {
    let or_none = |ty: Option<Type>| ty.map_or_else(|| "_".to_owned(), |ty| shape(&ty));
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::Float32 => "f32".to_owned(),
        Type::Float64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(inner) => format!("list<{}>", shape(&inner.ty())),
        Type::Option(inner) => format!("option<{}>", shape(&inner.ty())),
        Type::Record(record) => format!("record{{{}}}", fields(record.fields())),
        Type::Tuple(tuple) => format!("tuple<{}>", list(tuple.types().map(|ty| shape(&ty)))),
        Type::Variant(variant) => format!("variant{{{}}}", list(variant.cases().map(|one| case(&one)))),
        Type::Enum(cases) => format!("enum{{{}}}", list(cases.names().map(str::to_owned))),
        Type::Flags(flags) => format!("flags{{{}}}", list(flags.names().map(str::to_owned))),
        Type::Result(result) => format!("result<{},{}>", or_none(result.ok()), or_none(result.err())),
        // The contract has none of the others.
        _ => "a type of no contract".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::{
        Engine,
        component::{Component, types::ComponentItem},
    };

    use super::*;
    use crate::World;

    /// The shape of an imported function of this type; `$r`, `$v`, `$e` and `$f` are named types.
    fn shape_of(function: &str) -> String {
        let text = format!(
            r#"(component
              (type $r0 (record (field "a" string) (field "b" u8))) (import "r" (type $r (eq $r0)))
              (type $v0 (variant (case "a") (case "b" u8))) (import "v" (type $v (eq $v0)))
              (type $e0 (enum "a" "b")) (import "e" (type $e (eq $e0)))
              (type $f0 (flags "a" "b")) (import "f" (type $f (eq $f0)))
              (import "resource" (type $x (sub resource)))
              (import "it" {function}))"#
        );
        let engine = Engine::default();
        let component = Component::new(&engine, wat::parse_str(&text).unwrap()).unwrap();
        let component = component.component_type();
        let it = component.get_import(&engine, "it").unwrap();
        let ComponentItem::ComponentFunc(function) = it.ty else { panic!("{function}") };
        signature(&function)
    }

    #[test]
    fn every_type_of_an_interface_has_a_shape_of_its_own() {
        // (in WAT, as a shape)
        let plain = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"];
        let compound = [
            ("(list u8)", "list<u8>"),
            ("(option string)", "option<string>"),
            ("(tuple u8 string)", "tuple<u8,string>"),
            ("(result)", "result<_,_>"),
            ("(result u8 (error string))", "result<u8,string>"),
            ("$r", "record{a:string,b:u8}"),
            ("$v", "variant{a,b(u8)}"),
            ("$e", "enum{a,b}"),
            ("$f", "flags{a,b}"),
            ("(own $x)", "a type of no contract"),
        ];
        for (wat, shape) in plain.map(|name| (name, name)).into_iter().chain(compound) {
            assert_eq!(
                shape_of(&format!("(func (param \"p\" {wat}) (result {wat}))")),
                format!("func({shape}) -> {shape}")
            );
        }
        assert_eq!(shape_of(r#"(func (param "p" u8) (param "q" char))"#), "func(u8,char) -> ");
    }

    #[test]
    fn every_function_of_a_world_has_a_shape_and_the_first_is_its_own() {
        for (world, first, count) in [
            (World::Personality, "handle", 1),
            (World::EventGenerator, "generate", 1),
            (World::TradingStrategy, "on-candles", 6),
        ] {
            let functions = world.functions();
            assert_eq!((functions[0].0, functions.len()), (first, count));
            assert!(functions.iter().all(|(_, shape)| shape.starts_with("func(") && !shape.contains("  ")));
        }
    }
}
