//! Clients of the stores that are not on this machine, made from the environment
//! variables those stores' own tools read.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use url::Url;

/// How long connecting may take.
const CONNECT_FOR: Duration = Duration::from_secs(10);

/// How long one request may take: 8 MB over a slow line.
const REQUEST_FOR: Duration = Duration::from_secs(300);

/// How long is waited for a store, and how often it is asked again, each time
/// after a longer pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Of one request; without one it takes as long as it takes.
    pub(crate) timeout: Option<Duration>,
    pub(crate) tries: usize,
}

impl Patience {
    /// For what is read: some six seconds in all.
    pub(crate) const READING: Patience = Patience { timeout: Some(REQUEST_FOR), tries: 6 };
    /// For what is read from start to end.
    pub(crate) const STREAMING: Patience = Patience { timeout: None, tries: 6 };
    /// For the work of hours.
    pub(crate) const WORKING: Patience = Patience { timeout: Some(REQUEST_FOR), tries: 12 };
}

/// Whether these are buckets that are written to, not only read from.
pub(crate) fn is_bucket(scheme: &str) -> bool {
    matches!(scheme, "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss")
}

/// A client of what `root` names, a bucket, container or server; `None` where
/// nobody answers to the scheme.
pub(crate) fn connect(
    url: &Url,
    root: &str,
    Patience { timeout, tries }: Patience,
) -> Option<object_store::Result<Arc<dyn ObjectStore>>> {
    let options = ClientOptions::new().with_connect_timeout(CONNECT_FOR);
    let options = match timeout {
        Some(timeout) => options.with_timeout(timeout),
        None => options.with_timeout_disabled(),
    };
    let retry = RetryConfig { max_retries: tries, ..RetryConfig::default() };
    fn shared(store: impl ObjectStore) -> Arc<dyn ObjectStore> {
        Arc::new(store)
    }
    Some(match url.scheme() {
        "s3" | "s3a" => {
            let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
            let mut named = names.iter().filter_map(|name| std::env::var(name).ok());
            let endpoint = named.find(|endpoint| !endpoint.is_empty());
            let is_plain = endpoint.as_ref().is_some_and(|text| text.starts_with("http://"));
            let options = options.with_allow_http(is_plain);
            let builder = AmazonS3Builder::from_env().with_client_options(options);
            let builder = match endpoint {
                Some(endpoint) => builder.with_endpoint(endpoint),
                None => builder,
            };
            // Whatever the environment says: without it two writers of a table
            // overwrite each other's commits.
            let builder = builder.with_conditional_put(S3ConditionalPut::ETagMatch);
            builder.with_url(root).with_retry(retry).build().map(shared)
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_client_options(options);
            builder.with_url(root).with_retry(retry).build().map(shared)
        }
        "az" | "azure" | "abfs" | "abfss" => {
            let builder = MicrosoftAzureBuilder::from_env().with_client_options(options);
            builder.with_url(root).with_retry(retry).build().map(shared)
        }
        "http" | "https" => {
            let options = options.with_allow_http(true);
            let builder = HttpBuilder::new().with_client_options(options);
            builder.with_url(root).with_retry(retry).build().map(shared)
        }
        _ => return None,
    })
}
