"""What the description cannot say of a submission.

A key of its own for every one: schemathesis generates the same keys ("0", "!") again and again, and a key that was used for
another document is refused, whatever else the request holds, so that most valid requests would never be looked at. And its
content once, as text or in base64: what the handlers' types give has no word for either.
"""

import itertools
import re

import schemathesis

VALID_KEY = re.compile(r"[!-~]{1,255}")
numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    key = case.headers.get("Idempotency-Key")
    # A key that shall be refused stays as it is.
    if isinstance(key, str) and VALID_KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"schemathesis-{next(numbers)}"
    body = case.body
    if case.method == "POST" and isinstance(body, dict):
        if body.get("content") is not None:
            body.pop("content_base64", None)
        elif body.get("content_base64") is None:
            body["content"] = ""
