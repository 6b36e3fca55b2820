// A search as a function of an event. Decided on the facts that every record carries in its headers wherever they suffice.
import { actionsNamed, categoriesOf } from './closed-lists';
import type { EventContent } from './content';
import { fold, needlesOf } from './fold';
import type { Query, Span, Term, Value, ValueField } from './query';

export interface EventFacts {
  readonly action: string;
  readonly area: string;
  readonly category: string;
  /** Empty where the event names none. */
  readonly workspace: string;
  readonly actor: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
}

export interface Predicate {
  /** Whether `content` is never asked for. */
  readonly headersOnly: boolean;
  matches(facts: EventFacts, content: () => EventContent): boolean;
}

type Test = (facts: EventFacts, content: () => EventContent) => boolean;

export function predicate({ terms }: Query): Predicate {
  // The cheap ones first: most events are decided by them.
  const ordered = [...terms.filter(isOfHeaders), ...terms.filter((term) => !isOfHeaders(term))];
  const tests = ordered.map((term): Test => {
    const test = testOf(term);
    return term.negated ? (facts, content) => !test(facts, content) : test;
  });
  return {
    headersOnly: terms.every(isOfHeaders),
    matches: (facts, content) => tests.every((test) => test(facts, content)),
  };
}

const isOfHeaders = (term: Term): boolean => term.kind === 'time' || (term.kind === 'field' && term.field !== 'ip');

function testOf(term: Term): Test {
  switch (term.kind) {
    case 'field':
      return fieldTest(term.field, term.values);
    case 'param': {
      const matches = textTest(term.values);
      return (_facts, content) => content().values(term.name).some(matches);
    }
    case 'time':
      return ({ occurredAt }) => isWithin(occurredAt, term.span);
    case 'text':
      break;
  }
  return textAnywhere(term.text);
}

function fieldTest(field: ValueField, values: readonly Value[]): Test {
  switch (field) {
    case 'category': {
      const wanted = new Set<string>(values.flatMap(categoriesOf));
      return ({ category }) => wanted.has(category);
    }
    case 'area':
    case 'action':
    case 'id': {
      const matches = exactTest(values);
      return (facts) => matches(facts[field]);
    }
    case 'actor':
    case 'workspace': {
      const matches = textTest(values);
      return (facts) => isPresent(facts[field]) && matches(fold(facts[field]));
    }
    case 'ip':
      break;
  }
  const matches = textTest(values);
  return (_facts, content) => isPresent(content().ip) && matches(content().ip);
}

const isPresent = (text: string): boolean => text !== '';

/** Letter by letter, as keys and ids are compared. */
function exactTest(values: readonly Value[]): (text: string) => boolean {
  const whole = new Set(values.filter(({ prefix }) => !prefix).map(({ text }) => text));
  const prefixes = values.filter(({ prefix }) => prefix).map(({ text }) => text);
  return (text) => whole.has(text) || prefixes.some((prefix) => text.startsWith(prefix));
}

/** For folded text. */
function textTest(values: readonly Value[]): (folded: string) => boolean {
  return exactTest(values.flatMap(({ text, prefix }) => needlesOf(text).map((needle) => ({ text: needle, prefix }))));
}

function textAnywhere(text: string): Test {
  const needles = needlesOf(text);
  const holds = (folded: string): boolean => needles.some((needle) => folded.includes(needle));
  const actions = new Set(actionsNamed(needles));
  return ({ action, workspace, actor }, content) =>
    actions.has(action) || holds(action) || holds(fold(workspace)) || holds(fold(actor)) || content().texts.some(holds);
}

const isWithin = (time: number, { from = -Infinity, to = Infinity }: Span): boolean => time >= from && time < to;
