"""Negociarie on one machine: answers as its documents say, or as badly as it is told to.

Charges are accepted, registered later, kept on disk (a real provider survives our crashes) and
followed by callbacks. `/` shows them and lets the debtor pay; `/_control` is for tests and the
stack:

    PUT  /_control/accounts/{client_id}  {"client_secret", "callback_url", "page"}
    POST /_control/misbehave     {"do": "answer" | "hang" | "reset" | "page", "accept": false,
                                  "on": "create" | "lookup" | "cancel" | "paid" | "login",
                                  "status", "body", "retry_after", "times": 1}
    PUT  /_control/habits        any of HABITS below
    PUT  /_control/clock         {"shift_seconds"}: payments happen on the demo's day
    POST /_control/pay           {"id_parcela", "valor_pago"?, "data_pagamento"?}
    GET  /_control/charges       oldest first
    GET  /_control/calls         {"create": 1, "lookup": 0, …}, refused ones included
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web

from local_platform.calling_back import CallingBack, Store
from local_platform.providers import Platform

HANG_SECONDS = 120  # longer than any caller waits
REDELIVERIES = 6  # callbacks are offered again while our side is down, then given up

HABITS: dict[str, Any] = {
    "answer_seconds": 0.05,  # the real one takes about a second; long enough for callers to die in
    "calls_per_minute": 60,  # of one account, as its headers say
    "registration_seconds": 2.0,  # until the bank has registered a boleto
    "callback_seconds": 0.5,  # from a change to the callback that tells it
    "copies": 1,  # 2 tells every change twice
    "shuffle": False,  # tell changes in any order
    "silent": False,  # never call back: only questions find out
    "paid_code": 801,  # its documents say 800 in one place and 801 in another
    "paid_word": "Liquidação",  # or PAGA, or nothing
}

SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists accounts (
    client_id text primary key, client_secret text, callback_url text, token text);
create table if not exists charges (
    seq integer primary key, client_id text, id_parcela text, id_geral text, method text,
    body text, valor real, due_on text, state text, registered_at real, paid_on text,
    valor_pago real, unique (client_id, id_parcela));
create table if not exists callbacks (
    seq integer primary key, client_id text, body text, due_at real, tries integer default 0,
    is_done integer default 0);
"""

Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.Response]]


