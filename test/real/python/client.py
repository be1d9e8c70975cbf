"""A WebSocket client that is told what to do: one JSON object a line on stdin, one answer a line on stdout."""

import asyncio
import json
import sys

import websockets

connections = {}


async def open(id, url, protocols=(), compress=True):
    connection = await websockets.connect(
        url,
        subprotocols=protocols or None,
        compression="deflate" if compress else None,
        max_size=None,
        ping_interval=None,
        open_timeout=10,
        close_timeout=10,
    )
    connections[id] = connection
    extensions = [extension.name for extension in connection.extensions]
    return {"protocol": connection.subprotocol or "", "extensions": ", ".join(extensions)}


async def echo(id, kind, size, parts=1):
    payload = text(size) if kind == "text" else bytes(index % 251 for index in range(251)) * (size // 251 + 1)
    payload = payload[:size]
    await connections[id].send(payload if parts == 1 else slices(payload, parts))
    return "same" if await connections[id].recv() == payload else "different"


async def say(id, text):
    await connections[id].send(text)
    return await connections[id].recv()


async def ping(id):
    pong = await connections[id].ping(b"are you there")
    await asyncio.wait_for(pong, 10)
    return "pong"


async def close(id, code, reason=""):
    await connections[id].close(code, reason)
    return seen(connections[id])


async def told(id, text):
    """Sends a text, and waits for the end that it brings."""
    await connections[id].send(text)
    await connections[id].wait_closed()
    return seen(connections[id])


def seen(connection):
    return {"code": connection.close_code, "reason": connection.close_reason}


def text(size):
    return "Grüße " * (size // 6 + 1)


def slices(payload, parts):
    step = len(payload) // parts + 1
    return [payload[at : at + step] for at in range(0, len(payload), step)]


async def answer(number, name, arguments):
    try:
        result = {"result": await asyncio.wait_for(globals()[name](**arguments), 60)}
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"number": number, **result}), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    answers = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.ensure_future(answer(*json.loads(line)))
        answers.add(task)
        task.add_done_callback(answers.discard)


asyncio.run(main())
