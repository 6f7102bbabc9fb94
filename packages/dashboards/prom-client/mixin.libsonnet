// Made by `pnpm --filter @lockscope/dashboards generate`; changes are lost.
{
  prometheusRules+:: std.parseYaml(importstr 'rules/lockscope.yaml'),
  prometheusAlerts+:: std.parseYaml(importstr 'alerts/lockscope.yaml'),
  grafanaDashboards+:: {
    'lockscope-overview.json': import 'dashboards/lockscope-overview.json',
    'lockscope-lock.json': import 'dashboards/lockscope-lock.json',
    'lockscope-blame.json': import 'dashboards/lockscope-blame.json',
    'lockscope-safety.json': import 'dashboards/lockscope-safety.json',
    'lockscope-toolkit.json': import 'dashboards/lockscope-toolkit.json',
  },
}
