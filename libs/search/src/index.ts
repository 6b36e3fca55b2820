// The front door of the search grammar: one language for the page, the API, exports and the filters of destinations.
export { eventContent, type EventContent } from './content';
export { faultCodes, type FaultCode, type SearchFault } from './fault';
export { searchFields, type SearchField } from './fields';
export { limits as searchLimits, parse, parseFilter, type Parsed, type ParseOptions } from './parse';
export { predicate, type EventFacts, type Predicate } from './predicate';
export { print } from './print';
export type { Query, Term, TimeField, Value, ValueField } from './query';
export { toSql, type SqlCondition } from './sql';
export { suggest, type Completion, type Seen } from './suggest';
