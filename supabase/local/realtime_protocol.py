"""Phoenix frames as supabase-js (2.0.0, arrays) and supabase-py (1.0.0, objects) speak them."""

import json
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Frame:
    """One message; `join_ref` ties it to one joining of a channel, `ref` a reply to its request."""

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: dict[str, Any]

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read either form; ValueError for anything else."""
        message = json.loads(text)
        if isinstance(message, dict):
            parts = [message.get(k) for k in ("join_ref", "ref", "topic", "event", "payload")]
        elif isinstance(message, list) and len(message) == 5:
            parts = message
        else:
            raise ValueError("neither an object nor an array of five")
        join_ref, ref, topic, event, payload = parts
        if not isinstance(topic, str) or not isinstance(event, str):
            raise ValueError("topic and event are text")  # noqa: TRY004 - wire data, not a type error of ours
        return cls(join_ref, ref, topic, event, payload if isinstance(payload, dict) else {})

    def encode(self, version: str) -> str:
        if version == "1.0.0":
            return json.dumps(
                {
                    "topic": self.topic,
                    "event": self.event,
                    "payload": self.payload,
                    "ref": self.ref,
                    "join_ref": self.join_ref,
                }
            )
        return json.dumps([self.join_ref, self.ref, self.topic, self.event, self.payload])

    def reply(self, status: str, response: dict[str, Any]) -> "Frame":
        payload = {"status": status, "response": response}
        return Frame(self.join_ref or self.ref, self.ref, self.topic, "phx_reply", payload)


def broadcast(topic: str, event: str, payload: Any, message_id: str) -> Frame:
    body = {"type": "broadcast", "event": event, "payload": payload, "meta": {"id": message_id}}
    return Frame(None, None, topic, "broadcast", body)


def system_error(topic: str, message: str) -> Frame:
    """What precedes the closing of a channel: why."""
    name = topic.removeprefix("realtime:")
    payload = {"channel": name, "extension": "system", "message": message, "status": "error"}
    return Frame(None, None, topic, "system", payload)
