export const settings: Record<string, string> = {
  asked_in_future: "A data do pedido é depois de hoje. Confira.",
  creditor_used: "Há títulos, regras ou histórico deste credor. Deixe inativo em vez de excluir.",
  disposition_in_rule: "Uma regra ligada usa este resultado. Desligue a regra em Automação e tente de novo.",
  disposition_meaning_lost:
    "Este é o último resultado na tela com esse significado, e regras e painel precisam dele. Dê o significado a outro antes.",
  disposition_type_invalid: "Um dos campos do resultado não vale. Confira e salve de novo.",
  disposition_used: "Já há tabulações com este resultado. Tire da tela do operador em vez de excluir.",
  hotkey_taken: "Esta tecla já é de outro resultado. Escolha outra.",
  name_differs: "O nome digitado não é o do cliente. Digite como está no cadastro.",
  privacy_request_not_found: "Este pedido não existe mais. Faça outro.",
  version_no_longer_valid: "Esta versão não cabe mais no que existe hoje, por exemplo porque o nome já é de outro.",
  version_not_found: "Esta versão não existe mais. Recarregue a página.",
  version_not_restorable: "Esta mudança só fica registrada: ela não volta atrás por aqui.",
};
