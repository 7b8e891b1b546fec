//! Credentials that may be renewed while a rollout is under way.
//!
//! The SDK reads a profile once and keeps what it found, so that a rollout of an hour would end with
//! its first session even if somebody renews it in time. Here credentials are asked for anew, from
//! the files on, when they are about to expire and whenever AWS has refused a request.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::{
    Region, default_provider::credentials::DefaultCredentialsChain,
    environment::EnvironmentVariableCredentialsProvider,
    meta::credentials::CredentialsProviderChain, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, future},
};
use aws_sdk_lambda::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
};

use crate::aws::http_client;

/// A request that is sent with less time left may come too late.
const LEAST_LEFT: Duration = Duration::from_secs(60);

/// Where credentials come from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The profile, unless it is the default one.
    pub(crate) profile: Option<String>,
    /// The region of STS and SSO.
    pub(crate) region: Option<Region>,
    /// A sandbox takes any credentials: whoever has none need not make some up, nor wait for the
    /// instance metadata.
    pub(crate) sandbox: bool,
}

/// Credentials as they are now. Clones share what they hold.
#[derive(Clone)]
pub(crate) struct Renewed {
    source: Source,
    held: Arc<Mutex<Option<Credentials>>>,
}

impl fmt::Debug for Renewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewed")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Renewed {
    /// Nothing is read yet.
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            held: Arc::default(),
        }
    }

    async fn credentials(&self) -> provider::Result {
        if let Some(credentials) = self.hold(|held| held.clone().filter(lasts)) {
            return Ok(credentials);
        }
        let credentials = self.source.read().await?;
        self.hold(|held| *held = Some(credentials.clone()));
        Ok(credentials)
    }

    fn hold<T>(&self, change: impl FnOnce(&mut Option<Credentials>) -> T) -> T {
        change(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// Forgets what AWS has refused.
impl Intercept for Renewed {
    fn name(&self) -> &'static str {
        "Renewed"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Which of them an expired token gets depends on the protocol.
        if matches!(context.response().status().as_u16(), 400 | 401 | 403) {
            self.hold(|held| *held = None);
        }
        Ok(())
    }
}

fn lasts(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_none_or(|expiry| SystemTime::now() + LEAST_LEFT < expiry)
}

impl Source {
    /// Builds the chain anew: the SDK's own providers keep what they have read.
    async fn read(&self) -> provider::Result {
        if self.sandbox {
            return self.for_sandbox().provide_credentials().await;
        }
        let config = ProviderConfig::without_region()
            .with_region(self.region.clone())
            .with_http_client(http_client());
        let mut chain = DefaultCredentialsChain::builder()
            .configure(config)
            .region(self.region.clone());
        if let Some(profile) = &self.profile {
            chain = chain.profile_name(profile);
        }
        chain.build().await.provide_credentials().await
    }

    fn for_sandbox(&self) -> CredentialsProviderChain {
        let mut profile = ProfileFileCredentialsProvider::builder()
            .configure(&ProviderConfig::empty().with_http_client(http_client()));
        if let Some(name) = &self.profile {
            profile = profile.profile_name(name);
        }
        let environment = EnvironmentVariableCredentialsProvider::new();
        CredentialsProviderChain::first_try("Environment", environment)
            .or_else("Profile", profile.build())
            .or_else(
                "Sandbox",
                Credentials::new("sandbox", "sandbox", None, None, "sandbox"),
            )
    }
}
