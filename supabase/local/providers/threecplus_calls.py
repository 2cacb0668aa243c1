"""The bodies in which the simulated 3C Plus tells of calls: two webhooks, two shapes, one list."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Sao_Paulo")

COMPANY: dict[str, Any] = {
    "campaigns": [
        {"id": 123, "name": "Cobrança ativa", "paused": False, "start_time": "08:00",
         "end_time": "20:00", "qualification_list": {"id": 5, "name": "Cobrança"}},
        {"id": 124, "name": "Pós-acordo", "paused": True, "start_time": "09:00",
         "end_time": "18:00", "qualification_list": {"id": 5, "name": "Cobrança"}},
    ],
    "agents": [
        {"id": 77, "name": "Otávio (agente)", "extension": 1001, "status": 1},
        {"id": 78, "name": "Olívia (agente)", "extension": 1002, "status": 1},
    ],
    "qualifications": [
        {"id": 31, "name": "Promessa de pagamento", "behavior": 2, "conversion": True},
        {"id": 32, "name": "Retornar", "behavior": 3, "conversion": False},
        {"id": 33, "name": "Pessoa errada", "behavior": 1, "conversion": False},
        {"id": 34, "name": "Caixa postal", "behavior": 3, "conversion": False},
        {"id": 35, "name": "Ligação caiu", "behavior": 3, "conversion": False},
    ],
    "lists": [], "contacts": [], "calls": [], "blacklist": [], "failures": 0,
    "webhook_url": None,
}  # fmt: skip
# What its timer says when an operator says nothing.
TIMED_OUT = {"id": -3, "name": "Tempo de TPA esgotado", "behavior": 3, "conversion": False}

STATUS_TEXT = {
    3: "conectada",
    5: "não atendida",
    6: "abandonada",
    7: "finalizada",
    9: "caixa postal",
}


def local(at: float) -> datetime:
    return datetime.fromtimestamp(at, ZONE)


def connected(call: dict[str, Any]) -> dict[str, Any]:
    """With the operator's own secrets in it, as the real one sends it."""
    agent, contact = call["agent"], call["contact"] or {}
    return {
        "call-was-connected": {
            "agent": {
                "id": agent["id"], "name": agent["name"], "extension": agent["extension"],
                "api_token": "segredo-do-agente", "extension_password": "senha-do-ramal",
            },
            "call": {
                "id": f"call:9:{call['campaign']['id']}:{call['telephony_id']}",
                "telephony_id": call["telephony_id"],
                "phone": f"55{call['phone']}",
                "identifier": contact.get("identifier"),
                "campaign_id": call["campaign"]["id"],
                "company_id": 9,
                "call_mode": call["mode"],
                "status": 3,
                "dialed_time": int(call["at"]),
            },
        }
    }  # fmt: skip


def history(call: dict[str, Any], shape: str) -> dict[str, Any]:
    contact, seconds = call["contact"], int(call["ended_at"] - call["at"])
    told = {
        "_id": call["_id"],
        "telephony_id": call["telephony_id"],
        "sid": "",
        "number": f"55{call['phone']}",
        "phone_type": "mobile",
        "campaign": {"id": call["campaign"]["id"], "name": call["campaign"]["name"]},
        "company": {"id": 9, "name": "Empresa simulada"},
        "list": {"id": (contact or {}).get("list_id", 0), "name": ""},
        "agent": {"id": call["agent"]["id"], "name": call["agent"]["name"]},
        "mailing_data": contact and {
            "identifier": contact["identifier"], "campaign_id": contact["campaign_id"],
            "list_id": contact["list_id"], "phone": f"55{contact['phone']}",
            "data": contact["data"],
        },
        "status": call["status"],
        "call_mode": call["mode"],
        "qualification": call["qualification"] or {"id": 0, "name": ""},
        "qualification_note": "",
        "hangup_cause": 16,
        "recorded": True,
        "call_date": datetime.fromtimestamp(call["at"], UTC).isoformat(),
        "speaking_time": seconds,
        "speaking_with_agent_time": seconds,
        "billed_time": seconds + 1,
    }  # fmt: skip
    if shape == "2024":
        return {"call-history-was-created": told}
    return {
        "call-history-was-created": {
            "callHistory": told,
            "hangupCause": {"id": 16, "text": "Normal", "sip": 200, "color": "green"},
            "qualificationList": {"id": 5, "name": "Cobrança"},
        }
    }


def listed(call: dict[str, Any]) -> dict[str, Any]:
    """A line of GET /calls: other names, durations as HH:MM:SS, the company's own time.

    The connection's id is not among the documented fields.
    """
    seconds = int(call["ended_at"] - call["at"])
    duration = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    told = history(call, "2024")["call-history-was-created"]
    return {
        "id": call["_id"],
        "number": told["number"],
        "call_date": local(call["at"]).strftime("%Y-%m-%d %H:%M:%S"),
        "call_date_rfc3339": local(call["at"]).isoformat(),
        "campaign_id": call["campaign"]["id"],
        "campaign": call["campaign"]["name"],
        "agent": call["agent"]["name"],
        "agent_id": call["agent"]["id"],
        "speaking_time": duration,
        "speaking_with_agent_time": duration,
        "billed_time": duration,
        "qualification": call["qualification"],
        "status_id": call["status"],
        "readable_status_text": STATUS_TEXT.get(call["status"], ""),
        "mode": call["mode"],
        "hangup_cause": 16,
        "mailing_data": told["mailing_data"],
        "recording": "sim",
        "sid": "",
    }
