"""An agency's first steps are ticked by what happened; invitations and teams live and end."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar

NEW = "d0000000-0000-4000-8000-0000000000ee"


def begin(db: psycopg.Connection, world: World) -> None:
    """An agency without anything, of whoever belonged nowhere; the demo's began long ago."""
    db.execute("insert into public.tenants (id, name) values (%s, 'Recém-aberta')", (NEW,))
    db.execute(
        "insert into public.invitations (tenant_id, email, role)"
        " select %s, email, 'admin' from auth.users where id = %s",
        (NEW, world.users["no_membership"]),
    )
    db.execute(
        "select private.accept_invitation(%s, id) from public.invitations where tenant_id = %s",
        (world.users["no_membership"], NEW),
    )


def told_steps(db: psycopg.Connection, world: World) -> list[dict[str, Any]]:
    with acting(db, world, "no_membership", undo=True):
        told: Any = scalar(db, "select public.first_steps()")
    return list(told["steps"])


def steps(db: psycopg.Connection, world: World) -> dict[str, bool]:
    return {step["key"]: step["is_done"] for step in told_steps(db, world)}


def counted(db: psycopg.Connection, world: World) -> dict[str, tuple[int, int]]:
    return {step["key"]: (step["have"], step["want"]) for step in told_steps(db, world)}


def test_an_empty_agency_has_every_step_before_it(db: psycopg.Connection, world: World) -> None:
    begin(db, world)
    assert steps(db, world) == dict.fromkeys(
        ("providers", "templates", "people", "portfolio", "rule", "disposition", "panel"), False
    )


def test_a_step_is_done_by_the_fact_alone(db: psycopg.Connection, world: World) -> None:
    begin(db, world)
    with acting(db, world, "no_membership"):
        db.execute("select public.invite('nova@pessoa.test', 'operator')")
        db.execute("select public.note_panel_read()")
    db.execute(
        "insert into public.integrations (tenant_id, provider, settings, secret_hint,"
        " webhook_key_hash, test_verdict) values (%s, 'meta', '{}', '1', 'x', 'key_refused')",
        (NEW,),
    )
    assert {key for key, done in steps(db, world).items() if done} == {"people", "panel"}
    db.execute("update public.integrations set test_verdict = 'works' where tenant_id = %s", (NEW,))
    assert counted(db, world)["providers"] == (1, 3)
    # WhatsApp by a second way is no second area.
    for provider in ("gupshup", "threecplus", "negociarie"):
        assert not steps(db, world)["providers"]
        db.execute(
            "insert into public.integrations (tenant_id, provider, settings, secret_hint,"
            " webhook_key_hash, test_verdict) values (%s, %s, '{}', '1', %s, 'works')",
            (NEW, provider, provider),
        )
    assert steps(db, world)["providers"]


def test_ten_clients_are_ten_clients(db: psycopg.Connection, world: World) -> None:
    begin(db, world)
    db.execute(
        "insert into public.clients (tenant_id, document, name)"
        " select %s, '000000000' || lpad(n::text, 2, '0'), 'N ' || n from generate_series(1, 10) n",
        (NEW,),
    )
    dispose = (
        "insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type)"
        " select tenant_id, id, %s, 'voicemail' from public.clients where tenant_id = %s"
        " and document <= %s"
    )
    author = world.users["no_membership"]
    for _ in range(2):
        db.execute(dispose, (author, NEW, "00000000009"))
    assert counted(db, world)["disposition"] == (9, 10)
    db.execute(dispose, (author, NEW, "00000000010"))
    assert steps(db, world)["disposition"]


def test_the_steps_are_nobodys_but_an_admins(db: psycopg.Connection, world: World) -> None:
    db.execute("delete from private.first_steps where tenant_id = %s", (TENANT,))
    for persona in ("operator", "supervisor"):
        with acting(db, world, persona, undo=True):
            assert scalar(db, "select public.first_steps()") is None
        with refused("not_allowed"), acting(db, world, persona):
            db.execute("select public.hide_first_steps()")
    with acting(db, world, "admin", undo=True):
        assert scalar(db, "select public.first_steps()") is not None
        db.execute("select public.hide_first_steps()")
        assert scalar(db, "select public.first_steps()") is None


