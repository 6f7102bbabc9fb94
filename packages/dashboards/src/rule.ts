/** A query that Prometheus asks every so often, and keeps the answers under a name. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** A query that is an alert as long as it has an answer. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it has to be so before somebody is told, such as `5m`. Default: told at once. */
  readonly for?: string;
  readonly labels: { readonly severity: Severity };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

/** `critical`: wake somebody. `warning`: today. `info`: look at it when you have time. */
export type Severity = 'critical' | 'warning' | 'info';

/** As a rules file of Prometheus has it: `{ groups: [group] }`, as YAML or JSON, is such a file. */
export interface RuleGroup<Rule> {
  readonly name: string;
  readonly rules: readonly Rule[];
}
