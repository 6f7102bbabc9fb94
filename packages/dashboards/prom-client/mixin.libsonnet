// Made by `pnpm --filter @lockscope/dashboards generate`; changes are lost.
{
  prometheusRules+:: import 'rules/lockscope.json',
  prometheusAlerts+:: import 'alerts/lockscope.json',
  grafanaDashboards+:: {
    'lockscope-overview.json': import 'dashboards/lockscope-overview.json',
    'lockscope-lock.json': import 'dashboards/lockscope-lock.json',
    'lockscope-blame.json': import 'dashboards/lockscope-blame.json',
    'lockscope-safety.json': import 'dashboards/lockscope-safety.json',
    'lockscope-toolkit.json': import 'dashboards/lockscope-toolkit.json',
  },
}
