//! Where spans are sent, as the variables of OpenTelemetry name it:
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use super::span::{Span, attributes};
use crate::usage::usage;

/// How long an answer may take, where `OTEL_EXPORTER_OTLP_TIMEOUT` says nothing.
const ANSWER: Duration = Duration::from_secs(10);

/// A collector, or what stands before it.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    url: Url,
    /// Who sends: attributes that hold for all spans.
    resource: Value,
}

/// Why spans were not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether it may go better soon.
    pub(super) is_passing: bool,
}

impl Collector {
    /// The one that the environment names, if it does. An empty variable is none.
    pub(super) fn named(
        worker: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Collector>> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let of_traces = |name: &str| {
            let own = variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
            own.or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let named = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
            let base = variable("OTEL_EXPORTER_OTLP_ENDPOINT")?;
            Some(format!("{}/v1/traces", base.trim().trim_end_matches('/')))
        });
        let Some(named) = named else { return Ok(None) };
        let url =
            Url::parse(named.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| {
            usage("traces go to an http: or https: address; see OTEL_EXPORTER_OTLP_ENDPOINT")
        })?;
        if of_traces("PROTOCOL").is_some_and(|protocol| protocol.trim() == "grpc") {
            return Err(usage(
                "traces are sent by HTTP, and OTEL_EXPORTER_OTLP_PROTOCOL says grpc; \
                 collectors take HTTP at port 4318",
            ));
        }
        let millis = of_traces("TIMEOUT").and_then(|millis| millis.trim().parse().ok());
        let client = Client::builder()
            .timeout(millis.map_or(ANSWER, Duration::from_millis))
            .default_headers(headers(&of_traces("HEADERS").unwrap_or_default())?)
            .build()
            .context("cannot make a client to send traces with")?;
        let name = variable("OTEL_SERVICE_NAME");
        let mut about: Vec<(String, Value)> = vec![
            ("service.name".to_owned(), json!(name.as_deref().unwrap_or("roadloop"))),
            ("service.version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
            ("service.instance.id".to_owned(), json!(worker)),
        ];
        for (key, value) in pairs(&variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()) {
            match about.iter_mut().find(|(known, _)| *known == key) {
                // The variable for it says more than the one for all.
                Some((known, _)) if known == "service.name" && name.is_some() => {}
                Some((_, known)) => *known = json!(value),
                None => about.push((key, json!(value))),
            }
        }
        let resource = json!({"attributes": attributes(&about)});
        Ok(Some(Collector { client, url, resource }))
    }

    /// Sends spans; says how many of them were not taken though the others were.
    pub(super) async fn take(&self, spans: &[Span]) -> Result<u64, Refused> {
        let failed = |error: reqwest::Error| {
            // The address may have a password in it.
            let reason = crate::render::in_words(&error.without_url());
            Refused { reason, is_passing: true }
        };
        let request = self.client.post(self.url.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(self.body(spans));
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            // As the specification has it; everything else would be refused again.
            let is_passing = matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            );
            return Err(Refused { reason: format!("it answered {status}"), is_passing });
        }
        let answer: Value =
            serde_json::from_slice(&response.bytes().await.map_err(failed)?).unwrap_or_default();
        let rejected = &answer["partialSuccess"]["rejectedSpans"];
        let as_text = || rejected.as_str().and_then(|text| text.parse().ok());
        Ok(rejected.as_u64().or_else(as_text).unwrap_or(0))
    }

    fn body(&self, spans: &[Span]) -> String {
        let spans: Vec<Value> = spans.iter().map(Span::to_json).collect();
        let scope = json!({"name": "roadloop", "version": env!("CARGO_PKG_VERSION")});
        json!({"resourceSpans": [{"resource": self.resource,
            "scopeSpans": [{"scope": scope, "spans": spans}]}]})
        .to_string()
    }
}

/// `key=value,key=value`, values encoded as in addresses.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(',').filter_map(|pair| pair.split_once('=')).map(|(key, value)| {
        let decoded = percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy();
        (key.trim().to_owned(), decoded.into_owned())
    })
}

fn headers(text: &str) -> Result<HeaderMap> {
    // Values are not said: they are there to let somebody in.
    let bad = || usage("OTEL_EXPORTER_OTLP_HEADERS is name=value,name=value");
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(text) {
        let name = HeaderName::try_from(name).map_err(|_| bad())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(variables: &[(&str, &str)]) -> Result<Option<Collector>> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Collector::named("one", variable)
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &str) {
        let got = match named(variables) {
            Ok(Some(collector)) => collector.url.to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn variables_say_where() {
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/in");
        check(&[], "none");
        check(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], "none");
        check(&[base], "http://collector:4318/v1/traces");
        check(&[base, own], "https://traces/in");
        check(&[base, ("OTEL_SDK_DISABLED", "true")], "none");
        let bad = "error: traces go to an http: or https: address; see OTEL_EXPORTER_OTLP_ENDPOINT";
        check(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")], bad);
        let grpc = "error: traces are sent by HTTP, and OTEL_EXPORTER_OTLP_PROTOCOL says grpc; \
             collectors take HTTP at port 4318";
        check(&[base, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], grpc);
        let headers = "error: OTEL_EXPORTER_OTLP_HEADERS is name=value,name=value";
        check(&[base, ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret")], headers);
    }

    #[test]
    fn the_resource_is_who_sends() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ("OTEL_SERVICE_NAME", "fleet"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,place=north%20yard"),
        ];
        let resource = named(&variables).unwrap().unwrap().resource.to_string();
        for part in ["\"fleet\"", "\"north yard\"", "\"service.instance.id\"", "\"one\""] {
            assert!(resource.contains(part), "{part} in {resource}");
        }
        assert!(!resource.contains("other"), "{resource}");
        let authorization = headers("Authorization=Bearer%20x, other = y").unwrap();
        assert_eq!(authorization["authorization"], "Bearer x");
        assert_eq!(authorization["other"], "y");
    }
}
