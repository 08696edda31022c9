//! Definitions as `.msg` files have them, of ROS 1 and ROS 2: the message's own
//! text, then those of the types it uses, each behind a line of `=` and its name.
//! <http://wiki.ros.org/msg>, <https://docs.ros.org/en/rolling/Concepts/Basic/About-Interfaces.html>

use super::record::{Dialect, PlainType, Shape, Spelled, SpelledField, SpelledType, short_name};

/// The first is the message itself.
pub(super) fn parse(dialect: Dialect, name: &str, text: &str) -> Result<Vec<Spelled>, String> {
    let mut all = vec![Spelled { name: short_name(name), fields: Vec::new() }];
    let mut is_at_name = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if is_separator(line) {
            is_at_name = true;
        } else if let (true, Some(name)) = (is_at_name, line.strip_prefix("MSG:")) {
            is_at_name = false;
            all.push(Spelled { name: short_name(name.trim()), fields: Vec::new() });
        } else if line == "---" {
            parts_of_service(&mut all);
        } else if let Some(of) = all.last_mut() {
            let package = of.name.split('/').next().unwrap_or_default().to_owned();
            let field = field(dialect, &package, line)
                .map_err(|reason| format!("line {}: {reason}", number + 1))?;
            of.fields.extend(field);
        }
    }
    Ok(all)
}

/// What was read so far is a service's request, and its response follows. What
/// ROS 2 records of it is `NAME_Event`, which holds one of them or both.
fn parts_of_service(all: &mut Vec<Spelled>) {
    let Some(of) = all.last_mut() else { return };
    let service = of.name.strip_suffix("_Event").unwrap_or(&of.name).to_owned();
    let part = |part: &str| format!("{service}_{part}");
    let request = Spelled { name: part("Request"), fields: std::mem::take(&mut of.fields) };
    let field = |name: &str, of: String, shape| SpelledField {
        name: name.to_owned(),
        of: SpelledType::Named(of),
        shape,
    };
    of.fields = vec![
        field("info", "service_msgs/ServiceEventInfo".to_owned(), Shape::One),
        field("request", part("Request"), Shape::Sequence),
        field("response", part("Response"), Shape::Sequence),
    ];
    all.extend([request, Spelled { name: part("Response"), fields: Vec::new() }]);
}

fn is_separator(line: &str) -> bool {
    line.len() >= 20 && line.bytes().all(|byte| byte == b'=')
}

