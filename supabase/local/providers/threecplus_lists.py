"""Lists of the simulated 3C Plus: made, filled by JSON or CSV, weighed, emptied and deleted."""

from typing import Any

import aiohttp
from aiohttp import web

from local_platform.providers.threecplus_answers import error, paged


class Lists:
    """The part of the dialer that holds contacts; a company's data is handed to every call."""

    habits: dict[str, Any]

    @property
    def page_size(self) -> int:
        return int(self.habits["page_size"])

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
        return paged(request, self.page_size, shown)

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
