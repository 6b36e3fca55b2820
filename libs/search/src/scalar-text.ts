// The text of a parameter's value, as it is compared: a number in plain decimal notation, the way PostgreSQL writes it out of jsonb.

export function scalarText(value: string | number | boolean): string {
  return typeof value === 'number' ? plainDecimal(value) : String(value);
}

/** 1e+21 is 1000000000000000000000 and 1.5e-7 is 0.00000015. */
function plainDecimal(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? [];
  if (exponent === undefined) return String(value);
  const power = Number(exponent);
  const digits = whole + fraction;
  if (power < 0) return `${sign}0.${'0'.repeat(-power - whole.length)}${digits}`;
  return sign + digits.padEnd(whole.length + power, '0');
}
