"""What is at the dialer right now, read for a supervisor: campaigns, and one campaign's lists.

GET without arguments → {"campaigns": […], "agents": […]}; with ?campaign=<id> → {"lists": […],
"qualifications": […]}; with ?campaign=0, what all campaigns share: {"lists": [], "qualifications":
[those of any]}. Items keep the dialer's own field names.
"""

import flask
import functions_framework

from kit import db, errors
from providers import threecplus
from providers.threecplus_account import Account, Listed


def items_of(listed: Listed) -> list[dict[str, object]]:
    if listed.failure:
        raise errors.AppError(listed.detail or "", code="dialer_refused", status=502)
    return listed.items


@functions_framework.http
@errors.as_http
def threecplus_campaigns(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "GET":
        raise errors.MethodNotAllowed("campaigns are read")
    with db.as_caller(request) as tx:
        [found] = tx.execute("select * from private.dialer_account()").fetchall()
    with db.as_worker() as tx:
        secret = "select private.integration_secret(%s, 'api_token')"  # noqa: S105  (a statement)
        [(token,)] = tx.execute(secret, (found.integration_id,)).fetchall()
    account = Account(found.settings, token)

    asked = request.args.get("campaign")
    campaigns = items_of(threecplus.campaigns(account))
    if asked is None:
        return {"campaigns": campaigns, "agents": items_of(threecplus.agents(account))}
    if asked == "0":
        words = items_of(threecplus.all_qualifications(account, campaigns))
        return {"lists": [], "qualifications": words}
    for campaign in campaigns:
        if str(campaign.get("id")) == asked:
            lists = items_of(threecplus.lists(account, int(asked)))
            words = items_of(threecplus.qualifications(account, campaign))
            return {"lists": lists, "qualifications": words}
    raise errors.AppError("no such campaign at the dialer", code="campaign_unknown", status=404)
