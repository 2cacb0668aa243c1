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

ANSWER_SECONDS = 0.02  # long enough for callers to die in
HANG_SECONDS = 120  # longer than any caller waits
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


class ThreeCPlus:
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

    def paged(self, request: web.Request, items: list[dict[str, Any]]) -> web.Response:
        size = int(request.query.get("per_page", self.habits["page_size"]))
        page = int(request.query.get("page", 1))
        paging = {"total": len(items), "per_page": size, "current_page": page,
                  "total_pages": max(1, -(-len(items) // size))}  # fmt: skip
        found = items[(page - 1) * size : page * size]
        return web.json_response({"data": found, "meta": {"pagination": paging}})

    async def get_campaigns(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        return self.paged(request, company["campaigns"])

    async def get_lists(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        campaign = int(request.match_info["campaign"])
        found = [item for item in company["lists"] if item["campaign_id"] == campaign]
        shown = []
        for item in found:
            total = sum(c["list_id"] == item["id"] for c in company["contacts"])
            made = [c for c in company["calls"]
                    if c["contact"] and c["contact"]["list_id"] == item["id"]]  # fmt: skip
            dialed = len({call["phone"] for call in made})
            shown.append(item | {
                "total": total, "dial": max(total - dialed, 0), "dialed": dialed,
                "completed": len({call["phone"] for call in made if call["ended_at"]}),
                "answered": sum(call["status"] in (3, 7) for call in made),
                "abandoned": sum(call["status"] == 6 for call in made),
            })  # fmt: skip
        return self.paged(request, shown)

    async def create_list(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        body = await request.json()
        if not body.get("name"):
            return error(422, "Unprocessable entity", {"name": ["O campo nome é obrigatório."]})
        made = self.new_list(company, int(request.match_info["campaign"]), body["name"])
        return web.json_response({"data": made})

    def new_list(self, company: dict[str, Any], campaign: int, name: str) -> dict[str, Any]:
        company["last_id"] = company.get("last_id", 100) + 1
        made = {"id": company["last_id"], "name": name, "campaign_id": campaign, "weight": 1}
        company["lists"].append(made)
        return made

    async def load(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        is_sync = request.path.endswith("mailing_sync.json")
        if is_sync and not self.habits["sync"]:
            return error(404, "Not found")
        body = await request.json()
        if not isinstance(body, list) or not body:
            return error(422, "Unprocessable entity", {"mailing": ["A lista está vazia."]})
        list_id = int(request.match_info["list"])
        if not any(item["id"] == list_id for item in company["lists"]):
            return error(404, "Lista não encontrada")
        report = self.take(company, list_id, body)
        return web.json_response({"data": report}) if is_sync else web.Response(status=204)

    def take(
        self, company: dict[str, Any], list_id: int, contacts: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Contacts doubled within one call are filtered; over several calls they are not: who
        sends the same twice has the same person called twice."""
        [campaign] = [item["campaign_id"] for item in company["lists"] if item["id"] == list_id]
        seen: set[str] = set()
        filtered, imported = [], 0
        for contact in contacts:
            phone = str(contact.get("phone", ""))
            reason = None
            if not (phone.isdigit() and len(phone) in (10, 11)):
                reason = "invalid"
            elif phone in company.get("blacklist", []):
                reason = "blacklist"
            elif phone in seen:
                reason = "duplicate"
            seen.add(phone)
            if reason:
                filtered.append({"phone": phone, "reason": reason})
                continue
            imported += 1
            company["contacts"].append(
                {"campaign_id": campaign, "list_id": list_id, "phone": phone,
                 "identifier": contact.get("identifier"), "data": contact.get("data", {})}
            )  # fmt: skip
        return {
            "imported": {"quantity": imported},
            "filtered": {"quantity": len(filtered), "details": filtered},
        }

    async def load_csv(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        # Part by part: the application around this one takes bodies of 1 MB only.
        form: dict[str, str] = {}
        async for part in await request.multipart():
            if isinstance(part, aiohttp.BodyPartReader) and part.name:
                form[part.name] = (await part.read()).decode()
        name = form.get("name", "")
        if "mailing" not in form or not name:
            return error(422, "Unprocessable entity", {"mailing": ["O arquivo é obrigatório."]})
        columns = [form[f"header[{n}]"] for n in range(20) if f"header[{n}]" in form]
        contacts = []
        for line in form["mailing"].splitlines():
            cells = dict(zip(columns, line.split(form["delimiter"]), strict=True))
            phone = cells.pop("areacodephone")
            contacts.append({"identifier": cells.pop("identifier"), "phone": phone, "data": cells})
        made = self.new_list(company, int(request.match_info["campaign"]), name)
        return web.json_response({"data": made | self.take(company, made["id"], contacts)})

    async def weigh(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        weight = (await request.json()).get("weight")
        if not isinstance(weight, int) or weight < 0:
            return error(422, "Unprocessable entity", {"weight": ["O peso é inválido."]})
        for item in company["lists"]:
            if item["id"] == int(request.match_info["list"]):
                item["weight"] = weight
                return web.Response(status=204)
        return error(404, "Lista não encontrada")

    async def delete_list(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        gone = int(request.match_info["list"])
        for name in ("lists", "contacts"):
            key = "id" if name == "lists" else "list_id"
            company[name] = [item for item in company[name] if item[key] != gone]
        return web.Response(status=204)

    async def remove(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        campaign = int(request.match_info["campaign"])
        wanted = {(item["phone"], item.get("identifier")) for item in await request.json()}
        company["contacts"] = [
            item for item in company["contacts"]
            if item["campaign_id"] != campaign or (item["phone"], item["identifier"]) not in wanted
        ]  # fmt: skip
        return web.Response(status=204)

    async def get_agents(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        return self.paged(request, company["agents"])

    async def get_states(self, request: web.Request, company: dict[str, Any]) -> web.Response:
        at_work = [{key: agent[key] for key in ("id", "name", "status")}
                   for agent in company["agents"] if agent["status"] != 0]  # fmt: skip
        return self.paged(request, at_work)

    async def get_qualifications(
        self, request: web.Request, company: dict[str, Any]
    ) -> web.Response:
        return self.paged(request, company["qualifications"])

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
        return self.paged(request, found)

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


async def misbehave(request: web.Request, mood: dict[str, Any]) -> web.StreamResponse:
    match mood["do"]:
        case "hang":
            await asyncio.sleep(HANG_SECONDS)
        case "reset":
            if request.transport is not None:
                request.transport.abort()
    headers = {"Retry-After": str(mood["retry_after"])} if "retry_after" in mood else {}
    body = mood.get("body", {"status": mood.get("status", 500), "title": "Erro", "detail": "Erro"})
    return web.json_response(body, status=mood.get("status", 500), headers=headers)


def error(status: int, detail: str, errors: dict[str, list[str]] | None = None) -> web.Response:
    body = {"status": status, "title": detail, "detail": detail, "transaction_id": "simulado"}
    return web.json_response(body | ({"errors": errors} if errors else {}), status=status)
