"""3C Plus on one machine: campaigns, lists, calls that reach an operator, and its webhooks.

Each company is a host under which its API answers: /{host}/api/v1/…. `/` lets one make a call;
`/_control` is for tests and the stack:

    PUT  /_control/companies/{host}  {"tokens": {token: "manager" | "agent"}, "webhook_url",
                                      "campaigns": […], "agents": […], "blacklist": [phone]}
    POST /_control/call       {"host", "agent_id", "phone"?, "identifier"?} connects one of its
                              contacts (or that number) to the agent → {"telephony_id"}
    POST /_control/hangup     {"telephony_id", "qualification_id"?, "status"?}
    POST /_control/misbehave  {"do": "answer" | "hang" | "reset", "accept": false, "on": kind,
                               "status", "body", "retry_after", "times": 1}; kinds as in ROUTES
    PUT  /_control/habits     any of HABITS below
    GET  /_control/state?host=…   {"lists", "contacts", "calls", "webhook", "counts", "habits"}

A webhook that failed 50 times in a row is switched off; PUT of the company switches it on again.
"""

import asyncio
import json
import secrets
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from local_platform.providers import Platform
from local_platform.providers import threecplus_calls as shapes
from local_platform.providers.threecplus_answers import error, misbehave, paged
from local_platform.providers.threecplus_lists import Lists

ANSWER_SECONDS = 0.02  # long enough for callers to die in
SAVED_CONTACTS = 20_000  # above, the file of every call would be the work
DISABLED_AFTER = 50  # failures in a row switch a webhook off, as documented

HABITS: dict[str, Any] = {
    "shape": "2025",  # or "2024": the history without callHistory around it
    "copies": 1,  # 2 tells every event twice
    "silent": False,  # tell nothing: only GET /calls knows
    "sync": True,  # False: mailing_sync.json is gone (404)
    "page_size": 15,
}
Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.Response]]


