//! Documents in the real DynamoDB of a sandbox.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use sandbox::testing::Sandbox;
use shared::{
    document::{Content, Document, DocumentId, Root},
    document_store::{Creation, DocumentStore as _, DynamoDocumentStore, NewDocument},
};

/// Name of the table, here and where the function is deployed.
pub const TABLE: &str = "documents";

/// A table of documents and what it stands in.
pub struct Documents {
    pub sandbox: Sandbox,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub store: DynamoDocumentStore,
}

impl Documents {
    /// An empty table in a sandbox of its own.
    pub async fn start() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let dynamodb = aws_sdk_dynamodb::Client::new(&sandbox.sdk_config());
        create_table(&dynamodb).await;
        let store = DynamoDocumentStore::new(&sandbox.sdk_config(), TABLE.parse().unwrap());
        Self {
            sandbox,
            dynamodb,
            store,
        }
    }

    /// A new document; without a claimed root, with its own.
    pub async fn create(&self, content: Vec<u8>, claimed_root: Option<Root>) -> DocumentId {
        create(&self.store, content, claimed_root).await
    }

    /// The document as it is now.
    pub async fn get(&self, id: DocumentId) -> Document {
        self.store.get(id).await.unwrap().unwrap()
    }

    /// Deletes the content and leaves the document, as no code of ours does.
    pub async fn lose_content(&self, id: DocumentId) {
        let delete = self.dynamodb.delete_item().table_name(TABLE);
        let key = AttributeValue::S(format!("content#{id}"));
        delete.key("id", key).send().await.unwrap();
    }
}

/// A new document in any store.
pub async fn create(
    store: &DynamoDocumentStore,
    content: Vec<u8>,
    claimed_root: Option<Root>,
) -> DocumentId {
    let new = NewDocument {
        name: "deed.txt".parse().unwrap(),
        content: Content::try_from(content).unwrap(),
        claimed_root,
        idempotency_key: DocumentId::generate().to_string(),
        fingerprint: [0; 32],
    };
    match store.create(new).await.unwrap() {
        Creation::Created(document) => document.id,
        other => panic!("{other:?}"),
    }
}

async fn create_table(dynamodb: &aws_sdk_dynamodb::Client) {
    let key = KeySchemaElement::builder().attribute_name("id");
    let attribute = AttributeDefinition::builder().attribute_name("id");
    let text = ScalarAttributeType::S;
    dynamodb
        .create_table()
        .table_name(TABLE)
        .key_schema(key.key_type(KeyType::Hash).build().unwrap())
        .attribute_definitions(attribute.attribute_type(text).build().unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}
