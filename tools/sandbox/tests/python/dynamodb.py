"""What public bug reports of other emulators say that DynamoDB does, asked of AWS_ENDPOINT_URL with boto3.

One line a check, `ok` or `WRONG`; exit code 1 when anything is wrong. On AWS all are ok.
"""

import os
import sys

import boto3
from botocore.exceptions import ClientError

TABLE = "cases"
VALIDATION = "ValidationException"
client = boto3.client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
wrong = 0


def number(value):
    return {"N": str(value)}


def string(value):
    return {"S": value}


def numbers(**values):
    return {name: number(value) for name, value in values.items()}


def bound(**values):
    """Expression attribute values: `o=1` is `:o`."""
    return {f":{name}": value if isinstance(value, dict) else number(value) for name, value in values.items()}


def check(what, got, expected):
    global wrong
    ok = got == expected
    wrong += not ok
    print("ok   " if ok else "WRONG", what, "" if ok else f": {got!r} instead of {expected!r}")


def put(**attributes):
    client.put_item(TableName=TABLE, Item={"id": string("1"), **attributes})


def item(**options):
    """The item without its key."""
    found = client.get_item(TableName=TABLE, Key={"id": string("1")}, **options).get("Item", {})
    return {name: value for name, value in found.items() if name != "id"}


def code(call, **request):
    """The code of the error that a call ends with, or `accepted`."""
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "accepted"


def update(expression, values=None, names=None, **options):
    """The code of an UpdateItem."""
    if values:
        options["ExpressionAttributeValues"] = values
    if names:
        options["ExpressionAttributeNames"] = names
    return code(client.update_item, TableName=TABLE, Key={"id": string("1")}, UpdateExpression=expression, **options)


def updates(what, before, expression, values, after, names=None):
    """Whether an item is as expected after an update."""
    put(**before)
    update(expression, values, names)
    check(what, item(), after)


def refuses(what, before, expression, values=None, names=None, **options):
    """Whether an update is refused as invalid."""
    put(**before)
    check(what, update(expression, values, names, **options), VALIDATION)


client.create_table(
    TableName=TABLE,
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
)

