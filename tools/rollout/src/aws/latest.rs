//! `$LATEST`: what the next version will be. By compare-and-swap, and with a mark while a benchmark has
//! borrowed it.

use std::time::Duration;

use aws_sdk_lambda::{
    Client, client::Waiters, operation::get_function_configuration::GetFunctionConfigurationOutput,
    primitives::Blob,
};
use package::Architecture;

use super::{
    client::explain,
    function::{FunctionError, failed, text},
    mark::{Mark, Target},
};

/// How long Lambda gets to carry out an update.
const PATIENCE: Duration = Duration::from_secs(300);

/// What `$LATEST` is at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    /// Architecture and memory size.
    pub target: Target,
    /// The description: a [`Mark`] while it is borrowed.
    pub description: String,
    /// SHA-256 of its zip, in base64.
    pub code_sha256: String,
    /// Stands for this state in a compare-and-swap.
    pub revision_id: String,
}

impl Latest {
    /// Reads it once no update is under way any more: until then its revision changes by itself.
    ///
    /// # Errors
    /// [`FunctionError`] when AWS does not answer, or an update takes longer than five minutes.
    pub async fn settled(client: &Client, function: &str) -> Result<Self, FunctionError> {
        wait_until_updated(client, function).await?;
        let output = client
            .get_function_configuration()
            .function_name(function)
            .send()
            .await
            .map_err(|error| failed("GetFunctionConfiguration", function, explain(&error)))?;
        Ok(Self::from(&output))
    }

    /// Who has borrowed it.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.description.parse().ok()
    }

    /// Itself, unless a benchmark has borrowed it: what is published then would have the wrong memory
    /// size.
    ///
    /// # Errors
    /// [`FunctionError::Borrowed`].
    pub fn free(self, function: &str) -> Result<Self, FunctionError> {
        match self.mark() {
            None => Ok(self),
            Some(mark) => Err(FunctionError::Borrowed {
                function: function.to_owned(),
                until: mark.until,
            }),
        }
    }

    /// Gives it another memory size and description, unless somebody else has changed it.
    ///
    /// # Errors
    /// [`FunctionError`] when AWS refuses.
    pub async fn configure(
        self,
        client: &Client,
        function: &str,
        memory_mib: u32,
        description: &str,
    ) -> Result<Self, FunctionError> {
        client
            .update_function_configuration()
            .function_name(function)
            .memory_size(i32::try_from(memory_mib).unwrap_or(i32::MAX))
            .description(description)
            .revision_id(self.revision_id)
            .send()
            .await
            .map_err(|error| failed("UpdateFunctionConfiguration", function, explain(&error)))?;
        Self::settled(client, function).await
    }

    /// Gives it the code of a build, likewise.
    ///
    /// # Errors
    /// [`FunctionError`] when AWS refuses.
    pub async fn upload(
        self,
        client: &Client,
        function: &str,
        architecture: Architecture,
        zip: Vec<u8>,
    ) -> Result<Self, FunctionError> {
        client
            .update_function_code()
            .function_name(function)
            .architectures(architecture.as_str().into())
            .zip_file(Blob::new(zip))
            .revision_id(self.revision_id)
            .send()
            .await
            .map_err(|error| failed("UpdateFunctionCode", function, explain(&error)))?;
        Self::settled(client, function).await
    }

    /// Publishes it as it is; gives number and description, which are another version's when Lambda
    /// finds that there is one like it.
    ///
    /// # Errors
    /// [`FunctionError`] when AWS refuses.
    pub async fn publish(
        &self,
        client: &Client,
        function: &str,
        description: &str,
    ) -> Result<(String, String), FunctionError> {
        let output = client
            .publish_version()
            .function_name(function)
            .code_sha256(&self.code_sha256)
            .revision_id(&self.revision_id)
            .description(description)
            .send()
            .await
            .map_err(|error| failed("PublishVersion", function, explain(&error)))?;
        Ok((text(output.version()), text(output.description())))
    }
}

impl From<&GetFunctionConfigurationOutput> for Latest {
    fn from(from: &GetFunctionConfigurationOutput) -> Self {
        let number = |value: Option<i32>| value.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let architecture = from.architectures().first();
        Self {
            target: Target {
                memory_mib: number(from.memory_size()),
                // Functions from before Graviton have no architecture: they are x86_64.
                architecture: architecture
                    .and_then(|architecture| architecture.as_str().parse().ok())
                    .unwrap_or(Architecture::X86_64),
            },
            description: text(from.description()),
            code_sha256: text(from.code_sha256()),
            revision_id: text(from.revision_id()),
        }
    }
}

/// Waits until no update is under way.
async fn wait_until_updated(client: &Client, function: &str) -> Result<(), FunctionError> {
    client
        .wait_until_function_updated_v2()
        .function_name(function)
        .wait(PATIENCE)
        .await
        .map(drop)
        .map_err(|error| failed("update", function, format!("{error}")))
}
