-- Why, which locks, and what must be deployed first:
--

set local check_function_bodies = off;

ALTER TYPE "public"."import_status" ADD VALUE 'cancelled' AFTER 'queued';
