export const carteira: Record<string, string> = {
  // carteira
  client_not_found: "Este cliente não está na carteira desta assessoria.",
  filter_invalid: "Este filtro tem um valor que não vale. Limpe o filtro e tente de novo.",
  unknown_filter: "Este filtro não existe mais. Limpe o filtro e tente de novo.",
  sort_invalid: "Esta ordem não existe mais. Recarregue a página.",
  selection_invalid: "A seleção não vale mais. Desmarque, escolha de novo e tente outra vez.",
  unknown_facet: "Este filtro não existe mais. Recarregue a página.",
  action_unknown: "Esta ação não existe mais. Recarregue a página.",
  member_not_found: "Esta pessoa não faz mais parte da assessoria. Escolha outra.",
  tag_not_found: "Esta tag foi excluída. Escolha outra.",
  name_taken: "Já existe outro com este nome. Escolha um nome diferente.",
  field_unknown: "O pedido traz um campo que não existe ou não pode ser mudado. Recarregue a página.",
  field_invalid: "Um dos campos tem um valor que não vale. Confira e salve de novo.",
  invalid_cursor: "A lista mudou de forma. Recarregue a página.",
  // dispositions
  callback_in_past: "Este horário de retorno já passou. Escolha outro.",
  callback_needs_time: "Escolha a data e a hora do retorno.",
  callback_not_expected: "Só “Retornar Ligação” leva data e hora.",
  disposition_id_reused: "Esta tabulação já foi gravada com outro conteúdo. Descarte esta e faça outra.",
  disposition_type_unknown: "Este resultado não existe mais. Recarregue a página e escolha outro.",
};
