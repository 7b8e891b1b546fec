//! The queue of documents that wait for their verdict.

use std::future::Future;

use aws_sdk_sqs::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError},
    operation::send_message::SendMessageError,
};
use aws_types::SdkConfig;
use shared::{configuration::HttpUrl, document::DocumentQueued};

/// Where documents are announced to whoever verifies them.
pub trait DocumentQueue: Send + Sync {
    /// Sends the message; once this is `Ok` the queue keeps it until it has been dealt with.
    fn send(&self, message: DocumentQueued) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// Why a message may not be in the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The message has no JSON form.
    #[error("the message cannot be written as JSON")]
    Serialize(#[from] serde_json::Error),
    /// SQS refused it, or did not answer.
    #[error("SendMessage failed: {}", DisplayErrorContext(.0))]
    Send(#[from] Box<SdkError<SendMessageError>>),
}

impl QueueError {
    /// Whether the same call may succeed a moment later: throttling, timeouts, faults of SQS.
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
    /// The queue at `url`, with the connections, retries and limits of `config`. Nothing is sent
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
