// Makes the JSON logger of a process. Bodies and secrets never go in; what could carry one is redacted all the same.
import { pino, type Logger } from 'pino';

export type { Logger };

export function createLogger(service: string, instance: string, level: string): Logger {
  return pino({
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        'token',
        '*.token',
        'authorization',
        '*.authorization',
        'password',
        '*.password',
        'headers.authorization',
        '*.headers.authorization',
      ],
      censor: '(redacted)',
    },
  });
}
