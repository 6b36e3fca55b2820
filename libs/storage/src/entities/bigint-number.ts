// PostgreSQL's bigint as a number: sequence numbers, offsets and versions stay below 2^53.
import type { ValueTransformer } from 'typeorm';

export const bigintNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown) => (typeof value === 'string' ? Number(value) : value),
};
