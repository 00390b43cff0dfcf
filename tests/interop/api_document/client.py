"""A client that a foreign program made of the API's document does with a node what its types say: the folder, the address, the key, the
called user."""

import sys

folder, address, key, user = sys.argv[1:]
sys.path.insert(0, folder)

from made import AuthenticatedClient
from made.api.default import end_call, get_call, get_me, list_calls, list_handlers, make_key, place_call, set_route
from made.models import MakeKey, PlaceCall, Problem, Scope, SetRoute, Status
from made.types import Unset

client = AuthenticatedClient(base_url=address, token=key, raise_on_unexpected_status=True)

me = get_me.sync(client=client)
assert me.tenant == "default" and Scope.WRITE in me.scopes, me
handlers = list_handlers.sync(client=client).handlers
assert [handler.name for handler in handlers], handlers
name = handlers[0].name

problem = set_route.sync("200", client=client, body=SetRoute(handler="nobody"))
assert isinstance(problem, Problem) and problem.code == "refused" and problem.field == "handler", problem

reader = make_key.sync(client=client, body=MakeKey(name="reader", scopes=[Scope.READ]))
assert reader.key.startswith("pck_") and reader.scopes == [Scope.READ], reader

placed = place_call.sync(
    client=client, body=PlaceCall.from_dict({"to": {"user": user}, "handler": name, "ring_s": 5}), idempotency_key="once"
)
call = get_call.sync(placed.call, client=client)
assert call.id == placed.call and isinstance(call.status, Status), call
again = place_call.sync(
    client=client, body=PlaceCall.from_dict({"to": {"user": user}, "handler": name, "ring_s": 5}), idempotency_key="once"
)
assert again.call == placed.call, again
page = list_calls.sync(client=client, limit=1)
assert page.calls[0].id == placed.call and isinstance(page.next_cursor, (Unset, str)), page
print("the made client works")
