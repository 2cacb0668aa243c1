"""People join by invitation, rise no higher than who invites them, and leave at once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import EMAILS, OTHER_TENANT, TENANT, World, acting, refused, scalar

WaitUntil = Callable[..., Any]


def sign_up(db: psycopg.Connection, email: str, *, confirmed: bool = True) -> UUID:
    user = uuid4()
    db.execute(
        "insert into auth.users (id, email, email_confirmed_at, aud, role, raw_user_meta_data)"
        " values (%s, %s, case when %s then now() end, 'authenticated', 'authenticated',"
        """ '{"name": "Nome Próprio"}')""",
        (user, email, confirmed),
    )
    return user


def roles_of(db: psycopg.Connection, user: UUID) -> list[tuple[object, ...]]:
    return db.execute(
        "select tenant_id, role from public.memberships where user_id = %s and revoked_at is null",
        (user,),
    ).fetchall()


def membership(db: psycopg.Connection, world: World, persona: str) -> UUID:
    return UUID(
        str(
            scalar(
                db,
                "select id from public.memberships where user_id = %s and revoked_at is null",
                world.users[persona],
            )
        )
    )


def test_an_invited_person_joins_at_sign_up(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        db.execute("select public.invite(' Nova@Pessoa.test ', 'supervisor')")
    user = sign_up(db, "nova@pessoa.test")
    assert roles_of(db, user) == [(TENANT, "supervisor")]
    name = "select display_name from public.memberships where user_id = %s"
    assert scalar(db, name, user) == "Nome Próprio"


def test_an_unconfirmed_address_opens_nothing_until_confirmed(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "admin"):
        db.execute("select public.invite('nova@pessoa.test', 'operator')")
    user = sign_up(db, "nova@pessoa.test", confirmed=False)
    assert roles_of(db, user) == []
    db.execute("update auth.users set email_confirmed_at = now() where id = %s", (user,))
    assert roles_of(db, user) == [(TENANT, "operator")]


@pytest.mark.parametrize("how", ["two agencies ask", "by a mail's link"])
def test_who_is_new_joins_no_agency_that_they_did_not_choose(
    db: psycopg.Connection, world: World, how: str
) -> None:
    with acting(db, world, "admin"):
        wanted = scalar(db, "select public.invite('nova@pessoa.test', 'operator')")
    if how == "two agencies ask":
        with acting(db, world, "other_tenant"):
            db.execute("select public.invite('nova@pessoa.test', 'admin')")
    user = sign_up(db, "nova@pessoa.test", confirmed=False)
    if how == "by a mail's link":
        db.execute("update auth.users set invited_at = now() where id = %s", (user,))
    db.execute("update auth.users set email_confirmed_at = now() where id = %s", (user,))
    assert roles_of(db, user) == []
    with acting(db, replace(world, users={"new": user}), "new"):
        told: Any = scalar(db, "select public.my_invitations()")
        assert str(wanted) in [asked["id"] for asked in told]
        db.execute("select public.answer_invitation(%s, true)", (wanted,))
    assert roles_of(db, user) == [(TENANT, "operator")]


@pytest.mark.parametrize(
    "closing",
    ["revoked_at = now()", "expires_at = now() - interval '1 day'", "accepted_at = now()"],
)
def test_a_closed_invitation_opens_nothing(
    db: psycopg.Connection, world: World, closing: str
) -> None:
    with acting(db, world, "admin"):
        db.execute("select public.invite('nova@pessoa.test', 'operator')")
    db.execute(f"update public.invitations set {closing} where email = 'nova@pessoa.test'".encode())
    assert roles_of(db, sign_up(db, "nova@pessoa.test")) == []


def test_nobody_joins_without_an_invitation(db: psycopg.Connection) -> None:
    assert roles_of(db, sign_up(db, "curioso@pessoa.test")) == []


def test_who_already_has_an_account_joins_by_a_word_of_their_own(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "admin"):
        db.execute("select public.invite(%s, 'operator')", (EMAILS["no_membership"],))
    assert roles_of(db, world.users["no_membership"]) == []
    with acting(db, world, "no_membership"):
        told: Any = scalar(db, "select public.my_invitations()")
        [asked] = told
        assert (asked["agency"], asked["role"]) == ("Demo Cobranças", "operator")
        joined = scalar(db, "select public.answer_invitation(%s, true)", asked["id"])
        assert joined == TENANT
        assert scalar(db, "select public.my_invitations()") == []
    assert roles_of(db, world.users["no_membership"]) == [(TENANT, "operator")]


def test_who_works_elsewhere_stays_out_after_a_no_and_after_a_new_address(
    db: psycopg.Connection, world: World
) -> None:
    other = world.users["other_tenant"]
    alone = roles_of(db, other)
    with acting(db, world, "admin"):
        invitation = scalar(db, "select public.invite(%s, 'operator')", EMAILS["other_tenant"])
        db.execute("select public.invite('novo@endereco.test', 'operator')")
    with acting(db, world, "other_tenant"):
        db.execute("select public.answer_invitation(%s, false)", (invitation,))
    with refused("invitation_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.answer_invitation(%s, true)", (invitation,))
    db.execute("update auth.users set email = 'novo@endereco.test' where id = %s", (other,))
    assert roles_of(db, other) == alone
    with acting(db, world, "admin"):
        states = scalar(
            db,
            "select jsonb_object_agg(sent ->> 'email', sent ->> 'state')"
            " from jsonb_array_elements(public.list_people() -> 'invitations') as sent",
        )
    assert states == {EMAILS["other_tenant"]: "declined", "novo@endereco.test": "open"}


@pytest.mark.parametrize("persona", ["operator", "no_membership", "revoked"])
def test_nobody_answers_somebody_elses_invitation(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    with acting(db, world, "admin"):
        invitation = scalar(db, "select public.invite('nova@pessoa.test', 'admin')")
    for accepts in (True, False):
        with refused("invitation_not_found"), acting(db, world, persona):
            db.execute("select public.answer_invitation(%s, %s)", (invitation, accepts))


def test_who_is_invited_for_some_creditors_never_sees_the_others(
    db: psycopg.Connection, world: World
) -> None:
    creditor = scalar(db, "select id from public.creditors where tenant_id = %s limit 1", TENANT)
    invite = "select public.invite('nova@pessoa.test', %s, null, %s::uuid[])"
    for role, limit, code in (
        ("operator", [str(uuid4())], "creditor_not_found"),
        ("operator", [], "creditor_not_found"),
        ("admin", [creditor], "admin_sees_everything"),
    ):
        with refused(code), acting(db, world, "admin"):
            db.execute(invite, (role, limit))
    with acting(db, world, "admin"):
        db.execute(invite, ("operator", [creditor]))
    user = sign_up(db, "nova@pessoa.test")
    own = "select creditor_ids from public.memberships where user_id = %s"
    assert scalar(db, own, user) == [creditor]


def test_nobody_learns_when_a_colleague_worked_for_another_agency(
    db: psycopg.Connection, world: World
) -> None:
    seen = (
        "select person ->> 'last_seen_at' from jsonb_array_elements(public.list_people()"
        " -> 'people') as person where person ->> 'user_id' = %s::text"
    )
    operator = world.users["operator"]
    db.execute("update auth.users set last_sign_in_at = now() where id = %s", (operator,))
    with acting(db, world, "admin"):
        assert scalar(db, seen, operator)
    db.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " values (%s, %s, 'operator', 'Visita')", (OTHER_TENANT, operator),
    )  # fmt: skip
    with acting(db, world, "admin"):
        assert scalar(db, seen, operator) is None


def test_a_second_invitation_replaces_the_first(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        first = scalar(db, "select public.invite('nova@pessoa.test', 'operator')")
        assert scalar(db, "select public.invite('nova@pessoa.test', 'admin')") == first
    assert roles_of(db, sign_up(db, "nova@pessoa.test")) == [(TENANT, "admin")]


def test_a_revoked_invitation_cannot_be_revoked_again(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        invitation = scalar(db, "select public.invite('nova@pessoa.test', 'operator')")
        db.execute("select public.revoke_invitation(%s)", (invitation,))
    with refused("invitation_not_found"), acting(db, world, "admin"):
        db.execute("select public.revoke_invitation(%s)", (invitation,))


@pytest.mark.parametrize("email", ["", "sem-arroba", "a@b", "dois@@x.test"])
def test_what_is_no_address_is_not_invited(
    db: psycopg.Connection, world: World, email: str
) -> None:
    with refused("email_invalid"), acting(db, world, "admin"):
        db.execute("select public.invite(%s, 'operator')", (email,))


def test_a_member_is_not_invited_again(db: psycopg.Connection, world: World) -> None:
    with refused("already_member"), acting(db, world, "admin"):
        db.execute("select public.invite(%s, 'admin')", (EMAILS["operator"],))


def test_a_revoked_person_can_be_invited_again(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        invitation = scalar(db, "select public.invite(%s, 'operator')", EMAILS["revoked"])
    with acting(db, world, "revoked"):
        db.execute("select public.answer_invitation(%s, true)", (invitation,))
    assert roles_of(db, world.users["revoked"]) == [(TENANT, "operator")]


@pytest.mark.parametrize(
    "call",
    [
        "public.invite('nova@pessoa.test', 'operator')",
        "public.set_member_role('{target}', 'admin')",
        "public.revoke_membership('{target}')",
        "public.revoke_invitation('{target}')",
    ],
)
@pytest.mark.parametrize("persona", ["operator", "supervisor", "no_membership", "revoked"])
def test_only_admins_change_the_team(
    db: psycopg.Connection, world: World, persona: str, call: str
) -> None:
    target = membership(db, world, "operator")
    with refused("not_allowed"), acting(db, world, persona):
        db.execute(f"select {call.format(target=target)}".encode())


@pytest.mark.parametrize("call", ["set_member_role('{}', 'operator')", "revoke_membership('{}')"])
def test_an_admin_of_another_agency_finds_nobody_here(
    db: psycopg.Connection, world: World, call: str
) -> None:
    target = membership(db, world, "operator")
    for header in (None, TENANT):
        with pytest.raises(psycopg.Error), acting(db, world, "other_tenant", tenant_id=header):
            db.execute(f"select public.{call.format(target)}".encode())
    assert roles_of(db, world.users["operator"]) == [(TENANT, "operator")]


def test_there_is_no_role_above_admin(db: psycopg.Connection) -> None:
    assert scalar(db, "select enum_last(null::public.member_role)") == "admin"


def test_nobody_gives_a_role_above_their_own(world: World) -> None:
    """Shown with a role that a later issue might add above admin."""
    with psycopg.connect(world.url) as db:
        db.execute("alter type public.member_role add value 'owner'")
        db.commit()
        try:
            with refused("not_allowed"), acting(db, world, "admin"):
                db.execute("select public.invite('nova@pessoa.test', 'owner')")
            with refused("not_allowed"), acting(db, world, "admin"):
                target = membership(db, world, "operator")
                db.execute("select public.set_member_role(%s, 'owner')", (target,))
        finally:
            db.rollback()
            db.execute(
                "delete from pg_enum where enumtypid = 'public.member_role'::regtype"
                " and enumlabel = 'owner'"
            )


def test_an_admin_changes_a_role(db: psycopg.Connection, world: World) -> None:
    target = membership(db, world, "operator")
    with acting(db, world, "admin"):
        db.execute("select public.set_member_role(%s, 'supervisor')", (target,))
    with acting(db, world, "operator"):
        assert scalar(db, "select private.has_role('supervisor')") is True


@pytest.mark.parametrize("call", ["set_member_role('{}', 'operator')", "revoke_membership('{}')"])
def test_the_last_admin_stays(db: psycopg.Connection, world: World, call: str) -> None:
    with refused("last_admin"), acting(db, world, "admin"):
        db.execute(f"select public.{call.format(membership(db, world, 'admin'))}".encode())


def test_an_admin_limits_a_person_to_creditors_and_lifts_it_again(
    db: psycopg.Connection, world: World
) -> None:
    limit = "select public.set_member_scope(%s, %s)"
    seen = "select count(distinct creditor_id) from public.debts"
    [creditor] = db.execute(
        "select creditor_id from public.debts where tenant_id = %s limit 1", (TENANT,)
    ).fetchone() or [None]
    operator, admin = (membership(db, world, persona) for persona in ("operator", "admin"))
    with acting(db, world, "admin"):
        db.execute(limit, (operator, [creditor]))
    with refused("admin_sees_everything"), acting(db, world, "admin"):
        db.execute(limit, (admin, [creditor]))
    with acting(db, world, "operator"):
        assert scalar(db, seen) == 1
        assert scalar(db, "select bool_and(creditor_id = %s) from public.debts", creditor)
    with acting(db, world, "admin"):
        db.execute(limit, (operator, None))
    assert scalar(db, "select creditor_ids from public.memberships where id = %s", operator) is None


def test_two_admins_cannot_remove_each_other_at_once(world: World, wait_until: WaitUntil) -> None:
    """The second waits for the first, and by then is no admin any more."""
    with psycopg.connect(world.url) as db:
        supervisor, admin = (membership(db, world, who) for who in ("supervisor", "admin"))
        db.execute("update public.memberships set role = 'admin' where id = %s", (supervisor,))
    codes: list[str | None] = []

    def demote_first() -> None:
        with psycopg.connect(world.url) as connection:
            try:
                with acting(connection, world, "supervisor"):
                    connection.execute("select public.revoke_membership(%s)", (admin,))
            except psycopg.Error as error:
                codes.append(error.diag.message_primary)

    with psycopg.connect(world.url) as db, psycopg.connect(world.url, autocommit=True) as watch:
        with acting(db, world, "admin"):
            db.execute("select public.set_member_role(%s, 'supervisor')", (supervisor,))
        thread = threading.Thread(target=demote_first)
        thread.start()
        wait_until(lambda: scalar(watch, "select count(*) from pg_locks where not granted"))
        db.commit()
        thread.join(300)
    assert codes == ["not_allowed"]


def test_who_belongs_to_two_agencies_must_say_which(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " values (%s, %s, 'operator', 'Visita')",
        (OTHER_TENANT, world.users["admin"]),
    )
    tenant_and_role = "select private.tenant_id() = %s, private.member_role()"
    with acting(db, world, "admin"):
        assert scalar(db, "select private.tenant_id()") is None
        assert scalar(db, "select jsonb_array_length(public.session_context() -> 'tenants')") == 2
    for tenant, role in ((TENANT, "admin"), (OTHER_TENANT, "operator")):
        with acting(db, world, "admin", tenant_id=tenant):
            assert db.execute(tenant_and_role, (tenant,)).fetchone() == (True, role)


def test_session_context_answers_somebody_who_belongs_nowhere(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "no_membership"):
        context = scalar(db, "select public.session_context()")
    assert isinstance(context, dict)
    assert (context["tenant"], context["tenants"]) == (None, [])
    assert context["user"]["email"] == EMAILS["no_membership"]


def test_session_context_tells_role_and_time(db: psycopg.Connection, world: World) -> None:
    db.execute("update private.clock set shift = '90 minutes'")
    with acting(db, world, "supervisor"):
        context = scalar(db, "select public.session_context()")
    assert isinstance(context, dict)
    assert context["tenant"]["role"] == "supervisor"
    assert context["tenant"]["name"] == "Demo Cobranças"
    assert context["user"]["name"] == "Sônia Supervisora"
    assert context["clock_shifted_seconds"] == 5400


def test_session_context_tells_the_seat_of_this_agency_alone(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from public.dialer_agents")
    db.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " values (%s, %s, 'operator', 'Visita')",
        (OTHER_TENANT, world.users["operator"]),
    )
    db.execute(
        "insert into public.dialer_agents (tenant_id, agent_id, user_id) values (%s, 77, %s)",
        (TENANT, world.users["operator"]),
    )
    for tenant, seat in ((TENANT, {"agent_id": 77, "can_call": False}), (OTHER_TENANT, None)):
        with acting(db, world, "operator", tenant_id=tenant):
            assert scalar(db, "select public.session_context() -> 'seat'") == seat
