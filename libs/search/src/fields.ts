// The fields of the grammar, in the order in which they are offered: what the page completes, the documentation lists and a typo is held against.
import type { TimeField, ValueField } from './query';

export interface SearchField {
  /** With `param.NAME` standing for every parameter. */
  readonly name: ValueField | TimeField | 'param.NAME';
  readonly finds: string;
  readonly example: string;
}

export const searchFields: readonly SearchField[] = [
  { name: 'action', finds: 'the key of an action of the catalogue', example: 'action:workflows.*' },
  { name: 'area', finds: 'the key or name of an area of the catalogue', example: 'area:users,workflows' },
  { name: 'category', finds: 'the category of the action, by name or key', example: 'category:setting_updates' },
  { name: 'actor', finds: 'who did it: the e-mail address, else name, id or type', example: 'actor:jane@acme.test' },
  { name: 'workspace', finds: 'the name of the workspace', example: 'workspace:"EU production"' },
  { name: 'param.NAME', finds: 'the value of the parameter NAME, or any element of it', example: 'param.role:admin' },
  { name: 'ip', finds: 'the address the request came from', example: 'ip:203.0.113.*' },
  {
    name: 'id',
    finds: 'the id of the event (upper and lower case differ)',
    example: 'id:0197f3c0-0000-7000-8000-000000000001',
  },
  { name: 'after', finds: 'what occurred at this time or later', example: 'after:2026-11-01' },
  { name: 'before', finds: 'what occurred before this time', example: 'before:2026-11-01T08:30:00Z' },
  { name: 'on', finds: 'what occurred on this day', example: 'on:yesterday' },
];

/** What people write elsewhere, and what it is called here. */
export const otherNames: Readonly<Record<string, string>> = {
  user: 'actor',
  email: 'actor',
  who: 'actor',
  by: 'actor',
  author: 'actor',
  event: 'action',
  type: 'action',
  verb: 'action',
  operation: 'action',
  since: 'after',
  from: 'after',
  until: 'before',
  to: 'before',
  date: 'on',
  day: 'on',
  created: 'on',
  address: 'ip',
  project: 'workspace',
  parameter: 'param',
  parameters: 'param',
  params: 'param',
};
