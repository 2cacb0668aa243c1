-- Who may listen. Asked by Realtime when a channel is joined; the answer depends on memberships
-- alone, never on a header, because a browser's socket cannot send one. Nobody may send: only
-- definer code inserts.
create function private.may_join(topic text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope text := split_part(topic, ':', 1);
    v_id text := split_part(topic, ':', 2);
begin
    if auth.uid() is null or topic <> v_scope || ':' || v_id
        or not pg_input_is_valid(v_id, 'uuid')
    then
        return false;
    end if;
    if v_scope = 'user' then
        return v_id::uuid = auth.uid();
    end if;
    return exists (
        select from public.memberships
        where memberships.user_id = auth.uid()
          and memberships.revoked_at is null
          and memberships.tenant_id = case v_scope
              when 'tenant' then v_id::uuid
              -- What supervisors look at would be noise to everybody else.
              when 'panel' then (
                  select mine.tenant_id from public.memberships as mine
                  where mine.tenant_id = v_id::uuid and mine.user_id = auth.uid()
                    and mine.revoked_at is null and mine.role >= 'supervisor'
              )
              when 'client' then (
                  select clients.tenant_id from public.clients
                  where clients.id = v_id::uuid and (
                      private.creditor_scope_of(clients.tenant_id, auth.uid()) is null
                      or clients.creditor_ids
                          && private.creditor_scope_of(clients.tenant_id, auth.uid())
                  )
              )
          end
    );
end;
$$;
comment on function private.may_join(text) is
'Topics: tenant:<id> for members of the tenant, client:<id> for those of them who see the client,
panel:<tenant id> for its supervisors, user:<id> for that person.';
grant execute on function private.may_join(text) to authenticated;

create policy messages_select_member on realtime.messages for select to authenticated
using (extension = 'broadcast' and (select private.may_join(realtime.topic())));
