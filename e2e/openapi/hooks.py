"""Lets schemathesis send the binary form of requests."""

import schemathesis

schemathesis.serializer.alias("application/vnd.iota.serializer-v1", "application/octet-stream")