/// `None` for empty lines, comments and constants.
fn field(dialect: Dialect, package: &str, line: &str) -> Result<Option<SpelledField>, String> {
    // A `#` in a text constant is cut off here with the rest: nobody reads it.
    let line = line.split('#').next().unwrap_or_default().trim();
    if line.is_empty() {
        return Ok(None);
    }
    let Some((of, rest)) = line.split_once(char::is_whitespace) else {
        return Err(format!("{:?} is no field", shortened(line)));
    };
    let rest = rest.trim_start();
    let name_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let (name, behind) = rest.split_at(name_end.unwrap_or(rest.len()));
    if behind.trim_start().starts_with('=') {
        return Ok(None);
    }
    if name.is_empty() || !(behind.is_empty() || behind.starts_with(char::is_whitespace)) {
        return Err(format!("{:?} is no name of a field", shortened(rest)));
    }
    // Behind the name ROS 2 may have a default.
    let (of, shape) = shape(of)?;
    Ok(Some(SpelledField { name: name.to_owned(), of: type_named(dialect, package, of), shape }))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A type's brackets taken off.
fn shape(of: &str) -> Result<(&str, Shape), String> {
    let Some((name, bound)) = of.strip_suffix(']').and_then(|of| of.rsplit_once('[')) else {
        return Ok((of, Shape::One));
    };
    match bound.strip_prefix("<=").unwrap_or(bound) {
        // At most so many is still as many as come.
        _ if bound.starts_with("<=") => Ok((name, Shape::Sequence)),
        "" => Ok((name, Shape::Sequence)),
        len => match len.parse() {
            Ok(len) => Ok((name, Shape::Array(len))),
            Err(_) => Err(format!("{:?} is no length of an array", shortened(len))),
        },
    }
}

fn type_named(dialect: Dialect, package: &str, name: &str) -> SpelledType {
    // A bound of a text: at most so many is still as many as come.
    let name = name.split_once("<=").map_or(name, |(name, _)| name);
    let plain = match (dialect, name) {
        (_, "bool") => PlainType::Bool,
        (_, "int8") | (Dialect::Ros1, "byte") => PlainType::I8,
        (_, "uint8" | "char") | (Dialect::Ros2, "byte") => PlainType::U8,
        (_, "int16") => PlainType::I16,
        (_, "uint16") => PlainType::U16,
        (_, "int32") => PlainType::I32,
        (_, "uint32") => PlainType::U32,
        (_, "int64") => PlainType::I64,
        (_, "uint64") => PlainType::U64,
        (_, "float32") => PlainType::F32,
        (_, "float64") => PlainType::F64,
        (_, "string") => PlainType::Text,
        (_, "wstring") => PlainType::WideText,
        (Dialect::Ros1, "time") => PlainType::Time,
        (Dialect::Ros1, "duration") => PlainType::Duration,
        (_, "Header") => return SpelledType::Named("std_msgs/Header".to_owned()),
        (_, name) if name.contains('/') => return SpelledType::Named(short_name(name)),
        (_, name) => return SpelledType::Named(format!("{package}/{name}")),
    };
    SpelledType::Plain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `name: fields` of each type, a field as `name type shape`.
    #[track_caller]
    fn check(dialect: Dialect, text: &str, expected: &[&str]) {
        let got: Vec<String> = match parse(dialect, "pkg/msg/Top", text) {
            Ok(all) => all.iter().map(show).collect(),
            Err(reason) => vec![reason],
        };
        assert_eq!(got, expected);
    }

    fn show(spelled: &Spelled) -> String {
        let fields = spelled.fields.iter().map(|field| {
            let shape = match field.shape {
                Shape::One => String::new(),
                Shape::Array(len) => format!("[{len}]"),
                Shape::Sequence => "[]".to_owned(),
            };
            match &field.of {
                SpelledType::Plain(plain) => format!("{} {plain:?}{shape}", field.name),
                SpelledType::Named(name) => format!("{} {name}{shape}", field.name),
            }
        });
        format!("{}: {}", spelled.name, fields.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn fields_and_types() {
        let text = "Header header\nfloat64[36]  cov # row by row\r\n\tPoint[] points\n\
            other/Thing thing\nbyte b\nchar c\ntime t\nduration[] d\n\
            ================================================================================\n\
            MSG: pkg/Point\nfloat32 x\n";
        check(
            Dialect::Ros1,
            text,
            &[
                "pkg/Top: header std_msgs/Header, cov F64[36], points pkg/Point[], \
                 thing other/Thing, b I8, c U8, t Time, d Duration[]",
                "pkg/Point: x F32",
            ],
        );
    }

    #[test]
    fn constants_and_defaults() {
        let text = "uint8 A=1\nstring S = # not a comment, all of it = text\nint32 X = -5\n\
            byte b 7\nint32[] list [1, 2]\nstring<=10 name \"it's\"\nstring<=5[<=3] names\n\
            builtin_interfaces/Time stamp\nbuiltin_interfaces/msg/Duration[2] spans\nfloat32[<=4] few";
        check(
            Dialect::Ros2,
            text,
            &["pkg/Top: b U8, list I32[], name Text, names Text[], \
               stamp builtin_interfaces/Time, spans builtin_interfaces/Duration[2], few F32[]"],
        );
    }

    #[test]
    fn services() {
        let text = "int32 a\n---\nint32 sum\n\
            ================================================================================\n\
            MSG: other/Thing\nbool x\n";
        check(
            Dialect::Ros2,
            text,
            &[
                "pkg/Top: info service_msgs/ServiceEventInfo, request pkg/Top_Request[], \
                 response pkg/Top_Response[]",
                "pkg/Top_Request: a I32",
                "pkg/Top_Response: sum I32",
                "other/Thing: x Bool",
            ],
        );
    }

    #[test]
    fn what_is_no_definition() {
        check(Dialect::Ros2, "int32", &["line 1: \"int32\" is no field"]);
        check(Dialect::Ros2, "int32 ?", &["line 1: \"?\" is no name of a field"]);
        check(Dialect::Ros1, "\nint32[x] a", &["line 2: \"x\" is no length of an array"]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[a-z/\\[\\]<>=#0-9 \\n]{0,200}") {
            let _ = parse(Dialect::Ros1, "a/B", &text);
            let _ = parse(Dialect::Ros2, "a/msg/B", &text);
        }
    }
}
