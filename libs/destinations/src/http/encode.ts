// The bodies an HTTP collector gets: the stored event with what our side knows of it put in front, in one of three formats.
import { joinPieces, jsonText, type Piece } from '../pieces';
import type { DeliverableEvent } from '../types';
import type { HttpSettings } from './settings';

/** The stored bytes are an object with members (it has a tenant at least), so these go right behind its opening brace. */
export function httpElement({ seq, headers, canonical }: DeliverableEvent): readonly Piece[] {
  return [
    `{"seq":${seq},"area":${jsonText(headers.area)},"category":${jsonText(headers.category)},`,
    canonical.subarray(1),
  ];
}

/** Brackets and comma, or line feed: two bytes an event are never too few. */
export const separatorBytes = 2;

type Bodies = Readonly<Record<HttpSettings['format'], (events: readonly DeliverableEvent[]) => Buffer>>;

export const httpBodies: Bodies = {
  array: (events) => joinPieces([...events.flatMap((event, at) => [at === 0 ? '[' : ',', ...httpElement(event)]), ']']),
  ndjson: (events) => joinPieces(events.flatMap((event) => [...httpElement(event), '\n'])),
  single: (events) => joinPieces(events.flatMap(httpElement)),
};

export const contentTypes: Readonly<Record<HttpSettings['format'], string>> = {
  array: 'application/json',
  ndjson: 'application/x-ndjson',
  single: 'application/json',
};
