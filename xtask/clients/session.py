"""Logs a guest in with the generated clients, reads the guest's profile, and opens a room."""

import os

from matchpoint_edge import AuthenticatedClient as EdgeClient
from matchpoint_edge.api.rooms import create_room, get_room
from matchpoint_edge.models import CreatedRoom, NewRoom, RoomSummary, RoomSummaryPhase, Rules
from matchpoint_region import AuthenticatedClient, Client
from matchpoint_region.api.profiles import get_own_profile
from matchpoint_region.api.sessions import create_session
from matchpoint_region.models import Guest, NewGuestSession, Problem, Profile, TokenPair

EDGE, REGION = os.environ["MATCHPOINT_EDGE"], os.environ["MATCHPOINT_REGION"]


def main() -> None:
    guest = NewGuestSession(guest=Guest(name="Ana"))
    session = create_session.sync(client=Client(base_url=REGION), body=guest)
    assert isinstance(session, TokenPair), session

    caller = AuthenticatedClient(base_url=REGION, token=session.access_token)
    profile = get_own_profile.sync(client=caller)
    assert isinstance(profile, Profile), profile
    assert (profile.player, profile.name) == (session.player, "Ana"), profile

    edge = EdgeClient(base_url=EDGE, token=session.access_token)
    # Rules that are left out have their defaults.
    created = create_room.sync(client=edge, body=NewRoom(rules=Rules(spectators=True)))
    assert isinstance(created, CreatedRoom), created
    room = get_room.sync(client=edge, room=created.room)
    assert isinstance(room, RoomSummary), room
    assert (room.room, room.phase) == (created.room, RoomSummaryPhase.OPEN), room

    refused = get_own_profile.sync(client=AuthenticatedClient(base_url=REGION, token="none"))
    assert isinstance(refused, Problem) and refused.code == "token_invalid", refused

    print(f"Python: {profile.name} is {profile.player} and owns {room.room}.")


if __name__ == "__main__":
    main()
