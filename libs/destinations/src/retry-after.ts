// Reads Retry-After in both its forms, so that a receiver that names a time is left alone until then.

const capMs = 3_600_000;
const seconds = /^\d{1,10}$/;
const imfOrRfc850 = /^[A-Z][a-z]{2,8}, .+ GMT$/;
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * Milliseconds to wait, at most an hour; `undefined` where the header is missing or is neither form. A date is read against the
 * answer's own Date, which cancels the difference between the two clocks; a date in the past means now.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  if (seconds.test(value)) return Math.min(Number(value) * 1000, capMs);
  const at = httpDate(value);
  if (at === undefined) return undefined;
  return Math.min(Math.max(at - (httpDate(headers['date'] ?? '') ?? now), 0), capMs);
}

function httpDate(value: string): number | undefined {
  const text = imfOrRfc850.test(value) ? value : asctime.test(value) ? `${value} GMT` : undefined;
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
