"""A backend beside Matchpoint: sessions for its own users, a room with named seats, and a result that counts."""

import asyncio, json, os, sys
from typing import Any, AsyncIterator

from matchpoint_edge import AuthenticatedClient as EdgeClient
from matchpoint_edge.api.rooms import create_room
from matchpoint_edge.api.service import send_room_commands
from matchpoint_edge.models import CreatedRoom, EndRule, NamedSeat, NewRoom, RoomCommandsItem, RoomCommandsItemOp, RoomReplies, Rules
from matchpoint_region import AuthenticatedClient as RegionClient
from matchpoint_region.api.sessions import create_session
from matchpoint_region.models import External, NewExternalSession, TokenPair
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

EDGE, REGION, KEY = os.environ["EDGE"], os.environ["REGION"], os.environ["SERVICE_KEY"]


def session(user: str, name: str) -> TokenPair:
    """Returns a session for a user of this backend. The first one creates the player."""
    body = NewExternalSession(external=External(user=user, name=name))
    session = create_session.sync(client=RegionClient(base_url=REGION, token=KEY), body=body)
    return session if isinstance(session, TokenPair) else sys.exit(f"no session for {user}: {session}")


def room(order: str, players: list[TokenPair]) -> str:
    """Returns a room with a seat for each player, which this backend alone may end. An order has one room, however often it is asked."""
    body = NewRoom(players=[NamedSeat(player=player.player) for player in players], rules=Rules(end=EndRule.NOBODY))
    room = create_room.sync(client=EdgeClient(base_url=EDGE, token=KEY), body=body, idempotency_key=order)
    return room.room if isinstance(room, CreatedRoom) else sys.exit(f"no room: {room}")


def end(room: str, winner: str) -> None:
    """Ends a room with a result. The key makes it safe to repeat."""
    command = RoomCommandsItem(op=RoomCommandsItemOp.END, key="end", body={"winner": winner})
    replies = send_room_commands.sync(client=EdgeClient(base_url=EDGE, token=KEY), room=room, body=[command])
    if not isinstance(replies, RoomReplies) or any(reply.err for reply in replies.replies):
        sys.exit(f"{room} does not end: {replies}")


async def messages(connection: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    """Yields the messages of each frame: one, or an array of them."""
    async for frame in connection:
        message = json.loads(frame)
        for one in message if isinstance(message, list) else [message]:
            yield one


async def play(room: str, player: TokenPair) -> None:
    """Takes the player's seat, and says hello. A player's own program does this; see docs/guides/wire.md."""
    address = EDGE.replace("http", "ws", 1) + f"/v1/rooms/{room}"
    headers = {"authorization": f"Bearer {player.access_token}"}
    async with connect(address, subprotocols=[Subprotocol("matchpoint.v1")], additional_headers=headers) as connection:
        await connection.send(json.dumps({"id": 1, "op": "say", "key": "hello", "body": {"text": "hello"}}))
        async for message in messages(connection):
            if message.get("id") == 1:
                return


async def main() -> None:
    players = [session("42", "Ana"), session("7", "Ben")]
    match = room(sys.argv[1] if len(sys.argv) > 1 else "order-1", players)
    await asyncio.gather(*(play(match, player) for player in players))
    end(match, winner=players[0].player)
    print(match, "ended,", players[0].player, "won", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
