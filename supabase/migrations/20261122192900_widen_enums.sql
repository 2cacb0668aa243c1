-- Words that closed lists learn. Alone, because a new word can be used only after its commit.
ALTER TYPE "public"."import_status" ADD VALUE 'rolling_back' AFTER 'interrupted';
ALTER TYPE "public"."import_status" ADD VALUE 'rehearsed' AFTER 'rolling_back';
ALTER TYPE "public"."rule_action" ADD VALUE 'create_charge' AFTER 'send_template';
ALTER TYPE "public"."rule_action" ADD VALUE 'send_to_dialer' AFTER 'create_charge';
ALTER TYPE "public"."rule_action" ADD VALUE 'leave_dialer' AFTER 'send_to_dialer';
ALTER TYPE "public"."rule_action" ADD VALUE 'schedule_callback' AFTER 'leave_dialer';
ALTER TYPE "public"."rule_action" ADD VALUE 'remind_operator' AFTER 'schedule_callback';
ALTER TYPE "public"."rule_action" ADD VALUE 'notify_supervisor' AFTER 'remind_operator';
ALTER TYPE "public"."rule_action" ADD VALUE 'quarantine_phone' AFTER 'notify_supervisor';
ALTER TYPE "public"."rule_action" ADD VALUE 'tag' AFTER 'quarantine_phone';
ALTER TYPE "public"."rule_action" ADD VALUE 'assign' AFTER 'tag';
