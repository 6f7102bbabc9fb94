// Made by `pnpm --filter @lockscope/dashboards generate`; changes are lost.
{
  prometheusRules+:: import 'rules/lockscope.json',
  prometheusAlerts+:: import 'alerts/lockscope.json',
  grafanaDashboards+:: {
    'lockscope-otel-overview.json': import 'dashboards/lockscope-otel-overview.json',
    'lockscope-otel-lock.json': import 'dashboards/lockscope-otel-lock.json',
    'lockscope-otel-blame.json': import 'dashboards/lockscope-otel-blame.json',
    'lockscope-otel-safety.json': import 'dashboards/lockscope-otel-safety.json',
    'lockscope-otel-toolkit.json': import 'dashboards/lockscope-otel-toolkit.json',
  },
}
