export const people: Record<string, string> = {
  admin_sees_everything: "Quem administra vê todos os credores. Mude o papel antes de limitar.",
  assignee_limited:
    "Esta pessoa não vê os credores deste cliente. Escolha outra, ou mude o que ela vê em Configurações.",
  mail_not_sent: "O convite está guardado, mas o e-mail não saiu. Use “Reenviar” daqui a pouco.",
  mail_too_soon: "Este endereço recebeu um e-mail agora há pouco. Espere um minuto e reenvie.",
  team_limits_people:
    "Com esta mudança, quem está na lista passaria a ver todos os credores. Escolha o que vale para cada pessoa.",
  team_name_invalid: "Dê um nome de até 60 letras à equipe.",
  team_name_taken: "Já existe uma equipe com este nome.",
  team_not_found: "Esta equipe não existe mais.",
};
