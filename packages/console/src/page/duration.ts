/** A length of time as people say it: `80 ms`, `1.2 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < 0.5) return 'under 1 ms';
  if (length < 999.5) return `${Math.round(length)} ms`;
  if (length < 59_950) return `${(length / 1000).toFixed(1)} s`;
  const seconds = Math.round(length / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} min`;
}
