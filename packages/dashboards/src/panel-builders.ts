import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import { labelTitles, type Panel, type PanelKind } from './board.ts';

/** How each kind of panel is drawn in Grafana; queries, title and place come after. */
export const panelBuilders: Readonly<Record<PanelKind, (panel: Panel) => AnyPanelBuilder>> = {
  lines: (panel) => graph(panel).fillOpacity(0),
  stack: (panel) =>
    graph(panel).fillOpacity(40).stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal)),
  heatmap: ({ unit = 'short' }) =>
    new heatmap.PanelBuilder()
      .calculate(false)
      .yAxis(new heatmap.YAxisConfigBuilder().unit(unit))
      .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
      .exemplarsColor('rgba(0, 120, 255, 0.8)'),
  number: (panel) =>
    limited(new stat.PanelBuilder(), panel)
      .unit(panel.unit ?? 'short')
      .noValue('0')
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .graphMode(common.BigValueGraphMode.Area),
  bars: (panel) =>
    new bargauge.PanelBuilder()
      .unit(panel.unit ?? 'short')
      .min(0)
      .orientation(common.VizOrientation.Horizontal)
      .displayMode(common.BarGaugeDisplayMode.Basic)
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull'])),
  table: (panel) => columns(new table.PanelBuilder(), panel),
  timeline: () =>
    new statetimeline.PanelBuilder()
      .showValue(common.VisibilityMode.Never)
      .rowHeight(0.8)
      .spanNulls(false)
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic)),
};

/** The builders that are used; they have the same methods for what all panels have. */
export type AnyPanelBuilder =
  | timeseries.PanelBuilder
  | stat.PanelBuilder
  | bargauge.PanelBuilder
  | heatmap.PanelBuilder
  | table.PanelBuilder
  | statetimeline.PanelBuilder;

function graph(panel: Panel): timeseries.PanelBuilder {
  const builder = limited(new timeseries.PanelBuilder(), panel)
    .unit(panel.unit ?? 'short')
    .axisLabel(panel.axis ?? '')
    .axisSoftMin(0)
    .lineWidth(1)
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom),
    )
    .tooltip(
      // oxlint-disable-next-line unicorn/no-array-sort -- of the builder, not of an array
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );
  if (panel.limit === undefined) return builder;
  return builder.thresholdsStyle(
    new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
  );
}

/** Red from the limit on. */
function limited<B extends timeseries.PanelBuilder | stat.PanelBuilder>(builder: B, { limit }: Panel): B {
  if (limit === undefined) return builder;
  builder.thresholds(
    new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
      { value: null, color: 'green' },
      { value: limit, color: 'red' },
    ]),
  );
  return builder;
}

/** Each query is a column, joined by the labels of its answer. */
function columns(builder: table.PanelBuilder, { queries, sortBy }: Panel): table.PanelBuilder {
  const renamed = Object.fromEntries(
    queries.map(({ legend }, index) => [queries.length === 1 ? 'Value' : `Value #${refId(index)}`, legend]),
  );
  builder.withTransformation({ id: 'merge', options: {} }).withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries(Object.keys(labelTitles).map((label, index) => [label, index])),
      renameByName: { ...labelTitles, ...renamed },
    },
  });
  for (const { legend, unit } of queries) {
    builder.overrideByName(legend, [
      { id: 'unit', value: unit ?? 'short' },
      { id: 'decimals', value: 2 },
    ]);
  }
  return sortBy === undefined
    ? builder
    : builder.sortBy([new common.TableSortByFieldStateBuilder().displayName(sortBy).desc(true)]);
}

/** Queries of a panel are A, B, C, as in Grafana. */
export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
