/** A duration for people: `0.42ms`, `87ms`, `1.84s`, `30.0s`, `2m05s`, `3h12m`. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms < 9.995) return `${ms.toFixed(2)}ms`;
  if (ms < 99.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${ms.toFixed(0)}ms`;
  if (ms < 9995) return `${(ms / 1000).toFixed(2)}s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
