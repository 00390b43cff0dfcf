"""Reads an OTLP request in JSON from standard input with OpenTelemetry's own messages, strictly: an unknown field is an
error. Prints one line of JSON for each span. In OTLP's JSON ids are hexadecimal, in protobuf's they are Base64."""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

IDS = ("traceId", "spanId", "parentSpanId")


def as_protobuf(value):
    if isinstance(value, list):
        return [as_protobuf(one) for one in value]
    if not isinstance(value, dict):
        return value
    convert = lambda text: base64.b64encode(bytes.fromhex(text)).decode()
    return {key: convert(one) if key in IDS else as_protobuf(one) for key, one in value.items()}


def attribute(value):
    return getattr(value, value.WhichOneof("value"))


request = trace_service_pb2.ExportTraceServiceRequest()
json_format.ParseDict(as_protobuf(json.load(sys.stdin)), request)
# Through the wire form too: whatever cannot be written is no message.
request = trace_service_pb2.ExportTraceServiceRequest.FromString(request.SerializeToString())
for resource in request.resource_spans:
    service = {one.key: attribute(one.value) for one in resource.resource.attributes}
    for scope in resource.scope_spans:
        for span in scope.spans:
            assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
            assert span.end_time_unix_nano >= span.start_time_unix_nano > 0, span
            line = {
                "service": service["service.name"],
                "trace": span.trace_id.hex(),
                "span": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
                "name": span.name,
                "kind": trace_pb2.Span.SpanKind.Name(span.kind),
                "ms": (span.end_time_unix_nano - span.start_time_unix_nano) // 1_000_000,
                "attributes": {one.key: attribute(one.value) for one in span.attributes},
            }
            print(json.dumps(line))
