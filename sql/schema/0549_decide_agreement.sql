-- Approval and rejection: by another person, on the price that was sealed, within their own limits.
create function private.decide_agreement(agreement_id uuid, decision text, reason text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
    v_agreement public.agreements;
    v_priced jsonb;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'decision_unknown' using errcode = 'PT400',
            detail = coalesce(decision, 'none');
    end if;
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    if v_agreement.status <> 'pending_approval' then
        raise exception 'agreement_not_pending' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif v_agreement.created_by = auth.uid() then
        raise exception 'approval_by_author' using errcode = 'PT403',
            detail = 'another person decides';
    end if;
    perform private.require_reason(reason, is_wanted => decision = 'reject');
    if decision = 'approve' then
        v_priced := private.unseal(
            v_tenant_id, v_role, v_agreement.priced -> 'proposal', v_agreement.proposal_hash
        );
        if v_priced is null then
            perform private.transition_agreement(
                v_agreement.id, 'expired', 'price_changed', v_today
            );
            return jsonb_build_object(
                'outcome', 'expired', 'agreement_id', v_agreement.id,
                'simulation', private.reprice(
                    v_tenant_id, v_role, v_agreement.priced -> 'proposal'
                )
            );
        end if;
        perform private.refuse_obstacles(v_priced -> 'obstacles');
        if v_priced -> 'approval_reasons' <> '[]' then
            raise exception 'approval_above_role' using errcode = 'PT403',
                detail = (v_priced -> 'approval_reasons')::text;
        end if;
    end if;
    update public.agreements as agreement
    set decided_by = auth.uid(), decided_at = private.now(),
        decision_reason = nullif(btrim(decide_agreement.reason), '')
    where agreement.id = v_agreement.id;
    if decision = 'approve' then
        perform private.formalise_agreement(v_agreement.id, 'approved', v_today);
    else
        perform private.transition_agreement(v_agreement.id, 'rejected', btrim(reason), v_today);
    end if;
    return jsonb_build_object(
        'outcome', case decision when 'approve' then 'approved' else 'rejected' end,
        'agreement_id', v_agreement.id
    );
end;
$$;

create function public.decide_agreement(
    agreement_id uuid, decision text, reason text default null
) returns jsonb
language sql
set search_path = ''
as $$
    select private.decide_agreement(
        private.seen('agreements', agreement_id), decision, reason
    )
$$;
comment on function public.decide_agreement(uuid, text, text) is
'Supervisor or admin, never the author. decision: approve | reject (reason needed). {outcome:
approved | rejected, agreement_id} or {outcome: expired, agreement_id, simulation}. PT403
approval_by_author, approval_above_role; PT409 agreement_not_pending, debt_in_agreement.';

grant execute on function
private.decide_agreement(uuid, text, text), public.decide_agreement(uuid, text, text)
to authenticated;