class ThreeCPlus(Lists):
    """The simulated dialer. What it was given survives a restart, as a real provider's does."""

    def __init__(self, data_folder: Path) -> None:
        data_folder.mkdir(parents=True, exist_ok=True)
        self.file = data_folder / "simulator_threecplus.json"
        self.companies: dict[str, dict[str, Any]] = {}
        if self.file.exists():
            self.companies = json.loads(self.file.read_text())
        self.habits = dict(HABITS)
        self.moods: deque[dict[str, Any]] = deque()
        self.counts: Counter[str] = Counter()
        self.told: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def save(self) -> None:
        held = sum(len(company["contacts"]) for company in self.companies.values())
        if held < SAVED_CONTACTS:
            self.file.write_text(json.dumps(self.companies))

    # --- the documented API -------------------------------------------------------------

    def call(self, kind: str, handler: Handler, is_agents: bool = False) -> Any:
        """Count it, refuse it as documented, misbehave if told to, else answer."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.counts[kind] += 1
            mood = next((mood for mood in self.moods if mood["on"] == kind), None)
            if mood:
                self.moods.remove(mood)
            company = self.companies.get(request.match_info["host"])
            refusal = self.refusal(request, company, is_agents)
            if mood and not mood.get("accept"):
                return await misbehave(request, mood)
            done = refusal or await handler(request, company or {})
            self.save()
            await asyncio.sleep(ANSWER_SECONDS)  # done, and not told yet
            return await misbehave(request, mood) if mood else done

        return answer

    def refusal(
        self, request: web.Request, company: dict[str, Any] | None, is_agents: bool
    ) -> web.Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = request.query.get("api_token", token)
        role = (company or {}).get("tokens", {}).get(token)
        agent = request.headers.get("X-Agent-Id")
        if company is None or role is None:
            return error(401, "Token de serviço inválido")
        if role == "agent" and agent is None:
            return error(400, "X-Agent-Id é obrigatório")
        if role == "agent" and not any(
            str(a["id"]) == agent and a.get("active", True) for a in company["agents"]
        ):
            # Observed for an agent who was switched off; the help page says 400.
            return error(401, "Token de serviço inválido")
        if role == "agent" and not is_agents:
            return error(403, "Rota de gestor")
        if role == "manager" and agent is not None:
            return error(400, "X-Agent-Id não é aceito com este token")
        return error(403, "Rota de agente") if role == "manager" and is_agents else None

    async def get_campaigns(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        return paged(request, self.page_size, company["campaigns"])

    async def get_agents(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        return paged(request, self.page_size, company["agents"])

    async def get_states(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        at_work = [{key: agent[key] for key in ("id", "name", "status")}
                   for agent in company["agents"] if agent["status"] != 0]  # fmt: skip
        return paged(request, self.page_size, at_work)

    async def get_qualifications(
        self, request: web.Request, company: dict[str, Any]
    ) -> web.Response:
        return paged(request, self.page_size, company["qualifications"])

    async def get_calls(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        missing = [n for n in ("per_page", "start_date", "with_mailing") if n not in request.query]
        if missing:
            return error(422, "Unprocessable entity", {name: ["obrigatório"] for name in missing})
        since = datetime.fromisoformat(request.query["start_date"])
        until = datetime.fromisoformat(request.query.get("end_date", "9999-12-31 23:59:59"))
        found = [
            shapes.listed(call) for call in company["calls"]
            # In whole seconds, as it tells them.
            if since <= shapes.local(call["at"]).replace(tzinfo=None, microsecond=0) <= until
            and call["ended_at"]
        ]  # fmt: skip
        return paged(request, self.page_size, found)

    async def qualify(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        given = (await request.json()).get("qualification_id")
        known = next((q for q in company["qualifications"] if q["id"] == given), None)
        if known is None:
            return error(422, "Unprocessable entity", {"qualification_id": ["inválido"]})
        for item in company["calls"]:
            if request.match_info["call"] in (item["telephony_id"], item["_id"]):
                item["qualification"] = known
                return web.Response(status=204)
        return error(404, "Ligação não encontrada")

    async def click(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        body = await request.json()
        for agent in company["agents"]:
            if str(agent["extension"]) == str(body.get("extension")):
                if agent["status"] != 1:
                    return error(422, "O agente não está ocioso")
                made = self.connect(company, agent, str(body["phone"])[-11:], None, "manual")
                return web.json_response({"data": {"call": {"id": made["telephony_id"]}}})
        return error(422, "Ramal não encontrado")

    async def pause(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        for agent in company["agents"]:
            if str(agent["id"]) == request.headers.get("X-Agent-Id"):
                agent["status"] = 1 if request.path.endswith("/exit") else 6
        return web.Response(status=204)

    async def get_breaks(self, request: web.Request, _: dict[str, Any]) -> web.Response:
        return web.json_response({"data": [{"id": 1, "name": "Almoço"}, {"id": 2, "name": "Café"}]})

    # --- calls and what is told of them --------------------------------------------------

    def connect(
        self, company: dict[str, Any], agent: dict[str, Any], phone: str,
        contact: dict[str, Any] | None, mode: str = "dialer",
    ) -> dict[str, Any]:  # fmt: skip
        made = {
            "telephony_id": f"{time.time():.4f}.{secrets.randbelow(10**6)}",
            "_id": secrets.token_hex(12), "phone": phone, "agent": agent, "mode": mode,
            "contact": contact, "campaign": company["campaigns"][0], "at": time.time(),
            "ended_at": None, "qualification": None, "status": 3,
        }  # fmt: skip
        company["calls"].append(made)
        agent["status"] = 5 if mode == "manual" else 2
        self.tell(company, shapes.connected(made))
        return made

    def tell(self, company: dict[str, Any], body: dict[str, Any]) -> None:
        if company.get("webhook_url") and not self.habits["silent"]:
            for _ in range(self.habits["copies"]):
                self.told.put_nowait((company["host"], body))

    async def deliver_forever(self, _: web.Application) -> AsyncIterator[None]:
        async def work() -> None:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
                while True:
                    host, body = await self.told.get()
                    await self.deliver(session, self.companies[host], body)

        task = asyncio.create_task(work())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def deliver(
        self, session: aiohttp.ClientSession, company: dict[str, Any], body: dict[str, Any]
    ) -> None:
        if company["failures"] >= DISABLED_AFTER:
            return  # switched off: nothing is told until somebody switches it on
        try:
            async with session.post(company["webhook_url"], json=body) as got:
                is_taken = got.status < 300
        except (aiohttp.ClientError, TimeoutError):
            is_taken = False
        company["failures"] = 0 if is_taken else company["failures"] + 1

    # --- control and the human page -----------------------------------------------------

    async def put_company(self, request: web.Request) -> web.Response:
        host, given = request.match_info["host"], await request.json()
        kept = self.companies.get(host, {"lists": [], "contacts": [], "calls": []})
        self.companies[host] = shapes.COMPANY | kept | given | {"host": host, "failures": 0}
        self.save()
        return web.Response(status=204)

    async def post_call(self, request: web.Request) -> web.Response:
        given = await request.json()
        company = self.companies[given["host"]]
        [agent] = [a for a in company["agents"] if a["id"] == int(given["agent_id"])]
        phone = given.get("phone")
        found = [
            c for c in company["contacts"]
            if (phone is None or c["phone"] == phone)
            and given.get("identifier") in (None, c["identifier"])
        ]  # fmt: skip
        if not found and not phone:
            return error(404, "Nenhum contato carregado: informe um número")
        contact = found[0] if found else None
        made = self.connect(company, agent, phone or found[0]["phone"], contact)
        self.save()
        return web.json_response({"telephony_id": made["telephony_id"]})

    async def post_hangup(self, request: web.Request) -> web.Response:
        given = await request.json()
        for company in self.companies.values():
            for call in company["calls"]:
                if call["telephony_id"] == given["telephony_id"]:
                    call["ended_at"], call["status"] = time.time(), given.get("status", 7)
                    call["agent"]["status"] = 1
                    wanted = given.get("qualification_id")
                    for word in [*company["qualifications"], shapes.TIMED_OUT]:
                        if word["id"] == wanted:
                            call["qualification"] = word
                    self.tell(company, shapes.history(call, self.habits["shape"]))
        self.save()
        return web.Response(status=204)

    async def post_mood(self, request: web.Request) -> web.Response:
        mood = await request.json()
        self.moods.extend(dict(mood) for _ in range(int(mood.get("times", 1))))
        return web.Response(status=204)

    async def put_habits(self, request: web.Request) -> web.Response:
        given = await request.json()
        if unknown := given.keys() - HABITS.keys():
            return error(400, f"unknown: {', '.join(sorted(unknown))}")
        self.habits = HABITS | given
        return web.Response(status=204)

    async def get_state(self, request: web.Request) -> web.Response:
        company = self.companies.get(request.query.get("host", ""))
        found = [company] if company else list(self.companies.values())
        shown = [item | {"tokens": None} for item in found]
        told = {"counts": dict(self.counts), "habits": self.habits,
                "at": datetime.now(UTC).isoformat()}  # fmt: skip
        return web.json_response({"companies": shown} | told)

    async def page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("threecplus.html"))


def create_app(platform: Platform) -> web.Application:
    """The simulator, for /simulators/threecplus/; keeps its file in `platform.data`."""
    dialer = ThreeCPlus(platform.data)
    app = web.Application()
    app.cleanup_ctx.append(dialer.deliver_forever)
    api, lists = "/{host}/api/v1", "/{host}/api/v1/campaigns/{campaign}/lists"
    call = dialer.call
    app.add_routes(
        [
            web.get(f"{api}/campaigns", call("campaigns", dialer.get_campaigns)),
            web.get(lists, call("lists", dialer.get_lists)),
            web.post(lists, call("create", dialer.create_list)),
            web.post(lists + "/csv", call("csv", dialer.load_csv)),
            web.post(lists + "/{list}/mailing.json", call("load", dialer.load)),
            web.post(lists + "/{list}/mailing_sync.json", call("load", dialer.load)),
            web.put(lists + "/{list}/updateWeight", call("weight", dialer.weigh)),
            web.delete(lists + "/{list}", call("delete", dialer.delete_list)),
            web.delete(
                api + "/campaigns/{campaign}/mailing/delete", call("remove", dialer.remove)
            ),
            web.get(f"{api}/agents", call("agents", dialer.get_agents)),
            web.get(f"{api}/agents/status", call("states", dialer.get_states)),
            web.get(
                api + "/qualification_lists/{list}/qualifications",
                call("qualifications", dialer.get_qualifications),
            ),
            web.get(f"{api}/calls", call("calls", dialer.get_calls)),
            web.post(f"{api}/click2call", call("click2call", dialer.click)),
            *(
                web.post(f"{api}/agent/{kind}/{{call}}/qualify",
                         call("qualify", dialer.qualify, is_agents=True))
                for kind in ("call", "manual_call")
            ),
            web.post(f"{api}/agent/work_break/exit", call("pause", dialer.pause, is_agents=True)),
            web.post(
                api + "/agent/work_break/{break}/enter", call("pause", dialer.pause, is_agents=True)
            ),
            web.get(
                f"{api}/agent/work_break_intervals",
                call("breaks", dialer.get_breaks, is_agents=True),
            ),
            web.put("/_control/companies/{host}", dialer.put_company),
            web.post("/_control/call", dialer.post_call),
            web.post("/_control/hangup", dialer.post_hangup),
            web.post("/_control/misbehave", dialer.post_mood),
            web.put("/_control/habits", dialer.put_habits),
            web.get("/_control/state", dialer.get_state),
            web.get("/", dialer.page),
        ]
    )  # fmt: skip
    return app
