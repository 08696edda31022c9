//! Definitions in OMG IDL, as far as ROS 2 writes them: structs in modules,
//! typedefs of arrays, enums; constants and annotations are passed over.
//! OMG IDL 4.2; <https://design.ros2.org/articles/idl_interface_definition.html>

use std::collections::HashMap;

use super::record::{PlainType, Shape, Spelled, SpelledField, SpelledType, short_name};

/// In the order of the text.
pub(super) fn parse(text: &str) -> Result<Vec<Spelled>, String> {
    let mut parser =
        Parser { tokens: tokens(text)?, at: 0, scope: Vec::new(), known: HashMap::new() };
    let mut structs = Vec::new();
    parser.definitions(&mut structs)?;
    if parser.at < parser.tokens.len() {
        return Err(format!("{} where a definition was expected", parser.show()));
    }
    structs.into_iter().map(|of| parser.spelled(of)).collect()
}

/// Modules are not nested deeper.
const MAX_SCOPES: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A name with its scopes, or a number.
    Word(&'a str),
    Sign(char),
    Text,
}

/// What a name in a scope stands for.
#[derive(Clone, Debug)]
enum Known<'a> {
    Struct,
    Enum,
    Alias(Type<'a>, Shape),
}

#[derive(Clone, Debug)]
enum Type<'a> {
    Plain(PlainType),
    Named(&'a str),
}

struct Struct<'a> {
    scope: Vec<&'a str>,
    name: &'a str,
    fields: Vec<(&'a str, Type<'a>, Shape)>,
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    scope: Vec<&'a str>,
    /// By full name, scopes joined by `::`.
    known: HashMap<String, Known<'a>>,
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    for (line, number) in code_lines(text).zip(1..) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let len = match first {
                '/' if rest.starts_with("//") => rest.len(),
                '"' | '\'' => {
                    tokens.push(Token::Text);
                    let end = end_of_text(&rest[1..], first);
                    end.ok_or_else(|| format!("line {number}: a text without an end"))? + 1
                }
                c if is_of_word(c) => {
                    let end = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
                    tokens.push(Token::Word(&rest[..end]));
                    end
                }
                sign => {
                    tokens.push(Token::Sign(sign));
                    sign.len_utf8()
                }
            };
            rest = rest[len..].trim_start();
        }
    }
    Ok(tokens)
}

/// Without includes, and without what recordings put between several files.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_comment = false;
    text.lines().map(move |line| {
        if is_comment {
            let Some((_, behind)) = line.split_once("*/") else { return "" };
            is_comment = false;
            return behind;
        }
        let start = line.trim_start();
        if start.starts_with(['#', '=']) || start.starts_with("IDL:") {
            return "";
        }
        match start.strip_prefix("/*") {
            Some(comment) if comment.contains("*/") => {
                comment.split_once("*/").map_or("", |(_, behind)| behind)
            }
            Some(_) => {
                is_comment = true;
                ""
            }
            None => line,
        }
    })
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '+' | '-')
}