class Negociarie(CallingBack):
    """The simulated company: its accounts, its charges, its moods, its calls back."""

    DUE = (
        "select callbacks.*, callback_url, client_secret from callbacks"
        " join accounts using (client_id)"
        " where is_done = 0 and due_at <= ? order by due_at, seq limit 20"
    )
    NEXT = "select min(due_at) as at from callbacks where is_done = 0"

    def __init__(self, data_folder: Path) -> None:
        store = Store(data_folder / "simulator_negociarie.sqlite3", SCHEMA)
        super().__init__(store)
        self.db, self.all = store.db, store.all
        self.habits = dict(HABITS)
        self.shift = timedelta()
        self.pages: dict[str, str] = {}  # where debtors find us, by account
        self.moods: deque[dict[str, Any]] = deque()
        self.calls: Counter[str] = Counter()
        self.recent: dict[str, deque[float]] = {}

    # --- the documented API -------------------------------------------------------------

    def call(self, kind: str, handler: Handler) -> Any:
        """Count it, refuse it as documented, misbehave if told to, else answer."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.calls[kind] += 1
            mood = next((mood for mood in self.moods if mood.get("on", "create") == kind), None)
            if mood:
                self.moods.remove(mood)
            account = self.account(request)
            refusal = None if kind == "login" else self.refusal(account)
            if mood and not mood.get("accept"):
                return await misbehave(request, mood)
            done = refusal or await handler(request, account or {})
            await asyncio.sleep(self.habits["answer_seconds"])  # done, and not told yet
            return await misbehave(request, mood) if mood else done

        return answer

    def account(self, request: web.Request) -> dict[str, Any] | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return next(iter(self.all("select * from accounts where token = ?", token)), None)

    def refusal(self, account: dict[str, Any] | None) -> web.Response | None:
        if account is None:
            return error(401, "Unauthenticated.")
        window = self.recent.setdefault(account["client_id"], deque())
        now = time.monotonic()
        while window and window[0] < now - 60:
            window.popleft()
        if len(window) >= self.habits["calls_per_minute"]:
            return error(429, "Too Many Attempts.", {"Retry-After": "60"})
        window.append(now)
        return None

    async def login(self, request: web.Request, _: dict[str, Any]) -> web.Response:
        given = await request.json()
        pair = (str(given.get("client_id")), str(given.get("client_secret")))
        if not self.all("select 1 from accounts where client_id = ? and client_secret = ?", *pair):
            return error(401, "Credenciais inválidas")
        token = secrets.token_hex(20)
        self.db.execute("update accounts set token = ? where client_id = ?", (token, pair[0]))
        return web.json_response({"token": token, "token_type": "Bearer"})

    async def create(self, request: web.Request, account: dict[str, Any]) -> web.Response:
        body = await request.json()
        method = {"nova": "boleto", "nova-pix": "pix"}.get(request.path.rpartition("/")[2], "card")
        problem = wrong_field(body, method)
        if problem:
            return error(422, "Erro desconhecido", erros=[problem])
        group = str(body.get("id_geral") or secrets.randbelow(10**6))
        parts = body["parcelas"]
        for part in parts:
            known = "select 1 from charges where client_id = ? and id_parcela = ?"
            if self.all(known, account["client_id"], str(part["id_parcela"])):
                return error(422, "id_parcela já existe")
        at = time.time() + (self.habits["registration_seconds"] if method == "boleto" else 0)
        for part in parts:
            self.db.execute(
                "insert into charges (client_id, id_parcela, id_geral, method, body, valor, due_on,"
                " state, registered_at) values (?, ?, ?, ?, ?, ?, ?, 'open', ?)",
                (account["client_id"], str(part["id_parcela"]), group, method, json.dumps(body),
                 part["valor"], part["data_vencimento"], at),
            )  # fmt: skip
            self.tell(account["client_id"], str(part["id_parcela"]), at)
        lines = [self.line(charge, request) for charge in self.charges(account, group)]
        base = {"id_geral": group, "mensagem": "Boletos recebidos com sucesso, a confirmação de "
                "registro será enviada para a URL cadastrada", "sucesso": 1}  # fmt: skip
        if method == "boleto":
            kept = [{"id_parcela": line["id_parcela"], "link": line["link"]} for line in lines]
            return web.json_response(base | {"boletos_pdf": lines[0]["link"], "parcelas": kept})
        [line] = lines
        named = "link_cartao" if method == "card" else "link"
        return web.json_response(
            base | {"pix_copia_cola": line.get("pix_copia_cola"), named: line["link"]}
        )

    async def lookup(self, request: web.Request, account: dict[str, Any]) -> web.Response:
        group = request.query.get("identificador_geral") or request.query.get("id_geral", "")
        found = self.charges(account, group)
        if not found:
            return web.json_response({"mensagem": "Cobrança não encontrada"}, status=404)
        lines = [self.line(charge, request) for charge in found]
        return web.json_response({"id_geral": group, "parcelas": lines})

    async def paid(self, request: web.Request, account: dict[str, Any]) -> web.Response:
        found = self.all(
            "select * from charges where client_id = ? and paid_on = ? order by seq",
            account["client_id"], request.query.get("data", ""),
        )  # fmt: skip
        total = sum(charge["valor_pago"] for charge in found)
        lines = [self.line(charge, request) for charge in found]
        body = {"qtd_parcelas_pagas": len(lines), "valor_total": total, "parcelas_pagas": lines}
        return web.json_response(body)

    async def cancel(self, request: web.Request, account: dict[str, Any]) -> web.Response:
        key = (account["client_id"], request.match_info["id_parcela"])
        done = self.db.execute(
            "update charges set state = 'cancelled' where client_id = ? and id_parcela = ?"
            " and state = 'open'", key,
        )  # fmt: skip
        if not done.rowcount:
            return error(404, "Parcela não encontrada")
        self.tell(*key, time.time())
        return web.json_response({"sucesso": 1, "mensagem": "Parcela cancelada com sucesso"})

    def charges(self, account: dict[str, Any], group: str) -> list[dict[str, Any]]:
        query = "select * from charges where client_id = ? and id_geral = ? order by seq"
        return self.all(query, account["client_id"], group)

    def line(self, charge: dict[str, Any], request: web.Request | None) -> dict[str, Any]:
        """One parcel, with the status words and the contradicting codes of the documents."""
        is_registered = charge["registered_at"] <= time.time()
        code, word = (800, "Em Ser") if is_registered else (5, "Aguardando registro")
        if charge["state"] == "cancelled":
            code, word = 810, "Baixa"
        if charge["paid_on"]:
            code, word = self.habits["paid_code"], self.habits["paid_word"]
        page = self.pages.get(charge["client_id"], "")
        if request and not page:
            page = f"{request.url.origin()}{request.path.partition('/api/')[0]}"
        said = {
            "id_parcela": charge["id_parcela"],
            "id_status": code,
            "status": word,
            "link": f"{page.rstrip('/')}/#{charge['id_parcela']}",
            "data_vencimento": charge["due_on"],
            "data_pagamento": charge["paid_on"],
            "valor": charge["valor"],
            "valor_pago": charge["valor_pago"] or 0,
            "valor_mora": 0,
            "valor_multa": 0,
        }
        number = int(hashlib.sha256(charge["id_parcela"].encode()).hexdigest(), 16) % 10**44
        if charge["method"] == "boleto" and is_registered:
            said["linha_digitavel"] = f"001{number:044}"
        if charge["method"] == "pix":
            said["pix_copia_cola"] = f"00020101021226580014br.gov.bcb.pix0136{number:036}6304ABCD"
        return said

    # --- the bank and the debtor --------------------------------------------------------

    async def pay(self, request: web.Request) -> web.Response:
        """The debtor pays; also what was cancelled, as banks let happen."""
        given = await request.json()
        found = self.all("select * from charges where id_parcela = ?", str(given["id_parcela"]))
        if not found:
            return error(404, "Parcela não encontrada")
        charge = found[0]
        self.db.execute(
            "update charges set state = 'paid', paid_on = ?, valor_pago = ? where seq = ?",
            (given.get("data_pagamento", self.today().isoformat()),
             given.get("valor_pago", charge["valor"]), charge["seq"]),
        )  # fmt: skip
        self.tell(charge["client_id"], charge["id_parcela"], time.time())
        return web.json_response({"sucesso": 1})

    def today(self) -> date:
        """The banks' day, as far ahead as the demo's clock."""
        return (datetime.now(ZoneInfo("America/Sao_Paulo")) + self.shift).date()

    def tell(self, client_id: str, id_parcela: str, at: float) -> None:
        """Plan the callback about a change, in the words of now: it may be stale when it comes."""
        if self.habits["silent"]:
            return
        pause = self.habits["callback_seconds"]
        for _ in range(self.habits["copies"]):
            after = pause * secrets.randbelow(3) if self.habits["shuffle"] else pause
            [charge] = self.all(
                "select * from charges where client_id = ? and id_parcela = ?",
                client_id, id_parcela,
            )  # fmt: skip
            self.db.execute(
                "insert into callbacks (client_id, body, due_at) values (?, ?, ?)",
                (client_id, json.dumps({"parcelas": [self.line(charge, None)]}), at + after),
            )
        self.something_due.set()

    async def deliver(self, session: aiohttp.ClientSession, callback: dict[str, Any]) -> None:
        client_id, taken = callback["client_id"], not callback["callback_url"]
        # The documented token: the same on every call, and tied to no body.
        token = hashlib.sha1(  # noqa: S324  (theirs, not ours)
            f"{client_id}{callback['client_secret']}".encode()
        ).hexdigest()
        body = {"client_id": client_id, "token": token} | json.loads(callback["body"])
        if not taken:
            try:
                async with session.post(callback["callback_url"], json=body) as got:
                    taken = got.status < 300
            except (aiohttp.ClientError, TimeoutError):
                taken = False
        tries = callback["tries"] + 1
        self.db.execute(
            "update callbacks set tries = ?, is_done = ?, due_at = ? where seq = ?",
            (tries, taken or tries > REDELIVERIES, time.time() + 0.25 * 2**tries, callback["seq"]),
        )

    # --- control and the human page -----------------------------------------------------

    async def put_account(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.db.execute(
            "insert or replace into accounts (client_id, client_secret, callback_url)"
            " values (?, ?, ?)",
            (request.match_info["client_id"], given["client_secret"], given.get("callback_url")),
        )
        if given.get("page"):
            self.pages[request.match_info["client_id"]] = given["page"]
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

    async def put_clock(self, request: web.Request) -> web.Response:
        self.shift = timedelta(seconds=float((await request.json())["shift_seconds"]))
        return web.Response(status=204)

    async def get_charges(self, _: web.Request) -> web.Response:
        found = self.all("select * from charges order by seq")
        return web.json_response(
            [charge | {"body": json.loads(charge["body"])} for charge in found]
        )

    async def get_calls(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self.calls))

    async def page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("negociarie.html"))


def create_app(platform: Platform) -> web.Application:
    """The simulator, for /simulators/negociarie/; keeps its file in `platform.data`."""
    company = Negociarie(platform.data)
    app = web.Application()
    app.cleanup_ctx.append(company.deliver_forever)
    cobranca = "/api/v2/cobranca"
    create = company.call("create", company.create)
    app.add_routes(
        [
            web.post("/api/login", company.call("login", company.login)),
            *(
                web.post(f"{cobranca}/{name}", create)
                for name in ("nova", "nova-pix", "nova-cartao")
            ),
            web.get(f"{cobranca}/consulta", company.call("lookup", company.lookup)),
            web.get(f"{cobranca}/parcelas-pagas", company.call("paid", company.paid)),
            web.delete(cobranca + "/{id_parcela}", company.call("cancel", company.cancel)),
            web.put("/_control/accounts/{client_id}", company.put_account),
            web.post("/_control/misbehave", company.post_mood),
            web.put("/_control/habits", company.put_habits),
            web.put("/_control/clock", company.put_clock),
            web.post("/_control/pay", company.pay),
            web.get("/_control/charges", company.get_charges),
            web.get("/_control/calls", company.get_calls),
            web.get("/", company.page),
        ]
    )
    return app


async def misbehave(request: web.Request, mood: dict[str, Any]) -> web.StreamResponse:
    match mood["do"]:
        case "hang":
            await asyncio.sleep(HANG_SECONDS)
        case "reset":
            if request.transport is not None:
                request.transport.abort()
        case "page":
            return web.Response(
                status=mood.get("status", 200), text="<html>Manutenção</html>",
                content_type="text/html",
            )  # fmt: skip
    headers = {"Retry-After": str(mood["retry_after"])} if "retry_after" in mood else {}
    body = mood.get("body", {"mensagem": "Internal Server Error"})
    return web.json_response(body, status=mood.get("status", 500), headers=headers)


def error(
    status: int, message: str, headers: dict[str, str] | None = None, **more: Any
) -> web.Response:
    body = {"mensagem": message, "erro": message, "sucesso": 0, "erros": []} | more
    return web.json_response(body, status=status, headers=headers)


def wrong_field(body: Any, method: str) -> str | None:
    """The first field the documents require that is missing; its 422 names it less clearly."""
    person = body.get("cliente" if method == "boleto" else "devedor") or {}
    wanted = ["documento", "cep", "endereco", "cidade", "uf", "celular"]
    wanted += ["nome", "numero"] if method == "boleto" else ["razao_social"]
    for name in wanted:
        if not person.get(name):
            return f"{name} é obrigatório"
    for part in body.get("parcelas") or [{}]:
        for name in ("id_parcela", "data_vencimento", "valor"):
            if not part.get(name):
                return f"{name} é obrigatório"
    return None
