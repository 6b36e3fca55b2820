// Makes the Prometheus registry of a process: default metrics that pass `promtool check metrics`, and counters that exist before their first error.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Gauges that prom-client names `_total`, against the naming rules; their values are of little use. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export function createRegistry(service: string, instance: string, version: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const info = new Gauge({
    name: 'auditlane_build_info',
    help: 'Which build this process runs; always 1',
    labelNames: ['version', 'instance'],
    registers: [registry],
  });
  info.set({ version, instance }, 1);
  return registry;
}

type LabelValues = Readonly<Record<string, readonly string[]>>;

/** A counter with every label combination at 0 from the start, so that the first increment shows in `rate()`. */
export function counter(registry: Registry, name: string, help: string, labels: LabelValues = {}): Counter {
  const made = new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] });
  for (const combination of combinations(labels)) made.inc(combination, 0);
  return made;
}

function combinations(labels: LabelValues): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (rows, [label, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [label]: value }))),
    [{}],
  );
}

/** `collect`, where given, is called at each scrape to set the value. */
export function gauge(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[] = [],
  collect?: (gauge: Gauge) => void,
): Gauge {
  const made: Gauge = new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    ...(collect
      ? {
          collect() {
            collect(made);
          },
        }
      : {}),
  });
  return made;
}

/** Buckets in base units; put edges on the limits that the objectives name. */
export function histogram(
  registry: Registry,
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly string[] = [],
): Histogram {
  return new Histogram({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [registry] });
}

/** Seconds; edges on 0.5, 1, 10, 60 and 300 s, where the objectives lie. */
export const latencyBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;
