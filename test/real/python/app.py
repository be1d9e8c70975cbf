"""A FastAPI app for uvicorn: an echo over WebSocket, and HTTP beside it. Says how each connection ended on stdout."""

import asyncio
import json

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.websocket("/{place}/ws")
async def ws(socket: WebSocket, place: str, name: str = ""):
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocol="chat.v2" if "chat.v2" in offered else None)
    while (message := await socket.receive())["type"] == "websocket.receive":
        text = message.get("text")
        if text is not None and text.startswith("close "):
            _, code, reason = text.split(" ", 2)
            await socket.close(int(code), reason)
            return
        await socket.send({"type": "websocket.send", **{kind: message.get(kind) for kind in ("text", "bytes")}})
    print(json.dumps({"name": name, "code": message["code"], "reason": None}), flush=True)


@app.websocket("/{place}/trusting")
async def trusting(socket: WebSocket, place: str):
    """Does what it is told, and checks nothing."""
    await socket.accept()
    async for text in socket.iter_text():
        order = json.loads(text)
        await socket.send_json({"did": order["type"], "to": order["to"][:10]})


@app.websocket("/{place}/refused")
async def refused(socket: WebSocket, place: str):
    await socket.close()


@app.get("/{place}/headers")
async def headers(request: Request, place: str):
    return {"query": request.url.query, "headers": request.headers.items()}


@app.post("/{place}/upload")
async def upload(request: Request, place: str):
    size, chunks = 0, 0
    async for chunk in request.stream():
        size, chunks = size + len(chunk), chunks + 1
    return {"size": size, "chunks": chunks}


@app.get("/{place}/stream")
async def stream(place: str):
    async def chunks():
        for number in range(3):
            yield f"chunk {number}\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(chunks(), media_type="text/plain")
