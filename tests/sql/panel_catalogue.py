"""What each KPI is made of, written from the definition cards and in their order."""

from collections.abc import Callable

from tests.sql.panel_events import Event


def events(name: str) -> Callable[[list[Event]], int]:
    return lambda found: sum(event.measure == name for event in found)


def clients(name: str) -> Callable[[list[Event]], int]:
    return lambda found: len({e.client for e in found if e.measure == name and e.client})


def amount(name: str) -> Callable[[list[Event]], int]:
    return lambda found: sum(event.amount for event in found if event.measure == name)


Part = Callable[[list[Event]], int]
KPIS: dict[str, tuple[Part, Part | None]] = {
    "attempts": (events("attempt"), None),
    "clients_attempted": (clients("attempt"), None),
    "spin": (events("attempt"), clients("attempt")),
    "answer_rate": (events("alo"), events("voice_attempt")),
    "right_party": (events("right_party"), None),
    "right_party_per_attempt": (events("right_party"), events("voice_attempt")),
    "right_party_per_alo": (events("right_party"), events("alo")),
    "clients_reached": (clients("right_party"), None),
    "wrong_party_rate": (events("wrong_party"), events("alo")),
    "talk_time": (amount("talked"), events("talked")),
    "auto_closed": (events("auto_closed"), events("call")),
    "delivered_rate": (events("message_delivered"), events("message_accepted")),
    "read_rate": (events("message_read"), events("message_delivered")),
    "right_party_written": (events("right_party_written"), None),
    "accepted_rate": (events("right_party_accepted"), events("right_party")),
    "callbacks_in_time": (events("callback_in_time"), events("callback")),
    "wrap_time": (amount("wrapped"), events("talked")),
    "handle_time": (amount("handled"), events("talked")),
    "dispositions": (events("disposition"), None),
    "agreements": (events("agreement"), None),
    "agreed": (amount("agreement"), None),
    "conversion": (clients("agreement"), clients("right_party")),
    "conversion_attempted": (clients("agreement"), clients("attempt")),
    "average_ticket": (amount("agreement"), events("agreement")),
    "discount": (amount("agreement_discount"), amount("agreement_value")),
    "first_payment": (events("agreement_effective"), events("agreement")),
    "kept_rate": (events("agreement_kept"), events("agreement_effective")),
    "finished_rate": (events("agreement_settled"), events("agreement_effective")),
    "broken_rate": (events("agreement_broken"), events("agreement_effective")),
    "lapsed_rate": (events("agreement_lapsed"), events("agreement")),
    "breaks": (events("broke"), None),
    "broken_value": (amount("broke"), None),
    "broken_first": (events("broke_1"), events("broke")),
    "broken_second": (events("broke_2"), events("broke")),
    "broken_third": (events("broke_3"), events("broke")),
    "broken_later": (events("broke_later"), events("broke")),
    **{
        f"discount_{part}": (
            amount(f"agreement_discount_{part}"),
            amount(f"agreement_value_{part}"),
        )
        for part in ("principal", "correction", "interest")
    },
    "received": (amount("payment"), None),
    "payments": (events("payment"), None),
    "payment_ticket": (amount("payment"), events("payment")),
    "promises": (events("promise"), None),
    "promised": (amount("promise"), None),
    "promises_kept": (events("promise_kept"), events("promise")),
    **{
        f"discount_{part}": (
            amount(f"agreement_discount_{part}"),
            amount(f"agreement_value_{part}"),
        )
        for part in ("fine", "fee")
    },
    "cost": (amount("cost"), None),
    "cost_messages": (amount("cost_message"), None),
    "cost_voice": (amount("cost_voice"), None),
    "cost_fixed": (amount("cost_fixed"), None),
    "cost_per_received": (amount("cost"), amount("payment")),
    "cost_per_agreement": (amount("cost"), events("agreement")),
    "cost_per_delivery": (amount("cost_message"), events("message_delivered")),
    "cost_unknown": (events("cost_unknown"), None),
    "outside_hours": (events("outside_hours"), None),
    "over_cap": (events("over_cap"), None),
    "after_opt_out": (events("after_opt_out"), None),
    "phone_hit_rate": (events("phone_hit"), events("phone_tried")),
    "answers": (events("message_answered"), events("message_delivered")),
    "opt_outs": (events("message_opted_out"), events("message_delivered")),
    "failed_rate": (events("message_failed"), events("message_accepted")),
    "failed_number": (events("message_failed_number"), events("message_accepted")),
    "failed_policy": (events("message_failed_policy"), events("message_accepted")),
    "failed_opt_out": (events("message_failed_opt_out"), events("message_accepted")),
    "logged_hours": (amount("logged"), None),
    "productive_hours": (amount("productive"), None),
    "paused_rate": (amount("paused"), amount("logged")),
    "occupancy": (amount("own_handled"), amount("productive")),
    "serving_rate": (amount("serving"), amount("productive")),
    "attempts_per_hour": (events("own_attempt"), amount("productive")),
    "right_party_per_hour": (events("own_right_party"), amount("productive")),
    "agreements_per_hour": (events("own_agreement"), amount("productive")),
    "received_per_hour": (amount("own_payment"), amount("productive")),
    "failed_other": (events("message_failed_other"), events("message_accepted")),
    "cost_per_answer": (amount("cost_message"), events("message_answered")),
}
PER_HOUR = {"attempts_per_hour", "right_party_per_hour", "agreements_per_hour"}
# What is told of a person beside the same of everybody.
OWN = {"attempt", "right_party", "agreement", "payment", "handled"}
# Of the stock's records, told apart (test_panel_stock).
STOCK = {
    "eligible", "balance", "penetration", "localisation", "recovery", "provisional",
    "eligible_titles", "debt_ticket", "entries", "cei", "dso",
}  # fmt: skip
PERCENT = {
    "accepted_rate", "callbacks_in_time",
    "answer_rate", "right_party_per_attempt", "right_party_per_alo", "wrong_party_rate",
    "auto_closed", "delivered_rate", "read_rate", "conversion", "conversion_attempted", "discount",
    "first_payment", "kept_rate", "finished_rate", "broken_rate", "lapsed_rate", "promises_kept",
    "paused_rate", "occupancy", "serving_rate", "broken_first", "broken_second", "broken_third",
    "broken_later", "discount_principal", "discount_correction", "discount_interest",
    "discount_fine", "discount_fee", "phone_hit_rate", "answers", "opt_outs", "failed_rate",
    "failed_number", "failed_policy", "failed_opt_out", "failed_other",
}  # fmt: skip
