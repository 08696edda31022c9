//! Calls of Amazon's services that speak JSON: signed, and made again when the
//! service is busy.
//!
//! Region, endpoint and credentials are found as Amazon's own tools find them:
//! environment, profiles (with roles to assume and single sign-on), web identity,
//! containers, the machine's metadata. Why it is done so and not by the whole SDK:
//! decision 11.
//!
//! Knows no operation of any service.

mod credentials;
mod error;

use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use credentials::Wallet;
pub use error::AwsError;

/// How long one try may take: a receiver of jobs is answered after up to 20 s.
const ANSWER_FOR: Duration = Duration::from_secs(40);

/// How long a call is made again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Before the second try, and at most before any.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A service that takes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsService {
    /// As its hosts and its signatures name it.
    pub name: &'static str,
    /// As the variable of its endpoint names it.
    pub variable: &'static str,
    /// What stands before an operation's name.
    pub target: &'static str,
    /// Of the protocol.
    pub json: &'static str,
}

impl AwsService {
    pub const SQS: AwsService = AwsService {
        name: "sqs",
        variable: "AWS_ENDPOINT_URL_SQS",
        target: "AmazonSQS",
        json: "application/x-amz-json-1.0",
    };
    pub const REKOGNITION: AwsService = AwsService {
        name: "rekognition",
        variable: "AWS_ENDPOINT_URL_REKOGNITION",
        target: "RekognitionService",
        json: "application/x-amz-json-1.1",
    };
    pub const DYNAMODB: AwsService = AwsService {
        name: "dynamodb",
        variable: "AWS_ENDPOINT_URL_DYNAMODB",
        target: "DynamoDB_20120810",
        json: "application/x-amz-json-1.0",
    };
}

/// One service in one region.
#[derive(Debug)]
pub struct AwsClient {
    service: AwsService,
    region: String,
    endpoint: String,
    wallet: Wallet,
    connector: Connector,
}

impl AwsClient {
    /// As the environment says. Fails where no credentials are found.
    pub async fn new(service: AwsService) -> Result<AwsClient, AwsError> {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
        let named = std::env::var(service.variable).ok().filter(|endpoint| !endpoint.is_empty());
        let endpoint = named.or_else(|| config.endpoint_url().map(str::to_owned));
        let region = match (config.region(), &endpoint) {
            (Some(region), _) => region.to_string(),
            // Servers that only speak as Amazon does rarely care.
            (None, Some(_)) => "us-east-1".to_owned(),
            (None, None) => return Err(AwsError::NoRegion),
        };
        let endpoint = endpoint.unwrap_or_else(|| {
            let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
            let domain =
                if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://{}{fips}.{region}.{domain}", service.name)
        });
        let provider = config.credentials_provider().ok_or(AwsError::NoCredentials)?;
        let client = AwsClient::made_of(service, region, endpoint, provider);
        client.wallet.credentials().await?;
        Ok(client)
    }

    /// At a server of a test, which lets everybody in.
    #[cfg(any(test, feature = "testing"))]
    pub fn for_tests(service: AwsService, endpoint: &str) -> AwsClient {
        let credentials = Credentials::new("test", "test", None, None, "test");
        let provider = SharedCredentialsProvider::new(credentials);
        AwsClient::made_of(service, "us-east-1".to_owned(), endpoint.to_owned(), provider)
    }

    fn made_of(
        service: AwsService,
        region: String,
        endpoint: String,
        provider: SharedCredentialsProvider,
    ) -> AwsClient {
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build();
        // The path is always there, and the signature is of it.
        let endpoint = format!("{}/", endpoint.trim_end_matches('/'));
        AwsClient { service, region, endpoint, wallet: Wallet::new(provider), connector }
    }

    /// Calls an operation, `SendMessage` for one, until it succeeds, is refused or
    /// half a minute is over. What is asked may have been done twice.
    pub async fn call(&self, operation: &str, body: &Value) -> Result<Value, AwsError> {
        let until = Instant::now() + PATIENCE;
        let mut longest = PAUSES.0;
        loop {
            let error = match self.call_once(operation, body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Many that were refused together do not come back together.
            let pause = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
            if !error.is_passing() || Instant::now() + pause > until {
                return Err(error);
            }
            sleep(pause).await;
            longest = (longest * 2).min(PAUSES.1);
        }
    }

    /// Calls an operation once: for who has a pace of its own.
    pub async fn call_once(&self, operation: &str, body: &Value) -> Result<Value, AwsError> {
        let text = body.to_string();
        match self.try_once(operation, &text).await {
            Err(error) if error.is_of_credentials() => {
                // They may have been replaced before their time was over.
                self.wallet.forget().await;
                self.try_once(operation, &text).await
            }
            answered => answered,
        }
    }

    /// Where it is asked.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    async fn try_once(&self, operation: &str, body: &str) -> Result<Value, AwsError> {
        let credentials = self.wallet.credentials().await?;
        let request = self.signed(operation, body, credentials)?;
        let answered = async {
            let answer = self.connector.call(request).await.map_err(AwsError::unreachable)?;
            let (status, code) = (
                answer.status().as_u16(),
                answer.headers().get("x-amzn-errortype").map(str::to_owned),
            );
            let body = ByteStream::new(answer.into_body());
            let body = body.collect().await.map_err(AwsError::unreachable)?;
            Ok((status, code, body.into_bytes()))
        };
        let (status, code, body) =
            timeout(ANSWER_FOR, answered).await.map_err(AwsError::unreachable)??;
        if !(200..300).contains(&status) {
            return Err(AwsError::of_answer(status, code.as_deref(), &body));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(AwsError::unreadable)
    }

    fn signed(
        &self,
        operation: &str,
        body: &str,
        credentials: Credentials,
    ) -> Result<Request, AwsError> {
        let target = format!("{}.{operation}", self.service.target);
        let headers = [("content-type", self.service.json), ("x-amz-target", target.as_str())];
        let identity = credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(AwsError::unsigned)?
            .into();
        let body = body.as_bytes();
        let signable = SignableRequest::new(
            "POST",
            self.endpoint.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(body),
        );
        let signed = signable.and_then(|signable| sign(signable, &params));
        let (signature, _) = signed.map_err(AwsError::unsigned)?.into_parts();
        let mut request = Request::new(SdkBody::from(body));
        request.set_method("POST").map_err(AwsError::unsigned)?;
        request.set_uri(self.endpoint.as_str()).map_err(AwsError::unsigned)?;
        for (name, value) in headers.into_iter().chain(signature.headers()) {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
