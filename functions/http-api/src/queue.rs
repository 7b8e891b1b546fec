//! The queue of documents to be verified.

use std::future::Future;

use aws_sdk_sqs::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError},
    operation::send_message::SendMessageError,
};
use aws_types::SdkConfig;
use shared::{configuration::HttpUrl, document::DocumentQueued};

/// Sends a message about each stored document to the function that verifies it.
pub trait DocumentQueue: Send + Sync {
    /// Sends the message; after `Ok` the queue keeps it until it is processed.
    fn send(&self, message: DocumentQueued) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// Why a message was perhaps not sent.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The message cannot be written as JSON.
    #[error("the message cannot be written as JSON")]
    Serialize(#[from] serde_json::Error),
    /// SQS refused it, or did not answer.
    #[error("SendMessage failed: {}", DisplayErrorContext(.0))]
    Send(#[from] Box<SdkError<SendMessageError>>),
}

impl QueueError {
    /// Whether the same call may succeed later: throttling, timeouts, errors of SQS.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Send(error) = self else {
            return false;
        };
        match error.as_ref() {
            SdkError::TimeoutError(_)
            | SdkError::DispatchFailure(_)
            | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(context) => {
                context.raw().status().is_server_error()
                    || context.err().is_request_throttled()
                    || context.err().is_kms_throttled()
                    || context
                        .err()
                        .code()
                        .is_some_and(|code| code.contains("Throttl"))
            }
            _ => false,
        }
    }
}

/// An SQS queue.
#[derive(Debug, Clone)]
pub struct SqsDocumentQueue {
    client: Client,
    url: HttpUrl,
}

impl SqsDocumentQueue {
    /// The queue at `url`, with the connections, retries and timeouts of `config`. Nothing is sent
    /// before the first message.
    #[must_use]
    pub fn new(config: &SdkConfig, url: HttpUrl) -> Self {
        Self {
            client: Client::new(config),
            url,
        }
    }
}

impl DocumentQueue for SqsDocumentQueue {
    async fn send(&self, message: DocumentQueued) -> Result<(), QueueError> {
        self.client
            .send_message()
            .queue_url(self.url.as_str())
            .message_body(serde_json::to_string(&message)?)
            .send()
            .await
            .map_err(Box::new)?;
        Ok(())
    }
}
