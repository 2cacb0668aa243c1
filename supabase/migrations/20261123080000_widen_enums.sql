-- Words that closed lists learn. Alone, because a new word can be used only after its commit.
ALTER TYPE "public"."conversation_event_kind" ADD VALUE 'number_changed' AFTER 'restored';
