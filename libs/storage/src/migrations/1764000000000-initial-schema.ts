// The first schema: three schemas by owner (audit, settings, delivery), row-level security, and the two functions that make and drop days.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditSchemaSql } from './sql/audit-schema';
import { dayFunctionsSql } from './sql/day-functions';
import { deliverySchemaSql } from './sql/delivery-schema';
import { grantsSql } from './sql/grants';
import { settingsSchemaSql } from './sql/settings-schema';

export class InitialSchema1764000000000 implements MigrationInterface {
  readonly name = 'InitialSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [auditSchemaSql, dayFunctionsSql, settingsSchemaSql, deliverySchemaSql, grantsSql]) {
      await runner.query(sql);
    }
  }

  /** Undoing the first schema would delete every tenant's events; whoever means that drops the database. */
  down(): Promise<void> {
    return Promise.reject(new Error('the initial schema is not undone by a migration: drop the database instead'));
  }
}
