// A search as a condition on audit.events. It finds what the predicate finds, to the event; every value is bound, every column named here.
import { actionsNamed, categoriesOf } from './closed-lists';
import { needlesOf, translation } from './fold';
import type { Query, Span, Term, Value, ValueField } from './query';

export interface SqlCondition {
  /** True or false, never null. */
  readonly text: string;
  readonly values: readonly (string | readonly string[])[];
}

type Bind = (value: string | readonly string[]) => string;

/** `firstParameter`: the number of the first placeholder that is free. */
export function toSql({ terms }: Query, firstParameter = 1): SqlCondition {
  const values: (string | readonly string[])[] = [];
  const bind: Bind = (value) => `$${firstParameter - 1 + values.push(value)}`;
  const conditions = terms.map((term) => `${term.negated ? 'not ' : ''}(${conditionOf(term, bind)})`);
  return { text: conditions.length > 0 ? conditions.join(' and ') : 'true', values };
}

function conditionOf(term: Term, bind: Bind): string {
  switch (term.kind) {
    case 'field':
      return fieldCondition(term.field, term.values, bind);
    case 'param':
      return paramCondition(term.name, term.values, bind);
    case 'time':
      return timeCondition(term.span, bind);
    case 'text':
      break;
  }
  return textCondition(term.text, bind);
}

const columns = { area: 'area', action: 'action', workspace: 'workspace', actor: 'actor', id: 'event_id' } as const;

function fieldCondition(field: ValueField, values: readonly Value[], bind: Bind): string {
  switch (field) {
    case 'category':
      return `category = any(${bind(values.flatMap(categoriesOf))}::text[])`;
    case 'area':
    case 'action':
    case 'id':
      return matching(columns[field], values, bind);
    case 'workspace':
    case 'actor': {
      const needles = needlesOfValues(values);
      return `${columns[field]} <> '' and (${matching(folded(columns[field], needles, bind), needles, bind)})`;
    }
    case 'ip':
      break;
  }
  return ipCondition(needlesOfValues(values), bind);
}

const needlesOfValues = (values: readonly Value[]): readonly Value[] =>
  values.flatMap(({ text, prefix }) => needlesOf(text).map((needle) => ({ text: needle, prefix })));

function matching(expression: string, values: readonly Value[], bind: Bind): string {
  const whole = values.filter(({ prefix }) => !prefix).map(({ text }) => text);
  const patterns = values.filter(({ prefix }) => prefix).map(({ text }) => `${escaped(text)}%`);
  const parts = whole.length > 0 ? [`${expression} = any(${bind(whole)}::text[])`] : [];
  if (patterns.length > 0) parts.push(likeAny(expression, patterns, bind));
  return parts.join(' or ');
}

const likeAny = (expression: string, patterns: readonly string[], bind: Bind): string =>
  `${expression} like any(${bind(patterns)}::text[])`;

/** For LIKE, whose escape character is the backslash. */
const escaped = (text: string): string => text.replace(/[\\%_]/g, String.raw`\$&`);

const folded = (expression: string, values: readonly Value[], bind: Bind): string =>
  foldedBy(
    values.map(({ text }) => text),
    bind,
  )(expression);

/** The folding of ./fold, as far as these texts can tell the difference. */
function foldedBy(needles: readonly string[], bind: Bind): (expression: string) => string {
  const { from, to } = translation(needles);
  const translated = from === '' ? undefined : `${bind(from)}, ${bind(to)}`;
  return (expression) => {
    const lower = `lower(${expression} collate "C")`;
    return translated === undefined ? lower : `translate(${lower}, ${translated})`;
  };
}

const elements = (value: string): string =>
  `jsonb_array_elements_text(case jsonb_typeof(${value}) when 'array' then ${value} else jsonb_build_array(${value}) end)`;

function paramCondition(name: string, values: readonly Value[], bind: Bind): string {
  const needles = needlesOfValues(values);
  const from = elements(`parameters -> ${bind(name)}::text`);
  return `exists (select from ${from} as one(value) where ${matching(folded('value', needles, bind), needles, bind)})`;
}

/**
 * The address stands in the canonical bytes only. There it follows these very characters (`ip` is the first member of `context` in RFC 8785's
 * order), and nowhere else do they stand: inside a string the quotes would be escaped, and no parameter is an object.
 */
function ipCondition(needles: readonly Value[], bind: Bind): string {
  const patterns = needles.map(({ text, prefix }) => `%"context":{"ip":"${escaped(inJson(text))}${prefix ? '' : '"'}%`);
  return likeAny(folded('canonical', needles, bind), patterns, bind);
}

/** As RFC 8785 writes it inside of its quotes. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

function timeCondition({ from, to }: Span, bind: Bind): string {
  const at = (ms: number): string => `${bind(new Date(ms).toISOString())}::timestamptz`;
  const parts = from === undefined ? [] : [`occurred_at >= ${at(from)}`];
  if (to !== undefined) parts.push(`occurred_at < ${at(to)}`);
  return parts.join(' and ');
}

/** Free text stands in the canonical bytes too, so that one look there decides about most events. Only numbers may be written otherwise. */
function textCondition(text: string, bind: Bind): string {
  const needles = needlesOf(text);
  const anywhere = (pieces: readonly string[]): string => bind(pieces.map((piece) => `%${escaped(piece)}%`));
  const holds = foldedLike(needles, bind);
  const patterns = anywhere(needles);
  const named = `action = any(${bind(actionsNamed(needles))}::text[])`;
  const inColumns = ['action', 'workspace', 'actor', `coalesce(details, '')`].map((column) => holds(column, patterns));
  const inParameters = `exists (select from jsonb_each(coalesce(parameters, '{}')) as parameter(name, value)
    left join lateral ${elements('parameter.value')} as one(value) on true
    where ${holds('parameter.name', patterns)} or ${holds('one.value', patterns)})`;
  const found = [...inColumns, inParameters].join(' or ');
  if (needles.some((needle) => /^[\d.-]+$/.test(needle))) return `${named} or ${found}`;
  return `${named} or (${holds('canonical', anywhere(needles.map(inJson)))} and (${found}))`;
}

function foldedLike(needles: readonly string[], bind: Bind): (expression: string, patterns: string) => string {
  const fold = foldedBy(needles, bind);
  return (expression, patterns) => `${fold(expression)} like any(${patterns}::text[])`;
}
