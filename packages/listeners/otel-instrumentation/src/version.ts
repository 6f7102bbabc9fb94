/** Of this package, as telemetry names it. */
export const version = '0.1.0';
