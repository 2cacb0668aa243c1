-- Words that closed lists learn. Alone, because a new word can be used only after its commit.
ALTER TYPE "public"."import_status" ADD VALUE 'rolling_back' AFTER 'interrupted';
ALTER TYPE "public"."import_status" ADD VALUE 'rehearsed' AFTER 'rolling_back';