/// Behind its last quote, which the text may hold with a backslash.
fn end_of_text(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

impl<'a> Parser<'a> {
    fn definitions(&mut self, structs: &mut Vec<Struct<'a>>) -> Result<(), String> {
        loop {
            self.annotations()?;
            let Some(Token::Word(keyword)) = self.tokens.get(self.at).cloned() else {
                return Ok(());
            };
            self.at += 1;
            match keyword {
                "module" => {
                    let name = self.word("the name of a module")?;
                    if self.scope.len() >= MAX_SCOPES {
                        return Err(format!("modules are nested more than {MAX_SCOPES} deep"));
                    }
                    self.scope.push(name);
                    self.sign('{')?;
                    self.definitions(structs)?;
                    self.sign('}')?;
                    self.scope.pop();
                }
                "struct" => structs.push(self.structure()?),
                "typedef" => {
                    let (of, shape) = self.type_name()?;
                    let name = self.word("the name of a type")?;
                    let shape = self.array(shape)?;
                    self.known.insert(self.full(name), Known::Alias(of, shape));
                }
                "enum" => {
                    let name = self.word("the name of an enum")?;
                    self.known.insert(self.full(name), Known::Enum);
                    self.skip_to(';');
                    continue;
                }
                "const" => {
                    self.skip_to(';');
                    continue;
                }
                other => return Err(format!("{other:?} is not read")),
            }
            if self.peek() == Some(&Token::Sign(';')) {
                self.at += 1;
            }
        }
    }

    fn structure(&mut self) -> Result<Struct<'a>, String> {
        let name = self.word("the name of a struct")?;
        self.known.insert(self.full(name), Known::Struct);
        self.sign('{')?;
        let mut fields = Vec::new();
        loop {
            self.annotations()?;
            if self.peek() == Some(&Token::Sign('}')) {
                self.at += 1;
                let scope = self.scope.clone();
                return Ok(Struct { scope, name, fields });
            }
            let (of, shape) = self.type_name()?;
            loop {
                let name = self.word("the name of a field")?;
                fields.push((name, of.clone(), self.array(shape)?));
                if self.peek() != Some(&Token::Sign(',')) {
                    break;
                }
                self.at += 1;
            }
            self.sign(';')?;
        }
    }

    fn type_name(&mut self) -> Result<(Type<'a>, Shape), String> {
        let name = self.word("a type")?;
        let plain = match name {
            "sequence" => {
                self.sign('<')?;
                let (of, shape) = self.type_name()?;
                if shape != Shape::One {
                    return Err("sequences of arrays are not read".to_owned());
                }
                self.bound()?;
                return Ok((of, Shape::Sequence));
            }
            "unsigned" => match self.word("a type")? {
                "short" => PlainType::U16,
                "long" => self.long(PlainType::U32, PlainType::U64),
                other => return Err(format!("\"unsigned {other}\" is no type")),
            },
            "long" if self.peek() == Some(&Token::Word("double")) => {
                return Err("\"long double\" is not read".to_owned());
            }
            "long" => self.long(PlainType::I32, PlainType::I64),
            "short" | "int16" => PlainType::I16,
            "string" | "wstring" => {
                if self.peek() == Some(&Token::Sign('<')) {
                    self.at += 1;
                    self.bound()?;
                }
                if name == "string" { PlainType::Text } else { PlainType::WideText }
            }
            "boolean" => PlainType::Bool,
            "octet" | "uint8" | "char" => PlainType::U8,
            "wchar" | "uint16" => PlainType::U16,
            "int8" => PlainType::I8,
            "int32" => PlainType::I32,
            "uint32" => PlainType::U32,
            "int64" => PlainType::I64,
            "uint64" => PlainType::U64,
            "float" => PlainType::F32,
            "double" => PlainType::F64,
            name => return Ok((Type::Named(name), Shape::One)),
        };
        Ok((Type::Plain(plain), Shape::One))
    }

    fn long(&mut self, long: PlainType, long_long: PlainType) -> PlainType {
        if self.peek() == Some(&Token::Word("long")) {
            self.at += 1;
            return long_long;
        }
        long
    }

    /// The rest of `sequence<T, 5>`: at most so many is still as many as come.
    fn bound(&mut self) -> Result<(), String> {
        if self.peek() == Some(&Token::Sign(',')) {
            self.at += 1;
        }
        if let Some(Token::Word(_)) = self.peek() {
            self.at += 1;
        }
        self.sign('>')
    }

    fn array(&mut self, shape: Shape) -> Result<Shape, String> {
        if self.peek() != Some(&Token::Sign('[')) {
            return Ok(shape);
        }
        self.at += 1;
        let len = self.word("the length of an array")?;
        let len = len.parse().map_err(|_| format!("{len:?} is no length of an array"))?;
        self.sign(']')?;
        match (shape, self.peek()) {
            (Shape::One, next) if next != Some(&Token::Sign('[')) => Ok(Shape::Array(len)),
            _ => Err("arrays of arrays are not read".to_owned()),
        }
    }

    /// `@verbatim (language="comment", text="…")` and the like.
    fn annotations(&mut self) -> Result<(), String> {
        while self.peek() == Some(&Token::Sign('@')) {
            self.at += 1;
            self.word("the name of an annotation")?;
            if self.peek() == Some(&Token::Sign('(')) {
                self.skip_to(')');
            }
        }
        Ok(())
    }

    fn skip_to(&mut self, sign: char) {
        let rest = &self.tokens[self.at..];
        let len = rest.iter().position(|token| *token == Token::Sign(sign));
        self.at += len.map_or(rest.len(), |len| len + 1);
    }

    fn spelled(&self, of: Struct<'a>) -> Result<Spelled, String> {
        let mut fields = Vec::new();
        for (name, of_type, shape) in of.fields {
            // What ROS 2 puts into messages without fields.
            if name == "structure_needs_at_least_one_member" {
                continue;
            }
            let (of, shape) = self.resolve(&of.scope, of_type, shape)?;
            fields.push(SpelledField { name: name.to_owned(), of, shape });
        }
        let name = of.scope.iter().copied().chain([of.name]).collect::<Vec<_>>().join("::");
        Ok(Spelled { name: short_name(&name), fields })
    }

    fn resolve(
        &self,
        scope: &[&str],
        of: Type<'a>,
        shape: Shape,
    ) -> Result<(SpelledType, Shape), String> {
        let (mut of, mut shape) = (of, shape);
        // An alias of an alias of itself ends here too.
        for _ in 0..MAX_SCOPES {
            let name = match of {
                Type::Plain(plain) => return Ok((SpelledType::Plain(plain), shape)),
                Type::Named(name) => name,
            };
            let name = name.trim_start_matches("::");
            let found = (0..=scope.len()).rev().find_map(|len| {
                let full = scope[..len].iter().copied().chain([name]).collect::<Vec<_>>();
                let full = full.join("::");
                self.known.get(&full).map(|known| (full, known))
            });
            match found {
                Some((_, Known::Alias(alias, alias_shape))) => {
                    shape = match (shape, *alias_shape) {
                        (shape, Shape::One) => shape,
                        (Shape::One, of_alias) => of_alias,
                        _ => return Err("arrays of arrays are not read".to_owned()),
                    };
                    of = alias.clone();
                }
                Some((_, Known::Enum)) => return Ok((SpelledType::Plain(PlainType::U32), shape)),
                Some((full, Known::Struct)) => {
                    return Ok((SpelledType::Named(short_name(&full)), shape));
                }
                None => return Ok((SpelledType::Named(short_name(name)), shape)),
            }
        }
        Err("a typedef stands for itself".to_owned())
    }

    fn full(&self, name: &str) -> String {
        self.scope.iter().copied().chain([name]).collect::<Vec<_>>().join("::")
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn show(&self) -> String {
        match self.peek() {
            Some(Token::Word(word)) => format!("{:?}", word.chars().take(60).collect::<String>()),
            Some(Token::Sign(sign)) => format!("{sign:?}"),
            Some(Token::Text) => "a text".to_owned(),
            None => "the end".to_owned(),
        }
    }

    fn word(&mut self, expected: &str) -> Result<&'a str, String> {
        match self.peek() {
            Some(&Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(format!("{} where {expected} was expected", self.show())),
        }
    }

    fn sign(&mut self, sign: char) -> Result<(), String> {
        if self.peek() != Some(&Token::Sign(sign)) {
            return Err(format!("{} where {sign:?} was expected", self.show()));
        }
        self.at += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let got: Vec<String> = match parse(text) {
            Ok(all) => all.iter().map(|spelled| format!("{spelled:?}")).collect(),
            Err(reason) => vec![reason],
        };
        let got: Vec<&str> = got.iter().map(String::as_str).collect();
        assert_eq!(got, expected);
    }

    fn fields(text: &str) -> String {
        let all = parse(text).unwrap();
        let field = |field: &SpelledField| match &field.of {
            SpelledType::Plain(plain) => format!("{} {plain:?} {:?}", field.name, field.shape),
            SpelledType::Named(name) => format!("{} {name} {:?}", field.name, field.shape),
        };
        let one = |of: &Spelled| {
            format!("{}: {}", of.name, of.fields.iter().map(field).collect::<Vec<_>>().join(", "))
        };
        all.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_ros2_writes() {
        let text = r##"
================================================================================
IDL: pkg/msg/Top
// generated
#include "std_msgs/msg/Header.idl"
module pkg {
  module msg {
    module Top_Constants {
      @verbatim (language="comment", text=
        "one; {two}" "three \" ) four")
      const string NAME = "a # b";
      const uint8 KIND = 3;
    };
    typedef double double__36[36];
    typedef std_msgs::msg::Header Head;
    enum Color { RED, GREEN };
    @verbatim (language="comment", text="x")
    struct Top {
      std_msgs::msg::Header header;
      @unit (value="m")
      @default (value=-1.5e3)
      double__36 covariance;
      Head other;
      unsigned long long big, more;
      sequence<long, 5> few;
      string<10> name;
      sequence<wstring<3>> names;
      Color color; /* not seen */
      sequence<Color> colors;
      Inner inner[2];
    };
    struct Inner { uint8 structure_needs_at_least_one_member; };
  };
};
"##
        .replace(" /* not seen */", "");
        let expected = "pkg/Top: header std_msgs/Header One, covariance F64 Array(36), \
            other std_msgs/Header One, big U64 One, more U64 One, few I32 Sequence, \
            name Text One, names WideText Sequence, color U32 One, colors U32 Sequence, \
            inner pkg/Inner Array(2); pkg/Inner: ";
        assert_eq!(fields(&text), expected);
    }

    #[test]
    fn what_is_no_definition() {
        check("struct A { long a }", &["'}' where ';' was expected"]);
        check("union A switch(long) {};", &["\"union\" is not read"]);
        check("typedef A B; typedef B A; struct C { A a; };", &["a typedef stands for itself"]);
        check("typedef long A[2]; struct C { A a[3]; };", &["arrays of arrays are not read"]);
        check("module a { struct", &["the end where the name of a struct was expected"]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(
            words in proptest::collection::vec(0usize..20, 0..60)
        ) {
            const WORDS: [&str; 20] = ["module", "struct", "a", "b", "{", "}", ";", "typedef",
                "sequence", "<", ">", ",", "long", "[", "]", "3", "@", "(", "\"", "enum"];
            let text: Vec<&str> = words.into_iter().map(|word| WORDS[word]).collect();
            let _ = parse(&text.join(" "));
        }
    }
}
