// A tenant's streaming destination, as the settings page saves it.
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type DestinationType } from '@auditlane/contracts';
import { bigintNumber } from './bigint-number';

@Entity({ schema: 'settings', name: 'destinations' })
export class Destination {
  /** Made by the server, never reused. */
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text', name: 'tenant_id' })
  tenantId: string;

  @Column({ type: 'text' })
  type: DestinationType;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'boolean' })
  enabled: boolean;

  @Column({ type: 'text' })
  url: string;

  @Column({ type: 'jsonb' })
  options: Record<string, unknown>;

  @Column({ type: 'text', name: 'ca_pem', nullable: true })
  caPem: string | null;

  @Column({ type: 'text', nullable: true })
  filter: string | null;

  /** The sealed token; opened only by libs/secrets. */
  @Column({ type: 'jsonb', nullable: true })
  token: Record<string, unknown> | null;

  @Column({ type: 'text', name: 'token_last4' })
  tokenLast4: string;

  /** Written by the database at every change: the settings version of the transaction. */
  @Column({ type: 'bigint', transformer: bigintNumber, insert: false, update: false })
  version: number;

  @Column({ type: 'bigint', name: 'start_seq', transformer: bigintNumber })
  startSeq: number;

  /** The settings version in which `startSeq` was last set; forwarders start again where it grew. */
  @Column({ type: 'bigint', name: 'start_version', transformer: bigintNumber })
  startVersion: number;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', insert: false, update: false })
  updatedAt: Date;
}