def test_an_expired_invitation_is_renewed_and_a_revoked_one_is_not(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "admin"):
        invitation = scalar(db, "select public.invite('nova@pessoa.test', 'operator')")
        db.execute("select private.address_invitation(%s)", (invitation,))
        db.execute("select private.note_invitation_mail(%s)", (invitation,))
    with refused("mail_too_soon"), acting(db, world, "admin"):
        db.execute("select private.address_invitation(%s)", (invitation,))
    db.execute("update public.invitations set expires_at = now() - interval '1 day'")
    state = "select private.invitation_state(sent) from public.invitations as sent where id = %s"
    assert scalar(db, state, invitation) == "expired"
    with acting(db, world, "admin"):
        db.execute("select public.renew_invitation(%s)", (invitation,))
        assert scalar(db, "select mailed_at from public.invitations where id = %s", invitation)
    assert scalar(db, state, invitation) == "open"
    with acting(db, world, "admin"):
        db.execute("select public.revoke_invitation(%s)", (invitation,))
    with refused("invitation_not_found"), acting(db, world, "admin"):
        db.execute("select public.renew_invitation(%s)", (invitation,))


def team_of(db: psycopg.Connection, world: World, **said: object) -> str:
    creditor = scalar(db, "select id from public.creditors where tenant_id = %s limit 1", TENANT)
    seated = [str(world.users["operator"])]
    team = {"name": "Manhã", "user_ids": seated, "creditor_ids": [str(creditor)]}
    return json.dumps(team | said)


def sees_everything(db: psycopg.Connection, world: World) -> object:
    with acting(db, world, "operator", undo=True):
        return scalar(db, "select private.sees_everything()")


def test_a_team_that_ended_limits_nobody_and_frees_its_name(
    db: psycopg.Connection, world: World
) -> None:
    team, everything = team_of(db, world), json.dumps({str(world.users["operator"]): None})
    with acting(db, world, "admin"):
        first = scalar(db, "select public.save_team(%s)", team)
        with refused("team_name_taken"), db.transaction():
            db.execute("select public.save_team(%s)", (team,))
    assert not sees_everything(db, world)
    with acting(db, world, "admin"):
        db.execute("select public.archive_team(%s, %s)", (first, everything))
        assert sees_everything(db, world)
    with acting(db, world, "admin"):
        assert scalar(db, "select public.save_team(%s)", team) != first
    with refused("team_not_found"), acting(db, world, "admin"):
        db.execute("select public.archive_team(%s)", (first,))


@pytest.mark.parametrize("change", ["archive", "unseat", "unlimit", "second team"])
def test_nobody_comes_to_see_everything_by_a_change_of_teams_alone(
    db: psycopg.Connection, world: World, change: str
) -> None:
    operator = str(world.users["operator"])
    with acting(db, world, "admin"):
        team = str(scalar(db, "select public.save_team(%s)", team_of(db, world)))

    def do(limits: dict[str, list[str] | None]) -> None:
        with acting(db, world, "admin"):
            if change == "archive":
                db.execute("select public.archive_team(%s, %s)", (team, json.dumps(limits)))
                return
            said: dict[str, dict[str, object]] = {
                "unseat": {"id": team, "user_ids": []},
                "unlimit": {"id": team, "creditor_ids": None},
                "second team": {"name": "Tarde", "creditor_ids": None},
            }
            asked = team_of(db, world, **said[change], limits=limits)
            db.execute("select public.save_team(%s)", (asked,))

    with pytest.raises(psycopg.Error) as caught:
        do({})
    assert caught.value.diag.message_primary == "team_limits_people"
    assert json.loads(caught.value.diag.message_detail or "") == [operator]
    assert not sees_everything(db, world)
    kept = json.loads(team_of(db, world))["creditor_ids"]
    do({operator: kept})
    assert not sees_everything(db, world)
    own = "select creditor_ids from public.memberships where user_id = %s and revoked_at is null"
    assert [str(each) for each in scalar(db, own, operator) or []] == kept  # type: ignore[attr-defined]


def test_who_has_a_limit_of_their_own_or_of_another_team_is_not_asked_about(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "admin"):
        first = scalar(db, "select public.save_team(%s)", team_of(db, world))
        second = scalar(db, "select public.save_team(%s)", team_of(db, world, name="Tarde"))
        db.execute("select public.archive_team(%s)", (first,))
    assert not sees_everything(db, world)
    db.execute(
        "update public.memberships set creditor_ids = (select creditor_ids from public.teams"
        " where id = %s) where user_id = %s", (second, world.users["operator"]),
    )  # fmt: skip
    with acting(db, world, "admin"):
        db.execute("select public.archive_team(%s)", (second,))
    assert not sees_everything(db, world)


def test_colleagues_read_the_name_that_somebody_chose(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "operator"):
        db.execute("select public.rename_me(' Otávio Lima ')")
    with acting(db, world, "admin"):
        people: Any = scalar(db, "select public.list_people() -> 'people'")
    assert "Otávio Lima" in {member["name"] for member in people}
    with refused("field_invalid"), acting(db, world, "operator"):
        db.execute("select public.rename_me('  ')")
