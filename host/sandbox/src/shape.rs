//! The shape of an exported function as text, so that a component built against another contract is refused when it
//! is loaded, with both shapes side by side, and not at its first event.

use wasmtime::component::types::{Case, ComponentFunc, Field, Type};

use crate::World;

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

impl World {
    /// The shape of its function.
    pub(crate) const fn signature(self) -> &'static str {
        match self {
            Self::Personality => HANDLE,
            Self::EventGenerator => GENERATE,
            Self::TradingStrategy => "not served",
        }
    }
}

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
