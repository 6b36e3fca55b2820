// The kinds of text that settings of several types are made of.
import { z } from 'zod';

/** One line without control characters or separators: it ends up inside an envelope and on an admin's page. */
export const lineOfText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+$/u, 'must be one line of text without control characters');