description = client.describe_table(TableName=TABLE)["Table"]
arn = f"arn:aws:dynamodb:{client.meta.region_name}:000000000000:table/{TABLE}"
check("an ARN has the client's region", description["TableArn"], arn)
client.tag_resource(ResourceArn=arn, Tags=[{"Key": "project", "Value": "cases"}])
check("tags", client.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "project", "Value": "cases"}])
recovery = {"PointInTimeRecoveryEnabled": True}
client.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
backups = client.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
check("point-in-time recovery", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")

letters = {"l": {"L": [string("a"), string("b"), string("c")]}}
updates("SET of an element", letters, "SET l[1] = :v", bound(v=string("X")), {"l": {"L": [string("a"), string("X"), string("c")]}})
updates("REMOVE of an element", letters, "REMOVE l[0]", None, {"l": {"L": [string("b"), string("c")]}})
updates("ADD below an element", {"l": {"L": [{"M": numbers(n=1)}]}}, "ADD l[0].n :o", bound(o=4), {"l": {"L": [{"M": numbers(n=5)}]}})

updates("a newline after SET", numbers(a=0), "SET\n  #a = :a,\n  #b = :b\n", bound(a=1, b=2), numbers(a=1, b=2), {"#a": "a", "#b": "b"})
updates("a tab after SET", numbers(a=0), "SET\ta = :a", bound(a=1), numbers(a=1))
updates("a newline inside ADD", numbers(a=1), "ADD a\n :a", bound(a=1), numbers(a=2))
refuses("SETT is no keyword", numbers(a=0), "SETT a = :a", bound(a=1))
refuses("SET without =", numbers(a=0), "SET a :a", bound(a=1))

updates("right-hand sides see the item as it was: swap", numbers(a=1, b=2), "SET a = b, b = a", None, numbers(a=2, b=1))
updates("the previous value", numbers(a=1), "SET a = a + :o, previous = a", bound(o=1), numbers(a=2, previous=1))
updates("renaming", numbers(a=1), "SET b = a REMOVE a", None, numbers(b=1))
updates("parentheses", numbers(c=5), "SET c = (c - :o)", bound(o=2), numbers(c=3))
updates("if_not_exists and a sum", {}, "SET c = if_not_exists(c, :z) + :o", bound(z=0, o=2), numbers(c=2))
updates("a sum of two if_not_exists", numbers(a=1, b=2), "SET c = if_not_exists(a, :z) + if_not_exists(b, :z)", bound(z=0), numbers(a=1, b=2, c=3))
updates(
    "35 digits are kept",
    {"a": number("12345678901234567890123456789012345")},
    "SET a = a + :o",
    bound(o=1),
    {"a": number("12345678901234567890123456789012346")},
)

refuses("SET into a map that is missing", {}, "SET m.k = :v", bound(v=string("x")))
refuses("SET into a string", {"m": string("text")}, "SET m.k = :v", bound(v=string("x")))
refuses("ADD into a map that is missing", {}, "ADD m.k :v", bound(v=1))

put(m={"M": numbers(a=1, b=2)}, l={"L": [string("x"), string("y")]}, z=string("z"))
check("a projection of paths", item(ProjectionExpression="m.a, l[0]"), {"m": {"M": numbers(a=1)}, "l": {"L": [string("x")]}})
check("a scan's projection", client.scan(TableName=TABLE, ProjectionExpression="m.a")["Items"], [{"m": {"M": numbers(a=1)}}])

updates("a name with a dot", {}, "SET #n = :v", bound(v=1), {"a.b": number(1)}, {"#n": "a.b"})
check("its projection", item(ProjectionExpression="#n", ExpressionAttributeNames={"#n": "a.b"}), {"a.b": number(1)})
check("a condition on it", update("SET x = :v", bound(v=1), {"#n": "a.b"}, ConditionExpression="attribute_exists(#n)"), "accepted")

refuses("a value that is not used", numbers(a=1), "SET a = :v", bound(v=1, unused=2))
refuses("a name that is not used", numbers(a=1), "SET a = :v", bound(v=1), {"#unused": "b"})
refuses("a value that is not defined, in a condition", numbers(a=1), "SET a = :v", bound(v=1), ConditionExpression="a = :typo")
refuses("a name that is not defined", numbers(a=1), "SET #typo = :v", bound(v=1))
check("a value that is not defined, in a filter", code(client.scan, TableName=TABLE, FilterExpression="a = :typo"), VALIDATION)
check("a key of another type", code(client.put_item, TableName=TABLE, Item={"id": number(1)}), VALIDATION)


def conditional(key):
    return {
        "Update": {
            "TableName": TABLE,
            "Key": {"id": string(key)},
            "UpdateExpression": "SET w = :v",
            "ConditionExpression": "v = :v",
            "ExpressionAttributeValues": bound(v=9),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


client.put_item(TableName=TABLE, Item={"id": string("2"), "v": number(1)})
client.put_item(TableName=TABLE, Item={"id": string("3"), "v": number(1)})
try:
    client.transact_write_items(TransactItems=[conditional("2"), conditional("3")])
    reasons = []
except client.exceptions.TransactionCanceledException as error:
    reasons = error.response["CancellationReasons"]
check("both conditions that failed are told", [reason["Code"] for reason in reasons], ["ConditionalCheckFailed"] * 2)
check("with the items", [reason.get("Item", {}).get("id") for reason in reasons], [string("2"), string("3")])
twice = [{"Put": {"TableName": TABLE, "Item": {"id": string("4")}}}, {"Delete": {"TableName": TABLE, "Key": {"id": string("4")}}}]
check("an item twice in a transaction", code(client.transact_write_items, TransactItems=twice), VALIDATION)
missing = [{"Update": {"TableName": TABLE, "Key": {"id": string("2")}, "UpdateExpression": "SET q = not_there + :o", "ExpressionAttributeValues": bound(o=1)}}]
check("a sum with what is missing cancels", code(client.transact_write_items, TransactItems=missing), "TransactionCanceledException")

print(f"{wrong} wrong")
sys.exit(bool(wrong))
