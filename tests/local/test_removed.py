"""Who is removed is out everywhere at once: REST, and the channel that is open."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import supabase

from local_platform.stack import Stack
from tests.local.test_realtime import SECONDS, ask, connected

PASSWORD = "segredo-bom-9"


@pytest.fixture
def guest(
    sign_in: Callable[..., supabase.Client], new_client: Callable[[], supabase.Client]
) -> supabase.Client:
    """Invited to the demo's agency, and signed up."""
    email = f"{uuid.uuid4().hex}@pessoa.test"
    sign_in("admin@demo.test").rpc("invite", {"email": email, "role": "operator"}).execute()
    client = new_client()
    client.auth.sign_up({"email": email, "password": PASSWORD})
    client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    return client


def test_an_open_channel_closes_and_rest_refuses_the_moment_somebody_is_removed(
    stack: Stack, guest: supabase.Client, sign_in: Callable[..., supabase.Client]
) -> None:
    session = guest.auth.get_session()
    assert session is not None
    who: Any = guest.rpc("session_context", {}).execute().data
    topic = f"realtime:tenant:{who['tenant']['id']}"
    join = {"config": {"private": True}, "access_token": session.access_token}
    admin = sign_in("admin@demo.test")
    team: Any = admin.rpc("list_people", {}).execute().data
    [mine] = [
        member["membership_id"]
        for member in team["people"]
        if member["user_id"] == who["user"]["id"]
    ]

    async def listen() -> None:
        async with connected(stack) as ws:
            opened = await ask(ws, "1", "1", topic, "phx_join", join)
            assert opened[4]["status"] == "ok"
            remove = admin.rpc("revoke_membership", {"membership_id": mine})
            await asyncio.to_thread(remove.execute)
            while True:
                frame = await ws.receive_json(timeout=SECONDS)
                assert frame[3] != "broadcast", "nothing more is heard"
                if frame[3] == "phx_close":
                    break
            again = await ask(ws, "2", "2", topic, "phx_join", join)
            assert again[4]["status"] == "error"

    asyncio.run(listen())
    assert guest.table("clients").select("id").execute().data == []
    with pytest.raises(supabase.PostgrestAPIError, match="not_allowed"):
        guest.rpc("list_clients", {}).execute()
