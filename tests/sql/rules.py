"""Rules as an admin makes them, for tests of what they do."""

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg

from tests.sql.personas import World, acting, scalar

PERIOD = ("2026-11-01", "2026-11-30")


def definition(world: World, **more: object) -> dict[str, Any]:
    steps = [{"action": "send_template", "template_id": str(world.ids["template"])}]
    return {"name": "Lembrar", "disposition_type": "voicemail", "steps": steps} | more


def save(db: psycopg.Connection, world: World, rule: UUID, **more: object) -> dict[str, Any]:
    """Answers {id, version, is_enabled}."""
    with acting(db, world, "admin"):
        saved = scalar(
            db, "select public.save_rule(%s, %s)", rule, json.dumps(definition(world, **more))
        )
    assert isinstance(saved, dict)
    return saved


def dry_run(db: psycopg.Connection, world: World, rule: UUID) -> dict[str, Any]:
    with acting(db, world, "supervisor"):
        told = scalar(db, "select public.dry_run_rule(%s, %s, %s)", rule, *PERIOD)
    assert isinstance(told, dict)
    return told


def switch(db: psycopg.Connection, world: World, rule: UUID, on: bool = True) -> None:
    with acting(db, world, "admin"):
        db.execute("select public.set_rule_enabled(%s, %s)", (rule, on))


def only_rule(db: psycopg.Connection, world: World, **more: object) -> UUID:
    """The one rule that is on."""
    db.execute("update public.collection_rules set is_enabled = false")
    save(db, world, rule := uuid4(), **more)
    dry_run(db, world, rule)
    switch(db, world, rule)
    return rule
