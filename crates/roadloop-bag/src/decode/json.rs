//! Messages that are JSON, with or without a schema.
//! <https://json-schema.org/draft/2020-12>, as far as MCAP files use it.

use std::sync::Arc;

use serde_json::{Map, Value as JsonValue};

use super::columns::{ColumnType, Columns, Element, Form, Limit};
use super::value::Value;

#[derive(Debug)]
pub(super) struct Json {
    /// `None` where there is no schema of an object.
    schema: Option<JsonValue>,
}

impl Json {
    /// A schema that cannot be read is as good as none: messages can be read
    /// without.
    pub(super) fn new(encoding: &str, schema: &[u8]) -> Json {
        let parsed = (encoding == "jsonschema").then(|| serde_json::from_slice(schema).ok());
        let is_object = |schema: &JsonValue| schema["properties"].is_object();
        Json { schema: parsed.flatten().filter(is_object) }
    }

    pub(super) fn decode(&self, message: &[u8]) -> Result<Value, String> {
        serde_json::from_slice(message).map(value).map_err(|error| error.to_string())
    }

    pub(super) fn columns(&self, first: &Value, takes_bulk: bool) -> Columns {
        let mut limit = Limit::default();
        let form = match &self.schema {
            Some(schema) => of_schema(schema, &mut limit),
            None => of_value(first, &mut limit),
        };
        Columns::new(&form, takes_bulk)
    }
}

fn value(json: JsonValue) -> Value {
    match json {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(value) => Value::Bool(value),
        JsonValue::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (_, Some(number)) => Value::Uint(number),
            _ => Value::F64(number.as_f64().unwrap_or(f64::NAN)),
        },
        JsonValue::String(text) => Value::Text(text),
        JsonValue::Array(values) => Value::List(values.into_iter().map(value).collect()),
        JsonValue::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, of)| (name.into(), value(of))).collect())
        }
    }
}

fn of_schema(schema: &JsonValue, limit: &mut Limit) -> Form {
    let of = match (schema["type"].as_str(), schema["properties"].as_object()) {
        (_, Some(properties)) => {
            return limit.record(|limit| Form::Record(properties_of(properties, limit)));
        }
        (Some("string"), _) if schema["contentEncoding"] == "base64" => {
            return Form::Bulk(ColumnType::Text);
        }
        (Some("string"), _) => ColumnType::Text,
        (Some("boolean"), _) => ColumnType::Bool,
        (Some("integer"), _) => ColumnType::Int,
        (Some("number"), _) => ColumnType::F64,
        (Some("array"), _) => match schema["items"]["type"].as_str() {
            Some("number") => ColumnType::List(Element::F64),
            Some("integer") => ColumnType::List(Element::Int),
            Some("boolean") => ColumnType::List(Element::Bool),
            Some("string") => ColumnType::List(Element::Text),
            _ => ColumnType::Json,
        },
        _ => ColumnType::Json,
    };
    limit.column(of)
}

fn properties_of(properties: &Map<String, JsonValue>, limit: &mut Limit) -> Vec<(Arc<str>, Form)> {
    let mut fields = Vec::new();
    for (name, schema) in properties {
        if limit.is_reached() {
            break;
        }
        fields.push((name.as_str().into(), of_schema(schema, limit)));
    }
    fields
}

/// Numbers without a fraction may have one in the next message.
fn of_value(value: &Value, limit: &mut Limit) -> Form {
    let of = match value {
        Value::Object(fields) => {
            return limit.record(|limit| {
                let form =
                    |(name, value): &(Arc<str>, Value)| (Arc::clone(name), of_value(value, limit));
                Form::Record(fields.iter().map(form).collect())
            });
        }
        Value::Bool(_) => ColumnType::Bool,
        Value::Int(_) | Value::Uint(_) | Value::F64(_) => ColumnType::F64,
        Value::Text(_) => ColumnType::Text,
        _ => ColumnType::Json,
    };
    limit.column(of)
}
