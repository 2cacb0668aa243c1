
-- On Supabase the role that runs the migrations may create and use queues; so it may here.
grant usage, create on schema pgmq to postgres with grant option;
grant all on all tables in schema pgmq to postgres with grant option;
grant all on all sequences in schema pgmq to postgres with grant option;
