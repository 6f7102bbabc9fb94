/** What is needed of a prom-client `Registry`, whichever copy of prom-client it comes from. */
export interface MetricRegistry {
  registerMetric(metric: unknown): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}
