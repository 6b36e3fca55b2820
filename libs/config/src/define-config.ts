// Turns environment variables into one typed, validated value per service, and names every wrong setting at once.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a service reads from its environment; keys are the names of the variables. */
export interface ConfigDefinition<S extends z.ZodRawShape> {
  readonly service: string;
  readonly shape: S;
}
export type ConfigOf<D> = D extends ConfigDefinition<infer S> ? z.output<z.ZodObject<S>> : never;
export type Environment = Readonly<Record<string, string | undefined>>;

export function defineConfig<S extends z.ZodRawShape>(service: string, shape: S): ConfigDefinition<S> {
  return { service, shape };
}

/** Thrown at start-up: `faults` has a line for each wrong setting, `message` holds them all. */
export class ConfigError extends Error {
  constructor(
    service: string,
    readonly faults: readonly string[],
  ) {
    super(
      `${service} cannot start, ${faults.length} setting(s) are wrong:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/**
 * Reads and validates. `NAME_FILE` names a file whose trimmed content is the value of `NAME` (for mounted secrets).
 * @throws ConfigError with every fault
 */
export function loadConfig<S extends z.ZodRawShape>(
  definition: ConfigDefinition<S>,
  environment: Environment = process.env,
): z.output<z.ZodObject<S>> {
  const raw: Record<string, string> = {};
  const faults: string[] = [];
  for (const name of Object.keys(definition.shape)) {
    const value = environment[name];
    const file = environment[`${name}_FILE`];
    if (value && file) faults.push(`${name}: is set, and so is ${name}_FILE; set only one of them`);
    else if (value) raw[name] = value;
    else if (file) {
      try {
        raw[name] = readFileSync(file, 'utf8').trim();
      } catch (error) {
        faults.push(`${name}_FILE: cannot read ${file} (${error instanceof Error ? error.message : String(error)})`);
      }
    }
  }
  const parsed = z.object(definition.shape).safeParse(raw);
  if (parsed.success && faults.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!faults.some((fault) => fault.startsWith(`${name}:`) || fault.startsWith(`${name}_FILE:`))) {
      faults.push(
        `${name}: ${raw[name] === undefined ? 'is not set' : issue.message}${describe(definition.shape, name)}`,
      );
    }
  }
  throw new ConfigError(definition.service, faults);
}

function describe(shape: z.ZodRawShape, name: string): string {
  const description = settingMeta(shape, name).description;
  return description ? ` (${description})` : '';
}

export interface SettingMeta {
  readonly description?: string;
  readonly secret?: boolean;
}

function settingMeta(shape: z.ZodRawShape, name: string): SettingMeta {
  const schema = shape[name];
  const meta = schema instanceof z.ZodType ? schema.meta() : undefined;
  return {
    ...(typeof meta?.description === 'string' ? { description: meta.description } : {}),
    secret: meta?.['secret'] === true,
  };
}

/** The line a service prints at start: every setting, secrets as `(set)`. */
export function maskedConfig<S extends z.ZodRawShape>(
  definition: ConfigDefinition<S>,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(definition.shape)
      .filter((name) => config[name] !== undefined)
      .map((name) => [name, settingMeta(definition.shape, name).secret ? '(set)' : config[name]]),
  );
}

/** The rows of docs/configuration.md: name, default (where there is one), description. */
export function describeConfig<S extends z.ZodRawShape>(definition: ConfigDefinition<S>): readonly ConfigRow[] {
  return Object.keys(definition.shape).map((name) => {
    const schema = definition.shape[name];
    const fallback = schema instanceof z.ZodType ? schema.safeParse(undefined) : undefined;
    const meta = settingMeta(definition.shape, name);
    return {
      name,
      required: fallback?.success !== true,
      default: fallback?.success ? defaultText(fallback.data) : '',
      description: meta.description ?? '',
      secret: meta.secret ?? false,
    };
  });
}

export interface ConfigRow {
  readonly name: string;
  readonly required: boolean;
  readonly default: string;
  readonly description: string;
  readonly secret: boolean;
}

function defaultText(value: unknown): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value);
}
