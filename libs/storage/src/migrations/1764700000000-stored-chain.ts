// Each record of `stored` names the one before it, so that a forwarder notices one that Kafka lost; here is where that chain goes on after a claim.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { storedChainSql } from './sql/stored-chain';

export class StoredChain1764700000000 implements MigrationInterface {
  readonly name = 'StoredChain1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(storedChainSql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table audit.partition_state drop column stored_before');
  }
}
