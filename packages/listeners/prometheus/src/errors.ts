/** The registry already has metrics of these names; none was registered. */
export class MetricNameTakenError extends Error {
  readonly code = 'METRIC_NAME_TAKEN';
  readonly metricNames: readonly string[];

  constructor(metricNames: readonly string[]) {
    const [first, ...more] = metricNames;
    const names = more.length === 0 ? first : `${first} and ${more.length} more`;
    super(
      `the registry already has ${names}: one prometheus() listener serves any number of locks, so use that one, close() it first, or give this one a registry of its own`,
    );
    this.name = 'MetricNameTakenError';
    this.metricNames = metricNames;
  }
}
