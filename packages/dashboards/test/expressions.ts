interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
  readonly panels?: readonly Panel[];
}

/** Every query of a dashboard. */
export function expressionsOf(dashboard: object): string[] {
  return panelsOf(dashboard).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

/** Every panel of a dashboard, those in rows too. */
function panelsOf({ panels = [] }: { readonly panels?: readonly Panel[] }): readonly Panel[] {
  return panels.flatMap((panel) => [panel, ...panelsOf(panel)]);
}
