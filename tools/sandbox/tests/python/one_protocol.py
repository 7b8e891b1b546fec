"""A CloudWatch client that speaks one protocol.

The botocore of today speaks CBOR; with only one protocol left in the service's model it speaks
that one, just as the releases did that knew no other.
"""

import boto3
import botocore.loaders


def cloudwatch(protocol):
    load = botocore.loaders.Loader.load_service_model

    def load_with_one_protocol(self, service, kind, api_version=None):
        model = load(self, service, kind, api_version)
        if service == "cloudwatch" and kind == "service-2":
            model["metadata"]["protocol"] = protocol
            model["metadata"]["protocols"] = [protocol]
        return model

    botocore.loaders.Loader.load_service_model = load_with_one_protocol
    client = boto3.client("cloudwatch")
    assert client.meta.service_model.resolved_protocol == protocol
    return client
