//! What a call of a service may come to.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use serde_json::Value;

type BoxError = Box<dyn Error + Send + Sync>;

/// Codes for being asked too much, of all services; they come with status 400.
/// After `THROTTLING_ERRORS` of Amazon's SDK, and `OverLimit` of SQS.
const THROTTLING: [&str; 15] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "OverLimit",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Codes for credentials that were good once, or are not known everywhere yet.
const OF_CREDENTIALS: [&str; 4] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
];

/// Codes for what is over soon, with whatever status.
const PASSING: [&str; 4] =
    ["InternalError", "InternalFailure", "RequestTimeout", "ServiceUnavailable"];

#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    #[error("the region is not known: set AWS_REGION")]
    NoRegion,
    #[error("there are no credentials of Amazon: set AWS_PROFILE, or AWS_ACCESS_KEY_ID")]
    NoCredentials,
    #[error("cannot get credentials of Amazon: {source}")]
    Credentials { source: BoxError },
    #[error("the request cannot be signed: {source}")]
    Unsigned { source: BoxError },
    #[error("the service cannot be reached: {source}")]
    Unreachable { source: BoxError },
    /// Worth another try later, and no sign that the call itself was wrong.
    #[error("the service is asked too much: {code}: {message}")]
    Throttled { code: String, message: String },
    #[error("the service answers with {status} {code}: {message}")]
    Refused { status: u16, code: String, message: String },
    #[error("the answer of the service cannot be read: {source}")]
    Unreadable { source: BoxError },
}

impl AwsError {
    pub(super) fn credentials(error: CredentialsError) -> AwsError {
        match error {
            CredentialsError::CredentialsNotLoaded(_) => AwsError::NoCredentials,
            error => AwsError::Credentials { source: told(&error) },
        }
    }

    pub(super) fn unsigned(source: impl Into<BoxError>) -> AwsError {
        AwsError::Unsigned { source: source.into() }
    }

    pub(super) fn unreachable(source: impl Error) -> AwsError {
        AwsError::Unreachable { source: told(&source) }
    }

    pub(super) fn unreadable(source: impl Into<BoxError>) -> AwsError {
        AwsError::Unreadable { source: source.into() }
    }

    /// What an answer with another status than 200 says. The code is in a header or
    /// in the body, with a namespace before it and sometimes a URL behind it.
    pub(crate) fn of_answer(status: u16, header: Option<&str>, body: &[u8]) -> AwsError {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let of_body = |names: [&str; 2]| names.iter().find_map(|name| body[*name].as_str());
        let code = header.or(of_body(["__type", "code"])).unwrap_or_default();
        let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
        let code = code.split_once(':').map_or(code, |(code, _)| code).to_owned();
        let message = of_body(["message", "Message"]).unwrap_or_default().to_owned();
        if status == 429 || THROTTLING.contains(&code.as_str()) {
            return AwsError::Throttled { code, message };
        }
        AwsError::Refused { status, code, message }
    }

    /// Whether the service is asked too much.
    pub fn is_throttling(&self) -> bool {
        matches!(self, AwsError::Throttled { .. })
    }

    /// Whether the service refused with one of these codes; older servers put words
    /// with dots before them.
    pub fn is_code(&self, codes: &[&str]) -> bool {
        let AwsError::Refused { code, .. } = self else { return false };
        let last = code.rsplit_once('.').map_or(code.as_str(), |(_, last)| last);
        codes.contains(&last)
    }

    pub(super) fn is_of_credentials(&self) -> bool {
        self.is_code(&OF_CREDENTIALS)
    }

    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            AwsError::Refused { status, .. } => *status >= 500 || self.is_code(&PASSING),
            AwsError::Throttled { .. }
            | AwsError::Unreachable { .. }
            | AwsError::Credentials { .. } => true,
            AwsError::NoRegion
            | AwsError::NoCredentials
            | AwsError::Unsigned { .. }
            | AwsError::Unreadable { .. } => false,
        }
    }
}

/// An error with its causes in one line: what clients of HTTP say themselves is
/// often no more than that something failed.
fn told(error: &dyn Error) -> BoxError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.into()
}
