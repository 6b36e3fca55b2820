// Holds the alert rules to the services: a rule on a metric that nobody counts never fires, and one that the runbook does not name helps nobody.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '@auditlane/testing';
import { parse } from 'yaml';
import { z } from 'zod';

const folder = join(checkoutRoot, 'deploy/prometheus');
const rulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});
const rules = readdirSync(folder)
  .filter((file) => file.endsWith('.rules.yml'))
  .flatMap((file) => rulesSchema.parse(parse(readFileSync(join(folder, file), 'utf8'))).groups)
  .flatMap((group) => group.rules);
const sources = ['libs', 'services'].flatMap((root) =>
  readdirSync(join(checkoutRoot, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(metrics|pool-gauge)[\w-]*\.ts$/.test(file))
    .map((file) => readFileSync(join(checkoutRoot, root, file), 'utf8')),
);
const runbook = readFileSync(join(checkoutRoot, 'docs/runbook.md'), 'utf8');

it.each(rules)('$alert asks for metrics that there are, and the runbook says what to do', ({ alert, expr }) => {
  const metrics = expr.match(/auditlane_\w+/g) ?? [];
  expect(metrics).not.toEqual([]);
  expect(metrics.filter((metric) => !sources.some((source) => source.includes(`'${metric}'`)))).toEqual([]);
  expect(runbook).toContain(`\`${alert}\``);
});
