// SQL of the chain through `stored`.

/** The default comes after the column: partitions that stored something before it get null, new ones begin at −1. */
export const storedChainSql = `
alter table audit.partition_state add column stored_before bigint;
alter table audit.partition_state alter column stored_before set default -1;
comment on column audit.partition_state.stored_before is
  'The accepted offset of the last stored event below published_offset: -1 where there is none, null where it is not known.';
`;
