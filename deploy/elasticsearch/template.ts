// The shipped index template as a cluster is asked to keep it: the files of this folder under a name, a pattern and a retention of one's choice.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const mappingsSchema = z.looseObject({
  version: z.number(),
  _meta: z.record(z.string(), z.unknown()),
  template: z.object({
    mappings: z.object({ dynamic: z.literal(false), properties: z.record(z.string(), z.looseObject({})) }),
  }),
});
const settingsSchema = z.looseObject({
  version: z.number(),
  _meta: z.record(z.string(), z.unknown()),
  template: z.object({
    settings: z.object({ index: z.record(z.string(), z.string()) }),
    lifecycle: z.object({ data_retention: z.string() }),
  }),
});
const templateSchema = z.looseObject({
  version: z.number(),
  _meta: z.record(z.string(), z.unknown()),
  index_patterns: z.array(z.string()).min(1),
  data_stream: z.strictObject({}),
  priority: z.number(),
  composed_of: z.array(z.string()),
  ignore_missing_component_templates: z.array(z.string()),
});

export interface TemplateParts {
  readonly name: string;
  readonly mappings: z.output<typeof mappingsSchema>;
  readonly settings: z.output<typeof settingsSchema>;
  readonly template: z.output<typeof templateSchema>;
}

export interface TemplateChoice {
  readonly name?: string;
  /** Instead of the pattern that matches what destinations write to by default. */
  readonly dataStream?: string;
  readonly retention?: string;
}

const shippedName = 'auditlane';
const file = (name: string): unknown => JSON.parse(readFileSync(join(__dirname, `${name}.json`), 'utf8'));

export function templateParts({ name = shippedName, dataStream, retention }: TemplateChoice = {}): TemplateParts {
  const mappings = mappingsSchema.parse(file('mappings'));
  const shipped = settingsSchema.parse(file('settings'));
  const template = templateSchema.parse(file('index-template'));
  // A second installation beside the first shares nothing with it.
  const renamed = (components: readonly string[]): string[] =>
    components.map((component) => component.replace(`${shippedName}@`, `${name}@`));
  return {
    name,
    mappings,
    settings: retention === undefined ? shipped : withRetention(shipped, retention),
    template: {
      ...template,
      ...(dataStream === undefined ? {} : { index_patterns: [dataStream] }),
      composed_of: renamed(template.composed_of),
      ignore_missing_component_templates: renamed(template.ignore_missing_component_templates),
    },
  };
}

function withRetention(settings: TemplateParts['settings'], retention: string): TemplateParts['settings'] {
  return { ...settings, template: { ...settings.template, lifecycle: { data_retention: retention } } };
}
