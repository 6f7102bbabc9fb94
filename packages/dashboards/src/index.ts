export { alerts, type AlertOptions } from './alerts.ts';
export { dashboards, type GrafanaDashboard } from './dashboards.ts';
export { namings, type Naming, type NamingName, type NamingOption } from './naming.ts';
export { type AlertingRule, type RecordingRule, type RuleGroup, type Severity } from './rule.ts';
export { recorded, rules } from './rules.ts';
