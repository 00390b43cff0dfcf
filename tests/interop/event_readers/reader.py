"""Reads the events of a node by WebSocket as a page in a browser would, with the key as a subprotocol, until a call is over: the
address, the key. Before that it tries what is refused."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

address, key = sys.argv[1:]
EVENTS = "patchcord.events.v1"


async def refused(status, **how):
    try:
        async with connect(f"ws://{address}/v1/events", **how):
            raise AssertionError(f"{how} is let in")
    except InvalidStatus as why:
        assert why.response.status_code == status, why


async def main():
    await refused(401)
    await refused(401, subprotocols=[EVENTS, "bearer.pck_wrong"])
    await refused(400, subprotocols=[f"bearer.{key}"])
    header = {"Authorization": f"Bearer {key}"}
    async with connect(f"ws://{address}/v1/events", additional_headers=header) as program:
        assert program.subprotocol is None, program.subprotocol
        async with connect(f"ws://{address}/v1/events", subprotocols=[EVENTS, f"bearer.{key}"]) as page:
            assert page.subprotocol == EVENTS, page.subprotocol
            print("reading", flush=True)
            kinds = []
            while not kinds or kinds[-1] != "call-ended":
                event = json.loads(await asyncio.wait_for(page.recv(), 60))
                assert event == json.loads(await asyncio.wait_for(program.recv(), 60)), "both are told the same"
                assert event["call_id"].startswith("call_") and event["handler"], event
                kinds.append(event["event"])
                if kinds[-1] == "leg-answered":
                    await of_the_call(event["call_id"])
            await (await page.ping())
    print(" ".join(kinds), flush=True)


async def of_the_call(call):
    """Its own events end with it; here only that they begin."""
    path = f"ws://{address}/v1/calls/{call}/events"
    async with connect(path, subprotocols=[EVENTS, f"bearer.{key}"]) as reader:
        assert reader.subprotocol == EVENTS


asyncio.run(main())
