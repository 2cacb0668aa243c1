"""What every WhatsApp adapter promises about sending and listing, whoever the provider is.

A provider's test module subclasses WhatsAppContract, names its adapter and accounts, and gives the
fixture `phones`: its simulator, with the adapter pointed at it.
"""

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from kit import config, http
from providers import whatsapp
from providers.events import FailureClass, Outcome, SendResult, Verdict
from providers.whatsapp import Account, Media, Template
from tests.simulators import Phones

TO = "+5511987654321"
FAULTS: list[tuple[dict[str, Any], Outcome, FailureClass]] = [
    ({"do": "answer", "status": 500}, Outcome.RETRY, FailureClass.PROVIDER_UNAVAILABLE),
    ({"do": "answer", "status": 429}, Outcome.RETRY, FailureClass.RATE_LIMITED),
    ({"do": "answer", "status": 502, "body": {}}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ({"do": "answer", "status": 504, "body": {}}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ({"do": "reset"}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ({"do": "reset", "accept": True}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ({"do": "hang"}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ({"do": "slow", "accept": True}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ({"do": "garbage"}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
]


class WhatsAppContract:
    provider: str
    account: Account
    template: Template
    wrong_accounts: tuple[Account, ...]
    file_url: str  # where an inbound file lies

    def adapter(self) -> whatsapp.Adapter:
        return whatsapp.adapter(self.provider)

    def lembrete(self, account: Account | None = None) -> SendResult:
        adapter, by = self.adapter(), account or self.account
        return whatsapp.ask(
            lambda: adapter.template_call(by, TO, self.template, "ref-1"), adapter.read_answer
        )

    def test_a_template_arrives_with_its_values(self, phones: Phones) -> None:
        result = self.lembrete()
        [message] = phones.messages(TO)
        assert result == SendResult(Outcome.SUBMITTED, provider_message_id=message["id"])
        assert all(value in message["text"] for value in self.template.params)

    def test_free_text_and_a_file_arrive(self, phones: Phones) -> None:
        adapter = self.adapter()
        document = Media("document", "https://exemplo.test/boleto.pdf", "Seu boleto", "boleto.pdf")
        for write in (
            lambda: adapter.text_call(self.account, TO, "Olá", None),
            lambda: adapter.media_call(self.account, TO, document, None),
        ):
            assert whatsapp.ask(write, adapter.read_answer).outcome is Outcome.SUBMITTED
        assert [message["text"] for message in phones.messages(TO)] == ["Olá", "Seu boleto"]

    @pytest.mark.parametrize("begins", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4"])
    def test_a_file_it_takes_is_known_by_its_first_bytes_and_arrives_as_its_kind(
        self, phones: Phones, begins: bytes
    ) -> None:
        adapter = self.adapter()
        found = whatsapp.rule_of(adapter, begins + bytes(8))
        assert found
        _, rule = found
        assert 1024**2 < rule.most_bytes <= whatsapp.FILE_BYTES
        file = Media(rule.kind, "https://exemplo.test/arquivo", "Segue", "arquivo")
        sent = whatsapp.ask(
            lambda: adapter.media_call(self.account, TO, file, None), adapter.read_answer
        )
        assert sent.outcome is Outcome.SUBMITTED
        [message] = phones.messages(TO)
        assert "https://exemplo.test/arquivo" in json.dumps(message["form"])

    @pytest.mark.parametrize("begins", [b"", b"MZ", b"<svg", b"GIF89a", b"\xff\xd8", b" %PDF-"])
    def test_no_other_file_is_taken_whatever_its_name(self, begins: bytes) -> None:
        assert whatsapp.rule_of(self.adapter(), begins) is None

    def test_a_wrong_account_is_our_configuration_and_sends_nothing(self, phones: Phones) -> None:
        for account in self.wrong_accounts:
            result = self.lembrete(account)
            assert (result.outcome, result.failure) == (Outcome.FAILED, FailureClass.CONFIGURATION)
        assert phones.messages() == []

    @pytest.mark.parametrize(("mood", "outcome", "failure"), FAULTS, ids=str)
    def test_each_fault_has_its_one_meaning_for_both_ways_of_asking(
        self,
        phones: Phones,
        monkeypatch: pytest.MonkeyPatch,
        mood: dict[str, Any],
        outcome: Outcome,
        failure: FailureClass,
    ) -> None:
        monkeypatch.setattr(http, "CALL_SECONDS", 0.6)
        phones.misbehave(**mood, times=2)
        for result in (self.lembrete(), asyncio.run(self.lembrete_among_others())):
            assert (result.outcome, result.failure) == (outcome, failure)

    async def lembrete_among_others(self) -> SendResult:
        adapter = self.adapter()
        async with http.session(4) as session:
            return await whatsapp.ask_among_others(
                session,
                lambda: adapter.template_call(self.account, TO, self.template, None),
                adapter.read_answer,
            )

    def test_a_server_that_is_not_there_was_told_nothing(
        self, phones: Phones, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nowhere = dataclasses.replace(config.settings(), simulators_url="http://127.0.0.1:9")
        monkeypatch.setattr(config, "settings", lambda: nowhere)
        for result in (self.lembrete(), asyncio.run(self.lembrete_among_others())):
            assert (result.outcome, result.failure) == (
                Outcome.RETRY,
                FailureClass.PROVIDER_UNAVAILABLE,
            )

    def test_sending_too_fast_is_answered_with_a_wait(self, phones: Phones) -> None:
        phones.pace(rate_per_second=1)
        results = [self.lembrete(), self.lembrete()]
        assert [result.failure for result in results] == [None, FailureClass.RATE_LIMITED]
        assert results[1].retry_after_seconds
        assert len(phones.messages(TO)) == 1

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", '{"status": 1}', "<html>", '{"messages": [{}]}']
    )
    def test_no_answer_without_the_word_is_taken_for_a_success(self, text: str) -> None:
        for status in range(200, 600):
            result = self.adapter().read_answer(http.Answer(status, {}, text))
            assert result.outcome is not Outcome.SUBMITTED, status
            assert result.failure in set(FailureClass), status

    def test_the_templates_are_listed_in_our_words(self, phones: Phones) -> None:
        adapter = self.adapter()
        page = adapter.read_templates(http.perform(adapter.templates_call(self.account, None)))
        assert page.failure is None
        [template] = page.templates
        assert (template.status, template.category) == ("approved", "utility")
        assert template.variables == len(self.template.params)

    def test_a_refused_list_is_no_empty_list(self, phones: Phones) -> None:
        adapter = self.adapter()
        wrong = self.account._replace(key="wrong-key")
        page = adapter.read_templates(http.perform(adapter.templates_call(wrong, None)))
        assert page.failure is FailureClass.CONFIGURATION

    def probed(self, account: Account) -> Verdict:
        adapter = self.adapter()
        return adapter.read_probe(http.perform(adapter.probe_call(account))).verdict

    def test_a_harmless_question_tells_whether_the_account_is_right(self, phones: Phones) -> None:
        assert self.probed(self.account) is Verdict.WORKS
        assert self.probed(self.account._replace(key="wrong-key")) is Verdict.KEY_REFUSED
        with pytest.raises(whatsapp.Incomplete):
            self.adapter().probe_call(self.account._replace(settings={}))
        assert phones.messages() == []

    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"status": 1}', "<html>", '{"data": 1}'])
    def test_nothing_but_the_account_itself_is_taken_for_a_working_connection(
        self, text: str
    ) -> None:
        for status in range(200, 600):
            verdict = self.adapter().read_probe(http.Answer(status, {}, text)).verdict
            assert verdict in set(Verdict) - {Verdict.WORKS}, status

    @pytest.mark.parametrize(
        "url",
        [None, "", "http://{host}/x", "https://{host}.evil.test/x", "https://evil.test/{host}/x",
         "https://me@{host}/x", "https://{host}:8443/x", "https://127.0.0.1/x", "//{host}/x",
         "https://{host}\n.evil.test/x"],
    )  # fmt: skip
    def test_a_file_is_only_ever_asked_of_the_providers_own_hosts(
        self, phones: Phones, url: str | None
    ) -> None:
        host = self.file_url.split("/")[2]
        told = url.replace("{host}", host) if url else url
        with pytest.raises(whatsapp.Incomplete):
            self.file_call(told)
        assert self.file_call(self.file_url).method == "GET"

    def file_call(self, url: str | None) -> http.Call:
        file = {"provider_media_id": "1"} | ({"url": url} if url else {})
        located = http.Answer(200, {}, json.dumps({"url": url}))
        return self.adapter().file_call(self.account, file, located)
