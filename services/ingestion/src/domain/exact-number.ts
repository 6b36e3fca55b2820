// Tells the number texts that JSON.parse would change without a word (1e999, -0, 2^53 + 1) from those that come out as they went in.

/** True where parsing and printing the number gives the same decimal value; 1.0 and 1e2 do (1, 100), 9007199254740993 does not. */
export function survivesParsing(token: string): boolean {
  const number = Number(token);
  if (!Number.isFinite(number) || Object.is(number, -0)) return false;
  return decimalValue(token) === decimalValue(String(number));
}

/** The same text for the same decimal value: its digits without zeros at either end, and the power of ten of the last of them. */
function decimalValue(token: string): string {
  const exponentAt = token.search(/[eE]/);
  const mantissa = exponentAt < 0 ? token : token.slice(0, exponentAt);
  const exponent = exponentAt < 0 ? 0 : Number(token.slice(exponentAt + 1));
  const sign = mantissa.startsWith('-') ? '-' : '';
  const pointAt = mantissa.indexOf('.');
  const fraction = pointAt < 0 ? 0 : mantissa.length - pointAt - 1;
  const digits = mantissa.slice(sign.length).replace('.', '');
  // Loops, not patterns: /0+$/ takes quadratic time on a long run of zeros that does not end the text.
  let start = 0;
  while (digits[start] === '0') start++;
  let end = digits.length;
  while (end > start && digits[end - 1] === '0') end--;
  return start === end ? '0' : `${sign}${digits.slice(start, end)}e${exponent - fraction + digits.length - end}`;
}
