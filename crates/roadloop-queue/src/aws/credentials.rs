//! Credentials, kept until shortly before they expire.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::AwsError;

/// How long before their end new ones are asked for: clocks differ, and calls last.
const BEFORE_THE_END: Duration = Duration::from_secs(60);

/// How long those are kept that name no end: profiles are edited by people.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);

#[derive(Debug)]
pub(super) struct Wallet {
    provider: SharedCredentialsProvider,
    /// With the time until which they are used. Who finds none asks for all.
    kept: Mutex<Option<(Credentials, SystemTime)>>,
}

impl Wallet {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Wallet {
        Wallet { provider, kept: Mutex::new(None) }
    }

    pub(super) async fn credentials(&self) -> Result<Credentials, AwsError> {
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, until)) = &*kept
            && now < *until
        {
            return Ok(credentials.clone());
        }
        let found = self.provider.provide_credentials().await;
        let credentials = found.map_err(AwsError::credentials)?;
        let until = match credentials.expiry() {
            Some(end) => end - BEFORE_THE_END,
            None => now + KEPT_FOR,
        };
        *kept = Some((credentials.clone(), until));
        Ok(credentials)
    }

    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}
