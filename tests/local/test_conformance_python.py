"""The official Python client against the running stack; it speaks realtime protocol 1.0.0."""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import postgrest
import pytest
import realtime
import supabase
import supabase_auth
import supabase_functions

from local_platform import demo
from local_platform.stack import Stack

SignIn = Callable[..., supabase.Client]
SECONDS = 60
PRIVATE: realtime.RealtimeChannelOptions = {
    "config": {"private": True, "broadcast": None, "presence": None}
}


@pytest.fixture
def anonymous(new_client: Callable[[], supabase.Client]) -> supabase.Client:
    return new_client()


@pytest.fixture
def tenant_topic(stack: Stack) -> str:
    with stack.server.connect() as connection:
        row = connection.execute(
            "select 'tenant:' || id from public.tenants where name = %s",
            (next(iter(demo.TENANTS)),),
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_a_person_who_signs_in_has_a_session(sign_in: SignIn) -> None:
    session = sign_in("operador@demo.test").auth.get_session()
    assert session is not None
    assert session.user.email == "operador@demo.test"


def test_a_wrong_password_is_refused(anonymous: supabase.Client) -> None:
    with pytest.raises(supabase_auth.errors.AuthApiError) as refusal:
        anonymous.auth.sign_in_with_password(
            {"email": "operador@demo.test", "password": "errada-123"}
        )
    assert refusal.value.code == "invalid_credentials"


def test_an_address_that_signed_up_cannot_sign_up_again(anonymous: supabase.Client) -> None:
    with pytest.raises(supabase_auth.errors.AuthApiError) as refusal:
        anonymous.auth.sign_up({"email": "operador@demo.test", "password": "outra-senha-123"})
    assert refusal.value.code == "user_already_exists"


def test_a_refreshed_session_reads_on(sign_in: SignIn) -> None:
    client = sign_in("operador@demo.test")
    before = client.auth.get_session()
    client.auth.refresh_session()
    after = client.auth.get_session()
    assert before is not None
    assert after is not None
    assert before.refresh_token != after.refresh_token
    assert client.table("clients").select("id").limit(1).execute().data


def test_after_signing_out_the_refresh_token_is_worthless(
    sign_in: SignIn, anonymous: supabase.Client
) -> None:
    client = sign_in("operador@demo.test")
    session = client.auth.get_session()
    assert session is not None
    client.auth.sign_out()
    with pytest.raises(supabase_auth.errors.AuthApiError):
        anonymous.auth.refresh_session(session.refresh_token)


def test_a_forged_token_is_refused(stack: Stack, sign_in: SignIn) -> None:
    session = sign_in("operador@demo.test").auth.get_session()
    assert session is not None
    header, body, _ = session.access_token.split(".")
    answer = httpx.get(
        f"{stack.settings.url}/rest/v1/clients",
        headers={
            "apikey": stack.settings.secrets.publishable_key,
            "Authorization": f"Bearer {header}.{body}.{'x' * 43}",
        },
    )
    assert answer.status_code == 401


def test_filters_embedding_and_count(sign_in: SignIn) -> None:
    answer = (
        sign_in("operador@demo.test")
        .table("clients")
        .select(
            "id, name, debts!inner(contract, creditors(name))", count=postgrest.CountMethod.exact
        )
        .gt("open_cents", 0)
        .order("name")
        .limit(3)
        .execute()
    )
    assert len(answer.data) == 3
    assert answer.count is not None
    assert answer.count >= 3
    found: list[Any] = answer.data
    assert found[0]["debts"][0]["creditors"]["name"]


def test_insert_update_and_upsert(sign_in: SignIn, notes_table: str) -> None:
    notes = sign_in("operador@demo.test").table(notes_table)
    key = str(uuid.uuid4())
    assert notes.insert({"id": key, "text": "one"}).execute().data == [{"id": key, "text": "one"}]
    assert notes.upsert({"id": key, "text": "two"}).execute().data == [{"id": key, "text": "two"}]
    updated = notes.update({"text": "três"}).eq("id", key).execute()
    assert updated.data == [{"id": key, "text": "três"}]


def test_a_refused_delete_carries_postgress_code(sign_in: SignIn, notes_table: str) -> None:
    with pytest.raises(postgrest.exceptions.APIError) as refusal:
        sign_in("operador@demo.test").table(notes_table).delete().eq("text", "x").execute()
    assert refusal.value.code == "42501"


def test_an_rpc_answers_with_the_caller(sign_in: SignIn) -> None:
    context: Any = sign_in("supervisor@demo.test").rpc("session_context").execute().data
    assert context["user"]["email"] == "supervisor@demo.test"
    assert context["tenant"]["role"] == "supervisor"


def test_an_unknown_rpc_is_a_named_error(sign_in: SignIn) -> None:
    with pytest.raises(postgrest.exceptions.APIError) as refusal:
        sign_in("operador@demo.test").rpc("no_such_function").execute()
    assert refusal.value.code == "PGRST202"


def test_a_function_is_invoked_with_the_callers_token(sign_in: SignIn) -> None:
    client = sign_in("operador@demo.test")
    with pytest.raises(supabase_functions.errors.FunctionsHttpError) as refusal:
        client.functions.invoke("run-automations")
    assert refusal.value.status == 401


def send(stack: Stack, topic: str, event: str, payload: dict[str, Any]) -> None:
    with stack.server.connect() as connection:
        connection.execute(
            "select realtime.send(%s, %s, %s, true)", (json.dumps(payload), event, topic)
        )


async def joined(
    stack: Stack, token: str, topic: str, heard: asyncio.Queue[Any]
) -> tuple[supabase.AsyncClient, realtime.RealtimeSubscribeStates]:
    """A client that tried to join, with the outcome; broadcasts go to `heard`."""
    client = await supabase.acreate_client(
        stack.settings.url, stack.settings.secrets.publishable_key
    )
    await client.realtime.set_auth(token)
    channel = client.channel(topic, PRIVATE)
    channel.on_broadcast("client_changed", heard.put_nowait)
    outcome: asyncio.Future[realtime.RealtimeSubscribeStates] = asyncio.Future()

    def settled(state: realtime.RealtimeSubscribeStates, _: Exception | None) -> None:
        if not outcome.done():
            outcome.set_result(state)

    await channel.subscribe(settled)
    return client, await asyncio.wait_for(outcome, SECONDS)


async def left(client: supabase.AsyncClient) -> None:
    await client.realtime.close()
    await client.auth.close()


def test_a_broadcast_from_the_database_is_heard(
    stack: Stack, sign_in: SignIn, tenant_topic: str
) -> None:
    session = sign_in("operador@demo.test").auth.get_session()
    assert session is not None

    async def listen() -> Any:
        heard: asyncio.Queue[Any] = asyncio.Queue()
        client, state = await joined(stack, session.access_token, tenant_topic, heard)
        assert state is realtime.RealtimeSubscribeStates.SUBSCRIBED
        send(stack, tenant_topic, "client_changed", {"count": 2})
        message = await asyncio.wait_for(heard.get(), SECONDS)
        await left(client)
        return message

    assert asyncio.run(listen())["payload"]["count"] == 2


def test_a_stranger_does_not_join(stack: Stack, sign_in: SignIn, tenant_topic: str) -> None:
    session = sign_in("admin@outra.test").auth.get_session()
    assert session is not None

    async def knock() -> realtime.RealtimeSubscribeStates:
        client, state = await joined(stack, session.access_token, tenant_topic, asyncio.Queue())
        await left(client)
        return state

    assert asyncio.run(knock()) is realtime.RealtimeSubscribeStates.CHANNEL_ERROR
