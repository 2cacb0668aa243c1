-- Words by which a person asks us to stop. The whole message is one of these, whatever its accents,
-- case, punctuation and politeness around it; a sentence that merely contains one is no request.
create table private.opt_out_words (
    words text not null,
    constraint opt_out_words_pkey primary key (words),
    constraint opt_out_words_are_keys check (words = private.search_key(words))
);
alter table private.opt_out_words enable row level security;
alter table private.opt_out_words force row level security;

insert into private.opt_out_words (words)
values
('sair'), ('parar'), ('pare'), ('para'), ('stop'), ('sai'), ('descadastrar'), ('descadastre'),
('remover'), ('remova'), ('bloquear'), ('unsubscribe'), ('opt out'), ('optout'),
('nao quero'), ('nao quero mais'), ('nao quero receber'), ('nao quero mais receber'),
('nao quero receber mais'), ('nao quero mensagem'), ('nao quero mensagens'),
('nao quero mais mensagem'), ('nao quero mais mensagens'), ('nao quero receber mensagem'),
('nao quero receber mensagens'), ('nao quero receber mais mensagens'),
('nao quero mais receber mensagem'), ('nao quero mais receber mensagens'),
('nao quero mais receber suas mensagens'), ('nao quero receber cobranca'),
('nao quero receber cobrancas'), ('nao quero mais receber cobrancas'), ('nao quero contato'),
('nao quero mais contato'), ('nao me mande mais'), ('nao me mande mensagem'),
('nao me mande mensagens'), ('nao me mande mais mensagem'), ('nao me mande mais mensagens'),
('nao mande mais'), ('nao mande mensagem'), ('nao mande mais mensagem'),
('nao mande mais mensagens'), ('nao me mandem mais mensagens'), ('nao mandem mais mensagens'),
('nao envie mais'), ('nao envie mais mensagens'), ('nao me envie mais mensagens'),
('nao me chame mais'), ('nao me incomode'), ('nao me incomode mais'), ('nao me perturbe'),
('me deixa em paz'), ('me deixe em paz'), ('pare de me mandar mensagem'),
('pare de me mandar mensagens'), ('para de me mandar mensagem'), ('para de me mandar mensagens'),
('pare de mandar mensagem'), ('pare de mandar mensagens'), ('para de mandar mensagem'),
('para de mandar mensagens'), ('parem de me mandar mensagens'), ('parem de mandar mensagens'),
('parar de receber'), ('parar de receber mensagens'), ('parar mensagens'),
('parar as mensagens'), ('pare com as mensagens'), ('pare agora'), ('parar agora'),
('cancelar inscricao'),
('cancelar mensagens'), ('cancelar recebimento'), ('sair da lista'), ('sair dessa lista'),
('me tira da lista'), ('me tire da lista'), ('me tira dessa lista'), ('me tire dessa lista'),
('me remova da lista'), ('me remove da lista'), ('tira meu numero'), ('tire meu numero'),
('tira meu numero da lista'), ('tire meu numero da lista'), ('remover meu numero'),
('remova meu numero'), ('remove meu numero'), ('apaga meu numero'), ('apague meu numero'),
('exclua meu numero'), ('excluir meu numero');

-- Without the politeness at both ends: "por favor, pare", "quero sair, obrigado".
create function private.is_opt_out(text text) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from private.opt_out_words as known
        where known.words in (said.plain, pg_catalog.regexp_replace(
            pg_catalog.regexp_replace(
                said.plain,
                '^((por favor|favor|pfv?|oi|ola|bom dia|boa tarde|boa noite|eu|quero|gostaria de'
                || '|ja falei|ja disse|entao) )+', ''
            ),
            '( (por favor|por gentileza|favor|pfv?|obrigad[oa]|grat[oa]|ok|viu))+$', ''
        ))
    )
    from (
        select private.search_key(pg_catalog.regexp_replace(
            private.search_key(is_opt_out.text), '[^a-z0-9]+', ' ', 'g'
        )) as plain
    ) as said
$$;

-- The number at once, and the person whose it surely is: who said stop does not mean "by my other
-- number". An admin alone lifts it.
create function private.opt_out(talk public.conversations) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if talk.phone is not null then
        perform private.suppress_phone(talk.tenant_id, talk.phone, 'whatsapp', 'opted_out');
    end if;
    insert into public.suppressions (tenant_id, client_id, channel, reason)
    select talk.tenant_id, talk.client_id, 'whatsapp', 'opted_out'
    where talk.client_id is not null and not exists (
        select from public.suppressions as known
        where known.tenant_id = talk.tenant_id and known.client_id = talk.client_id
          and known.phone is null and coalesce(known.channel = 'whatsapp', true)
          -- What only holds for a while would let us write again.
          and known.expires_at is null
    );
    update public.conversations as found set opted_out_at = private.now()
    where found.id = talk.id;
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind)
    values (talk.tenant_id, talk.id, talk.client_id, 'opted_out');
end;
$$;

-- The provider says so (a block in WhatsApp, a refusal with its code): as if the person had written
-- it in each talk of the number, which say it once.
create function private.opt_out_phone(tenant_id uuid, phone text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.suppress_phone(tenant_id, phone, 'whatsapp', 'opted_out');
    perform private.opt_out(talk)
    from public.conversations as talk
    where talk.tenant_id = opt_out_phone.tenant_id
      and talk.phone_key = private.phone_match(opt_out_phone.phone)
      and talk.opted_out_at is null;
end;
$$;
