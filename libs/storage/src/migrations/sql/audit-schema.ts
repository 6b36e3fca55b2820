// SQL of schema audit: the events of every tenant, what keeps them unique and in sequence, the offsets, and the quarantine.

export const auditSchemaSql = `
create table audit.topology (
  only_row boolean primary key default true check (only_row),
  partitions int not null check (partitions > 0),
  retention_days int not null check (retention_days > 0)
);
comment on table audit.topology is 'What an installation may not change by accident: recorded by the migration, compared by each service at its start.';

create table audit.events (
  tenant_id text not null,
  seq bigint not null,
  event_id text not null,
  content_hash text not null,
  stored_day date not null,
  received_at timestamptz not null,
  occurred_at timestamptz not null,
  area text not null,
  action text not null,
  category text not null,
  workspace text not null,
  actor text not null,
  clock_skew boolean not null,
  parameters jsonb,
  details text,
  canonical text not null,
  accepted_offset bigint not null,
  primary key (tenant_id, seq, stored_day)
) partition by range (stored_day);
create index events_by_time on audit.events (tenant_id, occurred_at desc, seq desc);
create index events_by_id on audit.events (tenant_id, event_id);
comment on column audit.events.canonical is 'The canonical bytes (RFC 8785) as UTF-8, byte for byte what is sent to the sinks; never rebuilt from the other columns.';
comment on column audit.events.stored_day is 'The database''s UTC date under the lock of the tenant''s head, never backwards: dropping a day takes a prefix of seq.';
comment on column audit.events.workspace is 'Empty where the event names none.';

create function audit.refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'audit.events is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete on audit.events for each row execute function audit.refuse_change();

create table audit.tenant_head (
  tenant_id text primary key,
  next_seq bigint not null default 1,
  stored_day date not null default '-infinity'
);
comment on table audit.tenant_head is 'Each tenant''s next seq. Locked, in key order, by the transaction that assigns.';

create table audit.dedupe (
  tenant_id text not null,
  event_id text not null,
  seq bigint not null,
  content_hash text not null,
  stored_day date not null,
  accepted_offset bigint not null,
  primary key (tenant_id, event_id)
) partition by hash (tenant_id);
comment on column audit.dedupe.accepted_offset is 'Tells the stored record from its repeats, so that only that one is published again after a crash.';
create index dedupe_by_day on audit.dedupe using brin (stored_day) with (pages_per_range = 32, autosummarize = on);
do $$
begin
  for part in 0..15 loop
    execute format('create table audit.dedupe_%s partition of audit.dedupe for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;

create table audit.partition_state (
  partition int primary key,
  epoch bigint not null default 0,
  next_offset bigint not null default 0,
  published_offset bigint not null default 0,
  stored bigint not null default 0,
  duplicate bigint not null default 0,
  quarantined bigint not null default 0
);

create table audit.attempt (
  partition int primary key,
  claimed_next_offset bigint not null,
  from_offset bigint,
  to_offset bigint,
  tries int not null default 0
);
comment on table audit.attempt is 'The crash ledger: written only where a claim finds that the one before it got nowhere.';

create table audit.quarantine (
  day date not null,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  last_offset bigint not null,
  reason text not null,
  detail text not null,
  tenant_id text not null,
  action text not null,
  record_time timestamptz not null,
  value_sha256 text not null,
  value_bytes bigint not null,
  excerpt bytea not null check (length(excerpt) <= 4096),
  primary key (day, topic, partition, "offset")
) partition by range (day);
create index quarantine_by_tenant on audit.quarantine (tenant_id, day desc);
comment on column audit.quarantine.tenant_id is 'The tenant that the record names; empty where none could be read (visible to operators only).';

create table audit.quarantine_tally (
  day date not null,
  tenant_id text not null,
  kept bigint not null default 0,
  overflow bigint not null default 0,
  primary key (day, tenant_id)
);
comment on table audit.quarantine_tally is 'Rows kept per tenant and day, and how many more came than the cap keeps. Tenant * is the day''s total.';

alter table audit.events enable row level security;
alter table audit.events force row level security;
alter table audit.tenant_head enable row level security;
alter table audit.tenant_head force row level security;
alter table audit.quarantine enable row level security;
alter table audit.quarantine force row level security;
alter table audit.quarantine_tally enable row level security;
alter table audit.quarantine_tally force row level security;
`;
