"""An echo backend made of `websockets`. Says its port, and how each connection ended, on stdout."""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import websockets


async def serve(socket, path):
    try:
        async for message in socket:
            await answer(socket, message)
    except websockets.ConnectionClosedError:
        pass
    await socket.wait_closed()
    name = parse_qs(urlsplit(path).query).get("name", [""])[0]
    say({"name": name, "code": socket.close_code, "reason": socket.close_reason})


async def answer(socket, message):
    if message == "ping":
        await asyncio.wait_for(await socket.ping(b"from the backend"), 10)
        await socket.send("ponged")
    elif isinstance(message, str) and message.startswith("close "):
        _, code, reason = message.split(" ", 2)
        await socket.close(int(code), reason)
    else:
        await socket.send(message)


def say(line):
    print(json.dumps(line), flush=True)


async def main(compression):
    server = await websockets.serve(
        serve,
        "127.0.0.1",
        0,
        subprotocols=["chat.v2"],
        compression=compression,
        max_size=None,
        ping_interval=None,
    )
    say({"port": server.sockets[0].getsockname()[1]})
    await asyncio.Future()


asyncio.run(main("deflate" if sys.argv[1] == "on" else None))
