// What admins ask of a delivery (replays, resends) and what they are told about it (the webhook on health).
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { deliveryOperationsSql, stampReplaySql, stampVersionSql } from './sql/delivery-operations';

export class DeliveryOperations1764600000000 implements MigrationInterface {
  readonly name = 'DeliveryOperations1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(stampReplaySql);
    await runner.query(stampVersionSql);
    await runner.query(deliveryOperationsSql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table delivery.notification, settings.webhook, delivery.replay_progress, delivery.replay_letter, delivery.replay;
      alter table delivery.dead_letter drop column resends;
      alter table delivery.status drop column failing_since;
      drop policy rotation_reseals on settings.destinations;
      revoke all on settings.destinations from auditlane_key_rotation;
      revoke all on schema settings from auditlane_key_rotation;
      drop function settings.stamp_replay_version();`);
  }
}
