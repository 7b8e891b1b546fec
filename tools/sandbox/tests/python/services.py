"""Lambda, DynamoDB and SQS through boto3, one endpoint for all. Usage: services.py ARCHITECTURE"""

import base64
import hashlib
import json
import sys
import urllib.request

import boto3

with open("probe.zip", "rb") as file:
    package = file.read()

lambda_ = boto3.client("lambda")
created = lambda_.create_function(
    FunctionName="probe",
    Runtime="provided.al2023",
    Handler="bootstrap",
    Role="arn:aws:iam::000000000000:role/probe",
    Architectures=[sys.argv[1]],
    Code={"ZipFile": package},
)
sha256 = base64.b64encode(hashlib.sha256(package).digest()).decode()
assert created["CodeSha256"] == sha256, created
lambda_.get_waiter("function_active_v2").wait(FunctionName="probe")
assert lambda_.publish_version(FunctionName="probe", CodeSha256=sha256)["Version"] == "1"
answer = lambda_.invoke(FunctionName="probe", Qualifier="1", Payload=json.dumps({"do": "echo"}))
assert answer["ExecutedVersion"] == "1", answer
assert json.load(answer["Payload"]) == {"do": "echo"}
failed = lambda_.invoke(FunctionName="probe", Payload=json.dumps({"do": "error"}))
assert failed["FunctionError"] == "Unhandled", failed
location = lambda_.get_function(FunctionName="probe")["Code"]["Location"]
with urllib.request.urlopen(location) as download:
    assert download.read() == package
try:
    lambda_.invoke(FunctionName="nobody")
    raise AssertionError("a function that does not exist was invoked")
except lambda_.exceptions.ResourceNotFoundException as error:
    assert error.response["Error"]["Message"].startswith("Function not found: arn:aws:lambda:"), error
try:
    lambda_.invoke(FunctionName="probe", Payload=b'"' + b"x" * (6 << 20) + b'"')
    raise AssertionError("an event of more than 6 MiB was taken")
except lambda_.exceptions.RequestTooLargeException as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 413, error

dynamodb = boto3.client("dynamodb")
dynamodb.create_table(
    TableName="documents",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    BillingMode="PAY_PER_REQUEST",
)
dynamodb.put_item(TableName="documents", Item={"id": {"S": "a"}, "title": {"S": "A"}})
item = dynamodb.get_item(TableName="documents", Key={"id": {"S": "a"}})["Item"]
assert item["title"] == {"S": "A"}, item

sqs = boto3.client("sqs")
queue = sqs.create_queue(QueueName="documents")["QueueUrl"]
sqs.send_message(QueueUrl=queue, MessageBody="hello")
messages = sqs.receive_message(QueueUrl=queue)["Messages"]
assert [message["Body"] for message in messages] == ["hello"], messages
