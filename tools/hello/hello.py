#!/usr/bin/env python3
"""The least that a Python bootstrap can be: the Runtime API by the standard library alone.

AWS's own Python runtime client does more than this, so these figures are a lower bound for Python.
"""
import http.client
import os

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", base + "next")
    event = api.getresponse()
    event.read()
    api.request("POST", base + event.headers["lambda-runtime-aws-request-id"] + "/response", b'"hello"')
    api.getresponse().read()
