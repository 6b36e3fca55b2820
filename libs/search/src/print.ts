// Writes a search in its canonical form: what `parse` reads back as the same query.
import type { Query, Term, Value } from './query';

export function print({ terms }: Query): string {
  return terms.map(printTerm).join(' ');
}

function printTerm(term: Term): string {
  return (term.negated ? '-' : '') + printBody(term);
}

function printBody(term: Term): string {
  switch (term.kind) {
    case 'text':
      return plainWord.test(term.text) && !operators.has(term.text) ? term.text : quoted(term.text);
    case 'time':
      return `${term.field}:${term.text}`;
    case 'param':
      return `param.${plainName.test(term.name) ? term.name : quoted(term.name)}:${printValues(term.values)}`;
    case 'field':
      break;
  }
  return `${term.field}:${printValues(term.values)}`;
}

const plainWord = /^[\p{L}\p{N}_.@/#+][\p{L}\p{N}_.@/#+-]*$/u;
const plainName = /^[^\s":]+$/u;
const plainValue = /^[^\s",*]+$/u;
const operators: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT']);

const printValues = (values: readonly Value[]): string => values.map(printValue).join(',');

export function printValue({ text, prefix }: Value): string {
  const plain = text === '' || plainValue.test(text);
  return (plain ? text : quoted(text)) + (prefix ? '*' : '');
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, String.raw`\$&`)}"`;
}
