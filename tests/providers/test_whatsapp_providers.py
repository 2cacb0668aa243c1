"""The one contract, held by each WhatsApp provider."""

import pytest

from providers.whatsapp import Account, Template, adapter
from tests.providers.whatsapp_contract import WhatsAppContract
from tests.simulators import (
    API_KEY,
    APP,
    NUMBER,
    SOURCE,
    TOKEN,
    WABA,
    GupshupPhone,
    MetaPhone,
)

BODY = "Olá, {{1}}! O valor em aberto é {{2}}."
VALUES = ["João", "R$ 150,00"]


class TestGupshup(WhatsAppContract):
    provider = "gupshup"
    file_url = "https://filemanager.gupshup.io/wa/media/1"
    account = Account({"app_name": APP, "source": SOURCE}, API_KEY)
    template = Template("lembrete", "lembrete", "pt_BR", VALUES)
    wrong_accounts = (
        account._replace(key="wrong-key"),
        account._replace(key="chave com acentuação"),
        account._replace(settings={}),
        account._replace(settings={"app_name": "OutroApp", "source": SOURCE}),
    )

    @pytest.fixture
    def phones(self, provider: GupshupPhone) -> GupshupPhone:
        provider.register("http://127.0.0.1:9/nobody-listens", {"lembrete": BODY})
        return provider


class TestMeta(WhatsAppContract):
    provider = "meta"
    file_url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"
    account = Account({"phone_number_id": NUMBER, "waba_id": WABA}, TOKEN)
    template = Template("900", "lembrete", "pt_BR", VALUES)
    wrong_accounts = (
        account._replace(key="wrong-key"),
        account._replace(key="chave com acentuação"),
        account._replace(settings={"waba_id": WABA}),
    )

    @pytest.fixture
    def phones(self, cloud: MetaPhone) -> MetaPhone:
        return cloud


def test_a_name_that_is_no_provider_is_refused() -> None:
    for name in ("os", "negociarie", "../gupshup"):
        with pytest.raises(LookupError):
            adapter(name)
