import { parseMetrics } from './prometheus';

describe('parseMetrics', () => {
  const metrics = parseMetrics(`# HELP x_total what
# TYPE x_total counter
x_total{a="1",b="say \\"hi\\", {you}"} 2
x_total{a="2",b=""} 3.5e1
up 1
late_bucket{le="+Inf"} +Inf
`);

  it('sums the series whose labels include the wanted ones', () => {
    expect(metrics.value('x_total')).toBe(37);
    expect(metrics.value('x_total', { a: '1' })).toBe(2);
    expect(metrics.value('x_total', { b: 'say "hi", {you}' })).toBe(2);
    expect(metrics.value('up')).toBe(1);
    expect(metrics.value('late_bucket', { le: '+Inf' })).toBe(Infinity);
  });

  it('tells a series that is missing from one that is zero', () => {
    expect(metrics.value('x_total', { a: '3' })).toBeUndefined();
    expect(metrics.value('y_total')).toBeUndefined();
  });
});
