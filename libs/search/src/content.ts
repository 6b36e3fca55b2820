// What only the canonical JSON of an event tells: parameters, details, address. Parsed when it is first asked for, and then once.
import { fold } from './fold';
import { scalarText } from './scalar-text';

export interface EventContent {
  /** Folded; empty where the event has none. */
  readonly ip: string;
  /** Folded: details, names and values of parameters, each for itself. */
  readonly texts: readonly string[];
  /** The folded values of a parameter: one of a scalar, each of an array, none where it is missing. */
  values(name: string): readonly string[];
}

export function eventContent(canonical: { toString(): string }): EventContent {
  let parsed: object | undefined;
  let texts: readonly string[] | undefined;
  const member = (name: string): unknown => {
    parsed ??= parseObject(canonical.toString());
    return memberOf(parsed, name);
  };
  const values = (name: string): readonly string[] => scalarsOf(memberOf(member('parameters'), name)).map(fold);
  return {
    get ip() {
      const ip = memberOf(member('context'), 'ip');
      return typeof ip === 'string' ? fold(ip) : '';
    },
    get texts() {
      texts ??= textsOf(member('details'), member('parameters'));
      return texts;
    },
    values,
  };
}

function textsOf(details: unknown, parameters: unknown): readonly string[] {
  const texts = typeof details === 'string' ? [fold(details)] : [];
  if (typeof parameters === 'object' && parameters !== null)
    for (const [name, value] of Object.entries(parameters)) texts.push(fold(name), ...scalarsOf(value).map(fold));
  return texts;
}

function scalarsOf(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.flatMap((one) =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [scalarText(one)] : [],
  );
}

function memberOf(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined;
  const member: unknown = Reflect.get(object, name);
  return member;
}

/** What is no JSON object has nothing to search in; the store takes none. */
function parseObject(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
