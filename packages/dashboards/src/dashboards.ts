import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

import { ofJobs, type Board, type MakeBoard, type Panel, type Query } from './board.ts';
import { blame } from './boards/blame.ts';
import { lock } from './boards/lock.ts';
import { overview } from './boards/overview.ts';
import { safety } from './boards/safety.ts';
import { toolkit } from './boards/toolkit.ts';
import { MetricNames, resolveNaming, type Naming, type NamingOption } from './naming.ts';
import { panelBuilders, refId, type AnyPanelBuilder } from './panel-builders.ts';

/** A dashboard as Grafana takes it: provisioned from a file, or imported. */
export interface GrafanaDashboard {
  readonly uid: string;
  readonly title: string;
  readonly [field: string]: unknown;
}

const makers: readonly MakeBoard[] = [overview, lock, blame, safety, toolkit];
const datasource = { type: 'prometheus', uid: '${datasource}' };
const tag = 'lockscope';
const gridColumns = 24;
const heights: Readonly<Partial<Record<Panel['kind'], number>>> = { number: 4, table: 9 };

/** The dashboards: overview, one lock, blame, safety of leases, health of the toolkit. They need the `rules()`. */
export function dashboards({ naming }: NamingOption = {}): readonly GrafanaDashboard[] {
  const resolved = resolveNaming(naming);
  return boards(resolved).map((board) => toGrafana(board, resolved));
}

/** @internal */
export function boards(naming: Naming): readonly Board[] {
  const names = new MetricNames(naming);
  return makers.map((make) => make(names));
}

function toGrafana(board: Board, naming: Naming): GrafanaDashboard {
  const prefix = naming.name === 'prom-client' ? tag : `${tag}-${naming.name}`;
  const builder = new dashboard.DashboardBuilder(board.title)
    .uid(`${prefix}-${board.id}`)
    .description(board.about)
    .tags([tag])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(
      new dashboard.DashboardLinkBuilder('Locks')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      choice('job', 'Service', `label_values(${new MetricNames(naming).count('lock.acquire.duration')}, job)`),
    );
  if (board.byLock) builder.withVariable(choice('lock_name', 'Lock', lockNames(naming)));
  for (const { title, panels } of board.rows) {
    builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(toPanel(panel));
  }
  const built: unknown = builder.build();
  return built as GrafanaDashboard;
}

function lockNames(naming: Naming): string {
  return `label_values(${new MetricNames(naming).count('lock.acquire.duration')}{${ofJobs}}, lock_name)`;
}

function choice(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return (
    new dashboard.QueryVariableBuilder(name)
      .label(label)
      .datasource(datasource)
      .query(query)
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      // oxlint-disable-next-line unicorn/no-array-sort -- of the builder, not of an array
      .sort(dashboard.VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      .allValue('.*')
      .current({ selected: true, text: 'All', value: '$__all' })
  );
}

function toPanel(panel: Panel): AnyPanelBuilder {
  const { kind, title, about, queries, width = gridColumns / 2 } = panel;
  const builder = panelBuilders[kind](panel);
  builder
    .title(title)
    .description(about)
    .datasource(datasource)
    .span(width)
    .height(heights[kind] ?? 8);
  for (const [index, query] of queries.entries()) builder.withTarget(toQuery(query, kind, refId(index)));
  return builder;
}

function toQuery({ expr, legend, exemplars = false }: Query, kind: Panel['kind'], id: string): DataqueryBuilder {
  const builder = new DataqueryBuilder().refId(id).expr(expr).legendFormat(legend);
  if (kind === 'table') return builder.format(PromQueryFormat.Table).instant();
  if (kind === 'bars') return builder.instant();
  if (kind === 'heatmap') builder.format(PromQueryFormat.Heatmap);
  if (exemplars) builder.exemplar(true);
  return builder.range();
}
