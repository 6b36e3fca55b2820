// SQL of who may do what. access-matrix.ts says the same as data, and a test holds the live catalogue to it.

const tenant = `tenant_id = nullif(current_setting('auditlane.tenant', true), '')`;
const operator = `current_setting('auditlane.operator', true) = 'on'`;

/** Grants stand on parents only: a partition has neither grants nor policies, so that reaching round its parent shows nothing. */
export const grantsSql = `
grant usage on schema audit to auditlane_persistence, auditlane_query, auditlane_forwarder;
grant usage on schema settings to auditlane_query, auditlane_forwarder;
grant usage on schema delivery to auditlane_query, auditlane_forwarder;

grant select on audit.topology to auditlane_persistence, auditlane_query, auditlane_forwarder;
grant insert on audit.events to auditlane_persistence;
grant select on audit.events to auditlane_query, auditlane_forwarder;
grant select, insert, update on audit.tenant_head to auditlane_persistence;
grant select on audit.tenant_head to auditlane_query, auditlane_forwarder;
grant select, insert, delete on audit.dedupe to auditlane_persistence;
grant select, insert, update on audit.partition_state to auditlane_persistence;
grant select, insert, update, delete on audit.attempt to auditlane_persistence;
grant select, insert on audit.quarantine to auditlane_persistence;
grant select on audit.quarantine to auditlane_query;
grant select, insert, update, delete on audit.quarantine_tally to auditlane_persistence;
grant select on audit.quarantine_tally to auditlane_query;

revoke all on function audit.make_day(date), audit.drop_day(date, timestamptz), audit.database_day() from public;
grant execute on function audit.make_day(date), audit.drop_day(date, timestamptz), audit.database_day() to auditlane_persistence;

grant select, update on settings.version to auditlane_query;
grant select on settings.version to auditlane_forwarder;
grant select, insert, update, delete on settings.destinations to auditlane_query;
grant select on settings.destinations to auditlane_forwarder;
revoke all on function settings.raise_version() from public;
grant execute on function settings.raise_version() to auditlane_query;

grant select, insert, update on delivery.partition_owner to auditlane_forwarder;
grant select, insert, update, delete on delivery.cursor to auditlane_forwarder;
grant select, insert, update on delivery.status to auditlane_forwarder;
grant select, insert, update, delete on delivery.dead_letter to auditlane_forwarder;
grant select, insert, update on delivery.gap to auditlane_forwarder;
grant select, insert, update, delete on delivery.replica to auditlane_forwarder;
grant select on delivery.cursor, delivery.status, delivery.dead_letter, delivery.gap, delivery.replica to auditlane_query;

create policy persistence_adds on audit.events for insert to auditlane_persistence with check (true);
create policy query_reads_tenant on audit.events for select to auditlane_query using (${tenant});
create policy forwarder_reads_tenant on audit.events for select to auditlane_forwarder using (${tenant});

create policy persistence_counts on audit.tenant_head to auditlane_persistence using (true) with check (true);
create policy query_reads_tenant on audit.tenant_head for select to auditlane_query using (${tenant});
create policy forwarder_reads_tenant on audit.tenant_head for select to auditlane_forwarder using (${tenant});

create policy persistence_reads on audit.quarantine for select to auditlane_persistence using (true);
create policy persistence_adds on audit.quarantine for insert to auditlane_persistence with check (true);
create policy query_reads_tenant on audit.quarantine for select to auditlane_query using (${tenant} or ${operator});
create policy persistence_counts on audit.quarantine_tally to auditlane_persistence using (true) with check (true);
create policy query_reads_tenant on audit.quarantine_tally for select to auditlane_query using (${tenant} or ${operator});

create policy query_writes_tenant on settings.destinations to auditlane_query using (${tenant}) with check (${tenant});
create policy forwarder_reads on settings.destinations for select to auditlane_forwarder using (true);

create policy forwarder_writes on delivery.cursor to auditlane_forwarder using (true) with check (true);
create policy query_reads_tenant on delivery.cursor for select to auditlane_query using (${tenant});
create policy forwarder_writes on delivery.status to auditlane_forwarder using (true) with check (true);
create policy query_reads_tenant on delivery.status for select to auditlane_query using (${tenant} or ${operator});
create policy forwarder_writes on delivery.dead_letter to auditlane_forwarder using (true) with check (true);
create policy query_reads_tenant on delivery.dead_letter for select to auditlane_query using (${tenant});
create policy forwarder_writes on delivery.gap to auditlane_forwarder using (true) with check (true);
create policy query_reads_tenant on delivery.gap for select to auditlane_query using (${tenant});
`;
