// What the forwarders keep about their destinations, for reading and for display.
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintNumber } from './bigint-number';

@Entity({ schema: 'delivery', name: 'cursor' })
export class DeliveryCursor {
  @PrimaryColumn({ type: 'uuid', name: 'destination_id' })
  destinationId: string;

  @Column({ type: 'text', name: 'tenant_id' })
  tenantId: string;

  @Column({ type: 'bigint', name: 'next_seq', transformer: bigintNumber })
  nextSeq: number;

  @Column({ type: 'text' })
  state: 'parked' | 'disabled';

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'timestamptz' })
  since: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

@Entity({ schema: 'delivery', name: 'status' })
export class DeliveryStatus {
  @PrimaryColumn({ type: 'uuid', name: 'destination_id' })
  destinationId: string;

  @Column({ type: 'text', name: 'tenant_id' })
  tenantId: string;

  @Column({ type: 'bigint', name: 'started_version', transformer: bigintNumber })
  startedVersion: number;

  @Column({ type: 'bigint', name: 'delivered_through', transformer: bigintNumber })
  deliveredThrough: number;

  @Column({ type: 'text' })
  state: 'healthy' | 'retrying' | 'failing' | 'disabled';

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'text' })
  words: string;

  @Column({ type: 'timestamptz' })
  since: Date;

  @Column({ type: 'timestamptz', name: 'last_success_at', nullable: true })
  lastSuccessAt: Date | null;

  @Column({ type: 'timestamptz', name: 'oldest_unsent_at', nullable: true })
  oldestUnsentAt: Date | null;

  @Column({ type: 'jsonb' })
  attempts: readonly Record<string, unknown>[];

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

@Entity({ schema: 'delivery', name: 'dead_letter' })
export class DeadLetter {
  @PrimaryColumn({ type: 'uuid', name: 'destination_id' })
  destinationId: string;

  @PrimaryColumn({ type: 'bigint', transformer: bigintNumber })
  seq: number;

  @Column({ type: 'text', name: 'tenant_id' })
  tenantId: string;

  @Column({ type: 'text', name: 'event_id' })
  eventId: string;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  words: string;

  @Column({ type: 'text' })
  excerpt: string;

  @Column({ type: 'timestamptz' })
  at: Date;
}

@Entity({ schema: 'delivery', name: 'gap' })
export class DeliveryGap {
  @PrimaryColumn({ type: 'uuid', name: 'destination_id' })
  destinationId: string;

  @PrimaryColumn({ type: 'bigint', name: 'from_seq', transformer: bigintNumber })
  fromSeq: number;

  @Column({ type: 'text', name: 'tenant_id' })
  tenantId: string;

  @Column({ type: 'bigint', name: 'to_seq', transformer: bigintNumber })
  toSeq: number;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'timestamptz' })
  at: Date;
}

@Entity({ schema: 'delivery', name: 'replica' })
export class DeliveryReplica {
  @PrimaryColumn({ type: 'text' })
  group: string;

  @PrimaryColumn({ type: 'text' })
  instance: string;

  @Column({ type: 'bigint', name: 'settings_version', transformer: bigintNumber })
  settingsVersion: number;

  @Column({ type: 'timestamptz', name: 'seen_at' })
  seenAt: Date;
}
