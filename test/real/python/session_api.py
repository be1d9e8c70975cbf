"""The application behind config/session-api.yaml. It verifies nothing: who reaches it was admitted, and the header names him."""

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/v1/sessions/{session}/stream")
async def stream(socket: WebSocket, session: str):
    await socket.accept()
    await socket.send_json({"session": session, "user": socket.headers.get("x-auth-user")})
    try:
        while True:
            message = await socket.receive_json()
            await socket.send_json({"heard": message["type"]})
    except WebSocketDisconnect:
        pass
