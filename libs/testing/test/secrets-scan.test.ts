// A scanner that finds nothing proves something only if it finds what is there: planted in every kind of column, in a record, in a log.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createTopics,
  eventually,
  expectNoSecret,
  freshDatabase,
  freshPrefix,
  produce,
  secretsInDatabase,
  secretsInFiles,
  temporaryDirectory,
} from '@auditlane/testing';

// Not what tests' tokens begin with: the run itself is scanned for those.
const mark = 'planted-token';
const secret = `${mark}-0123`;

describe('the scan for secrets', () => {
  it('finds one in a column of any type, in a partition too, and nothing where there is none', async () => {
    const db = await freshDatabase();
    await db.pool.query(`
      create schema planted;
      create table planted.as_text (id int, value text);
      create table planted.as_json (id int, value jsonb);
      create table planted.as_bytes (value bytea);
      create table planted.as_list (value text[]);
      create table planted.in_parts (id int, value text) partition by range (id);
      create table planted.part partition of planted.in_parts for values from (0) to (9);
      create table planted.clean (value text)`);
    expect(await secretsInDatabase(db.pool, [mark])).toEqual([]);
    await db.pool.query('insert into planted.as_text values (1, $1)', [`so ${secret} is here`]);
    await db.pool.query('insert into planted.as_json values (1, $1)', [JSON.stringify({ deep: [{ token: secret }] })]);
    await db.pool.query('insert into planted.as_bytes values ($1)', [Buffer.from(`\0${secret}\0`)]);
    await db.pool.query('insert into planted.as_list values ($1)', [['a', secret]]);
    await db.pool.query('insert into planted.in_parts values (1, $1)', [secret]);
    await db.pool.query('insert into planted.clean values ($1)', ['a token']);
    expect(await secretsInDatabase(db.pool, [mark])).toEqual([
      'planted.as_bytes',
      'planted.as_json',
      'planted.as_list',
      'planted.as_text',
      'planted.in_parts',
    ]);
  });

  it.each([0, 1, 2, 3])('finds one in base64, %i bytes into what was encoded', (before) => {
    const header = Buffer.from(`${'user:'.slice(0, before)}${secret}`).toString('base64');
    expect(() => expectNoSecret('a log', `authorization: Basic ${header}`, [mark])).toThrow('a secret stands in a log');
    const other = Buffer.from(`${'user:'.slice(0, before)}another-token`).toString('base64');
    expect(() => expectNoSecret('a log', other, [mark])).not.toThrow();
  });

  it('finds one in a file wherever it stands, over the edge of what is read at once', () => {
    const directory = temporaryDirectory('planted');
    mkdirSync(join(directory.path, 'below'));
    const around = 4 * 1024 * 1024;
    for (const [name, at] of [
      ['start', 0],
      ['edge', around - 5],
      ['later', 2 * around + 7],
    ] as const)
      writeFileSync(
        join(directory.path, 'below', `${name}.log`),
        Buffer.concat([Buffer.alloc(at, 0xff), Buffer.from(secret)]),
      );
    writeFileSync(join(directory.path, 'clean.log'), Buffer.alloc(3 * around, 'planted-'));
    writeFileSync(join(directory.path, 'start.txt'), secret);
    const found = secretsInFiles(directory.path, '.log', [mark]).map((file) => file.slice(directory.path.length + 1));
    directory.remove();
    expect([...found].sort()).toEqual(['below/edge.log', 'below/later.log', 'below/start.log']);
  });

  it("finds one in any part of a record in the run's own Kafka", async () => {
    const data = process.env['AUDITLANE_TEST_KAFKA_DATA'];
    // Another's Kafka keeps its records to itself.
    if (data === undefined) return;
    for (const [at, options] of [{ key: 'k' }, { key: `k-${mark}-0` }, { headers: { h: `${mark}-1` } }].entries()) {
      const prefix = freshPrefix();
      await createTopics(prefix);
      await produce(prefix, [at === 0 ? `${mark}-2` : 'clean'], options);
      const findings = (): readonly string[] =>
        secretsInFiles(data, '.log', [mark]).filter((file) => file.includes(prefix));
      await eventually(() => findings().length > 0);
      expect(findings()).toHaveLength(1);
    }
  });
});
