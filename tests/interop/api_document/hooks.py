"""What schemathesis has to know to send a module: its bytes, as they are."""

import schemathesis


@schemathesis.serializer("application/wasm")
def module(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()
