"""A key of its own for every submission that schemathesis makes.

It generates the same keys ("0", "!") again and again, and a key that was used for another document
is refused, whatever else the request holds: most valid requests would never be looked at.
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
