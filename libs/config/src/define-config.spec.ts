// Holds the promise that a start-up error names every wrong setting at once and that secrets stay out of the log.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, defineConfig, describeConfig, loadConfig, maskedConfig } from './define-config';
import { databaseSettings, egressSettings, kafkaSettings, oidcSettings, opsSettings } from './settings';

const definition = defineConfig('sample', { ...opsSettings(3301), ...kafkaSettings, ...databaseSettings });
const valid = { AUDITLANE_DATABASE_URL: 'postgresql://u:secret@127.0.0.1/x' };

describe('loadConfig', () => {
  it('fills in defaults', () => {
    const config = loadConfig(definition, valid);
    expect(config.AUDITLANE_KAFKA_BROKERS).toEqual(['127.0.0.1:9092']);
    expect(config.AUDITLANE_PARTITIONS).toBe(12);
    expect(config.AUDITLANE_OPS_PORT).toBe(3301);
    expect(config.AUDITLANE_TOPICS_CREATE).toBe(false);
  });

  it('names every wrong setting at once', () => {
    const load = () =>
      loadConfig(definition, {
        AUDITLANE_PARTITIONS: 'many',
        AUDITLANE_KAFKA_BROKERS: 'nowhere',
        AUDITLANE_TOPICS_CREATE: 'yes',
      });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/AUDITLANE_PARTITIONS: must be a whole number/);
    expect(load).toThrow(/AUDITLANE_KAFKA_BROKERS: must be host:port/);
    expect(load).toThrow(/AUDITLANE_TOPICS_CREATE: must be true or false/);
    expect(load).toThrow(/AUDITLANE_DATABASE_URL: is not set/);
  });

  it('names a setting whose name begins like that of another wrong one', () => {
    const similar = defineConfig('sample', { A_PORTS: z.string(), A_PORT: z.string(), A: z.string() });
    expect(() => loadConfig(similar, {})).toThrow(/3 setting\(s\) are wrong/);
  });

  it.each([
    ['AUDITLANE_EGRESS_PORTS', '443,0'],
    ['AUDITLANE_EGRESS_PORTS', '65536'],
    ['AUDITLANE_EGRESS_OWN_NAMES', 'https://audit.acme.example'],
    ['AUDITLANE_EGRESS_OWN_NAMES', 'audit.acme.example:443'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => loadConfig(defineConfig('sample', egressSettings), { [name]: value })).toThrow(name);
  });

  it.each([
    ['https://id.acme.example/realms/main', true],
    ['http://127.0.0.1:3100', true],
    ['http://[::1]:3100/', true],
    ['http://id.acme.example', false],
    ['http://127.0.0.1.acme.example', false],
    ['http://localhost@acme.example', false],
    ['ftp://id.acme.example', false],
  ])('takes keys of the issuer %s: %s', (issuer, taken) => {
    const load = () => loadConfig(defineConfig('sample', oidcSettings), { AUDITLANE_OIDC_ISSUER: issuer });
    if (taken) expect(load().AUDITLANE_OIDC_ISSUER).toBe(issuer);
    else expect(load).toThrow(/AUDITLANE_OIDC_ISSUER: must be https/);
  });

  it('reads a value from the file that NAME_FILE names, and refuses both at once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const file = join(folder, 'url');
      writeFileSync(file, 'postgresql://from-file/x\n');
      expect(loadConfig(definition, { AUDITLANE_DATABASE_URL_FILE: file }).AUDITLANE_DATABASE_URL).toBe(
        'postgresql://from-file/x',
      );
      expect(() => loadConfig(definition, { ...valid, AUDITLANE_DATABASE_URL_FILE: file })).toThrow(/set only one/);
      expect(() => loadConfig(definition, { AUDITLANE_DATABASE_URL_FILE: join(folder, 'absent') })).toThrow(
        /cannot read/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('masks secrets in what is printed at start', () => {
    const masked = maskedConfig(definition, loadConfig(definition, valid));
    expect(JSON.stringify(masked)).not.toContain('secret');
    expect(masked['AUDITLANE_DATABASE_URL']).toBe('(set)');
  });

  it('describes each setting for the documentation', () => {
    const rows = describeConfig(definition);
    expect(rows.every((row) => row.description.length > 0)).toBe(true);
    expect(rows.find((row) => row.name === 'AUDITLANE_DATABASE_URL')).toMatchObject({ required: true, secret: true });
    expect(rows.find((row) => row.name === 'AUDITLANE_PARTITIONS')).toMatchObject({ required: false, default: '12' });
  });
});
