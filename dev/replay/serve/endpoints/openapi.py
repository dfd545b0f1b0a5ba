"""openapi.json: the description of this API. Splunk has none; tools that read OpenAPI do not know Splunk's manuals."""

from __future__ import annotations

import json

from starlette.responses import Response

from replay.serve.calls import Call, endpoint


@endpoint("GET", "openapi.json", media="json")
def openapi(call: Call) -> Response:
    """What can be asked of this server, as OpenAPI."""
    from replay.serve.description import description  # which reads the endpoints, this one among them

    return Response(json.dumps(description(call.head.api_uri, call.head.hec_uri)), media_type="application/json")
